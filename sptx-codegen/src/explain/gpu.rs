//! What scores and training steps cost on a GPU, by what the forward kernel saves.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;
use sptx_runtime::gpu::{Saved, Schedule};

use crate::compile::Compiled;
use crate::cost;
use crate::gpu::{StepShape, saves, step_bytes};
use crate::ir::{DimId, DimSizes};

/// The bytes of rows, and the FLOPs of scores and gradients, of a batch on a GPU.
///
/// Bytes are those of [`step_bytes`]: as if nothing were cached. FLOPs are those of [`cost`]: what a kernel works out
/// again is not counted again, and updates are not counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GpuReport {
    /// Triples of the batch, negatives among them.
    pub triples: usize,
    /// The batch's scores alone.
    pub forward: GpuCost,
    /// A training step on it, for each form in which the model's kernels save columns.
    pub steps: Vec<GpuStep>,
}

/// What kernels cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct GpuCost {
    /// Bytes of rows that are read and written.
    pub bytes: usize,
    /// Floating-point operations.
    pub flops: usize,
}

/// What a training step costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct GpuStep {
    /// What the forward kernel saves.
    pub saved: Saved,
    /// All of it.
    #[serde(flatten)]
    pub cost: GpuCost,
    /// Bytes of the forward kernel, what it saves among them.
    pub forward: usize,
    /// Bytes of gradients, from the adjoint to the sums of rows.
    pub gradient: usize,
    /// Bytes of the update.
    pub update: usize,
}

impl GpuReport {
    /// Counts a batch of a score at the given sizes of its dimensions.
    ///
    /// ```
    /// use sptx_codegen::explain::GpuReport;
    /// use sptx_codegen::gpu::StepShape;
    /// use sptx_codegen::{compile, testing::Sketch};
    /// use sptx_runtime::gpu::RuleKind;
    ///
    /// let compiled = compile(Sketch::models()[0].clone());
    /// let sizes = compiled.lowered.bind_all_dims(64).unwrap();
    /// let report = GpuReport::of(&compiled, &sizes, &StepShape::even(512, [100, 5], RuleKind::Sgd));
    /// assert!(report.forward.bytes < report.steps[0].cost.bytes);
    /// ```
    pub fn of(compiled: &Compiled, sizes: &DimSizes, shape: &StepShape) -> Self {
        let (model, cost) = (compiled.program(), cost::count(&compiled.gradient, sizes));
        // A program has the dimensions of the score that it was made from.
        let sizes: Vec<usize> = (0..model.dims.len()).map(|dim| sizes[DimId::new(dim)]).collect();
        let bytes = |schedule: &Schedule| step_bytes(&model, schedule, &sizes, shape);
        let triples = shape.triples();
        let step = |schedule: Schedule| {
            let (bytes, flops) = (bytes(&schedule), triples * (cost.forward.flops + cost.backward.flops));
            GpuStep {
                saved: schedule.saved,
                cost: GpuCost { bytes: bytes.total(), flops },
                forward: bytes.forward,
                gradient: bytes.adjoint + bytes.gradient + bytes.join,
                update: bytes.update,
            }
        };
        let ways = [Saved::Nothing, Saved::F32, Saved::Bf16, Saved::Signs, Saved::SignBits];
        let schedules = ways.map(|saved| Schedule { saved, ..Schedule::default() });
        let forward = GpuCost { bytes: bytes(&schedules[0]).forward, flops: triples * cost.forward.flops };
        let saving = schedules.into_iter().filter(|schedule| saves(&model, schedule).is_ok());
        Self { triples, forward, steps: saving.map(step).collect() }
    }
}

impl Display for GpuReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { triples, forward: GpuCost { bytes, flops }, steps } = self;
        writeln!(f, "on a GPU, {triples} triples")?;
        writeln!(f, "  scores: {bytes} bytes, {flops} FLOPs")?;
        for GpuStep { saved, cost: GpuCost { bytes, flops }, forward, gradient, update } in steps {
            let saved = match saved {
                Saved::Nothing => "rows read again",
                Saved::F32 => "columns saved as f32",
                Saved::Bf16 => "columns saved as bf16",
                Saved::Signs => "signs saved",
                Saved::SignBits => "signs saved in one bit",
            };
            writeln!(
                f,
                "  step, {saved}: {bytes} bytes (forward {forward}, gradient {gradient}, update {update}), {flops} FLOPs"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sptx_runtime::gpu::RuleKind;

    use super::*;
    use crate::compile;
    use crate::testing::Sketch;

    #[test]
    fn each_form_of_saving_is_a_line() {
        let compiled = compile(Sketch::transh());
        let sizes = compiled.lowered.bind_all_dims(8).expect("sizes");
        let report = GpuReport::of(&compiled, &sizes, &StepShape::even(100, [50, 5], RuleKind::Sgd));
        // Four rows of 32 bytes, each once: of head and tail, and the relation's two, w twice.
        let cost = cost::count(&compiled.gradient, &sizes);
        assert!(report.forward.bytes >= 100 * 4 * 32, "{report}");
        assert_eq!(report.forward.flops, 100 * cost.forward.flops);
        // Its gradient is made of no signs.
        let saved: Vec<Saved> = report.steps.iter().map(|step| step.saved).collect();
        assert_eq!(saved, [Saved::Nothing, Saved::F32, Saved::Bf16]);
        for step in &report.steps {
            assert_eq!(step.cost.bytes, step.forward + step.gradient + step.update, "{report}");
            assert_eq!(step.cost.flops, 100 * (cost.forward.flops + cost.backward.flops));
        }
        assert!(report.to_string().contains("on a GPU, 100 triples\n  scores: "), "{report}");
        assert_eq!(report.to_string().lines().count(), 2 + report.steps.len());
    }
}
