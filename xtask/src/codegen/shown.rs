//! Kernels for GPUs that are checked in for people to read: a few of the zoo's, each kind of kernel among them, in WGSL and
//! in PTX.
//!
//! Tests alone run these files: a model's kernels are made where they are run. They show what the compiler gives, and a change
//! that alters kernels shows as a difference.

use std::collections::BTreeMap;

use sptx_codegen::emit::ptx::{self, Arch};
use sptx_codegen::emit::wgsl;
use sptx_codegen::gpu::{self, Plan};
use sptx_runtime::gpu::{LossKind, Role, RuleKind, Schedule, Training};
use sptx_runtime::program::Model;

use super::path_of;
use crate::Failure;

/// Where they are among the generated files.
pub(super) const FOLDERS: [&str; 2] = [WGSL, PTX];

const WGSL: &str = "wgsl";
const PTX: &str = "ptx";

/// Kernels of a model that are shown.
struct Shown {
    /// The model's file.
    model: &'static str,
    /// Its choices; each of the others is the first of its options.
    choices: &'static [(&'static str, f64)],
    /// The kernels' names, without the model's, which begins them.
    kernels: &'static [&'static str],
}

const SHOWN: &[Shown] = &[
    Shown {
        model: "transe",
        choices: &[("norm", 1.0)],
        kernels: &[
            "forward",
            "partial_entities",
            "gather_entities",
            "candidates_tail",
            "compare_tail",
            "sample",
            "loss_margin",
            "list_entities",
            "histogram",
            "scan",
            "sort",
            "boundaries",
            "cut",
            "counted_partial_relations",
            "join_relations",
            "update_entities_adagrad",
        ],
    },
    Shown { model: "distmult", choices: &[], kernels: &["forward", "compare_tail"] },
    Shown { model: "complex", choices: &[], kernels: &["forward", "partial_relations", "queries_tail"] },
    Shown { model: "rotate", choices: &[], kernels: &["forward", "partial_relations", "compare_tail"] },
    Shown {
        model: "transr",
        choices: &[],
        kernels: &["forward", "adjoint", "partial_relations", "candidates_tail", "list_source", "constrain_0"],
    },
];

/// The layout of `sptx compile --target wgsl`, and of `--target ptx`.
fn schedule() -> Schedule {
    Schedule::default()
}

const TRAINING: Training = Training { filtered: false, loss: LossKind::Margin, rule: RuleKind::Adagrad };

/// The files that show kernels of the model in `name`.sptx under its choices, by name.
pub(super) fn files(name: &str, model: &Model) -> Result<BTreeMap<String, String>, Failure> {
    let shown = SHOWN.iter().filter(|shown| shown.model == name && shown.is_of(model));
    let names: Vec<String> = shown.flat_map(|shown| shown.kernels).map(|kernel| format!("{name}_{kernel}")).collect();
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let plans = plans(model);
    let mut files = BTreeMap::new();
    for kernel in names {
        let plan = plans.iter().find(|plan| plan.kernel.name == kernel);
        let plan = plan.ok_or_else(|| Failure(format!("there is no kernel `{kernel}` to show")))?;
        let text = wgsl::module(&plan.kernel, &wgsl::Options::default());
        files.insert(wgsl_file(&kernel), headed(name, model, &text));
        files.extend(in_ptx(plan).into_iter().map(|(file, text)| (file, headed(name, model, &text))));
    }
    Ok(files)
}

/// A kernel's files in PTX: for every GPU; and for a later generation, where a forward kernel is another one there.
fn in_ptx(plan: &Plan) -> BTreeMap<String, String> {
    let kernel = &plan.kernel.name;
    let text = |arch| ptx::module([&plan.kernel], arch);
    let mut files = BTreeMap::from([(format!("{PTX}/{kernel}.ptx"), text(Arch::default()))]);
    for pair in Arch::ALL.windows(2).filter(|_| plan.role == Role::Forward) {
        if text(pair[0]) != text(pair[1]) {
            files.insert(format!("{PTX}/{kernel}.{}.ptx", pair[1]), text(pair[1]));
        }
    }
    files
}

impl Shown {
    /// Whether a model has these choices.
    fn is_of(&self, model: &Model) -> bool {
        model.choices.iter().all(|choice| {
            let chosen = self.choices.iter().find(|(name, _)| *name == choice.name).map(|(_, value)| *value);
            Some(choice.chosen) == chosen.or(choice.options.first().copied())
        })
    }
}

fn wgsl_file(kernel: &str) -> String {
    format!("{WGSL}/{kernel}.wgsl")
}

/// Every kernel of a model that is made for some device.
fn plans(model: &Model) -> Vec<Plan> {
    let mut plans = gpu::plan(model, &schedule());
    plans.extend(gpu::training(model, &schedule(), TRAINING));
    plans
}

/// A kernel's text, after what it is of.
fn headed(name: &str, model: &Model, text: &str) -> String {
    let choices = model.choices.iter().map(|choice| format!(", {} = {}", choice.name, choice.chosen));
    let (path, choices) = (path_of(name), choices.collect::<String>());
    let Schedule { workgroup, lanes, vector, tile, .. } = schedule();
    let schedule = format!(
        "{}: workgroups of {workgroup} threads, {lanes} of them a row, {vector} columns at once, tiles of {tile} by {tile}",
        schedule()
    );
    format!(
        "// Generated by `cargo xtask codegen` from {path}{choices}. Do not edit.\n// Schedule {schedule}.\n\n{text}"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::mem::discriminant;

    use super::super::{declarations, programs};
    use super::*;

    #[test]
    fn every_kind_of_kernel_is_shown() {
        let (mut made, mut shown) = (HashSet::new(), HashSet::new());
        for (name, text) in declarations(&crate::root().join("kernels-generated/models")).expect("the zoo") {
            for model in programs(&name, &text).expect("a model").1 {
                let files = files(&name, &model).expect("what is shown is there");
                for plan in plans(&model) {
                    made.insert(discriminant(&plan.role));
                    shown.extend(files.contains_key(&wgsl_file(&plan.kernel.name)).then(|| discriminant(&plan.role)));
                }
            }
        }
        assert!(made.len() > 10 && shown == made, "{} kinds of {}", shown.len(), made.len());
    }
}
