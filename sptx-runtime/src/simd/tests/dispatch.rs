//! Choosing an instruction set.

use crate::simd::{InstructionSet, LANES, Simd, Task, dispatch, dispatch_on};

/// `y ← a · x + y`, and the sum of the new y.
struct Update<'a> {
    a: f32,
    x: &'a [[f32; LANES]],
    y: &'a mut [[f32; LANES]],
}

impl Task for Update<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        let a = simd.splat(self.a);
        let mut sum = simd.splat(0.0);
        for (x, y) in self.x.iter().zip(self.y) {
            let new = simd.mul_add(a, simd.load(x), simd.load(y));
            simd.store(new, y);
            sum = simd.add(sum, new);
        }
        simd.sum(sum)
    }
}

#[test]
fn a_task_runs_on_every_instruction_set() {
    let x: [[f32; LANES]; 4] = std::array::from_fn(|row| std::array::from_fn(|lane| (row * LANES + lane) as f32));
    // The sum of 2 · i + 1 below 64.
    let expected = Some(64.0 * 64.0);
    for set in InstructionSet::available() {
        let mut y = [[1.0; LANES]; 4];
        assert_eq!(dispatch_on(set, Update { a: 2.0, x: &x, y: &mut y }), expected, "{set}");
        assert_eq!(y[3][15], 127.0, "{set}");
    }
    let mut y = [[1.0; LANES]; 4];
    assert_eq!(Some(dispatch(Update { a: 2.0, x: &x, y: &mut y })), expected);
}

#[test]
fn the_widest_is_the_first_available() {
    let available: Vec<_> = InstructionSet::available().collect();
    assert_eq!(available.first(), Some(&InstructionSet::widest()));
    assert_eq!(available.last(), Some(&InstructionSet::Baseline));
}

#[test]
fn an_absent_instruction_set_gives_nothing() {
    for set in InstructionSet::ALL {
        let result = dispatch_on(set, Update { a: 1.0, x: &[], y: &mut [] });
        assert_eq!(result.is_some(), set.is_available(), "{set}");
    }
}

/// On x86-64 the features that the standard library sees decide, so that a broken detection cannot hide behind skips.
#[cfg(target_arch = "x86_64")]
#[test]
fn detection_agrees_with_the_standard_library() {
    let avx2 = std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma");
    assert_eq!(InstructionSet::Avx2.is_available(), avx2);
    if InstructionSet::Avx512.is_available() {
        assert!(std::arch::is_x86_feature_detected!("avx512f") && avx2);
    }
}
