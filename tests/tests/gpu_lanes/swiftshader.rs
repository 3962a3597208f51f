//! A second driver that runs kernels on the CPU: SwiftShader, which has subgroups of four threads and no atomic additions of
//! numbers.
//!
//! Vulkan's loader finds drivers by the environment, so this test runs itself again in a process whose loader finds this
//! driver alone.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use sptx_runtime::gpu::{Device, Schedule};
use sptx_runtime::wgpu::WgpuDevice;
use sptx_tests::{
    Case, Disagreement, TOLERANCE_OF_WGSL, artifacts_of, check, disagreements, has_rounds_for, kernels, one_of, skip,
    some_random_scores, zoo,
};

/// What Vulkan's loader reads of the driver, in Debian's package `chromium-common`. xtask knows it too.
const DRIVER: &str = "/usr/lib/chromium/vk_swiftshader_icd.json";

/// Set in the process whose loader finds the driver.
const INSIDE: &str = "SPTX_ON_SWIFTSHADER";

#[test]
fn the_corpus_on_swiftshader() {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    if !Path::new(DRIVER).exists() {
        return skip("swiftshader", "Debian's package `chromium-common` has it");
    }
    let mut again = Command::new(std::env::current_exe().expect("a test is a file"));
    again.args(["--exact", "swiftshader::the_corpus_on_swiftshader", "--nocapture"]);
    let output = again.env(INSIDE, "1").env("VK_DRIVER_FILES", DRIVER).output().expect("a test can be run");
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

fn inside() {
    let capabilities = device().capabilities();
    assert_eq!(capabilities.subgroups, Some((4, 4)), "subgroups of another size than other drivers'");
    assert!(!capabilities.float_atomics);
    check(lane, &zoo(), &[6], one_of);
    check(lane, &some_random_scores(12), &[5], one_of);
}

fn device() -> &'static WgpuDevice {
    static DEVICE: OnceLock<WgpuDevice> = OnceLock::new();
    DEVICE.get_or_init(|| WgpuDevice::open("swiftshader").unwrap_or_else(|error| panic!("{error}")))
}

fn lane(case: &Case, schedule: Schedule) -> Vec<Disagreement> {
    if schedule.legal(&device().capabilities()).is_err() || !has_rounds_for(case, schedule) {
        return Vec::new();
    }
    disagreements(case, device(), artifacts_of(&kernels(&case.model, schedule), schedule), TOLERANCE_OF_WGSL)
}
