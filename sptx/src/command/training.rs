//! What a run trains on.

use sptx::train::Trainer;

use super::devices::{self, GpuName};
use super::failure::Failure;

/// Has the device of the run's settings make its steps, where it is not the CPU. Gives what it is, for people.
///
/// `auto` takes the first GPU with a memory of its own that can do what the run asks, and otherwise the CPU.
pub(super) fn begin(trainer: &mut Trainer) -> Result<String, Failure> {
    let asked = trainer.config().device.clone();
    match devices::gpu(&asked) {
        Some(GpuName::Wgpu(gpu)) => on_wgpu(trainer, gpu),
        Some(GpuName::Cuda(gpu)) => on_cuda(trainer, gpu),
        None if asked == "auto" => Ok(match automatic(trainer) {
            Ok(gpu) => gpu,
            Err(why) => format!("cpu (auto: {why})"),
        }),
        None => Ok("cpu".to_owned()),
    }
}

/// Trains on one of NVIDIA's GPUs or another discrete one; why not, where there is none that does.
fn automatic(trainer: &mut Trainer) -> Result<String, String> {
    let number = discrete();
    if devices::has_cuda() {
        return on_cuda(trainer, "").map_err(Failure::into_message);
    }
    let Some(number) = number else { return Err("there is no discrete GPU".to_owned()) };
    on_wgpu(trainer, &number.to_string()).map_err(Failure::into_message)
}

/// The number of the first discrete GPU.
#[cfg(feature = "wgpu")]
fn discrete() -> Option<usize> {
    use sptx::runtime::wgpu::{Kind, adapters};

    adapters().iter().position(|adapter| adapter.kind == Kind::Discrete)
}

/// None, without what finds them.
#[cfg(not(feature = "wgpu"))]
fn discrete() -> Option<usize> {
    None
}

/// Trains by kernels in WGSL.
#[cfg(feature = "wgpu")]
fn on_wgpu(trainer: &mut Trainer, gpu: &str) -> Result<String, Failure> {
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

/// Says that this command was built without them.
#[cfg(not(feature = "wgpu"))]
fn on_wgpu(_: &mut Trainer, _: &str) -> Result<String, Failure> {
    Err(devices::without("wgpu"))
}

/// Trains by kernels in PTX.
#[cfg(feature = "cuda")]
fn on_cuda(trainer: &mut Trainer, gpu: &str) -> Result<String, Failure> {
    use sptx::codegen::emit::ptx;
    use sptx::runtime::cuda::CudaDevice;
    use sptx::runtime::gpu::Schedule;

    let steps = trainer.device_training().map_err(sptx::train::Error::from)?;
    let device = CudaDevice::open(gpu).map_err(sptx::runtime::Error::from)?;
    let schedule = Schedule::default();
    let plans = sptx::codegen::gpu::steps(trainer.engine().model(), &schedule, &steps);
    let name = format!("{}, through cuda; validation on the cpu", device.info().name);
    trainer.train_on(device, ptx::artifacts(&plans, schedule))?;
    Ok(name)
}

/// Says that this command was built without them.
#[cfg(not(feature = "cuda"))]
fn on_cuda(_: &mut Trainer, _: &str) -> Result<String, Failure> {
    Err(devices::without("cuda"))
}
