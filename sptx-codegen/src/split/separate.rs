//! The rewriting that parts the ends.
//!
//! Sums and products of values of both ends are taken apart into their terms and factors and put together again, those of
//! the query first, those of the candidate next. The score's meaning stays; rounding may differ.

use std::collections::HashMap;

use super::ProductOf;
use super::bilinear;
use super::end::{End, Ends};
use crate::ir::{BinaryOp, Builder, Op, ReduceOp, Score, Shape, Side, UnaryOp, Value};
use crate::passes::live;

/// A score whose ends are parted.
pub(super) struct Separated {
    pub(super) score: Score,
    pub(super) ends: Ends,
    /// The sums over columns that are products.
    pub(super) products: HashMap<Value, ProductOf>,
}

/// Parts the ends of a score.
pub(super) fn separate(score: &Score, missing: Side, by_relation: bool) -> Separated {
    let mut separator = Separator {
        builder: Builder::with_declarations_of(score),
        ends: Ends::new(missing, by_relation),
        products: HashMap::new(),
        missing,
    };
    let live = live(&score.nodes, [score.root]);
    let mut replaced: Vec<Option<Value>> = vec![None; score.nodes.len()];
    for (value, node) in score.nodes.iter().filter(|(value, _)| live[value.index()]) {
        let op = node.op.map_operands(|operand| replaced[operand.index()].expect("operands stand before their users"));
        replaced[value.index()] = Some(separator.push(op));
    }
    let root = replaced[score.root.index()].expect("the root is live");
    let Separator { builder, ends, products, .. } = separator;
    Separated { score: builder.finish(root), ends, products }
}

/// A term of a sum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    pub(super) negative: bool,
    pub(super) value: Value,
}

pub(super) struct Separator {
    pub(super) builder: Builder,
    ends: Ends,
    products: HashMap<Value, ProductOf>,
    pub(super) missing: Side,
}

impl Separator {
    pub(super) fn end(&mut self, value: Value) -> End {
        self.ends.of(self.builder.score(), value)
    }

    pub(super) fn op(&self, value: Value) -> &Op {
        self.builder.op(value)
    }

    pub(super) fn is_scalar(&self, value: Value) -> bool {
        self.builder.ty(value).shape == Shape::Scalar
    }

    /// Notes that a sum over columns is a product.
    pub(super) fn product(&mut self, sum: Value, product: ProductOf) {
        self.products.insert(sum, product);
    }

    /// Appends an operation, its ends parted.
    fn push(&mut self, op: Op) -> Value {
        let value = self.builder.push(op.clone());
        if self.end(value) != End::Both {
            return value;
        }
        match op {
            Op::Binary(BinaryOp::Add | BinaryOp::Sub, ..) | Op::Unary(UnaryOp::Neg, _) => {
                let terms = self.terms(value);
                self.sum_by_end(&terms)
            }
            Op::Binary(BinaryOp::Mul, ..) => self.by_factors(value),
            Op::MatVec { matrix, vector, transposed } => self.apply(matrix, vector, transposed),
            Op::Reduce(ReduceOp::Sum, x) => bilinear::reduce(self, x),
            _ => value,
        }
    }

    /// The terms that a value is the sum of. Values of one end are not taken apart.
    pub(super) fn terms(&mut self, value: Value) -> Vec<Term> {
        let mut terms = Vec::new();
        self.add_terms(value, false, &mut terms);
        terms
    }

    fn add_terms(&mut self, value: Value, negative: bool, terms: &mut Vec<Term>) {
        if self.end(value) != End::Both {
            return terms.push(Term { negative, value });
        }
        match *self.op(value) {
            Op::Binary(BinaryOp::Add, a, b) => {
                self.add_terms(a, negative, terms);
                self.add_terms(b, negative, terms);
            }
            Op::Binary(BinaryOp::Sub, a, b) => {
                self.add_terms(a, negative, terms);
                self.add_terms(b, !negative, terms);
            }
            Op::Unary(UnaryOp::Neg, a) => self.add_terms(a, !negative, terms),
            _ => terms.push(Term { negative, value }),
        }
    }

    /// A sum, grouped: what depends on neither end or the query, the candidate, and both.
    pub(super) fn sum_by_end(&mut self, terms: &[Term]) -> Value {
        let mut groups: [Vec<Term>; 3] = Default::default();
        for term in terms {
            let group = match self.end(term.value) {
                End::Neither | End::Known => 0,
                End::Candidate => 1,
                End::Both => 2,
            };
            groups[group].push(*term);
        }
        let groups = groups.map(|group| self.sum(&group));
        let parts: Vec<Term> = groups.into_iter().flatten().collect();
        self.plain_sum(&parts)
    }

    /// The sum of some terms, itself a term: a sum of negative terms alone is negative.
    pub(super) fn sum(&mut self, terms: &[Term]) -> Option<Term> {
        let negative = terms.first()?.negative && terms.iter().all(|term| term.negative);
        let terms: Vec<Term> = terms.iter().map(|term| Term { negative: term.negative != negative, ..*term }).collect();
        Some(Term { negative, value: self.plain_sum(&terms) })
    }

    /// `±a ± b …`, a positive term first where there is one.
    fn plain_sum(&mut self, terms: &[Term]) -> Value {
        let first = terms.iter().position(|term| !term.negative).unwrap_or_default();
        let start = if terms[first].negative { self.builder.neg(terms[first].value) } else { terms[first].value };
        let rest = terms.iter().enumerate().filter(|(index, _)| *index != first);
        rest.fold(start, |sum, (_, term)| {
            if term.negative { self.builder.sub(sum, term.value) } else { self.builder.add(sum, term.value) }
        })
    }

    /// A product, its factors grouped by end; multiplied out where each term is then of one end.
    fn by_factors(&mut self, value: Value) -> Value {
        let mut factors = Vec::new();
        let negative = self.add_factors(value, &mut factors);
        if let Some(sum) = self.multiplied_out(&factors, negative) {
            return sum;
        }
        let product = self.product_by_end(&factors);
        if negative { self.builder.neg(product) } else { product }
    }

    /// Adds the factors of a product; gives its sign.
    fn add_factors(&mut self, value: Value, factors: &mut Vec<Value>) -> bool {
        if self.end(value) == End::Both {
            match *self.op(value) {
                Op::Binary(BinaryOp::Mul, a, b) => {
                    let negative = self.add_factors(a, factors);
                    return self.add_factors(b, factors) != negative;
                }
                Op::Unary(UnaryOp::Neg, a) => return !self.add_factors(a, factors),
                _ => {}
            }
        }
        factors.push(value);
        false
    }

    /// `f·(a − b) = f·a − f·b`, where one factor is a sum of terms of one end each and so are all terms of the result but
    /// one: that costs pairs no more, and more of it is the query's.
    fn multiplied_out(&mut self, factors: &[Value], negative: bool) -> Option<Value> {
        let both: Vec<usize> = (0..factors.len()).filter(|index| self.end(factors[*index]) == End::Both).collect();
        let [sum] = both[..] else { return None };
        let terms = self.terms(factors[sum]);
        if terms.len() < 2 {
            return None;
        }
        let mut result = Vec::new();
        let mut of_both = 0;
        for term in terms {
            let mut product = term.value;
            for (_, factor) in factors.iter().enumerate().filter(|(index, _)| *index != sum) {
                product = self.builder.mul(*factor, product);
            }
            of_both += usize::from(self.end(product) == End::Both);
            if of_both > 1 || self.end(term.value) == End::Both {
                return None;
            }
            result.push(Term { negative: term.negative != negative, value: product });
        }
        Some(self.sum_by_end(&result))
    }

    fn product_by_end(&mut self, factors: &[Value]) -> Value {
        let mut groups: [Option<Value>; 3] = Default::default();
        for factor in factors {
            let group = match self.end(*factor) {
                End::Neither | End::Known => 0,
                End::Candidate => 1,
                End::Both => 2,
            };
            groups[group] = Some(groups[group].map_or(*factor, |product| self.builder.mul(product, *factor)));
        }
        let product = groups.into_iter().flatten().reduce(|product, group| self.builder.mul(product, group));
        product.expect("a product has factors")
    }

    /// `M·(a + b) = M·a + M·b`, where that parts the ends.
    fn apply(&mut self, matrix: Value, vector: Value, transposed: bool) -> Value {
        let shape = self.builder.ty(vector).shape;
        let terms = self.terms(vector);
        let spread: Option<Vec<Term>> = terms
            .into_iter()
            .map(|term| self.spread_by_end(term.value, shape).map(|value| Term { value, ..term }))
            .collect();
        let terms = spread.unwrap_or_else(|| vec![Term { negative: false, value: vector }]);
        let applied = terms.into_iter().map(|term| {
            let value = self.builder.push(Op::MatVec { matrix, vector: term.value, transposed });
            Term { value, ..term }
        });
        let applied: Vec<Term> = applied.collect();
        self.sum_by_end(&applied)
    }

    /// A value in a vector's shape, made of rows of its own end.
    pub(super) fn spread_by_end(&mut self, value: Value, shape: Shape) -> Option<Value> {
        match self.end(value) {
            _ if self.builder.ty(value).shape == shape => Some(value),
            End::Neither | End::Known => self.spread_known(value, shape),
            End::Candidate => self.spread(value, shape, self.missing),
            End::Both => None,
        }
    }

    /// A value of the query in a vector's shape.
    pub(super) fn spread_known(&mut self, value: Value, shape: Shape) -> Option<Value> {
        let known = if self.missing == Side::Head { Side::Tail } else { Side::Head };
        self.spread(value, shape, known).or_else(|| self.spread(value, shape, Side::Relation))
    }

    /// A scalar in every element of a vector's shape, made of rows of one end. `None` where that end has no such row.
    pub(super) fn spread(&mut self, value: Value, shape: Shape, side: Side) -> Option<Value> {
        if self.builder.ty(value).shape == shape {
            return Some(value);
        }
        let score = self.builder.score();
        let fits = |plane: &crate::ir::Plane| plane.shape == shape && score.slots[plane.slot].owner == side.owner();
        let plane = score.planes.iter().find(|(_, plane)| fits(plane)).map(|(plane, _)| plane)?;
        let like = self.builder.push(Op::Gather { side, plane });
        Some(self.builder.spread(value, like))
    }
}
