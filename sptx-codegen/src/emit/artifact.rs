//! Kernels with their text, as what a device launches.

use sptx_runtime::gpu::{Artifact, Binding, Direction, Role, Schedule, Word, WordKind};

use crate::lir::{Access, Kernel, Scalar};

/// A kernel with its text in some target, each workgroup of which does `rows` of what it runs once for each.
pub fn artifact(role: Role, schedule: Schedule, kernel: &Kernel, rows: u32, text: String) -> Artifact {
    let words = kernel.parameters.iter().map(|(_, parameter)| Word {
        name: parameter.name.clone(),
        kind: match parameter.scalar {
            Scalar::F32 => WordKind::F32,
            Scalar::U32 => WordKind::U32,
            Scalar::Bool => unreachable!("truth values are not in memory"),
        },
    });
    let buffers = kernel.buffers.iter().map(|(_, buffer)| Binding {
        name: buffer.name.clone(),
        direction: match buffer.access {
            Access::Read => Direction::Read,
            Access::ReadWrite | Access::Atomic => Direction::Write,
        },
    });
    Artifact {
        role,
        schedule,
        text,
        entry: kernel.name.clone(),
        workgroup: kernel.workgroup,
        rows,
        parameters: words.collect(),
        buffers: buffers.collect(),
    }
}
