//! The devices that trained models are asked on.

#[cfg(feature = "wgpu")]
use sptx::codegen::emit::wgsl;
use sptx::runtime::cpu::Engine;
#[cfg(feature = "wgpu")]
use sptx::runtime::{gpu::Schedule, wgpu::WgpuDevice};
#[cfg(feature = "wgpu")]
use sptx::train::DeviceScorer;
use sptx::train::{EngineScorer, RelationScorer};

use super::devices;
use super::failure::Failure;

/// A GPU.
#[cfg(feature = "wgpu")]
pub(super) type Gpu = WgpuDevice;

/// A GPU, of which there is none in a command that was built without them.
#[cfg(not(feature = "wgpu"))]
pub(super) enum Gpu {}

/// The option that says what computes scores.
#[derive(Debug, clap::Args)]
pub(super) struct ScoringDevice {
    /// What computes the scores: `auto`, `cpu`, or a GPU as `sptx devices` lists them: `wgpu`, `wgpu:1`, or `wgpu:` and a
    /// part of its name.
    #[arg(long, default_value = "auto")]
    device: String,
}

impl ScoringDevice {
    /// The GPU that is asked for; none for the CPU.
    #[cfg(feature = "wgpu")]
    pub(super) fn gpu(&self) -> Result<Option<Gpu>, Failure> {
        let open = |name| WgpuDevice::open(name).map_err(|error| sptx::runtime::Error::from(error).into());
        self.gpu_name()?.map(open).transpose()
    }

    /// Says that this command was built without GPUs, where one is asked for.
    #[cfg(not(feature = "wgpu"))]
    pub(super) fn gpu(&self) -> Result<Option<Gpu>, Failure> {
        self.gpu_name()?.map_or(Ok(None), |_| Err(devices::without_gpus()))
    }

    /// Which GPU is asked for.
    fn gpu_name(&self) -> Result<Option<&str>, Failure> {
        devices::check(&self.device, "models are evaluated on")?;
        Ok(devices::gpu(&self.device))
    }

    /// Makes the device ready for a model.
    pub(super) fn scoring<'a>(&self, engine: &'a Engine) -> Result<Scoring<'a>, Failure> {
        match self.gpu()? {
            None => Ok(Scoring::cpu(engine)),
            #[cfg(feature = "wgpu")]
            Some(device) => {
                let artifacts = wgsl::ranking_artifacts(engine.model(), &Schedule::default());
                let scorer = DeviceScorer::new(engine, device, artifacts)?;
                Ok(Scoring { engine, gpu: Some(scorer) })
            }
            #[cfg(not(feature = "wgpu"))]
            Some(none) => match none {},
        }
    }
}

/// A model on the device that it is asked on.
pub(super) struct Scoring<'a> {
    engine: &'a Engine,
    #[cfg(feature = "wgpu")]
    gpu: Option<DeviceScorer<'a, WgpuDevice>>,
    #[cfg(not(feature = "wgpu"))]
    gpu: Option<Gpu>,
}

impl<'a> Scoring<'a> {
    /// A model on the CPU.
    pub(super) fn cpu(engine: &'a Engine) -> Self {
        Self { engine, gpu: None }
    }

    /// Does some work by the device's scores, on the engine's threads.
    pub(super) fn ask<T: Send, E: Send + Into<Failure>>(
        &self,
        work: impl FnOnce(&dyn RelationScorer) -> Result<T, E> + Send,
    ) -> Result<T, Failure> {
        match &self.gpu {
            None => self.engine.install(|| work(&EngineScorer::new(self.engine))).map_err(Into::into),
            #[cfg(feature = "wgpu")]
            Some(scorer) => {
                let found = self.engine.install(|| work(scorer));
                if let Some(error) = scorer.failure() {
                    return Err(Failure::new(error.to_string()));
                }
                found.map_err(Into::into)
            }
            #[cfg(not(feature = "wgpu"))]
            Some(none) => match *none {},
        }
    }
}
