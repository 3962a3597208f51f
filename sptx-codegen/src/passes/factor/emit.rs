//! Putting sums and products together again.

use crate::ir::{BinaryOp, Builder, Shape, Value};
use crate::passes::simplify::binary;

/// `number · value`.
pub(super) fn scaled(builder: &mut Builder, number: f64, value: Value) -> Value {
    let number = builder.constant(number);
    binary(builder, BinaryOp::Mul, number, value)
}

/// The product of the factors, scalars first, or 1 for none.
pub(super) fn product(builder: &mut Builder, factors: &[Value]) -> Value {
    let (scalars, others): (Vec<_>, Vec<_>) =
        factors.iter().partition(|factor| builder.ty(**factor).shape == Shape::Scalar);
    let scalar = chain(builder, &scalars);
    match (scalar, chain(builder, &others)) {
        (Some(scalar), Some(other)) => binary(builder, BinaryOp::Mul, scalar, other),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => builder.constant(1.0),
    }
}

fn chain(builder: &mut Builder, factors: &[Value]) -> Option<Value> {
    factors.iter().copied().reduce(|product, factor| binary(builder, BinaryOp::Mul, product, factor))
}

/// `Σ coefficient·value` as `(scale, sum)`: the sum begins with a positive term, and its coefficients are 1 or −1
/// where all have the same size.
pub(super) fn sum(builder: &mut Builder, items: &[(f64, Value)]) -> (f64, Value) {
    let items = merged(items);
    let first = items[0].0;
    let same_size = items.iter().all(|(coefficient, _)| coefficient.abs() == first.abs());
    let scale = if first == 0.0 {
        1.0
    } else if same_size {
        first
    } else {
        first.signum()
    };
    let mut items = items.into_iter().map(|(coefficient, value)| (coefficient / scale, value));
    let (coefficient, value) = items.next().expect("a sum has a term");
    let start = scaled(builder, coefficient, value);
    let sum = items.fold(start, |sum, (coefficient, value)| {
        let (op, size) = if coefficient < 0.0 { (BinaryOp::Sub, -coefficient) } else { (BinaryOp::Add, coefficient) };
        let value = scaled(builder, size, value);
        binary(builder, op, sum, value)
    });
    (scale, sum)
}

/// [`sum`], its scale applied.
pub(super) fn scaled_sum(builder: &mut Builder, items: &[(f64, Value)]) -> Value {
    let (scale, value) = sum(builder, items);
    scaled(builder, scale, value)
}

/// Equal values as one; what cancels is left out, unless nothing would be left.
fn merged(items: &[(f64, Value)]) -> Vec<(f64, Value)> {
    let mut merged: Vec<(f64, Value)> = Vec::new();
    for (coefficient, value) in items {
        match merged.iter_mut().find(|(_, other)| other == value) {
            Some((sum, _)) => *sum += coefficient,
            None => merged.push((*coefficient, *value)),
        }
    }
    let kept: Vec<_> = merged.iter().copied().filter(|(coefficient, _)| *coefficient != 0.0).collect();
    if kept.is_empty() { vec![(0.0, merged[0].1)] } else { kept }
}
