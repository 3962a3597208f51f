//! NVIDIA's device, by a driver's stand-in that runs kernels on the PTX machine.

#![cfg(target_os = "linux")]

mod modules;
mod products;
mod sequences;
mod support;

use std::collections::BTreeMap;

use sptx_codegen::emit::ptx::{self, Arch};
use sptx_codegen::gpu;
use sptx_runtime::cuda::{CudaDevice, gpus};
use sptx_runtime::gpu::{Device, DeviceError};
use sptx_tests::{Case, schedules, zoo};

use support::{INSIDE, inside};

#[test]
fn scores_and_gradients_are_the_interpreters() {
    if !inside("scores_and_gradients_are_the_interpreters", &[]) {
        return;
    }
    let found = gpus().expect("a driver");
    assert_eq!((found[0].name.as_str(), found[0].capability), ("Stand-in for a GPU", (7, 5)));
    let device = CudaDevice::open("stand").expect("a GPU");
    for (number, score) in zoo().iter().enumerate() {
        let sizes: BTreeMap<String, usize> = score
            .dims
            .iter()
            .filter(|(_, dim)| dim.size == sptx_codegen::ir::DimSize::Symbol)
            .map(|(_, dim)| (dim.name.clone(), 6))
            .collect();
        let Some(case) = Case::new(score, sizes, 9, number as u64) else { continue };
        let schedule = schedules()[number % 6];
        let mut plans = gpu::plan(&case.model, &schedule);
        plans.extend(gpu::block_gradients(&case.model, &schedule));
        let mut engine = case.gpu_engine(&device, ptx::artifacts(&plans, schedule, Arch::default()));
        let mut wrong = case.check_gpu(&mut engine, 1e-4);
        wrong.extend(case.check_gpu_blocks(&mut engine, 1e-4));
        assert!(wrong.is_empty(), "{schedule}: {wrong:?}");
    }
}

#[test]
fn copies_and_seconds() {
    if !inside("copies_and_seconds", &[]) {
        return;
    }
    let device = CudaDevice::open("").expect("a GPU");
    assert_eq!(device.capabilities().processors, Some(4));
    let [from, to] = [5, 4].map(|words| device.allocate(words).expect("room"));
    device.write(&from, 0, &[1, 2, 3, 4, 5]).expect("writes");
    let mut made = 0;
    let mut copy = || {
        made += 1;
        std::thread::sleep(std::time::Duration::from_millis(20));
        device.copy(&from, &to, 3)
    };
    let seconds = device.seconds(&mut copy).expect("copies");
    assert!((0.02..10.0).contains(&seconds), "{seconds}");
    let mut read = [0; 4];
    device.read(&to, 0, &mut read).expect("reads");
    assert_eq!((made, read), (1, [1, 2, 3, 0]));
    let lost = || Err(DeviceError::Lost("as asked".to_owned()));
    assert_eq!(device.seconds(&mut { lost }), lost().map(|()| 0.0));
    device.copy(&from, &to, 0).expect("nothing");
    device.wait().expect("nothing is under way");
    let too_many = std::panic::AssertUnwindSafe(|| device.copy(&from, &to, 5));
    assert!(std::panic::catch_unwind(too_many).is_err(), "five words do not fit four");
}

#[test]
fn memory_that_is_not_there_is_told_with_its_size() {
    if !inside("memory_that_is_not_there_is_told_with_its_size", &[("SPTX_STAND_IN_BYTES", "1000")]) {
        return;
    }
    let Err(DeviceError::Absent(why)) = CudaDevice::open("3") else { panic!("there is one GPU") };
    assert!(why.contains("no GPU `3`") && why.contains("Stand-in"), "{why}");
    let device = CudaDevice::open("").expect("a GPU");
    let Err(DeviceError::OutOfMemory { bytes: 4000, reason }) = device.allocate(1000) else { panic!("too much") };
    assert!(reason.contains("1000 of its 1000 bytes are free"), "{reason}");
    let buffer = device.allocate(0).expect("nothing is always there");
    device.write(&buffer, 0, &[]).expect("nothing");
}

#[test]
fn buffers_are_their_devices() {
    if !inside("buffers_are_their_devices", &[]) {
        return;
    }
    let devices = [0, 1].map(|_| CudaDevice::open("").expect("a GPU"));
    let [own, other] = [0, 1].map(|number| devices[number].allocate(4).expect("room"));
    let copy = std::panic::AssertUnwindSafe(|| devices[0].copy(&own, &other, 4));
    assert!(std::panic::catch_unwind(copy).is_err(), "nothing keeps the streams of two devices in order");
}

#[test]
fn without_a_driver_there_is_a_word_about_it() {
    if std::env::var_os(INSIDE).is_none() {
        match gpus() {
            Err(DeviceError::Absent(why)) => assert!(why.contains("NVIDIA"), "{why}"),
            Ok(_) => println!("SKIPPED: there is a driver"),
            Err(other) => panic!("{other}"),
        }
    }
}
