//! `score!` compiles to kernels that agree with the interpreter, and says what its choices are.

use std::collections::BTreeMap;

use sptx_codegen::{sema, syntax};
use sptx_tests::Case;

sptx_dsl::score! {
    semiring Hardest { zero: -inf, one: 1.0, add(a, b): max(a, b), mul(a, b): a * b }

    /// A model of its own: a user's semiring, a matrix, a scalar table, a choice and a parameter.
    pub Own {
        parameter norm = 1 | 2;
        parameter slope = 0.5;
        entity   { v: real[d], bias: scalar }
        relation { v: real[d], m: real[k, d] }
        incidence x = h.v + 2 * r.v + t.v in Hardest;
        let y = r.m * x;
        score = slope * h.bias * t.bias - norm(y, norm) + sum(tanh(y));
    }
}

#[test]
fn kernels_of_a_macro_agree_with_the_interpreter() {
    let file = syntax::parse_str("own", Own::SOURCE).unwrap_or_else(|errors| panic!("{errors}"));
    let variants = sema::analyze_every_choice(&file).unwrap_or_else(|errors| panic!("{errors}"));
    let [variants] = variants.as_slice() else { panic!("one score") };
    assert_eq!(variants.len(), 2);
    for variant in variants {
        let chosen = variant.choices[0].chosen;
        for (d, k) in [(1, 1), (3, 5), (64, 100), (100, 17)] {
            let dims = BTreeMap::from([("d".to_owned(), d), ("k".to_owned(), k)]);
            let case = Case::new(variant, dims, 19, 5).expect("the sizes fit");
            let compiled = Own::compiled_with(&[("norm", chosen)]).expect("a listed value");
            let wrong = case.check(&mut case.engine(compiled, 2), 1e-4);
            assert!(wrong.is_empty(), "{wrong:#?}");
        }
    }
}

#[test]
fn choices_that_are_not_listed_are_refused() {
    assert!(Own::compiled_with(&[("norm", 3.0)]).is_none());
    assert!(Own::compiled_with(&[("nrom", 1.0)]).is_none());
    assert_eq!(Own::compiled().model.choices[0].chosen, 1.0);
}
