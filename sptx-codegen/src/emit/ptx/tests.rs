//! What is written for which generation.

use super::*;
use crate::lir::{Access, Atomic, Builder, Builtin, Place, Scalar};

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

/// A kernel that copies vectors of so many lanes to shared memory and adds them atomically.
fn copies_and_adds(lanes: u8) -> Kernel {
    let mut k = Builder::new("adds", "Adds what it copies.", 64);
    let numbers = k.buffer("numbers", Scalar::F32, lanes, Access::Read);
    let sums = k.buffer("sums", Scalar::F32, lanes, Access::Atomic);
    let tile = k.shared("tile", Scalar::F32, 256);
    let thread = k.builtin(Builtin::Thread);
    let at = k.mul_u32(thread, lanes.into());
    k.copy(tile, at, numbers, at, lanes);
    k.await_copies();
    let vector = k.load(Place::Shared(tile), at, lanes);
    k.atomic(Atomic::Add, sums, at, vector);
    k.finish()
}

#[test]
fn copies_and_vector_atomics_are_those_of_their_generations() {
    for (arch, copies, adds) in
        [(Arch::Sm75, false, false), (Arch::Sm80, true, false), (Arch::Sm90, true, true), (Arch::Sm100, true, true)]
    {
        for (lanes, copy) in [(1, "cp.async.ca"), (2, "cp.async.ca"), (4, "cp.async.cg")] {
            let text = module([&copies_and_adds(lanes)], arch);
            let one =
                count(&text, &format!("{copy}.shared.global [%r")) == 1 && count(&text, "cp.async.wait_all;") == 1;
            assert_eq!((one, text.contains("cp.async")), (copies, copies), "{arch} {text}");
            assert_eq!(text.contains(&format!("], {};", 4 * lanes)), copies, "{arch} {text}");
            let vector = adds && lanes > 1;
            let (word, times) = if vector { (format!("add.v{lanes}.f32"), 1) } else { ("add.f32".to_owned(), lanes) };
            assert_eq!(count(&text, &format!("red.global.{word} [")), usize::from(times), "{arch} {text}");
            let wanted = match (vector, copies) {
                (true, _) => [".version 8.1", ".target sm_90"],
                (false, true) => [".version 7.0", ".target sm_80"],
                (false, false) => [".version 6.3", ".target sm_75"],
            };
            assert_eq!(header(&text), wanted, "{arch}");
        }
    }
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
