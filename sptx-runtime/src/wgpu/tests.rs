//! Small kernels, written by hand, and everything that can go wrong.

use super::fault::allocated;
use super::{WgpuDevice, adapters};
use crate::gpu::{Artifact, Binding, Capabilities, Device, DeviceError, Direction, Role, Schedule, Word, WordKind};

/// The first adapter; none, with a word about it, where there is none. Fails where `SPTX_REQUIRE` lists `vulkan`.
fn open() -> Option<WgpuDevice> {
    open_within(None)
}

fn open_within(most: Option<&Capabilities>) -> Option<WgpuDevice> {
    let opened = most.map_or_else(|| WgpuDevice::open(""), |most| WgpuDevice::open_within("", most));
    match opened {
        Ok(device) => Some(device),
        Err(DeviceError::Absent(why)) => {
            let required = std::env::var("SPTX_REQUIRE").unwrap_or_default();
            let requires = required.split(',').any(|name| name.trim() == "vulkan");
            assert!(!requires, "SPTX_REQUIRE lists `vulkan`: {why}");
            println!("SKIPPED (vulkan): {why}");
            None
        }
        Err(other) => panic!("{other}"),
    }
}

/// A kernel of workgroups of 64 that each do `rows`.
fn artifact(entry: &str, text: &str, rows: u32, parameters: &[&str], buffers: &[(&str, Direction)]) -> Artifact {
    let word = |name: &&str| Word { name: (*name).to_owned(), kind: WordKind::U32 };
    let binding = |(name, direction): &(&str, Direction)| Binding { name: (*name).to_owned(), direction: *direction };
    Artifact {
        role: Role::Forward,
        schedule: Schedule::default(),
        text: text.to_owned(),
        entry: entry.to_owned(),
        workgroup: 64,
        rows,
        parameters: parameters.iter().map(word).collect(),
        buffers: buffers.iter().map(binding).collect(),
    }
}

/// `out[n] = value + n` for n below `count`.
fn fill() -> Artifact {
    let text = "
        struct Parameters { count: u32, value: u32 }
        @group(0) @binding(0) var<storage, read_write> out: array<u32>;
        @group(0) @binding(1) var<uniform> parameters: Parameters;
        @compute @workgroup_size(64)
        fn fill(
            @builtin(workgroup_id) workgroup: vec3<u32>,
            @builtin(num_workgroups) workgroups: vec3<u32>,
            @builtin(local_invocation_index) thread: u32,
        ) {
            let row = (workgroup.y * workgroups.x + workgroup.x) * 64u + thread;
            if row < parameters.count { out[row] = parameters.value + row; }
        }";
    artifact("fill", text, 64, &["count", "value"], &[("out", Direction::Write)])
}

/// `out[n] = left[n] + right[n]`, in f32, with no parameter.
fn add() -> Artifact {
    let text = "
        @group(0) @binding(0) var<storage, read> left: array<f32>;
        @group(0) @binding(1) var<storage, read> right: array<f32>;
        @group(0) @binding(2) var<storage, read_write> out: array<f32>;
        @compute @workgroup_size(64)
        fn add(@builtin(global_invocation_id) thread: vec3<u32>) {
            if thread.x < arrayLength(&out) { out[thread.x] = left[thread.x] + right[thread.x]; }
        }";
    let buffers = [("left", Direction::Read), ("right", Direction::Read), ("out", Direction::Write)];
    artifact("add", text, 64, &[], &buffers)
}

/// `out[n]` is the sum of the 64 words from `64 · n` on, joined in the workgroup's memory.
fn sum() -> Artifact {
    let text = "
        struct Parameters { count: u32 }
        @group(0) @binding(0) var<storage, read> words: array<u32>;
        @group(0) @binding(1) var<storage, read_write> out: array<u32>;
        @group(0) @binding(2) var<uniform> parameters: Parameters;
        var<workgroup> joined: array<u32, 64>;
        @compute @workgroup_size(64)
        fn sum(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
            joined[thread] = words[workgroup.x * 64u + thread];
            workgroupBarrier();
            for (var half = 32u; half > 0u; half = half >> 1u) {
                if thread < half { joined[thread] = joined[thread] + joined[thread + half]; }
                workgroupBarrier();
            }
            if thread == 0u && workgroup.x < parameters.count { out[workgroup.x] = joined[0]; }
        }";
    artifact("sum", text, 1, &["count"], &[("words", Direction::Read), ("out", Direction::Write)])
}

/// Numbers without a pattern that a mistake in offsets would keep.
fn scrambled(count: usize) -> Vec<u32> {
    (0..count as u32).map(|n| n.wrapping_mul(2_654_435_761) ^ (n >> 3)).collect()
}

#[test]
fn launches_see_what_those_before_wrote() {
    let Some(device) = open() else { return };
    let (fill, sum) = (device.load(&fill()).expect("loads"), device.load(&sum()).expect("loads"));
    let (words, sums) = (device.allocate(640).expect("room"), device.allocate(10).expect("room"));
    let mut read = [0; 10];
    for value in [3, 1000] {
        device.launch(&fill, 10, &[640, value], &[&words]).expect("launches");
        device.launch(&sum, 10, &[10], &[&words, &sums]).expect("launches");
        device.read(&sums, 0, &mut read).expect("reads");
        let expected = std::array::from_fn(|row| (0..64).map(|n| value + 64 * row as u32 + n).sum::<u32>());
        assert_eq!(read, expected);
    }
}

#[test]
fn kernels_without_parameters_launch() {
    let Some(device) = open() else { return };
    let kernel = device.load(&add()).expect("loads");
    let [left, right, out] = [(); 3].map(|()| device.allocate(100).expect("room"));
    let numbers: Vec<u32> = (0..100).map(|n| (n as f32 / 4.0).to_bits()).collect();
    device.write(&left, 0, &numbers).expect("writes");
    device.write(&right, 40, &numbers[..60]).expect("writes");
    device.launch(&kernel, 2, &[], &[&left, &right, &out]).expect("launches");
    let mut read = vec![0; 100];
    device.read(&out, 0, &mut read).expect("reads");
    let expected: Vec<f32> = (0..100).map(|n| (n as f32 + f32::max(n as f32 - 40.0, 0.0)) / 4.0).collect();
    assert_eq!(read.into_iter().map(f32::from_bits).collect::<Vec<_>>(), expected);
}

#[test]
fn each_launch_has_its_own_parameters_however_many_there_are() {
    let Some(device) = open() else { return };
    let kernel = device.load(&fill()).expect("loads");
    let out = device.allocate(64).expect("room");
    // Later launches write less, so that the words tell which launch came last over each of them.
    for launch in 0..1000 {
        device.launch(&kernel, 1, &[64 - launch / 16, 5000 * launch], &[&out]).expect("launches");
    }
    let mut read = vec![0; 64];
    device.read(&out, 0, &mut read).expect("reads");
    let last = |word: u32| (0..1000).rev().find(|launch| word < 64 - launch / 16).expect("launch 0 writes all");
    assert_eq!(read, (0..64).map(|word| 5000 * last(word) + word).collect::<Vec<_>>());
}

#[test]
fn fifty_megabytes_go_there_and_back() {
    let Some(device) = open() else { return };
    let words = scrambled(50_000_000 / 4 + 3);
    let buffer = device.allocate(words.len() + 5).expect("room");
    device.write(&buffer, 5, &words).expect("writes");
    let mut read = vec![1; words.len() + 5];
    device.read(&buffer, 0, &mut read).expect("reads");
    assert_eq!(read[..5], [0; 5], "new buffers are zeros");
    assert!(read[5..] == words, "what is read is what was written");
    let mut part = vec![0; 7];
    device.read(&buffer, 4_200_001, &mut part).expect("reads");
    assert_eq!(part, words[4_199_996..][..7]);
}

#[test]
fn a_write_comes_after_the_launches_before_it() {
    let Some(device) = open() else { return };
    let kernel = device.load(&fill()).expect("loads");
    let out = device.allocate(64).expect("room");
    device.launch(&kernel, 1, &[64, 0], &[&out]).expect("launches");
    device.write(&out, 2, &[77, 78]).expect("writes");
    let mut read = vec![0; 5];
    device.read(&out, 0, &mut read).expect("reads");
    assert_eq!(read, [0, 1, 77, 78, 4]);
}

#[test]
fn many_workgroups_fold_to_two_axes() {
    let Some(device) = open() else { return };
    let kernel = device.load(&fill()).expect("loads");
    let count = 70_001 * 64 - 9;
    assert!(count / 64 > device.capabilities().workgroups, "more than an axis has");
    let out = device.allocate(count as usize + 64).expect("room");
    device.launch(&kernel, count.div_ceil(64), &[count, 1], &[&out]).expect("launches");
    let mut read = vec![0; count as usize + 64];
    device.read(&out, 0, &mut read).expect("reads");
    let (inside, beyond) = read.split_at(count as usize);
    assert!(inside.iter().zip(1..).all(|(word, n)| *word == n) && beyond.iter().all(|word| *word == 0));
}

#[test]
fn copies_run_between_launches() {
    let Some(device) = open() else { return };
    let kernel = device.load(&fill()).expect("loads");
    let [from, to] = [4, 5].map(|words| device.allocate(words).expect("room"));
    device.launch(&kernel, 1, &[4, 7], &[&from]).expect("launches");
    let seconds = device.seconds(&mut || device.copy(&from, &to, 3)).expect("copies");
    assert!(seconds > 0.0 && seconds < 60.0, "{seconds}");
    device.launch(&kernel, 1, &[4, 1], &[&from]).expect("launches");
    device.wait().expect("all is done");
    let mut read = [0; 5];
    device.read(&to, 0, &mut read).expect("reads");
    assert_eq!(read, [7, 8, 9, 0, 0]);
    let copy =
        |from, to, words| std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| device.copy(from, to, words)));
    assert!(copy(&from, &to, 5).is_err(), "there are four words");
    assert!(copy(&from, &from, 4).is_err(), "one and the same");
}

#[test]
fn no_workgroup_is_no_launch() {
    let Some(device) = open() else { return };
    let kernel = device.load(&fill()).expect("loads");
    let out = device.allocate(1).expect("room");
    device.launch(&kernel, 0, &[1, 9], &[&out]).expect("nothing to do");
    let mut read = [5];
    device.read(&out, 0, &mut read).expect("reads");
    device.read(&out, 1, &mut []).expect("reads nothing");
    device.write(&out, 1, &[]).expect("writes nothing");
    assert_eq!(read, [0]);
}

#[test]
fn tiny_limits_hold() {
    let tiny = Capabilities {
        workgroup: 64,
        shared_bytes: 1024,
        workgroups: 7,
        buffers: 2,
        binding_words: 1 << 16,
        subgroups: None,
        float_atomics: false,
        processors: None,
        resident_threads: 128,
    };
    let Some(device) = open_within(Some(&tiny)) else { return };
    assert_eq!(device.capabilities(), tiny);
    let kernel = device.load(&fill()).expect("loads");
    let out = device.allocate(3000).expect("room");
    device.launch(&kernel, 47, &[3000, 2], &[&out]).expect("launches");
    let mut read = vec![0; 3000];
    device.read(&out, 0, &mut read).expect("reads");
    assert!(read.iter().zip(2..).all(|(word, n)| *word == n), "47 workgroups on axes of 7");

    let large = device.allocate((1 << 16) + 1).expect_err("more than a binding");
    let DeviceError::OutOfMemory { bytes, reason } = &large else { panic!("{large}") };
    assert_eq!((*bytes, reason.contains("262144 bytes")), (4 * (1 << 16) + 16, true), "{reason}");

    let wide = fill().text.replace("workgroup_size(64)", "workgroup_size(65)");
    let refused = device.load(&Artifact { text: wide, ..fill() }).expect_err("more threads than there may be");
    assert!(matches!(&refused, DeviceError::Refused { entry, .. } if entry == "fill"), "{refused}");
    let refused = device.load(&add()).expect_err("three buffers where there may be two");
    assert!(refused.to_string().contains("kernel `add` was refused"), "{refused}");
    let atomic = "@group(0) @binding(0) var<storage, read_write> out: array<atomic<f32>>;
        @compute @workgroup_size(1) fn sums() { atomicAdd(&out[0], 1.0); }";
    let refused = device.load(&artifact("sums", atomic, 1, &[], &[("out", Direction::Write)])).expect_err("no atomics");
    assert!(matches!(refused, DeviceError::Refused { .. }), "{refused}");
    // What was refused leaves the device as it was.
    device.read(&out, 0, &mut read).expect("reads");
}

#[test]
fn a_mistake_in_a_text_is_shown() {
    let Some(device) = open() else { return };
    let refused = |from: &str, to: &str| {
        let text = fill().text.replace(from, to);
        assert_ne!(text, fill().text);
        let error = device.load(&Artifact { text, ..fill() }).expect_err("a mistake");
        let DeviceError::Refused { entry, reason } = error else { panic!("{error}") };
        assert_eq!(entry, "fill");
        reason
    };
    let reason = refused("parameters.value", "parameters.worth");
    assert!(reason.contains("invalid field accessor `worth`") && reason.contains("wgsl:"), "{reason}");
    let reason = refused("out[row] =", "out[row] = 1.5 *");
    assert!(reason.contains("out[row]"), "{reason}");
    let reason = refused("fn fill", "fn fulfil");
    assert!(reason.contains("fill"), "{reason}");
    let reason = refused("@binding(1)", "@binding(2)");
    assert!(reason.to_lowercase().contains("binding"), "{reason}");
}

#[test]
fn too_much_memory_is_an_error_and_no_end() {
    let Some(device) = open() else { return };
    let most = device.capabilities().binding_words as usize;
    let error = device.allocate(most + 4).expect_err("more than a binding");
    assert!(matches!(error, DeviceError::OutOfMemory { bytes, .. } if bytes == 4 * most as u64 + 16), "{error}");
    // What the driver itself, or wgpu before it, has no room for.
    let larger = || {
        let size = device.device.limits().max_buffer_size + 16;
        let usage = ::wgpu::BufferUsages::STORAGE;
        device.device.create_buffer(&::wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
    };
    let error = allocated(&device.device, 7, larger).expect_err("more than a buffer may have");
    assert!(matches!(error, DeviceError::OutOfMemory { bytes: 7, .. }), "{error}");
    let small = device.allocate(4).expect("there is room for this");
    device.write(&small, 0, &[1, 2, 3, 4]).expect("the device still works");
}

#[test]
fn a_lost_device_says_so() {
    let Some(device) = open() else { return };
    let kernel = device.load(&fill()).expect("loads");
    let out = device.allocate(64).expect("room");
    device.device.destroy();
    let mut read = [0; 4];
    let launched = device.launch(&kernel, 1, &[64, 0], &[&out]);
    let error = launched.and_then(|()| device.read(&out, 0, &mut read)).expect_err("it is lost");
    assert!(matches!(error, DeviceError::Lost(_)), "{error}");
    assert!(matches!(device.write(&out, 0, &[1]), Err(DeviceError::Lost(_))));
    assert!(matches!(device.allocate(1), Err(DeviceError::Lost(_))));
    assert!(matches!(device.load(&fill()), Err(DeviceError::Lost(_))));
    assert!(matches!(device.launch(&kernel, 1, &[64, 0], &[&out]), Err(DeviceError::Lost(_))));
}

#[test]
fn times_are_those_of_the_launches() {
    let Some(device) = open() else { return };
    let kernel = device.load(&fill()).expect("loads");
    let out = device.allocate(64 * 1000).expect("room");
    let launch = |workgroups: u32| device.launch(&kernel, workgroups, &[64 * workgroups, 0], &[&out]);
    launch(1).expect("launches");
    let ((), times) = device.timed(|| (0..300).try_for_each(|_| launch(1000))).expect("times");
    launch(1).expect("launches");
    assert_eq!(times.is_some(), device.info().timestamps);
    if let Some(times) = times {
        assert_eq!(times.len(), 300, "of more launches than are handed over at once");
        assert!(times.iter().all(|seconds| (0.0..10.0).contains(seconds)), "{times:?}");
        assert!(times.iter().sum::<f64>() > 0.0);
    }
    let failed = device.timed(|| Err::<(), _>(DeviceError::Lost("not really".to_owned())));
    assert_eq!(failed.err(), Some(DeviceError::Lost("not really".to_owned())));
    let ((), times) = device.timed(|| Ok(())).expect("times");
    assert!(times.is_none_or(|times| times.is_empty()), "nothing of before");
}

#[test]
fn adapters_are_found_by_number_and_by_name() {
    let Some(device) = open() else { return };
    let adapters = adapters();
    assert_eq!(adapters[0].name, device.info().name);
    assert!(adapters.is_sorted_by_key(|adapter| adapter.kind));
    let part = &adapters[0].name[1..];
    assert_eq!(WgpuDevice::open(&part.to_uppercase()).expect("by name").info().name, adapters[0].name);
    assert_eq!(WgpuDevice::open("0").expect("by number").info().name, adapters[0].name);
    for absent in ["99", "a GPU that nobody made"] {
        let error = WgpuDevice::open(absent).expect_err("there is none");
        let DeviceError::Absent(message) = &error else { panic!("{error}") };
        assert!(message.contains(absent) && message.contains(&adapters[0].name), "{message}");
    }
}

#[test]
fn launches_and_writes_that_do_not_fit_panic_before_the_driver_sees_them() {
    let Some(device) = open() else { return };
    let kernel = device.load(&fill()).expect("loads");
    let out = device.allocate(4).expect("room");
    let message = |call: &dyn Fn() -> Result<(), DeviceError>| {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).expect_err("it panics");
        panic.downcast_ref::<String>().expect("with a message").clone()
    };
    assert!(message(&|| device.launch(&kernel, 1, &[1], &[&out])).contains("parameters of `fill`"));
    assert!(message(&|| device.launch(&kernel, 1, &[1, 1], &[])).contains("buffers of `fill`"));
    assert_eq!(message(&|| device.write(&out, 2, &[0; 3])), "3 words at 2 of 4");
    assert_eq!(message(&|| device.read(&out, 4, &mut [0])), "1 words at 4 of 4");
}
