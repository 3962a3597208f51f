//! What a run trains on.

use sptx::gpu::Gpu;
use sptx::runtime::gpu::{sizes_of, table_words_of};
use sptx::train::Trainer;

use super::failure::Failure;

/// Has the device of the run's settings make its steps, where it is not the CPU. Gives what it is, for people.
///
/// `auto` takes the first GPU with a memory of its own that can do what the run asks, and otherwise the CPU.
pub(super) fn begin(trainer: &mut Trainer) -> Result<String, Failure> {
    let asked = trainer.config().device.clone();
    if Gpu::is_name(&asked) {
        return on_gpu(trainer, || Ok(Gpu::open(&asked).map_err(sptx::runtime::Error::from)?));
    }
    if asked != "auto" {
        return Ok(asked);
    }
    let discrete = || Gpu::open_discrete().map_err(|error| Failure::new(error.to_string()));
    Ok(on_gpu(trainer, discrete).unwrap_or_else(|why| format!("cpu (auto: {})", why.into_message())))
}

/// Trains by the kernels of a GPU, which is opened where it can do what the run asks.
fn on_gpu(trainer: &mut Trainer, open: impl FnOnce() -> Result<Gpu, Failure>) -> Result<String, Failure> {
    let steps = trainer.device_training().map_err(sptx::train::Error::from)?;
    let (gpu, engine) = (open()?, trainer.engine());
    let schedule = gpu.training_schedule(engine.model(), &sizes_of(engine));
    let plans = sptx::codegen::gpu::steps(engine.model(), &schedule, &steps);
    let (name, artifacts) = (gpu.to_string(), gpu.artifacts(plans, schedule, table_words_of(engine)));
    trainer.train_on(gpu, artifacts)?;
    Ok(format!("{name}; validation on the cpu"))
}
