//! Tests in a process that has the stand-in, and a kernel by hand.

use std::process::Command;

use sptx_runtime::gpu::{Artifact, Binding, Direction, Role, Schedule, Word, WordKind};

/// Set in the process that has the stand-in.
pub(crate) const INSIDE: &str = "SPTX_INSIDE";

/// Set where there is cuBLAS: `broken`, or not.
pub(crate) const CUBLAS: &str = "SPTX_STAND_IN_CUBLAS";

/// Runs a test of these files again, in a process that finds the stand-in in the driver's place and has more variables.
/// True in that process.
pub(crate) fn inside(test: &str, variables: &[(&str, &str)]) -> bool {
    let is_inside = std::env::var_os(INSIDE).is_some();
    if !is_inside {
        told_inside(test, variables);
    }
    is_inside
}

/// The same from the other process; what it tells on standard error.
pub(crate) fn told_inside(test: &str, variables: &[(&str, &str)]) -> String {
    let program = std::env::current_exe().expect("a program");
    let folder = tempfile::tempdir().expect("a folder");
    let library = sptx_stand_in_cuda::install(&program, folder.path()).expect("the stand-in");
    if variables.iter().any(|(name, _)| *name == CUBLAS) {
        sptx_stand_in_cuda::install_cublas(&library).expect("cuBLAS's stand-in");
    }
    let mut command = Command::new(program);
    command.args(["--exact", test, "--nocapture"]).env("LD_LIBRARY_PATH", folder.path()).env(INSIDE, "1");
    command.envs(variables.iter().copied());
    let ran = command.output().expect("the test runs");
    let [out, err] = [&ran.stdout, &ran.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(ran.status.success(), "{out}{err}");
    err
}

/// `numbers[n] = scale · numbers[n] + add` for n below the number of workgroups.
pub(crate) fn step() -> Artifact {
    let text = "
        .version 6.3
        .target sm_75
        .address_size 64
        .visible .entry step(.param .u64 numbers, .param .u32 scale, .param .u32 add)
        .reqntid 1, 1, 1
        {
            .reg .u32 %r<4>;
            .reg .u64 %rd<1>;
            ld.param.u32 %r0, [scale];
            ld.param.u32 %r1, [add];
            mov.u32 %r2, %ctaid.x;
            ld.param.u64 %rd0, [numbers];
            cvta.to.global.u64 %rd0, %rd0;
            mad.wide.u32 %rd0, %r2, 4, %rd0;
            ld.global.u32 %r3, [%rd0];
            mad.lo.u32 %r3, %r3, %r0, %r1;
            st.global.u32 [%rd0], %r3;
            ret;
        }";
    let word = |name: &str| Word { name: name.to_owned(), kind: WordKind::U32 };
    Artifact {
        role: Role::Forward,
        schedule: Schedule::default(),
        text: text.to_owned(),
        entry: "step".to_owned(),
        workgroup: 1,
        rows: 1,
        parameters: ["scale", "add"].map(word).to_vec(),
        buffers: vec![Binding { name: "numbers".to_owned(), direction: Direction::Write }],
    }
}
