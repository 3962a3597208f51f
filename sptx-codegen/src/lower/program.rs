//! Programs: stages in order, level by level.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sptx_runtime::program::{self, Columns, Outer, Product, Program, Reduce, Scalars, Scatter, Stage};

use super::columns::{Available, Body};
use super::describe;
use super::levels::{is_scalar, levels};
use super::matrix::{OuterTerm, outer_terms};
use crate::ir::{BinaryOp, Builder, Constraint, Gradient, Op, PlaneId, ReduceOp, Score, Shape, Side, UnaryOp, Value};

/// A matrix's outer product, its operands scaled: the left one carries signs and scales.
struct MatrixContribution {
    side: Side,
    plane: PlaneId,
    left: Value,
    right: Value,
}

/// A score on its way to programs.
pub(super) struct Lowering {
    score: Score,
    root: Value,
    contributions: Vec<(Side, PlaneId, Value)>,
    matrices: Vec<MatrixContribution>,
    /// The scalar of each value that is kept.
    scalars: HashMap<Value, usize>,
    /// The scalar of the score.
    kept_score: usize,
    count: usize,
    upstream: usize,
}

impl Lowering {
    pub(super) fn new(gradient: &Gradient) -> Self {
        let mut builder = Builder::new(gradient.score.clone());
        let upstream = builder.push(Op::Upstream);
        let mut contributions = Vec::new();
        let mut matrices = Vec::new();
        for (side, plane, value) in &gradient.contributions {
            if is_frozen(&gradient.score, *plane) {
                continue;
            }
            if matches!(gradient.score.planes[*plane].shape, Shape::Matrix(..)) {
                for term in outer_terms(&gradient.score, *value) {
                    let left = scaled(&mut builder, &term);
                    matrices.push(MatrixContribution { side: *side, plane: *plane, left, right: term.right });
                }
            } else {
                contributions.push((*side, *plane, *value));
            }
        }
        let root = gradient.score.root;
        let score = builder.finish(root);
        Self {
            score,
            root,
            contributions,
            matrices,
            scalars: HashMap::from([(upstream, 0)]),
            kept_score: 0,
            count: 1,
            upstream: 0,
        }
    }

    pub(super) fn scalar_count(&self) -> usize {
        self.count
    }

    pub(super) fn upstream_scalar(&self) -> usize {
        self.upstream
    }

    pub(super) fn score_scalar(&self) -> usize {
        self.kept_score
    }

    /// Computes the score.
    pub(super) fn forward(&mut self) -> Program {
        let root = self.root;
        let (program, _) = Stages::new(self, &[root]).finish(&[root], &[], &[]);
        self.kept_score = self.scalars[&root];
        program
    }

    /// Computes some values, and where each is left: its scalar or its vector.
    pub(super) fn outputs(&mut self, outputs: &[Value]) -> (Program, Vec<usize>) {
        let scalars: Vec<Value> = outputs.iter().copied().filter(|it| is_scalar(&self.score, *it)).collect();
        let mut stages = Stages::new(self, outputs);
        stages.wanted_vectors = outputs.to_vec();
        let (program, vectors) = stages.finish(&scalars, &[], &[]);
        let source = |output: &Value| self.scalars.get(output).or_else(|| vectors.get(output)).copied();
        (program, outputs.iter().map(|it| source(it).expect("an output is kept or stored")).collect())
    }

    /// Scatters the gradient.
    pub(super) fn backward(&mut self) -> Program {
        self.forget_extrema();
        let contributions = std::mem::take(&mut self.contributions);
        let matrices = std::mem::take(&mut self.matrices);
        let mut roots: Vec<Value> = contributions.iter().map(|(_, _, value)| *value).collect();
        roots.extend(matrices.iter().flat_map(|outer| [outer.left, outer.right]));
        Stages::new(self, &roots).finish(&[], &contributions, &matrices).0
    }

    /// Where matrices are multiplied, the backward program finds the least and the largest elements of vectors anew: it
    /// compares them to elements that it computes anew, and a product's last bits depend on which triples share it.
    fn forget_extrema(&mut self) {
        let nodes = &self.score.nodes;
        if nodes.iter().any(|(_, node)| matches!(node.op, Op::MatVec { .. })) {
            let is_extremum = |value: &Value| matches!(nodes[*value].op, Op::Reduce(ReduceOp::Min | ReduceOp::Max, _));
            self.scalars.retain(|value, _| !is_extremum(value));
        }
    }

    fn keep(&mut self, value: Value) -> usize {
        let count = &mut self.count;
        *self.scalars.entry(value).or_insert_with(|| {
            *count += 1;
            *count - 1
        })
    }
}

fn is_frozen(score: &Score, plane: PlaneId) -> bool {
    score.slots[score.planes[plane].slot].constraints.contains(&Constraint::Frozen)
}

fn scaled(builder: &mut Builder, term: &OuterTerm) -> Value {
    let left = term.scales.iter().fold(term.left, |left, scale| builder.binary(BinaryOp::Mul, *scale, left));
    if term.negative { builder.unary(UnaryOp::Neg, left) } else { left }
}

/// One program in the making.
struct Stages<'a> {
    lowering: &'a mut Lowering,
    levels: HashMap<Value, usize>,
    /// Values in evaluation order.
    order: Vec<Value>,
    /// Vectors that are stored though no matrix is multiplied by them.
    wanted_vectors: Vec<Value>,
    vectors: HashMap<Value, usize>,
    vector_dims: Vec<usize>,
    stages: Vec<Stage>,
}

/// What ends in the columns of one dimension at one level.
#[derive(Clone, Default)]
struct Ends {
    reduce: Vec<Value>,
    store: Vec<Value>,
    scatter: Vec<(Side, PlaneId, Value)>,
}

impl<'a> Stages<'a> {
    fn new(lowering: &'a mut Lowering, roots: &[Value]) -> Self {
        let levels = levels(&lowering.score, roots, &lowering.scalars);
        let order = lowering.score.nodes.handles().filter(|value| levels.contains_key(value)).collect();
        let (wanted_vectors, vectors) = (Vec::new(), HashMap::new());
        Self { lowering, levels, order, wanted_vectors, vectors, vector_dims: Vec::new(), stages: Vec::new() }
    }

    /// The program, and the number of each stored vector.
    fn finish(
        mut self,
        wanted: &[Value],
        contributions: &[(Side, PlaneId, Value)],
        matrices: &[MatrixContribution],
    ) -> (Program, HashMap<Value, usize>) {
        let ends = self.ends(contributions, matrices);
        let boundary = self.boundary(wanted, contributions);
        let kept = boundary.iter().chain(&self.wanted_vectors).map(|value| self.levels[value]);
        let last = ends.keys().map(|(level, _)| *level).chain(kept).max();
        for level in 0..=last.unwrap_or_default() {
            self.scalars_stage(&boundary, level);
            for ((_, dim), ends) in ends.range((level, 0)..(level + 1, 0)) {
                self.columns_stages(*dim, ends);
            }
            self.product_stages(level);
        }
        self.scalar_scatters(contributions);
        for outer in matrices {
            self.stages.push(Stage::Outer(Outer {
                side: describe::side(outer.side),
                plane: outer.plane.index(),
                left: self.vectors[&outer.left],
                right: self.vectors[&outer.right],
            }));
        }
        (Program { stages: self.stages, vectors: self.vector_dims }, self.vectors)
    }

    fn dim(&self, value: Value) -> Option<usize> {
        match self.lowering.score.nodes[value].ty.shape {
            Shape::Vector(dim) => Some(dim.index()),
            Shape::Scalar | Shape::Matrix(..) => None,
        }
    }

    fn op(&self, value: Value) -> &Op {
        &self.lowering.score.nodes[value].op
    }

    fn is_known(&self, value: Value) -> bool {
        self.lowering.scalars.contains_key(&value)
    }

    /// What ends where: reductions and stores at the level of their operand, all scatters of a dimension at the highest
    /// level that anything of the dimension ends at.
    fn ends(
        &self,
        contributions: &[(Side, PlaneId, Value)],
        matrices: &[MatrixContribution],
    ) -> BTreeMap<(usize, usize), Ends> {
        let mut ends: BTreeMap<(usize, usize), Ends> = BTreeMap::new();
        let mut stored = BTreeSet::new();
        let mut store = |ends: &mut BTreeMap<(usize, usize), Ends>, vector: Value| {
            let is_product = matches!(self.op(vector), Op::MatVec { .. });
            if let Some(dim) = self.dim(vector)
                && !is_product
                && stored.insert(vector)
            {
                ends.entry((self.levels[&vector], dim)).or_default().store.push(vector);
            }
        };
        for value in self.order.iter().copied().filter(|value| !self.is_known(*value)) {
            match *self.op(value) {
                Op::Reduce(_, operand) => {
                    if let Some(dim) = self.dim(operand) {
                        ends.entry((self.levels[&operand], dim)).or_default().reduce.push(value);
                    }
                }
                Op::MatVec { vector, .. } => store(&mut ends, vector),
                _ => {}
            }
        }
        let outer = matrices.iter().flat_map(|outer| [outer.left, outer.right]);
        outer.chain(self.wanted_vectors.iter().copied()).for_each(|vector| store(&mut ends, vector));
        for (dim, of_dim) in self.scatters_by_dim(contributions) {
            let ended = ends.keys().filter(|(_, other)| *other == dim).map(|(level, _)| *level);
            let level = ended.chain(of_dim.iter().map(|(_, _, value)| self.levels[value])).max().unwrap_or_default();
            ends.entry((level, dim)).or_default().scatter = of_dim;
        }
        ends
    }

    fn scatters_by_dim(
        &self,
        contributions: &[(Side, PlaneId, Value)],
    ) -> BTreeMap<usize, Vec<(Side, PlaneId, Value)>> {
        let mut by_dim: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for contribution in contributions {
            if let Shape::Vector(dim) = self.lowering.score.planes[contribution.1].shape {
                by_dim.entry(dim.index()).or_default().push(*contribution);
            }
        }
        by_dim
    }

    /// Scalars that must be kept: those that vectors read, those asked for, and those scattered to whole rows. Numbers
    /// and parameters are read where they are.
    fn boundary(&self, wanted: &[Value], contributions: &[(Side, PlaneId, Value)]) -> Vec<Value> {
        let mut kept: BTreeSet<Value> = wanted.iter().copied().collect();
        for value in self.order.iter().copied().filter(|value| !is_scalar(&self.lowering.score, *value)) {
            kept.extend(self.op(value).operands().into_iter().filter(|it| is_scalar(&self.lowering.score, *it)));
        }
        for (_, plane, value) in contributions {
            if self.lowering.score.planes[*plane].shape != Shape::Scalar && is_scalar(&self.lowering.score, *value) {
                kept.insert(*value);
            }
        }
        let computed = |value: &Value| {
            let immediate = matches!(self.op(*value), Op::Const(_) | Op::Parameter(_)) && !wanted.contains(value);
            !immediate && !matches!(self.op(*value), Op::Reduce(..)) && !self.is_known(*value)
        };
        kept.into_iter().filter(computed).collect()
    }

    fn available(&self) -> Available<'_> {
        Available { score: &self.lowering.score, scalars: &self.lowering.scalars, vectors: &self.vectors }
    }

    fn scalars_stage(&mut self, boundary: &[Value], level: usize) {
        let due: Vec<Value> = boundary.iter().copied().filter(|value| self.levels[value] == level).collect();
        if due.is_empty() {
            return;
        }
        let mut body = Body::new(self.available());
        let registers: Vec<usize> = due.iter().map(|value| body.register(*value)).collect();
        let body = body.instructions;
        let define =
            registers.into_iter().zip(due).map(|(register, value)| (register, self.lowering.keep(value))).collect();
        self.stages.push(Stage::Scalars(Scalars { body, define, scatter: Vec::new() }));
    }

    /// A stage over the columns of a dimension. What it scatters is a stage of its own where it also folds: a fold has all
    /// tiles of a row, and a tile must be complete, and may change, when a stage that scatters leaves it.
    fn columns_stages(&mut self, dim: usize, ends: &Ends) {
        if ends.reduce.is_empty() || ends.scatter.is_empty() {
            return self.columns_stage(dim, ends);
        }
        self.columns_stage(dim, &Ends { scatter: Vec::new(), ..ends.clone() });
        self.columns_stage(dim, &Ends { scatter: ends.scatter.clone(), ..Ends::default() });
    }

    fn columns_stage(&mut self, dim: usize, ends: &Ends) {
        let mut body = Body::new(self.available());
        let mut reduce = Vec::new();
        for value in &ends.reduce {
            if let Op::Reduce(op, operand) = self.op(*value) {
                reduce.push((reduce_op(*op), body.register(*operand), *value));
            }
        }
        let store: Vec<_> = ends.store.iter().map(|value| (body.register(*value), *value)).collect();
        let scatters = ends.scatter.iter();
        let scatter = scatters
            .map(|(side, plane, value)| Scatter {
                side: describe::side(*side),
                plane: plane.index(),
                register: body.register(*value),
            })
            .collect();
        let body = body.instructions;
        let reduce = reduce
            .into_iter()
            .map(|(op, register, value)| Reduce { op, register, scalar: self.lowering.keep(value) })
            .collect();
        let store = store.into_iter().map(|(register, value)| (register, self.new_vector(value))).collect();
        self.stages.push(Stage::Columns(Columns { dim, body, reduce, store, scatter }));
    }

    fn new_vector(&mut self, value: Value) -> usize {
        let dim = self.dim(value).expect("only vectors are stored");
        self.vector_dims.push(dim);
        self.vectors.insert(value, self.vector_dims.len() - 1);
        self.vector_dims.len() - 1
    }

    /// The products whose vectors are known at a level.
    fn product_stages(&mut self, level: usize) {
        let due: Vec<Value> = self
            .order
            .iter()
            .copied()
            .filter(|value| matches!(self.op(*value), Op::MatVec { .. }) && self.levels[value] == level + 1)
            .collect();
        for value in due {
            let Op::MatVec { matrix, vector, transposed } = *self.op(value) else { continue };
            let Op::Gather { side, plane } = *self.op(matrix) else {
                unreachable!("only gathered matrices are multiplied")
            };
            let source = self.vectors[&vector];
            let target = self.new_vector(value);
            let (side, plane) = (describe::side(side), plane.index());
            self.stages.push(Stage::Product(Product { side, plane, transposed, source, target }));
        }
    }

    /// The gradients of scalar tables.
    fn scalar_scatters(&mut self, contributions: &[(Side, PlaneId, Value)]) {
        let scalars = |plane: PlaneId| self.lowering.score.planes[plane].shape == Shape::Scalar;
        let mut body = Body::new(self.available());
        let scatter: Vec<Scatter> = contributions
            .iter()
            .filter(|(_, plane, _)| scalars(*plane))
            .map(|(side, plane, value)| Scatter {
                side: describe::side(*side),
                plane: plane.index(),
                register: body.register(*value),
            })
            .collect();
        if !scatter.is_empty() {
            let body = body.instructions;
            self.stages.push(Stage::Scalars(Scalars { body, define: Vec::new(), scatter }));
        }
    }
}

fn reduce_op(op: ReduceOp) -> program::ReduceOp {
    match op {
        ReduceOp::Sum => program::ReduceOp::Sum,
        ReduceOp::Min => program::ReduceOp::Min,
        ReduceOp::Max => program::ReduceOp::Max,
    }
}
