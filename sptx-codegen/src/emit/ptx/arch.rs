//! Generations of GPUs, and what each added to PTX.

use std::fmt;
use std::str::FromStr;

use crate::diagnostics::listed;

/// A generation of NVIDIA's GPUs that kernels are written for: what is written runs on it and on later ones.
///
/// ```
/// use sptx_codegen::emit::ptx::Arch;
///
/// assert_eq!("sm_90".parse(), Ok(Arch::Sm90));
/// assert_eq!(Arch::default().to_string(), "sm_75");
/// // A GPU of compute capability 8.6, whose driver takes PTX up to version 8.4.
/// assert_eq!(Arch::newest((8, 6), (8, 4)), Some(Arch::Sm80));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arch {
    /// Turing, of compute capability 7.5.
    #[default]
    Sm75,
    /// Ampere, of 8.0.
    Sm80,
    /// Hopper, of 9.0.
    Sm90,
    /// Blackwell, of 10.0.
    Sm100,
}

/// What some generation added to PTX.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// What every generation has that is written for.
    Common,
    /// Copies from buffers to shared memory while the thread does other things: `cp.async`.
    Copies,
    /// Atomic additions of two or four f32 in one instruction: `red.global.add.v4.f32`.
    VectorAtomics,
    /// Arithmetic on two f32 side by side in one instruction: `add.rn.f32x2`.
    PairedNumbers,
}

/// The least that a feature, or a module, needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Needs {
    /// The version of PTX.
    pub version: (u32, u32),
    pub arch: Arch,
}

impl Feature {
    /// Every feature.
    pub const ALL: [Self; 4] = [Self::Common, Self::Copies, Self::VectorAtomics, Self::PairedNumbers];

    /// The table of what features need.
    pub(super) const fn needs(self) -> Needs {
        let (version, arch) = match self {
            Self::Common => ((6, 3), Arch::Sm75),
            Self::Copies => ((7, 0), Arch::Sm80),
            Self::VectorAtomics => ((8, 1), Arch::Sm90),
            Self::PairedNumbers => ((8, 6), Arch::Sm100),
        };
        Needs { version, arch }
    }
}

impl Needs {
    /// What is enough for both.
    pub(super) fn and(self, other: Self) -> Self {
        Self { version: self.version.max(other.version), arch: self.arch.max(other.arch) }
    }
}

impl Arch {
    /// Every generation, the oldest first.
    pub const ALL: [Self; 4] = [Self::Sm75, Self::Sm80, Self::Sm90, Self::Sm100];

    /// What PTX and its assembler call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sm75 => "sm_75",
            Self::Sm80 => "sm_80",
            Self::Sm90 => "sm_90",
            Self::Sm100 => "sm_100",
        }
    }

    /// The compute capability of its first GPUs.
    pub const fn capability(self) -> (u32, u32) {
        match self {
            Self::Sm75 => (7, 5),
            Self::Sm80 => (8, 0),
            Self::Sm90 => (9, 0),
            Self::Sm100 => (10, 0),
        }
    }

    /// Whether its GPUs have what a generation added. Emission asks here, and nowhere else, what it may write.
    pub fn has(self, feature: Feature) -> bool {
        feature.needs().arch <= self
    }

    /// The version of PTX that some of its kernels need.
    fn version(self) -> (u32, u32) {
        let features = Feature::ALL.into_iter().filter(|feature| self.has(*feature));
        features.map(|feature| feature.needs().version).max().unwrap_or_default()
    }

    /// The newest whose kernels run on a GPU of this compute capability, by a driver that takes PTX up to this version.
    /// None where the GPU or the driver is too old for all.
    pub fn newest(capability: (u32, u32), ptx: (u32, u32)) -> Option<Self> {
        let runs = |arch: &Self| arch.capability() <= capability && arch.version() <= ptx;
        Self::ALL.into_iter().rfind(runs)
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name of no generation that kernels are written for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownArch {
    name: String,
}

impl fmt::Display for UnknownArch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kernels are written for {}", listed(&Arch::ALL.map(Arch::name)))?;
        match self.meant() {
            Some(arch) => write!(f, "; what `{}` runs is `{arch}`", self.name),
            None => Ok(()),
        }
    }
}

impl std::error::Error for UnknownArch {}

impl UnknownArch {
    /// The newest that the GPUs run whose compute capability stands in the name.
    fn meant(&self) -> Option<Arch> {
        let number: u32 = self.name.trim_matches(|it: char| !it.is_ascii_digit()).parse().ok()?;
        let capability = (number / 10, number % 10);
        Arch::ALL.into_iter().rfind(|arch| arch.capability() <= capability)
    }
}

impl FromStr for Arch {
    type Err = UnknownArch;

    fn from_str(name: &str) -> Result<Self, UnknownArch> {
        let found = Self::ALL.into_iter().find(|arch| arch.name() == name);
        found.ok_or_else(|| UnknownArch { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_gets_the_newest_that_it_and_its_driver_take() {
        for (capability, ptx, newest) in [
            ((7, 5), (6, 3), Some(Arch::Sm75)),
            ((7, 5), (9, 0), Some(Arch::Sm75)),
            ((8, 9), (8, 7), Some(Arch::Sm80)),
            ((9, 0), (8, 8), Some(Arch::Sm90)),
            ((10, 0), (8, 6), Some(Arch::Sm100)),
            ((12, 0), (9, 0), Some(Arch::Sm100)),
            // The GPU could more than its driver takes.
            ((10, 0), (8, 5), Some(Arch::Sm90)),
            ((7, 0), (8, 0), None),
            ((9, 0), (6, 2), None),
        ] {
            assert_eq!(Arch::newest(capability, ptx), newest, "{capability:?} {ptx:?}");
        }
        for arch in Arch::ALL {
            assert_eq!(Arch::newest(arch.capability(), (99, 0)), Some(arch));
            assert_eq!(arch.name().parse(), Ok(arch));
        }
    }

    #[test]
    fn names_of_other_gpus_lead_to_one_that_they_run() {
        let why = |name: &str| name.parse::<Arch>().expect_err("it is none").to_string();
        let listed = "kernels are written for `sm_75`, `sm_80`, `sm_90` and `sm_100`";
        for (name, meant) in [("sm_86", "sm_80"), ("sm90", "sm_90"), ("compute_120", "sm_100"), ("sm_90a", "sm_90")] {
            assert_eq!(why(name), format!("{listed}; what `{name}` runs is `{meant}`"));
        }
        for name in ["sm_70", "hopper", "", "sm_99999999999"] {
            assert_eq!(why(name), listed, "{name}");
        }
    }
}
