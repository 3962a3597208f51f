//! From programs to the kernels of GPUs, under a schedule.
//!
//! What a kernel reads and writes is the contract of [`sptx_runtime::gpu`]. A kernel gives each row of its work (a triple,
//! a piece of hits, a touched row) to a few threads, its *lanes*, which share the row's columns: `rows` sets that up and
//! joins their sums; `body` writes a stage's instructions, `run` a program's stages; the other modules say what is done for
//! each row. The whole program of a triple is one kernel: what passes from stage to stage stays with its lanes. Pairs of
//! queries and candidates (`pairs`) are compared and learnt from by tiles (`compare`, `learn`).
//!
//! What asks for more than scores goes on where these are: `rank` counts how true answers stand, `best` keeps the best
//! candidates, both on rows of `scores`.
//!
//! What a training step needs beside programs is made here too, so that a host sends it nothing but numbers: `sample`,
//! `share`, `loss`, `sort` and `cut` (on arrays of hits, by `blocks`), `update`, `constrain`. `runs` says how kernels find
//! the rows that are hit, and joins the sums of their pieces; `step_bytes` counts what a step moves.
//!
//! Nothing here knows a target. The verifier runs over every kernel where debug assertions are on.

mod best;
mod body;
mod compare;
mod gather;
mod group;
mod learn;
mod pairs;
mod partial;
mod product;
mod rank;
mod rows;
mod run;
mod runs;
mod saved;
mod scatter;
mod scores;
mod triple;

mod blocks;
mod constrain;
mod cut;
mod loss;
mod philox;
mod sample;
mod share;
mod sort;
mod stage;
mod step_bytes;
mod update;

use sptx_runtime::gpu::{
    Backward, Capabilities, End, LossKind, Role, RuleKind, Saved, Schedule, SharedTraining, Source, Steps, Training,
};
use sptx_runtime::program::{Model, Owner, Plane, Side, Split};

use crate::legalize::{persist, shard};
use crate::lir::{Kernel, verify};

pub use saved::{Unsaved, saves, saving, traffic};
pub use step_bytes::{StepBytes, StepShape, step_bytes};

/// A kernel of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What it does.
    pub role: Role,
    /// Of what it runs once for each, how many a workgroup does.
    pub rows: u32,
    /// How.
    pub kernel: Kernel,
}

/// The kernels of a model under a schedule that is [legal](Schedule::legal).
///
/// ```
/// use sptx_codegen::testing::Sketch;
/// use sptx_codegen::{compile, gpu};
/// use sptx_runtime::gpu::{Role, Schedule};
///
/// let model = compile(Sketch::models()[0].clone()).program();
/// let plans = gpu::plan(&model, &Schedule::default());
/// assert_eq!(plans[0].role, Role::Forward);
/// ```
pub fn plan(model: &Model, schedule: &Schedule) -> Vec<Plan> {
    let mut plans = vec![triple::forward(model, schedule)];
    plans.extend(triple::adjoint(model, schedule));
    for owner in [Owner::Entity, Owner::Relation] {
        if trained_planes(model, owner).next().is_none() {
            continue;
        }
        plans.extend(match (owner, schedule.backward) {
            (Owner::Entity, Backward::Atomic) => {
                vec![scatter::clear(model, schedule), scatter::scatter(model, schedule)]
            }
            (Owner::Entity, Backward::Gathered) | (Owner::Relation, _) => {
                let partial = partial::partial(model, schedule, owner);
                vec![partial, runs::join(model, schedule, owner), gather::gather(model, schedule, owner)]
            }
        });
    }
    plans.extend(blocks_of(model, schedule));
    finished(plans, schedule)
}

/// The kernels that score blocks.
fn blocks_of(model: &Model, schedule: &Schedule) -> Vec<Plan> {
    let of_split = |split| {
        let [query, candidate] = [End::Query, End::Candidate].map(|end| triple::part(model, schedule, split, end));
        [query, candidate, compare::compare(model, schedule, split)]
    };
    model.splits.iter().flat_map(of_split).collect()
}

/// The kernels of evaluation and prediction: those that score triples and blocks, and those that rank true answers and
/// keep the best candidates on the device.
///
/// ```
/// use sptx_codegen::testing::Sketch;
/// use sptx_codegen::{compile, gpu};
/// use sptx_runtime::gpu::{Role, Schedule};
///
/// let model = compile(Sketch::models()[0].clone()).program();
/// let plans = gpu::ranking(&model, &Schedule::default());
/// assert!(plans.iter().any(|plan| plan.role == Role::Rank));
/// ```
pub fn ranking(model: &Model, schedule: &Schedule) -> Vec<Plan> {
    let mut plans = vec![triple::forward(model, schedule)];
    plans.extend(blocks_of(model, schedule));
    plans.extend([
        rank::pick(model, schedule),
        rank::rank(model, schedule),
        best::exclude(model, schedule),
        best::best(model, schedule),
    ]);
    finished(plans, schedule)
}

/// The kernels that [`plan`] lacks for the gradient of blocks: of every query with every candidate, for each end for which
/// the score splits.
///
/// ```
/// use sptx_codegen::testing::Sketch;
/// use sptx_codegen::{compile, gpu};
/// use sptx_runtime::gpu::{Role, Schedule};
/// use sptx_runtime::program::Side;
///
/// let model = compile(Sketch::models()[0].clone()).program();
/// let plans = gpu::block_gradients(&model, &Schedule::default());
/// assert!(plans.iter().any(|plan| plan.role == Role::Slopes(Side::Tail)));
/// ```
pub fn block_gradients(model: &Model, schedule: &Schedule) -> Vec<Plan> {
    let mut plans = Vec::new();
    if schedule.backward == Backward::Atomic && trained_planes(model, Owner::Entity).next().is_some() {
        // Gradients over blocks are gathered, whatever the schedule says.
        plans.extend([runs::join(model, schedule, Owner::Entity), gather::gather(model, schedule, Owner::Entity)]);
    }
    for split in &model.splits {
        plans.push(learn::slopes(model, schedule, split));
        for end in [End::Query, End::Candidate] {
            plans.push(learn::learn(model, schedule, split, end));
            plans.extend(triple::part_adjoint(model, schedule, split, end));
            let sides = &split.sides()[end as usize];
            let trained = sides.iter().filter(|side| trained_planes(model, body::owner(**side)).next().is_some());
            plans.extend(trained.map(|side| partial::part(model, schedule, split, end, *side)));
        }
    }
    finished(plans, schedule)
}

/// The kernels of a run's steps.
///
/// # Panics
/// As [`shared_training`] does.
pub fn steps(model: &Model, schedule: &Schedule, steps: &Steps) -> Vec<Plan> {
    match steps {
        Steps::Triples(of_triples) => training(model, schedule, *of_triples),
        Steps::Shared(shared) => shared_training(model, schedule, shared),
    }
}

/// The kernels of training steps on triples, in the order in which a step needs them: those of [`plan`] that it needs,
/// and those that make batches, losses, hits and updates on the device. Gradients are gathered, whatever the schedule says;
/// and nothing is saved where a kernel would bind more buffers then than every device can.
///
/// ```
/// use sptx_codegen::testing::Sketch;
/// use sptx_codegen::{compile, gpu};
/// use sptx_runtime::gpu::{LossKind, Role, RuleKind, Schedule, Training};
///
/// let model = compile(Sketch::models()[0].clone()).program();
/// let training = Training { filtered: false, loss: LossKind::Margin, rule: RuleKind::Adam };
/// let plans = gpu::training(&model, &Schedule::default(), training);
/// assert_eq!(plans[0].role, Role::Sample { filtered: false });
/// ```
pub fn training(model: &Model, schedule: &Schedule, training: Training) -> Vec<Plan> {
    let plans = triple_steps(model, schedule, training);
    let plans = if plans.iter().all(fits) { plans } else { triple_steps(model, &without_saved(schedule), training) };
    finished(plans, schedule)
}

/// A schedule as the kernels of training steps on triples follow it: saving nothing where they have no binding for it.
fn saved_of_steps(model: &Model, schedule: &Schedule, rule: RuleKind) -> Schedule {
    let training = Training { filtered: false, loss: LossKind::Margin, rule };
    if triple_steps(model, schedule, training).iter().all(fits) { *schedule } else { without_saved(schedule) }
}

/// Whether every device can bind the buffers of a kernel.
fn fits(plan: &Plan) -> bool {
    plan.kernel.buffers.len() <= Capabilities::default().buffers as usize
}

fn without_saved(schedule: &Schedule) -> Schedule {
    Schedule { saved: Saved::Nothing, ..*schedule }
}

fn triple_steps(model: &Model, schedule: &Schedule, training: Training) -> Vec<Plan> {
    let Training { filtered, loss, rule } = training;
    let mut plans = vec![
        sample::sample(model, schedule, filtered),
        triple::forward(model, schedule),
        loss::loss(model, schedule, loss),
    ];
    plans.extend(hits(model));
    plans.extend(triple::adjoint(model, schedule));
    let mut updates = Vec::new();
    for owner in [Owner::Entity, Owner::Relation] {
        // Also rows that have no gradient are constrained where a step touches them.
        plans.push(sort::list(model, schedule, owner));
        if trained_planes(model, owner).next().is_some() {
            let fused = update::fused(model, schedule, owner, rule);
            plans.push(partial::counted(model, schedule, owner, fused.is_some()));
            plans.push(runs::join(model, schedule, owner));
            updates.push(fused.unwrap_or_else(|| update::update(model, schedule, owner, rule)));
        }
    }
    if plans.iter().any(|plan| plan.kernel.buffers.find(|buffer| buffer.name == group::ORDER).is_some()) {
        plans.push(sort::list_source(model, schedule));
    }
    plans.extend(updates);
    plans.extend(constraints(model, schedule, rule));
    plans
}

/// The kernels of training steps against negatives that the positives of a chunk share, in the order in which a step needs
/// them.
///
/// # Panics
/// When the model does not split so: [`SharedTraining::fits`] says.
///
/// ```
/// use sptx_codegen::testing::Sketch;
/// use sptx_codegen::{compile, gpu};
/// use sptx_runtime::gpu::{LossKind, Role, RuleKind, Schedule, SharedTraining};
/// use sptx_runtime::program::Side;
///
/// let model = compile(Sketch::models()[0].clone()).program();
/// let (loss, rule) = (LossKind::Softmax, RuleKind::Adam);
/// let training = SharedTraining { missing: vec![Side::Tail, Side::Head], filtered: false, loss, rule };
/// let plans = gpu::shared_training(&model, &Schedule::default(), &training);
/// assert!(plans.iter().any(|plan| plan.role == Role::Negatives));
/// ```
pub fn shared_training(model: &Model, schedule: &Schedule, training: &SharedTraining) -> Vec<Plan> {
    let SharedTraining { missing, filtered, loss, rule } = training;
    assert!(training.fits(model), "{} does not split for {missing:?}", model.name);
    let splits: Vec<&Split> = missing.iter().filter_map(|missing| model.split(*missing)).collect();
    // The hits of triples are not the only ones there, and what gathers them reads rows.
    let schedule = &without_saved(schedule);
    let mut plans = vec![
        sample::sample(model, schedule, false),
        share::negatives(model, schedule),
        triple::forward(model, schedule),
        share::terms(model),
        loss::shared(model, schedule, *loss),
    ];
    for split in &splits {
        for end in [End::Query, End::Candidate] {
            plans.push(triple::part(model, schedule, split, end));
            plans.push(learn::learn(model, schedule, split, end));
            plans.extend(triple::part_adjoint(model, schedule, split, end));
        }
        plans.push(compare::compare(model, schedule, split));
        plans.push(share::rivals(model, schedule, split.missing, *filtered));
        plans.push(learn::slopes(model, schedule, split));
    }
    plans.extend(triple::adjoint(model, schedule));
    plans.extend(hits(model));
    plans.push(sort::list_source(model, schedule));
    let trained = |side: Side| trained_planes(model, body::owner(side)).next().is_some();
    let sources = Source::all(splits.iter().copied()).into_iter().filter(|(_, side)| trained(*side));
    plans.extend(sources.map(|(source, side)| partial::source(model, schedule, source, side)));
    for owner in [Owner::Entity, Owner::Relation] {
        if trained_planes(model, owner).next().is_some() {
            plans.extend([runs::join(model, schedule, owner), update::update(model, schedule, owner, *rule)]);
        }
    }
    plans.extend(constraints(model, schedule, *rule));
    finished(plans, schedule)
}

/// The kernels that sort and cut hits.
fn hits(model: &Model) -> [Plan; 5] {
    [sort::histogram(model), sort::scan(model), sort::sort(model), cut::boundaries(model), cut::cut(model)]
}

/// The kernels that constrain rows.
fn constraints(model: &Model, schedule: &Schedule, rule: RuleKind) -> Vec<Plan> {
    let constrained = (0..model.slots.len()).filter(|slot| constrain::is_constrained(model, *slot));
    constrained.map(|slot| constrain::constrain(model, schedule, slot, rule.is_dense())).collect()
}

/// What is laid out as the tables are.
const LAID_OUT_AS_TABLES: [&str; 3] = ["tables", "state0", "state1"];

/// A kernel for tables that lie in so many bindings, and with them what is laid out as they are: `tables_0`, `tables_1`, …
/// in the place of `tables`, with the parameter `tables_shard`, the words of each but the last.
pub fn shard_tables(mut plan: Plan, shards: u32) -> Plan {
    for name in LAID_OUT_AS_TABLES {
        if shards > 1 && plan.kernel.buffers.find(|buffer| buffer.name == name).is_some() {
            plan.kernel = shard(&plan.kernel, name, shards);
        }
    }
    plan
}

/// Kernels as a schedule has them, by the verifier where debug assertions are on.
fn finished(mut plans: Vec<Plan>, schedule: &Schedule) -> Vec<Plan> {
    if schedule.persistent {
        plans.iter_mut().for_each(|plan| plan.kernel = persist(&plan.kernel));
    }
    if cfg!(debug_assertions) {
        for Plan { kernel, .. } in &plans {
            if let Err(mistakes) = verify(kernel) {
                let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
                panic!("{}\n{kernel}", lines.join("\n"));
            }
        }
    }
    plans
}

/// The planes of an owner that have a gradient.
fn trained_planes(model: &Model, owner: Owner) -> impl Iterator<Item = (usize, &Plane)> {
    model.planes.iter().enumerate().filter(move |(plane, _)| model.owner(*plane) == owner && model.is_trained(*plane))
}

/// The name of a model's kernel.
fn kernel_name(model: &Model, what: &str) -> String {
    let name: String = model.name.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '_' }).collect();
    format!("{}_{what}", name.to_lowercase())
}

/// What an owner is called in names of kernels.
fn owner_name(owner: Owner) -> &'static str {
    match owner {
        Owner::Entity => "entities",
        Owner::Relation => "relations",
    }
}

/// What an end of a comparison is called in names of kernels.
fn end_name(end: End) -> &'static str {
    match end {
        End::Query => "queries",
        End::Candidate => "candidates",
    }
}

/// What a missing end is called in names of kernels.
fn missing_name(missing: Side) -> &'static str {
    match missing {
        Side::Head => "head",
        Side::Relation => "relation",
        Side::Tail => "tail",
    }
}
