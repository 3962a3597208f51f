//! Choosing the instruction set at run time: [`dispatch`].

use std::fmt;

#[cfg(target_arch = "x86_64")]
use super::{Avx2, Avx512};
use super::{Baseline, Simd};

/// A computation that is compiled once for each instruction set.
///
/// ```
/// use sptx_runtime::simd::{Simd, Task, dispatch};
///
/// struct Halve<'a>(&'a mut [[f32; 16]]);
///
/// impl Task for Halve<'_> {
///     type Output = ();
///
///     #[inline(always)]
///     fn run<S: Simd>(self, simd: S) {
///         for row in self.0 {
///             simd.store(simd.mul(simd.load(row), simd.splat(0.5)), row);
///         }
///     }
/// }
///
/// let mut rows = [[3.0; 16]; 2];
/// dispatch(Halve(&mut rows));
/// assert_eq!(rows, [[1.5; 16]; 2]);
/// ```
pub trait Task {
    /// What the computation gives.
    type Output;

    /// The computation. Mark it `#[inline(always)]`: it must become part of a function compiled for the instruction
    /// set.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Runs a task with the widest instruction set of this CPU.
///
/// What the CPU has is asked once and remembered; the choice costs a few loads, and a call that does not inline.
/// The example is at [`Task`].
#[inline]
pub fn dispatch<T: Task>(task: T) -> T::Output {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = Avx512::detect() {
        return simd.run(task);
    } else if let Some(simd) = Avx2::detect() {
        return simd.run(task);
    }
    Baseline::new().run(task)
}

/// Runs a task with the instruction set named, or gives `None` if this CPU has it not. For tests and measurements.
///
/// ```
/// use sptx_runtime::simd::{InstructionSet, Simd, Task, dispatch_on};
///
/// struct Name;
///
/// impl Task for Name {
///     type Output = &'static str;
///
///     #[inline(always)]
///     fn run<S: Simd>(self, _: S) -> &'static str {
///         S::INSTRUCTION_SET.name()
///     }
/// }
///
/// assert_eq!(dispatch_on(InstructionSet::Baseline, Name), Some("baseline"));
/// ```
pub fn dispatch_on<T: Task>(set: InstructionSet, task: T) -> Option<T::Output> {
    match set {
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512 => Avx512::detect().map(|simd| simd.run(task)),
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2 => Avx2::detect().map(|simd| simd.run(task)),
        #[cfg(not(target_arch = "x86_64"))]
        InstructionSet::Avx512 | InstructionSet::Avx2 => None,
        InstructionSet::Baseline => Some(Baseline::new().run(task)),
    }
}

/// The name of an instruction set, to choose or report one at run time.
///
/// ```
/// use sptx_runtime::simd::InstructionSet;
///
/// println!("kernels run with {}", InstructionSet::widest());
/// assert!(InstructionSet::Baseline.is_available());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstructionSet {
    /// AVX-512 F, BW, DQ and VL: x86-64 servers since 2017, Zen since 4.
    Avx512,
    /// AVX2 and FMA: most x86-64 since 2013.
    Avx2,
    /// What the compilation target guarantees.
    Baseline,
}

impl InstructionSet {
    /// Every instruction set, widest first.
    pub const ALL: [Self; 3] = [Self::Avx512, Self::Avx2, Self::Baseline];

    /// Those of this CPU, widest first. The last is always [`InstructionSet::Baseline`].
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|set| set.is_available())
    }

    /// The one that [`dispatch`] uses.
    pub fn widest() -> Self {
        dispatch(Identify)
    }

    /// Whether this CPU has it.
    pub fn is_available(self) -> bool {
        dispatch_on(self, Identify).is_some()
    }

    /// Its name in reports: `avx512`, `avx2` or `baseline`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Baseline => "baseline",
        }
    }
}

impl fmt::Display for InstructionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Tells with which instruction set it runs.
struct Identify;

impl Task for Identify {
    type Output = InstructionSet;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> InstructionSet {
        S::INSTRUCTION_SET
    }
}
