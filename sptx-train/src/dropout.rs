//! Dropout: random masks of the rows that queries read.

use sptx_runtime::cpu::RowMask;
use sptx_runtime::program::Owner;

use crate::config::DropoutConfig;
use crate::philox::{Purpose, Stream, uniform_f32};

/// The masks of one step: functions of the seed, the step, the plane, the query and the element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dropout {
    config: DropoutConfig,
    stream: Stream,
    step: u64,
}

impl Dropout {
    pub(crate) fn new(config: DropoutConfig, seed: u64, step: u64) -> Self {
        Self { config, stream: Stream::new(seed, Purpose::Dropout), step }
    }
}

impl RowMask for Dropout {
    fn factors(&self, owner: Owner, plane: usize, query: usize, factors: &mut [f32]) {
        let rate = match owner {
            Owner::Entity => self.config.entity,
            Owner::Relation => self.config.relation,
        } as f32;
        if rate == 0.0 {
            return factors.fill(1.0);
        }
        for (block, factors) in factors.chunks_mut(4).enumerate() {
            // Planes are few and rows short: both fit one word of the address, the plane above.
            let place = ((plane as u32) << 24) | block as u32;
            let words = self.stream.block([place, query as u32, self.step as u32], (self.step >> 32) as u32);
            for (factor, word) in factors.iter_mut().zip(words) {
                *factor = if uniform_f32(word) < rate { 0.0 } else { 1.0 / (1.0 - rate) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(rate: f64, step: u64, query: usize) -> Vec<f32> {
        let mut factors = vec![0.5; 1002];
        let config = DropoutConfig { entity: rate, relation: 0.0 };
        Dropout::new(config, 3, step).factors(Owner::Entity, 1, query, &mut factors);
        factors
    }

    #[test]
    fn as_many_elements_go_as_should_and_the_mean_stays() {
        let factors = factors(0.3, 5, 9);
        let gone = factors.iter().filter(|factor| **factor == 0.0).count();
        assert!((250..350).contains(&gone), "{gone}");
        assert!((factors.iter().sum::<f32>() / 1002.0 - 1.0).abs() < 0.1);
    }

    #[test]
    fn masks_are_functions_of_their_place() {
        assert_eq!(factors(0.5, 5, 9), factors(0.5, 5, 9));
        assert_ne!(factors(0.5, 5, 9), factors(0.5, 6, 9));
        assert_ne!(factors(0.5, 5, 9), factors(0.5, 5, 8));
        assert_eq!(factors(0.0, 5, 9), vec![1.0; 1002]);
    }
}
