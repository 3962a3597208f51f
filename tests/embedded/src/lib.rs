//! A crate that compiles its own score function in its build script, as a user's would.

include!(concat!(env!("OUT_DIR"), "/rote.rs"));

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sptx_runtime::cpu::{Batch, Engine, EngineOptions};

    use super::RotE;

    /// One coordinate, worked out by hand: a quarter turn of 2 + 0i is 0 + 2i, moved by 1 + 0i it is 1 + 2i; from
    /// 1 + 1i that is 1 away. The biases are 0.5 and 0.25.
    #[test]
    fn a_score_by_hand() {
        let dims = BTreeMap::from([("d".to_owned(), 1)]);
        let mut engine = Engine::new(RotE::compiled(), &dims, 2, 1, &EngineOptions::default()).unwrap();
        assert_eq!(engine.kernel_kind(), "compiled");
        let values: &[(&str, &[f32])] = &[
            ("entity.v.re", &[2.0, 1.0]),
            ("entity.v.im", &[0.0, 1.0]),
            ("entity.b", &[0.5, 0.25]),
            ("relation.angle", &[std::f32::consts::FRAC_PI_2]),
            ("relation.shift.re", &[1.0]),
            ("relation.shift.im", &[0.0]),
        ];
        for (name, rows) in values {
            let plane = (0..engine.model().planes.len()).find(|plane| engine.model().plane_name(*plane) == *name);
            engine.tables_mut().import(plane.unwrap(), rows);
        }
        let mut scores = [0.0];
        engine.score(Batch { heads: &[0], relations: &[0], tails: &[1] }, &mut scores).unwrap();
        assert!((scores[0] - (0.75 - 1.0)).abs() < 1e-5, "{scores:?}");
    }
}
