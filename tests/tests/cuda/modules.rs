//! What becomes of a kernel's text.

use sptx_runtime::cuda::{CudaDevice, gpus};
use sptx_runtime::gpu::{Artifact, Device, DeviceError};

use crate::support::{inside, step};

fn open() -> CudaDevice {
    CudaDevice::open("").expect("a GPU")
}

/// Why a text is refused.
fn refused(artifact: &Artifact) -> String {
    match open().load(artifact) {
        Err(DeviceError::Refused { entry, reason }) => {
            assert_eq!(entry, "step");
            reason
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_the_driver_refuses_is_told_in_its_words() {
    if !inside("modules::what_the_driver_refuses_is_told_in_its_words", &[]) {
        return;
    }
    assert!(open().load(&step()).is_ok());
    let text = step().text.replace("mad.wide.u32", "mad.wider.u32");
    let reason = refused(&Artifact { text, ..step() });
    assert!(reason.contains("CUDA_ERROR_INVALID_PTX") && reason.contains("mad.wider.u32"), "{reason}");
    let text = step().text.replace("entry step", "entry pace");
    let reason = refused(&Artifact { text, ..step() });
    assert!(reason.contains("CUDA_ERROR_NOT_FOUND"), "{reason}");
    let text = step().text.replace("sm_75", "sm_90a");
    let reason = refused(&Artifact { text, ..step() });
    assert!(reason.starts_with("the kernel is for GPUs from sm_90 on, and this one is sm_75."), "{reason}");
    assert!(reason.contains("CUDA_ERROR_NO_BINARY_FOR_GPU"), "{reason}");
}

#[test]
fn an_old_driver_is_to_be_updated() {
    let old = [("SPTX_STAND_IN_CUDA", "9020"), ("SPTX_STAND_IN_PTX", "6.2")];
    if !inside("modules::an_old_driver_is_to_be_updated", &old) {
        return;
    }
    assert_eq!(gpus().expect("a driver")[0].ptx(), (6, 2));
    let reason = refused(&step());
    let wanted = "NVIDIA's driver takes PTX up to 6.2 (CUDA 9.2), and this kernel is of PTX 6.3: update the driver.";
    assert!(reason.starts_with(wanted) && reason.contains("CUDA_ERROR_UNSUPPORTED_PTX_VERSION"), "{reason}");
    assert!(reason.ends_with("unsupported .version"), "the driver's compiler has the last word: {reason}");
}

#[test]
fn an_old_gpu_is_no_device() {
    if !inside("modules::an_old_gpu_is_no_device", &[("SPTX_STAND_IN_CAPABILITY", "6.1")]) {
        return;
    }
    assert_eq!(gpus().expect("a driver")[0].capability, (6, 1));
    for name in ["", "0", "stand"] {
        let Err(DeviceError::Absent(why)) = CudaDevice::open(name) else { panic!("it is too old") };
        assert!(why.contains("has compute capability 6.1, and kernels need 7.5 or later"), "{why}");
    }
}

#[test]
fn a_text_is_one_module() {
    // Room for three modules, each of which takes as much as its text.
    let (room, text) = (3 * step().text.len() + 100, step().text.len());
    if !inside("modules::a_text_is_one_module", &[("SPTX_STAND_IN_BYTES", &room.to_string())]) {
        return;
    }
    let free = |device: &CudaDevice| match device.allocate(room) {
        Err(DeviceError::OutOfMemory { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    let left = |bytes: usize| format!("{bytes} of its {room} bytes are free");
    let [device, other] = [open(), open()];
    let kernels = [&device, &other, &device].map(|device| device.load(&step()).expect("loads"));
    assert_eq!(free(&device), left(room - text));
    // Another text is another module.
    let texts = [1, 2, 3].map(|lines| step().text + &"\n".repeat(lines));
    let [one, two, three] = texts.map(|text| device.load(&Artifact { text, ..step() }));
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    let Err(DeviceError::OutOfMemory { reason, .. }) = three else { panic!("{three:?}") };
    assert!(reason.contains("the text of `step`") && reason.contains("bytes are free"), "{reason}");
    drop((one, two));
    assert_eq!(free(&device), left(room - text));
    drop(kernels);
    assert_eq!(free(&device), left(room), "what nobody uses is not kept");
}
