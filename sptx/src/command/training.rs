//! What a run trains on.

use sptx::train::Trainer;

use super::devices;
use super::failure::Failure;

/// Has the device of the run's settings make its steps, where it is not the CPU. Gives what it is, for people.
///
/// `auto` takes the first discrete GPU that can do what the run asks, and otherwise the CPU.
pub(super) fn begin(trainer: &mut Trainer) -> Result<String, Failure> {
    let asked = trainer.config().device.clone();
    match devices::gpu(&asked) {
        Some(gpu) => on_gpu(trainer, gpu),
        None if asked == "auto" => Ok(match automatic(trainer) {
            Ok(gpu) => gpu,
            Err(why) => format!("cpu (auto: {why})"),
        }),
        None => Ok("cpu".to_owned()),
    }
}

/// Trains on a discrete GPU; why not, where there is none that does.
#[cfg(feature = "wgpu")]
fn automatic(trainer: &mut Trainer) -> Result<String, String> {
    use sptx::runtime::wgpu::{Kind, adapters};

    let Some(number) = adapters().iter().position(|adapter| adapter.kind == Kind::Discrete) else {
        return Err("there is no discrete GPU".to_owned());
    };
    on_gpu(trainer, &number.to_string()).map_err(Failure::into_message)
}

/// Trains by the kernels of a GPU.
#[cfg(feature = "wgpu")]
fn on_gpu(trainer: &mut Trainer, gpu: &str) -> Result<String, Failure> {
    use sptx::codegen::emit::wgsl;
    use sptx::runtime::gpu::Schedule;
    use sptx::runtime::wgpu::WgpuDevice;

    let steps = trainer.device_training().map_err(sptx::train::Error::from)?;
    let device = WgpuDevice::open(gpu).map_err(sptx::runtime::Error::from)?;
    let artifacts = wgsl::training_artifacts(trainer.engine().model(), &Schedule::default(), &steps);
    let name = format!("{}, through {}; validation on the cpu", device.info().name, device.info().backend);
    trainer.train_on(device, artifacts)?;
    Ok(name)
}

/// Says that this command was built without GPUs.
#[cfg(not(feature = "wgpu"))]
fn on_gpu(_: &mut Trainer, _: &str) -> Result<String, Failure> {
    Err(devices::without_gpus())
}

/// Says that there are no GPUs for it.
#[cfg(not(feature = "wgpu"))]
fn automatic(_: &mut Trainer) -> Result<String, String> {
    Err("this `sptx` was built without GPUs".to_owned())
}
