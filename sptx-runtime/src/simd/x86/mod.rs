//! The instruction sets of x86-64.
//!
//! Soundness rests on one fact: a token is made by its `detect` alone, which has asked for every feature that the
//! intrinsics of its file need.

mod avx2;
mod avx512;

pub use avx2::Avx2;
pub use avx512::Avx512;

/// Defines a token: what it asks of the CPU, and the function compiled with the same features.
macro_rules! token {
    ($(#[$attribute:meta])* $token:ident needs $($feature:tt),+) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug)]
        pub struct $token {
            _proof: (),
        }

        impl $token {
            /// The token, if this CPU has the instruction set. The CPU is asked once and the answer remembered.
            #[inline]
            pub fn detect() -> Option<Self> {
                let has_all = $(std::arch::is_x86_feature_detected!($feature))&&+;
                has_all.then_some(Self { _proof: () })
            }

            /// The function that the task is inlined into.
            #[target_feature($(enable = $feature),+)]
            fn run_enabled<T: Task>(self, task: T) -> T::Output {
                task.run(self)
            }
        }
    };
}

/// Folds eight lanes in the order that all instruction sets share: 4 + 4, 2 + 2, 1 + 1.
macro_rules! fold_eight {
    ($v:expr, $fold:ident) => {{
        let eight = $v;
        let four = $fold(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
        let two = $fold(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32($fold(two, _mm_movehdup_ps(two)))
    }};
}

use {fold_eight, token};
