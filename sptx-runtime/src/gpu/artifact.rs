//! What the compiler hands to a GPU's device.

use serde::{Deserialize, Serialize};

use super::{Capabilities, Schedule};
use crate::program::{Model, Owner, Shape, Side, Split};

/// A kernel, as text, with what a device must know to launch it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Artifact {
    /// What it does.
    pub role: Role,
    /// How it does that.
    pub schedule: Schedule,
    /// The text of its target, a module of its own.
    pub text: String,
    /// The name of its entry point, unique among a model's kernels.
    pub entry: String,
    /// Threads of a workgroup.
    pub workgroup: u32,
    /// Of what it runs once for each, how many a workgroup does.
    pub rows: u32,
    /// The words that are given with each launch, in order.
    pub parameters: Vec<Word>,
    /// The buffers, in the order of their bindings.
    pub buffers: Vec<Binding>,
}

impl Artifact {
    /// Number of workgroups that do `count` of what the kernel runs once for each.
    pub fn workgroups(&self, count: u32) -> u32 {
        count.div_ceil(self.rows)
    }

    /// Number of workgroups that a device launches to do the work of so many: fewer where they go round.
    ///
    /// ```
    /// use sptx_runtime::gpu::{Artifact, Capabilities, Role, Schedule};
    ///
    /// let artifact = Artifact {
    ///     role: Role::Forward,
    ///     schedule: Schedule { persistent: true, ..Schedule::default() },
    ///     text: String::new(),
    ///     entry: "forward".to_owned(),
    ///     workgroup: 64,
    ///     rows: 8,
    ///     parameters: Vec::new(),
    ///     buffers: Vec::new(),
    /// };
    /// let device = Capabilities { resident_threads: 1024, ..Capabilities::default() };
    /// assert_eq!([10, 1000].map(|workgroups| artifact.launched(workgroups, &device)), [10, 16]);
    /// ```
    pub fn launched(&self, workgroups: u32, device: &Capabilities) -> u32 {
        if self.schedule.persistent {
            workgroups.min((device.resident_threads / self.workgroup).max(1))
        } else {
            workgroups
        }
    }
}

/// A parameter of a kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// Its name.
    pub name: String,
    /// What its 32 bits are.
    pub kind: WordKind,
}

/// What the bits of a word are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WordKind {
    /// An unsigned number.
    U32,
    /// A number.
    F32,
}

/// A buffer of a kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Its name.
    pub name: String,
    /// Whether the kernel writes to it.
    pub direction: Direction,
}

/// What a kernel does with a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// It reads only.
    Read,
    /// It writes.
    Write,
}

/// What a kernel of a model does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The scores of triples.
    Forward,
    /// What the gradient needs of each triple before it is scattered. Models that need nothing have none.
    Adjoint,
    /// The gradient of a piece of the hits of one row.
    Partial(Owner),
    /// The sum of each group of pieces that are of one row.
    Join(Owner),
    /// The gradient of a row, from its pieces.
    Gather(Owner),
    /// A gradient of nothing, to add to.
    Clear,
    /// The gradient of each triple, added to those of its entities' rows.
    Scatter,
    /// What queries, or candidates, are compared by, where this side is missing.
    Part(Side, End),
    /// The scores of queries with candidates, where this side is missing.
    Compare(Side),
    /// What is kept of each pair for its derivatives, where this side is missing.
    Slopes(Side),
    /// The derivatives by what queries, or candidates, are compared by, where this side is missing.
    Learn(Side, End),
    /// What the gradient of queries, or of candidates, needs before it is scattered. Parts that need nothing have none.
    PartAdjoint(Side, End),
    /// The gradient of a piece of the hits of one row, by queries or by candidates.
    PartPartial(Side, End, Owner),
    /// The scores of true answers, from rows of scores.
    Pick,
    /// How many candidates score above true answers, and how many the same.
    Rank,
    /// NaN for the scores of listed pairs.
    Exclude,
    /// The best candidates of queries.
    Best,
    /// The triples of a batch: positives in the order of an epoch, and negatives of each.
    Sample {
        /// Whether negatives that are known triples are drawn anew.
        filtered: bool,
    },
    /// The loss of each positive, and the derivative by each score.
    Loss(LossKind),
    /// The negatives that the positives of each chunk share.
    Negatives,
    /// Which shared negatives count against each positive.
    Rivals {
        /// The end that they fill.
        missing: Side,
        /// Whether known triples do not.
        filtered: bool,
    },
    /// What the derivatives of a batch's loss are multiplied by.
    Terms,
    /// The loss of each positive, asked for one end, against shared negatives, and the derivative by each score.
    SharedLoss(LossKind),
    /// The hits of an owner's rows, each with its row, in the order of the batch.
    List(Owner),
    /// The hits of one source on one side, each with its row, in its order.
    ListSource,
    /// How often each digit of a row's number is in each block of hits.
    Histogram,
    /// Sums of what stands before, in one array.
    Scan,
    /// The hits by one digit of their rows, otherwise in the order they were in.
    Sort,
    /// How many rows and how many pieces begin in each block of sorted hits.
    Boundaries,
    /// The rows and the pieces of sorted hits.
    Cut,
    /// [`Role::Partial`], of as many pieces as the device has counted.
    CountedPartial(Owner),
    /// The gradient of a piece of the hits of one row, where these are of a source, on a side.
    SourcePartial(Source, Side),
    /// The update of rows by a rule: of those touched, or of all where the rule [is dense](RuleKind::is_dense).
    Update(Owner, RuleKind),
    /// What holds for the rows of a slot after each step.
    Constrain {
        /// The slot.
        slot: usize,
        /// Whether all rows are constrained, or those touched.
        all: bool,
    },
}

/// What hits rows in a step over blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The positives.
    Triples,
    /// Queries or candidates, where this side is missing.
    Part(Side, End),
}

impl Source {
    /// What hits rows in a step over blocks, with the sides on which it does, where these ends are asked for. The number of
    /// a source's hits is its place here.
    pub fn all<'a>(splits: impl IntoIterator<Item = &'a Split>) -> Vec<(Self, Side)> {
        let mut all: Vec<_> = [Side::Head, Side::Relation, Side::Tail].map(|side| (Self::Triples, side)).to_vec();
        for split in splits {
            for (end, sides) in [End::Query, End::Candidate].into_iter().zip(split.sides()) {
                all.extend(sides.into_iter().map(|side| (Self::Part(split.missing, end), side)));
            }
        }
        all
    }
}

/// A loss of a positive against negatives, its own or shared ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossKind {
    /// `Σ max(0, γ − s + sⱼ)`; at the kink the derivative is 0.
    Margin,
    /// `softplus(−(γ + s)) + Σ softplus(γ + sⱼ)`.
    Logistic,
    /// The same, with the weights softmax(α·sⱼ), which have no derivative of their own.
    Adversarial,
    /// `−s/τ + log(exp(s/τ) + Σ exp(sⱼ/τ))`.
    Softmax,
}

impl LossKind {
    /// Every loss.
    pub const ALL: [Self; 4] = [Self::Margin, Self::Logistic, Self::Adversarial, Self::Softmax];
}

/// An optimizer's rule, without its constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "they are those of `optimizer::Rule`")]
pub enum RuleKind {
    Sgd,
    Adagrad,
    RowAdagrad,
    Adam,
    LazyAdam,
}

impl RuleKind {
    /// Every rule.
    pub const ALL: [Self; 5] = [Self::Sgd, Self::Adagrad, Self::RowAdagrad, Self::Adam, Self::LazyAdam];

    /// Whether rows outside the batch change.
    pub fn is_dense(self) -> bool {
        self == Self::Adam
    }

    /// How many arrays of state, each laid out as the tables are.
    pub fn states(self) -> usize {
        match self {
            Self::Sgd | Self::RowAdagrad => 0,
            Self::Adagrad => 1,
            Self::Adam | Self::LazyAdam => 2,
        }
    }
}

/// How a model is trained on triples, as far as kernels depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Training {
    /// Whether negatives that are known triples are drawn anew.
    pub filtered: bool,
    /// The loss.
    pub loss: LossKind,
    /// The optimizer's rule.
    pub rule: RuleKind,
}

/// How a model is trained against shared negatives, as far as kernels depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedTraining {
    /// The ends that are asked for.
    pub missing: Vec<Side>,
    /// Whether negatives that are known triples are left out.
    pub filtered: bool,
    /// The loss.
    pub loss: LossKind,
    /// The optimizer's rule.
    pub rule: RuleKind,
}

impl SharedTraining {
    /// Whether a model can be trained so: its score splits for each end that is asked for, into candidates that do not depend
    /// on the relation.
    pub fn fits(&self, model: &Model) -> bool {
        self.missing.iter().all(|missing| model.split(*missing).is_some_and(|split| !split.by_relation))
    }
}

/// What the steps of a run are, as far as kernels depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Steps {
    /// Against negatives of each positive's own.
    Triples(Training),
    /// Against shared negatives.
    Shared(SharedTraining),
}

/// An end of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The known end, with the relation.
    Query,
    /// What may fill the other.
    Candidate,
}

/// Words of a row of `columns` columns.
pub const fn padded(columns: usize) -> usize {
    columns.next_multiple_of(4)
}

/// Words of one row of a plane, by the sizes of the dimensions.
pub fn row_words(shape: Shape, sizes: &[usize]) -> usize {
    match shape {
        Shape::Scalar => 1,
        Shape::Vector(dim) => padded(sizes[dim]),
        Shape::Matrix(down, across) => sizes[down] * padded(sizes[across]),
    }
}
