//! [`Avx512`]: a vector is one `zmm` register, a mask one mask register.

#[allow(clippy::wildcard_imports, reason = "the file is a table of intrinsics")]
use std::arch::x86_64::*;

use super::{fold_eight, token};
use crate::simd::{InstructionSet, LANES, Simd, Task};

token! {
    /// AVX-512 F, BW, DQ and VL, with AVX2 and FMA.
    ///
    /// ```
    /// use sptx_runtime::simd::{Avx512, Simd};
    ///
    /// if let Some(simd) = Avx512::detect() {
    ///     assert_eq!(simd.sum(simd.splat(0.25)), 4.0);
    /// }
    /// ```
    Avx512 needs "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx2", "fma"
}

/// Implements methods by one instruction each.
macro_rules! instructions {
    ($($method:ident($($v:ident),+) -> $result:ty = $intrinsic:path;)+) => {$(
        #[inline(always)]
        fn $method(self, $($v: __m512),+) -> $result {
            // SAFETY: the token proves that the CPU has the instruction.
            unsafe { $intrinsic($($v),+) }
        }
    )+};
}

impl Simd for Avx512 {
    type Vector = __m512;
    type Mask = __mmask16;

    const INSTRUCTION_SET: InstructionSet = InstructionSet::Avx512;

    #[inline]
    fn run<T: Task>(self, task: T) -> T::Output {
        // SAFETY: the token proves that the CPU has the features that the function is compiled with.
        unsafe { self.run_enabled(task) }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        // SAFETY: the token proves that the CPU has the instruction.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> __m512 {
        // SAFETY: the token proves that the CPU has the instruction, which reads the sixteen values referred to.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, v: __m512, to: &mut [f32; LANES]) {
        // SAFETY: the token proves that the CPU has the instruction, which writes the sixteen values referred to.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), v) }
    }

    instructions! {
        add(a, b) -> __m512 = _mm512_add_ps;
        sub(a, b) -> __m512 = _mm512_sub_ps;
        mul(a, b) -> __m512 = _mm512_mul_ps;
        div(a, b) -> __m512 = _mm512_div_ps;
        mul_add(a, b, c) -> __m512 = _mm512_fmadd_ps;
        min(a, b) -> __m512 = _mm512_min_ps;
        max(a, b) -> __m512 = _mm512_max_ps;
        abs(v) -> __m512 = _mm512_abs_ps;
        sqrt(v) -> __m512 = _mm512_sqrt_ps;
        floor(v) -> __m512 = _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>;
        round(v) -> __m512 = _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>;
        greater(a, b) -> __mmask16 = _mm512_cmp_ps_mask::<_CMP_GT_OQ>;
        equal(a, b) -> __mmask16 = _mm512_cmp_ps_mask::<_CMP_EQ_OQ>;
        scale(v, n) -> __m512 = _mm512_scalef_ps;
    }

    #[inline(always)]
    fn neg(self, v: __m512) -> __m512 {
        // SAFETY: the token proves that the CPU has the instruction.
        unsafe { _mm512_xor_ps(v, _mm512_set1_ps(-0.0)) }
    }

    #[inline(always)]
    fn first(self, n: usize) -> __mmask16 {
        ((1_u32 << n.min(LANES)) - 1) as __mmask16
    }

    #[inline(always)]
    fn select(self, mask: __mmask16, if_true: __m512, if_false: __m512) -> __m512 {
        // SAFETY: the token proves that the CPU has the instruction.
        unsafe { _mm512_mask_blend_ps(mask, if_false, if_true) }
    }

    #[inline(always)]
    fn any(self, mask: __mmask16) -> bool {
        mask != 0
    }

    #[inline(always)]
    fn sum(self, v: __m512) -> f32 {
        // SAFETY: the token proves that the CPU has the instructions.
        unsafe { fold_eight!(_mm256_add_ps(low(v), high(v)), _mm_add_ps) }
    }

    #[inline(always)]
    fn min_of(self, v: __m512) -> f32 {
        // SAFETY: the token proves that the CPU has the instructions.
        unsafe { fold_eight!(_mm256_min_ps(low(v), high(v)), _mm_min_ps) }
    }

    #[inline(always)]
    fn max_of(self, v: __m512) -> f32 {
        // SAFETY: the token proves that the CPU has the instructions.
        unsafe { fold_eight!(_mm256_max_ps(low(v), high(v)), _mm_max_ps) }
    }

    #[inline(always)]
    fn pow2(self, n: __m512) -> __m512 {
        self.scale(self.splat(1.0), n)
    }

    #[inline(always)]
    fn split(self, v: __m512) -> (__m512, __m512) {
        // SAFETY: the token proves that the CPU has the instructions.
        unsafe { (_mm512_getmant_ps::<_MM_MANT_NORM_1_2, _MM_MANT_SIGN_SRC>(v), _mm512_getexp_ps(v)) }
    }
}

/// Lanes 0 to 7.
///
/// # Safety
/// The CPU must have AVX-512.
#[inline(always)]
unsafe fn low(v: __m512) -> __m256 {
    // SAFETY: the caller's promise.
    unsafe { _mm512_castps512_ps256(v) }
}

/// Lanes 8 to 15.
///
/// # Safety
/// The CPU must have AVX-512.
#[inline(always)]
unsafe fn high(v: __m512) -> __m256 {
    // SAFETY: the caller's promise.
    unsafe { _mm512_extractf32x8_ps::<1>(v) }
}
