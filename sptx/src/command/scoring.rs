//! The devices that trained models are asked on.

use sptx::gpu::Gpu;
use sptx::runtime::cpu::Engine;
use sptx::runtime::gpu::{sizes_of, table_words_of};
use sptx::train::{DeviceScorer, EngineScorer, RelationScorer};

use super::devices;
use super::failure::Failure;

/// The option that says what computes scores.
#[derive(Debug, clap::Args)]
pub(super) struct ScoringDevice {
    /// What computes the scores: `auto`, `cpu`, or a GPU as `sptx devices` lists them: `wgpu`, `wgpu:1`, `cuda`, or
    /// `wgpu:` and a part of its name.
    #[arg(long, default_value = "auto")]
    device: String,
}

impl ScoringDevice {
    /// The GPU that is asked for; none for the CPU.
    pub(super) fn gpu(&self) -> Result<Option<Gpu>, Failure> {
        devices::check(&self.device, "models are evaluated on")?;
        if !Gpu::is_name(&self.device) {
            return Ok(None);
        }
        Ok(Some(Gpu::open(&self.device).map_err(sptx::runtime::Error::from)?))
    }

    /// Makes the device ready for a model.
    pub(super) fn scoring<'a>(&self, engine: &'a Engine) -> Result<Scoring<'a>, Failure> {
        let Some(gpu) = self.gpu()? else { return Ok(Scoring::cpu(engine)) };
        let schedule = gpu.schedule(&sizes_of(engine));
        let plans = sptx::codegen::gpu::ranking(engine.model(), &schedule);
        let artifacts = gpu.artifacts(plans, schedule, table_words_of(engine));
        Ok(Scoring { engine, gpu: Some(DeviceScorer::new(engine, gpu, artifacts)?) })
    }
}

/// A model on the device that it is asked on.
pub(super) struct Scoring<'a> {
    engine: &'a Engine,
    gpu: Option<DeviceScorer<'a, Gpu>>,
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
        let Some(scorer) = &self.gpu else {
            return self.engine.install(|| work(&EngineScorer::new(self.engine))).map_err(Into::into);
        };
        let found = self.engine.install(|| work(scorer));
        match scorer.failure() {
            Some(error) => Err(Failure::new(error.to_string())),
            None => found.map_err(Into::into),
        }
    }
}
