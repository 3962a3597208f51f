//! Sums over columns as products of matrices.
//!
//! `Σ x` of a value of both ends is tried in this order:
//! - a squared distance: `x = Σᵢ zᵢ²` with each `zᵢ = q − c`;
//! - bilinear: `x` multiplied out is a sum of products of a value of the query and a value of the candidate; those with
//!   the same value of the candidate are put together, so that ComplEx has two and not four;
//! - else the terms of one end are summed apart, and the rest is left to the comparison.

use super::end::End;
use super::separate::{Separator, Term};
use super::{ProductKind, ProductOf};
use crate::ir::{BinaryOp, Op, Shape, UnaryOp, Value};

/// Terms that a value may have when multiplied out.
const MOST_TERMS: usize = 128;

/// A term of a value that is multiplied out: `coefficient · known · M·candidate`.
#[derive(Clone, Copy, Debug)]
struct Monomial {
    coefficient: f64,
    known: Option<Value>,
    candidate: Option<Value>,
    /// A matrix of the relation and whether its transpose is applied to `candidate`.
    matrix: Option<(Value, bool)>,
}

/// The sum over columns of a vector of both ends.
pub(super) fn reduce(separator: &mut Separator, x: Value) -> Value {
    distance(separator, x).or_else(|| products(separator, x)).unwrap_or_else(|| apart(separator, x))
}

/// The terms of one end summed apart from the others.
fn apart(separator: &mut Separator, x: Value) -> Value {
    let shape = separator.builder.ty(x).shape;
    let terms = separator.terms(x);
    let mut sums = Vec::new();
    let mut rest = Vec::new();
    for term in terms {
        let is_pure = separator.end(term.value) != End::Both;
        match separator.spread_by_end(term.value, shape).filter(|_| is_pure) {
            Some(value) => sums.push(Term { value: separator.builder.sum(value), ..term }),
            None => rest.push(term),
        }
    }
    if let Some(Term { negative, value }) = separator.sum(&rest) {
        let spread = separator.spread_known(value, shape).or_else(|| separator.spread(value, shape, separator.missing));
        let Some(value) = spread else { return separator.builder.sum(x) };
        sums.push(Term { negative, value: separator.builder.sum(value) });
    }
    separator.sum_by_end(&sums)
}

/// `Σᵢ Σ (qᵢ − cᵢ)²`, with what else is added to it and is of one end.
fn distance(separator: &mut Separator, x: Value) -> Option<Value> {
    let shape = separator.builder.ty(x).shape;
    let terms = separator.terms(x);
    let (squares, others): (Vec<Term>, Vec<Term>) =
        terms.into_iter().partition(|term| separator.end(term.value) == End::Both);
    let negative = squares.first()?.negative;
    let mut vectors = Vec::new();
    let mut sum: Option<Value> = None;
    for square in &squares {
        if square.negative != negative || separator.is_scalar(square.value) {
            return None;
        }
        let (query, candidate) = difference(separator, square.value, shape)?;
        let difference = separator.builder.sub(query, candidate);
        let square = separator.builder.mul(difference, difference);
        sum = Some(sum.map_or(square, |sum| separator.builder.add(sum, square)));
        vectors.push((query, candidate));
    }
    let distance = separator.builder.sum(sum?);
    separator.product(distance, ProductOf { kind: ProductKind::SquaredDistance, vectors });
    let mut parts = vec![Term { negative, value: distance }];
    for other in others {
        let value = separator.spread_by_end(other.value, shape)?;
        parts.push(Term { value: separator.builder.sum(value), ..other });
    }
    Some(separator.sum_by_end(&parts))
}

/// The q and the c of `(q − c)²`.
fn difference(separator: &mut Separator, square: Value, shape: Shape) -> Option<(Value, Value)> {
    let Op::Binary(BinaryOp::Mul, z, same) = *separator.op(square) else { return None };
    if z != same {
        return None;
    }
    let terms = separator.terms(z);
    let (candidate, known): (Vec<Term>, Vec<Term>) =
        terms.into_iter().partition(|term| separator.end(term.value) == End::Candidate);
    if known.iter().any(|term| separator.end(term.value) == End::Both) {
        return None;
    }
    // z = ±(known ∓ candidate): the sign of z does not matter, so the candidate's is made negative.
    let candidate = separator.sum(&candidate)?;
    let flipped: Vec<Term> =
        known.iter().map(|term| Term { negative: term.negative == candidate.negative, ..*term }).collect();
    let Term { negative, value } = separator.sum(&flipped)?;
    let known = if negative { separator.builder.neg(value) } else { value };
    Some((separator.spread_known(known, shape)?, separator.spread(candidate.value, shape, separator.missing)?))
}

/// The sum of a bilinear value.
fn products(separator: &mut Separator, x: Value) -> Option<Value> {
    let shape = separator.builder.ty(x).shape;
    let monomials = multiplied_out(separator, x)?;
    let mut by_candidate: Vec<(Option<Value>, Vec<Term>)> = Vec::new();
    for monomial in monomials {
        let (candidate, term) = known_factor(separator, monomial, shape)?;
        match by_candidate.iter_mut().find(|(other, _)| *other == candidate) {
            Some((_, terms)) => terms.push(term),
            None => by_candidate.push((candidate, vec![term])),
        }
    }
    let mut parts = Vec::new();
    // Behind a matrix the columns are those of another dimension.
    let mut by_shape: Vec<(Shape, Vec<(Value, Value)>)> = Vec::new();
    for (candidate, terms) in by_candidate {
        let Term { negative, value } = separator.sum(&terms)?;
        let Some(candidate) = candidate else {
            let value = separator.spread_known(value, shape)?;
            parts.push(Term { negative, value: separator.builder.sum(value) });
            continue;
        };
        let shape = if separator.is_scalar(candidate) { shape } else { separator.builder.ty(candidate).shape };
        let candidate = separator.spread(candidate, shape, separator.missing)?;
        if separator.end(value) == End::Neither {
            let product = separator.builder.mul(value, candidate);
            parts.push(Term { negative, value: separator.builder.sum(product) });
            continue;
        }
        let known = if negative { separator.builder.neg(value) } else { value };
        let vectors = (separator.spread_known(known, shape)?, candidate);
        match by_shape.iter_mut().find(|(other, _)| *other == shape) {
            Some((_, of_shape)) => of_shape.push(vectors),
            None => by_shape.push((shape, vec![vectors])),
        }
    }
    for (_, vectors) in by_shape {
        parts.push(Term { negative: false, value: dot(separator, vectors) });
    }
    Some(separator.sum_by_end(&parts))
}

/// `Σᵢ Σ qᵢ·cᵢ`.
fn dot(separator: &mut Separator, vectors: Vec<(Value, Value)>) -> Value {
    let products: Vec<Value> = vectors.iter().map(|(q, c)| separator.builder.mul(*q, *c)).collect();
    let sum = products.into_iter().reduce(|sum, product| separator.builder.add(sum, product));
    let dot = separator.builder.sum(sum.expect("there is a vector of each shape"));
    separator.product(dot, ProductOf { kind: ProductKind::Dot, vectors });
    dot
}

/// The candidate's factor of a monomial, and all else: under a sum, `k·(M·c)` is `(Mᵀ·k)·c`.
fn known_factor(separator: &mut Separator, monomial: Monomial, shape: Shape) -> Option<(Option<Value>, Term)> {
    let Monomial { coefficient, known, candidate, matrix } = monomial;
    let size = coefficient.abs();
    let mut value = match known {
        Some(known) => known,
        None => separator.builder.constant(1.0),
    };
    if size != 1.0 {
        let size = separator.builder.constant(size);
        value = if known.is_some() { separator.builder.mul(size, value) } else { size };
    }
    if let Some((matrix, transposed)) = matrix {
        let vector = separator.spread_known(value, shape)?;
        value = separator.builder.push(Op::MatVec { matrix, vector, transposed: !transposed });
    }
    Some((candidate, Term { negative: coefficient < 0.0, value }))
}

/// A value as a sum of monomials, if it is one of few enough.
fn multiplied_out(separator: &mut Separator, value: Value) -> Option<Vec<Monomial>> {
    let one = Monomial { coefficient: 1.0, known: None, candidate: None, matrix: None };
    match separator.end(value) {
        End::Neither => match *separator.op(value) {
            Op::Const(coefficient) => return Some(vec![Monomial { coefficient, ..one }]),
            _ => return Some(vec![Monomial { known: Some(value), ..one }]),
        },
        End::Known => return Some(vec![Monomial { known: Some(value), ..one }]),
        End::Candidate => return Some(vec![Monomial { candidate: Some(value), ..one }]),
        End::Both => {}
    }
    let monomials = match separator.op(value).clone() {
        Op::Unary(UnaryOp::Neg, a) => negated(multiplied_out(separator, a)?),
        Op::Binary(BinaryOp::Add, a, b) => [multiplied_out(separator, a)?, multiplied_out(separator, b)?].concat(),
        Op::Binary(BinaryOp::Sub, a, b) => {
            [multiplied_out(separator, a)?, negated(multiplied_out(separator, b)?)].concat()
        }
        // The square of a difference is no such sum: it would cancel, and nothing would guard it.
        Op::Binary(BinaryOp::Mul, a, b) if a == b => return None,
        Op::Binary(BinaryOp::Mul, a, b) => {
            let (left, right) = (multiplied_out(separator, a)?, multiplied_out(separator, b)?);
            multiplied(separator, &left, &right)?
        }
        Op::MatVec { matrix, vector, transposed } if separator.end(vector) == End::Candidate => {
            vec![Monomial { candidate: Some(vector), matrix: Some((matrix, transposed)), ..one }]
        }
        _ => return None,
    };
    (monomials.len() <= MOST_TERMS).then_some(monomials)
}

fn negated(mut monomials: Vec<Monomial>) -> Vec<Monomial> {
    monomials.iter_mut().for_each(|it| it.coefficient = -it.coefficient);
    monomials
}

fn multiplied(separator: &mut Separator, left: &[Monomial], right: &[Monomial]) -> Option<Vec<Monomial>> {
    if left.len() * right.len() > MOST_TERMS {
        return None;
    }
    let mut result = Vec::with_capacity(left.len() * right.len());
    for a in left {
        for b in right {
            // A product of two candidates' values is one, but not where a matrix is applied to either of them.
            if (a.matrix.is_some() && b.candidate.is_some()) || (b.matrix.is_some() && a.candidate.is_some()) {
                return None;
            }
            result.push(Monomial {
                coefficient: a.coefficient * b.coefficient,
                known: joined(separator, a.known, b.known),
                candidate: joined(separator, a.candidate, b.candidate),
                matrix: a.matrix.or(b.matrix),
            });
        }
    }
    Some(result)
}

fn joined(separator: &mut Separator, a: Option<Value>, b: Option<Value>) -> Option<Value> {
    match (a, b) {
        // In one order, so that equal products are one value.
        (Some(a), Some(b)) => Some(separator.builder.mul(a.min(b), a.max(b))),
        (a, b) => a.or(b),
    }
}
