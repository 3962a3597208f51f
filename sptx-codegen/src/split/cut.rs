//! Taking out what depends on one end alone.

use std::collections::{HashMap, HashSet};

use super::end::{End, Ends};
use super::separate::Separated;
use super::{Product, ProductOf, Split};
use crate::differentiate::differentiate;
use crate::ir::{
    Builder, Element, Gradient, Initializer, Op, Owner, Plane, PlaneId, Score, Shape, Side, Slot, SlotType, Value,
};
use crate::passes::simplify;

/// What is worked out for one end.
#[derive(Clone, Debug, PartialEq)]
pub struct Half {
    /// The score `Σ upstreamᵢ · outputᵢ`, where the upstreams are planes of their own behind the score's, one for each
    /// output, read for the end that the half leaves free; and its gradient by the score's planes.
    pub gradient: Gradient,
    /// The outputs.
    pub outputs: Vec<Value>,
}

impl Half {
    /// The shapes of the outputs.
    pub fn shapes(&self) -> Vec<Shape> {
        self.outputs.iter().map(|value| self.gradient.score.nodes[*value].ty.shape).collect()
    }
}

/// Cuts a separated score. `None` where a matrix is multiplied by a vector of both ends.
pub(super) fn cut(separated: &Separated, missing: Side, by_relation: bool) -> Option<Split> {
    let mut outputs =
        Outputs { separated, ends: separated.ends.clone(), seen: HashSet::new(), found: Found::default() };
    outputs.collect(separated.score.root)?;
    let Outputs { mut ends, found, .. } = outputs;
    let comparison = Comparison::new(separated, &found).finish();
    let by_relation = by_relation && found.candidates.iter().any(|value| ends.reads_relation(&separated.score, *value));
    let known = if missing == Side::Head { Side::Tail } else { Side::Head };
    Some(Split {
        missing,
        by_relation,
        query: half(&separated.score, &found.queries, missing),
        candidate: half(&separated.score, &found.candidates, known),
        comparison,
        products: found.products.into_iter().map(|(_, product)| product).collect(),
    })
}

/// What is cut out.
#[derive(Default)]
struct Found {
    queries: Vec<Value>,
    candidates: Vec<Value>,
    products: Vec<(Value, Product)>,
}

/// The search for the outputs.
struct Outputs<'a> {
    separated: &'a Separated,
    ends: Ends,
    seen: HashSet<Value>,
    found: Found,
}

impl Outputs<'_> {
    fn collect(&mut self, value: Value) -> Option<()> {
        if !self.seen.insert(value) {
            return Some(());
        }
        let op = &self.separated.score.nodes[value].op;
        match self.ends.of(&self.separated.score, value) {
            End::Known => _ = number(&mut self.found.queries, value),
            End::Candidate => _ = number(&mut self.found.candidates, value),
            End::Neither => {}
            End::Both if matches!(op, Op::MatVec { .. }) => return None,
            End::Both => match self.separated.products.get(&value) {
                Some(product) => self.product(value, product),
                None => op.operands().into_iter().try_for_each(|operand| self.collect(operand))?,
            },
        }
        Some(())
    }

    fn product(&mut self, value: Value, of: &ProductOf) {
        let Found { queries, candidates, products } = &mut self.found;
        let vectors = of.vectors.iter().map(|(q, c)| (number(queries, *q), number(candidates, *c))).collect();
        products.push((value, Product { kind: of.kind, vectors }));
    }
}

/// The position of a value among some, at their end if it was not there.
fn number(values: &mut Vec<Value>, value: Value) -> usize {
    values.iter().position(|it| *it == value).unwrap_or_else(|| {
        values.push(value);
        values.len() - 1
    })
}

/// The comparison in the making.
struct Comparison<'a> {
    separated: &'a Separated,
    builder: Builder,
    /// The values of the comparison that stand for values of the score.
    translated: HashMap<Value, Value>,
}

impl<'a> Comparison<'a> {
    /// With its planes and what is read from them.
    fn new(separated: &'a Separated, found: &Found) -> Self {
        let mut builder = Builder::with_declarations_of(&separated.score);
        builder.declarations().slots = Default::default();
        builder.declarations().planes = Default::default();
        let mut translated = HashMap::new();
        let products: Vec<Value> = found.products.iter().map(|(value, _)| *value).collect();
        let sides =
            [(Side::Head, 'q', &found.queries), (Side::Tail, 'c', &found.candidates), (Side::Relation, 'p', &products)];
        for (side, letter, values) in sides {
            for (number, value) in values.iter().enumerate() {
                let shape = separated.score.nodes[*value].ty.shape;
                let plane = declare(&mut builder, side.owner(), letter, number, shape);
                translated.insert(*value, builder.push(Op::Gather { side, plane }));
            }
        }
        Self { separated, builder, translated }
    }

    fn finish(mut self) -> Score {
        let root = self.translate(self.separated.score.root);
        simplify(&self.builder.finish(root))
    }

    /// A value in terms of the outputs.
    fn translate(&mut self, value: Value) -> Value {
        if let Some(done) = self.translated.get(&value) {
            return *done;
        }
        let op = &self.separated.score.nodes[value].op;
        let operands: HashMap<Value, Value> =
            op.operands().into_iter().map(|operand| (operand, self.translate(operand))).collect();
        let done = self.builder.push(op.map_operands(|operand| operands[&operand]));
        self.translated.insert(value, done);
        done
    }
}

/// Declares a plane of its own slot.
fn declare(builder: &mut Builder, owner: Owner, letter: char, number: usize, shape: Shape) -> PlaneId {
    let ty = match shape {
        Shape::Scalar => SlotType::Scalar,
        Shape::Vector(dim) => SlotType::Real(dim),
        Shape::Matrix(down, across) => SlotType::Matrix(down, across),
    };
    let name = format!("{letter}{number}");
    let slot = Slot { owner, name, ty, constraints: Vec::new(), initializer: Initializer::Default };
    let declarations = builder.declarations();
    let slot = declarations.slots.push(slot);
    declarations.planes.push(Plane { slot, part: String::new(), element: Element::Real, shape })
}

/// One half: `Σ upstreamᵢ · outputᵢ`, the upstreams read on the side that the half leaves free.
fn half(score: &Score, outputs: &[Value], free: Side) -> Half {
    let mut builder = Builder::with_declarations_of(score);
    let planes = score.planes.len();
    let mut copied: HashMap<Value, Value> = HashMap::new();
    let outputs: Vec<Value> = outputs.iter().map(|value| copy(score, *value, &mut builder, &mut copied)).collect();
    let mut root = None;
    for (number, output) in outputs.iter().enumerate() {
        let shape = builder.ty(*output).shape;
        let plane = declare(&mut builder, free.owner(), 'u', number, shape);
        let upstream = builder.push(Op::Gather { side: free, plane });
        let product = builder.mul(upstream, *output);
        let term = if shape == Shape::Scalar { product } else { builder.sum(product) };
        root = Some(root.map_or(term, |sum| builder.add(sum, term)));
    }
    let root = root.unwrap_or_else(|| builder.constant(0.0));
    let mut gradient = differentiate(&builder.finish(root));
    gradient.contributions.retain(|(_, plane, _)| plane.index() < planes);
    Half { gradient, outputs }
}

/// Copies a value with all that it is computed from.
fn copy(score: &Score, value: Value, builder: &mut Builder, copied: &mut HashMap<Value, Value>) -> Value {
    if let Some(done) = copied.get(&value) {
        return *done;
    }
    let op = &score.nodes[value].op;
    for operand in op.operands() {
        copy(score, operand, builder, copied);
    }
    let op = op.map_operands(|operand| copied[&operand]);
    let done = crate::passes::push(builder, op);
    copied.insert(value, done);
    done
}
