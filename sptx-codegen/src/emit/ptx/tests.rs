//! What is written for which generation.

use super::*;
use crate::lir::{Access, Builder, Builtin, Place, Scalar};

/// A kernel that works on vectors of so many lanes, by sums, products and both at once.
fn arithmetic(lanes: u8) -> Kernel {
    let mut k = Builder::new("arithmetic", "Sums and products.", 64);
    let numbers = Place::Buffer(k.buffer("numbers", Scalar::F32, lanes, Access::ReadWrite));
    let thread = k.builtin(Builtin::Thread);
    let at = k.mul_u32(thread, lanes.into());
    let a = k.load(numbers, at, lanes);
    let sum = k.add(a, a);
    let difference = k.sub(sum, a);
    let product = k.mul(difference, sum);
    let result = k.multiply_add(product, sum, a);
    k.store(numbers, at, result);
    k.finish()
}

fn header(text: &str) -> Vec<&str> {
    text.lines().take(2).collect()
}

/// How often the text has the word.
fn count(text: &str, word: &str) -> usize {
    text.matches(word).count()
}

#[test]
fn a_module_asks_for_what_its_lines_need() {
    for arch in Arch::ALL {
        let numbers = module([&arithmetic(1)], arch);
        assert_eq!(header(&numbers), [".version 6.3", ".target sm_75"], "one lane is no pair");
        let vectors = module([&arithmetic(4)], arch);
        let paired = arch.has(Feature::PairedNumbers);
        let wanted = if paired { [".version 8.6", ".target sm_100"] } else { [".version 6.3", ".target sm_75"] };
        assert_eq!(header(&vectors), wanted, "{arch}");
        // The module is for what can run all of its kernels.
        let both = module([&arithmetic(1), &arithmetic(2)], arch);
        assert_eq!(header(&both), wanted, "{arch}");
    }
}

#[test]
fn vectors_are_worked_on_in_pairs_where_there_are_such() {
    let alone = module([&arithmetic(4)], Arch::Sm90);
    let pairs = module([&arithmetic(4)], Arch::Sm100);
    for operation in ["add.rn", "sub.rn", "mul.rn", "fma.rn"] {
        let counts = |text: &str| [".f32 ", ".f32x2 "].map(|ty| count(text, &format!("{operation}{ty}")));
        assert_eq!((counts(&alone), counts(&pairs)), ([4, 0], [0, 2]), "{operation}");
    }
    let two = module([&arithmetic(2)], Arch::Sm100);
    assert!(two.contains("mov.b64 %v0, {%f0, %f1};") && two.contains("mov.b64 {%f2, %f3}, %v2;"), "{two}");
}

/// Every feature is what some generation added, and is in its modules alone.
#[test]
fn generations_have_what_older_ones_have() {
    for [older, newer] in [[0, 1], [1, 2], [2, 3]].map(|pair| pair.map(|number| Arch::ALL[number])) {
        assert!(older < newer);
        for feature in Feature::ALL {
            assert!(newer.has(feature) || !older.has(feature), "{feature:?} of {older}");
        }
    }
    assert!(Feature::ALL.into_iter().all(|feature| Arch::Sm100.has(feature)));
    assert!(Arch::Sm75.has(Feature::Common));
}
