//! Counter-based random numbers: Philox4x32-10.
//!
//! A counter-based generator has no state to carry: the random words at a place are a pure function of the key (the
//! seed) and of the place (a counter). Negatives, shuffles and initial values can therefore be drawn in any order and
//! on any number of threads, or on another device, and a run remains a function of its seed alone.
//!
//! J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

use std::f64::consts::TAU;

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;
const DRAW_BITS: u32 = 24;

/// Four random words at `counter` under `key`: the published Philox4x32-10 function, with no state.
///
/// ```
/// assert_eq!(
///     sptx_train::philox4x32_10([0; 4], [0; 2]),
///     [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8],
/// );
/// ```
pub fn philox4x32_10(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let (mut counter, mut key) = (counter, key);
    for _ in 0..ROUNDS {
        counter = round(counter, key);
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

fn round(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let (high0, low0) = multiply(MULTIPLIERS[0], counter[0]);
    let (high1, low1) = multiply(MULTIPLIERS[1], counter[2]);
    [high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0]
}

fn multiply(a: u32, b: u32) -> (u32, u32) {
    let product = u64::from(a) * u64::from(b);
    ((product >> 32) as u32, product as u32)
}

/// What random words are for. Two purposes never share a counter, so their draws are independent under one seed.
///
/// The numbers are part of what makes a run reproducible: they are never reused for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Purpose {
    /// The order of the positives in an epoch.
    Order = 1,
    /// Corrupted triples.
    Negatives = 2,
    /// Negative entities that a whole batch shares.
    SharedNegatives = 3,
    /// The initial values of the tables.
    Initial = 4,
    /// Dropout masks.
    Dropout = 5,
    /// The settings of a search's trials.
    Search = 6,
}

/// The random words of one seed and one purpose, addressed by a counter.
///
/// ```
/// use sptx_train::{Purpose, Stream};
/// let stream = Stream::new(7, Purpose::Initial);
/// assert_eq!(stream.block([1, 2, 3], 0), stream.block([1, 2, 3], 0));
/// assert_ne!(stream.block([1, 2, 3], 0), stream.block([1, 2, 3], 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    key: [u32; 2],
    purpose: Purpose,
}

impl Stream {
    /// The stream of `purpose` under `seed`.
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        Stream { key: [seed as u32, (seed >> 32) as u32], purpose }
    }

    /// Four random words at `index`, redrawn as often as `draw` asks.
    ///
    /// The Philox counter is `[index[0], index[1], index[2], purpose << 24 | draw]`; only the low 24 bits of `draw`
    /// count.
    pub fn block(&self, index: [u32; 3], draw: u32) -> [u32; 4] {
        let last = (self.purpose as u32) << DRAW_BITS | draw & ((1 << DRAW_BITS) - 1);
        philox4x32_10([index[0], index[1], index[2], last], self.key)
    }
}

/// An integer in `0..bound` from 64 random bits by Lemire's multiply-shift, without rejection; 0 where `bound` is 0.
///
/// The likelihoods of two values differ by at most `bound / 2^64`, relatively: under 3e-10 for any `bound`, far below
/// what a sampler could show. In exchange every draw takes exactly one block, on every device.
///
/// ```
/// assert_eq!(sptx_train::bounded([u32::MAX, u32::MAX], 10), 9);
/// ```
pub fn bounded(words: [u32; 2], bound: u32) -> u32 {
    let word = u64::from(words[0]) << 32 | u64::from(words[1]);
    ((u128::from(word) * u128::from(bound)) >> 64) as u32
}

/// A number in `[0, 1)` with 24 random bits.
///
/// ```
/// assert!(sptx_train::uniform_f32(u32::MAX) < 1.0);
/// ```
pub fn uniform_f32(word: u32) -> f32 {
    (word >> 8) as f32 * (1.0 / (1u32 << 24) as f32)
}

/// A number in `[0, 1)` with 53 random bits.
///
/// ```
/// assert!(sptx_train::uniform_f64([u32::MAX, u32::MAX]) < 1.0);
/// ```
pub fn uniform_f64(words: [u32; 2]) -> f64 {
    let word = u64::from(words[0]) << 32 | u64::from(words[1]);
    (word >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// Two independent standard normal numbers from one block (Box and Muller, 1958), always finite.
///
/// The logarithm and the trigonometry are the platform's, so the last bit may differ between platforms.
///
/// ```
/// let [a, b] = sptx_train::normal_f64([0; 4]);
/// assert!(a.is_finite() && b.is_finite());
/// ```
pub fn normal_f64(block: [u32; 4]) -> [f64; 2] {
    // 1 − u lies in (0, 1], where the logarithm is finite.
    let radius = (-2.0 * (1.0 - uniform_f64([block[0], block[1]])).ln()).sqrt();
    let (sine, cosine) = (TAU * uniform_f64([block[2], block[3]])).sin_cos();
    [radius * cosine, radius * sine]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        // The three vectors for philox4x32-10 that the Random123 distribution publishes.
        let cases = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, expected) in cases {
            assert_eq!(philox4x32_10(counter, key), expected);
        }
    }

    #[test]
    fn purposes_and_seeds_do_not_overlap() {
        let block = |seed, purpose| Stream::new(seed, purpose).block([0; 3], 0);
        assert_ne!(block(0, Purpose::Order), block(0, Purpose::Negatives));
        assert_ne!(block(0, Purpose::Order), block(1 << 40, Purpose::Order));
    }

    #[test]
    fn bounded_is_even_and_in_range() {
        let stream = Stream::new(3, Purpose::Negatives);
        let mut counts = [0u32; 7];
        for i in 0..70_000 {
            let [a, b, _, _] = stream.block([i, 0, 0], 0);
            counts[bounded([a, b], 7) as usize] += 1;
        }
        assert!(counts.iter().all(|&count| (9_600..10_400).contains(&count)), "{counts:?}");
        assert_eq!(bounded([u32::MAX; 2], 0), 0);
        assert_eq!(bounded([u32::MAX; 2], u32::MAX), u32::MAX - 1);
    }

    #[test]
    fn normal_has_mean_zero_and_variance_one() {
        let stream = Stream::new(11, Purpose::Initial);
        let numbers: Vec<f64> = (0..20_000).flat_map(|i| normal_f64(stream.block([i, 0, 0], 0))).collect();
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / numbers.len() as f64;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "mean {mean}, variance {variance}");
    }
}
