//! [`Avx2`]: a vector is two `ymm` registers, and a mask is two more, all ones where true.

#[allow(clippy::wildcard_imports, reason = "the file is a table of intrinsics")]
use std::arch::x86_64::*;

use super::{fold_eight, token};
use crate::simd::{InstructionSet, LANES, Simd, Task, math};

token! {
    /// AVX2 and FMA.
    ///
    /// ```
    /// use sptx_runtime::simd::{Avx2, Simd};
    ///
    /// if let Some(simd) = Avx2::detect() {
    ///     assert_eq!(simd.sum(simd.splat(0.25)), 4.0);
    /// }
    /// ```
    Avx2 needs "avx2", "fma"
}

/// Lanes 0 to 7, and 8 to 15.
type Pair = (__m256, __m256);

/// Implements methods by one instruction for each half.
macro_rules! instructions {
    ($($method:ident($($v:ident),+) = $intrinsic:path;)+) => {$(
        #[inline(always)]
        fn $method(self, $($v: Pair),+) -> Pair {
            // SAFETY: the token proves that the CPU has the instruction.
            unsafe { ($intrinsic($($v.0),+), $intrinsic($($v.1),+)) }
        }
    )+};
}

impl Simd for Avx2 {
    type Vector = Pair;
    type Mask = Pair;

    const INSTRUCTION_SET: InstructionSet = InstructionSet::Avx2;

    #[inline]
    fn run<T: Task>(self, task: T) -> T::Output {
        // SAFETY: the token proves that the CPU has the features that the function is compiled with.
        unsafe { self.run_enabled(task) }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Pair {
        // SAFETY: the token proves that the CPU has the instruction.
        let half = unsafe { _mm256_set1_ps(x) };
        (half, half)
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Pair {
        let from = from.as_ptr();
        // SAFETY: the token proves that the CPU has the instruction, which reads the sixteen values referred to.
        unsafe { (_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))) }
    }

    #[inline(always)]
    fn store(self, v: Pair, to: &mut [f32; LANES]) {
        let to = to.as_mut_ptr();
        // SAFETY: the token proves that the CPU has the instruction, which writes the sixteen values referred to.
        unsafe {
            _mm256_storeu_ps(to, v.0);
            _mm256_storeu_ps(to.add(8), v.1);
        }
    }

    instructions! {
        add(a, b) = _mm256_add_ps;
        sub(a, b) = _mm256_sub_ps;
        mul(a, b) = _mm256_mul_ps;
        div(a, b) = _mm256_div_ps;
        mul_add(a, b, c) = _mm256_fmadd_ps;
        min(a, b) = _mm256_min_ps;
        max(a, b) = _mm256_max_ps;
        neg(v) = neg;
        abs(v) = abs;
        sqrt(v) = _mm256_sqrt_ps;
        floor(v) = _mm256_floor_ps;
        round(v) = _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>;
        greater(a, b) = _mm256_cmp_ps::<_CMP_GT_OQ>;
        equal(a, b) = _mm256_cmp_ps::<_CMP_EQ_OQ>;
        pow2(n) = pow2;
    }

    #[inline(always)]
    fn first(self, n: usize) -> Pair {
        let n = n.min(LANES) as i32;
        // SAFETY: the token proves that the CPU has the instructions.
        unsafe {
            let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let low = _mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane);
            let high = _mm256_cmpgt_epi32(_mm256_set1_epi32(n - 8), lane);
            (_mm256_castsi256_ps(low), _mm256_castsi256_ps(high))
        }
    }

    #[inline(always)]
    fn select(self, mask: Pair, if_true: Pair, if_false: Pair) -> Pair {
        // SAFETY: the token proves that the CPU has the instruction.
        unsafe { (_mm256_blendv_ps(if_false.0, if_true.0, mask.0), _mm256_blendv_ps(if_false.1, if_true.1, mask.1)) }
    }

    #[inline(always)]
    fn any(self, mask: Pair) -> bool {
        // SAFETY: the token proves that the CPU has the instructions.
        unsafe { _mm256_movemask_ps(_mm256_or_ps(mask.0, mask.1)) != 0 }
    }

    #[inline(always)]
    fn sum(self, v: Pair) -> f32 {
        // SAFETY: the token proves that the CPU has the instructions.
        unsafe { fold_eight!(_mm256_add_ps(v.0, v.1), _mm_add_ps) }
    }

    #[inline(always)]
    fn min_of(self, v: Pair) -> f32 {
        // SAFETY: the token proves that the CPU has the instructions.
        unsafe { fold_eight!(_mm256_min_ps(v.0, v.1), _mm_min_ps) }
    }

    #[inline(always)]
    fn max_of(self, v: Pair) -> f32 {
        // SAFETY: the token proves that the CPU has the instructions.
        unsafe { fold_eight!(_mm256_max_ps(v.0, v.1), _mm_max_ps) }
    }

    #[inline(always)]
    fn split(self, v: Pair) -> (Pair, Pair) {
        // SAFETY: the token proves that the CPU has the instructions.
        let (low, high) = unsafe { (split(v.0), split(v.1)) };
        ((low.0, high.0), (low.1, high.1))
    }
}

/// # Safety
/// The CPU must have AVX2.
#[inline(always)]
unsafe fn neg(v: __m256) -> __m256 {
    // SAFETY: the caller's promise.
    unsafe { _mm256_xor_ps(v, _mm256_set1_ps(-0.0)) }
}

/// # Safety
/// The CPU must have AVX2.
#[inline(always)]
unsafe fn abs(v: __m256) -> __m256 {
    // SAFETY: the caller's promise.
    unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), v) }
}

/// The addition leaves `n + 127` in the low bits; shifted, these are the exponent.
///
/// # Safety
/// The CPU must have AVX2.
#[inline(always)]
unsafe fn pow2(n: __m256) -> __m256 {
    // SAFETY: the caller's promise.
    unsafe {
        let shifted = _mm256_add_ps(n, _mm256_set1_ps(math::EXPONENT_SHIFT));
        _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_castps_si256(shifted)))
    }
}

/// The mantissa and the exponent. Subnormal values are made normal first.
///
/// # Safety
/// The CPU must have AVX2.
#[inline(always)]
unsafe fn split(v: __m256) -> (__m256, __m256) {
    // SAFETY: the caller's promise.
    unsafe {
        let subnormal = _mm256_cmp_ps::<_CMP_LT_OQ>(v, _mm256_set1_ps(f32::MIN_POSITIVE));
        let normal = _mm256_blendv_ps(v, _mm256_mul_ps(v, _mm256_set1_ps(16_777_216.0)), subnormal);
        let bias = _mm256_blendv_ps(_mm256_set1_ps(127.0), _mm256_set1_ps(127.0 + 24.0), subnormal);
        let bits = _mm256_castps_si256(normal);
        let fraction = _mm256_and_si256(bits, _mm256_set1_epi32(0x007f_ffff));
        let mantissa = _mm256_or_si256(fraction, _mm256_set1_epi32(0x3f80_0000));
        let exponent = _mm256_cvtepi32_ps(_mm256_srli_epi32::<23>(bits));
        (_mm256_castsi256_ps(mantissa), _mm256_sub_ps(exponent, bias))
    }
}
