//! One round of factoring: each sum is taken apart, and its terms are grouped by the linear map they share.

use super::emit;
use super::terms::{Term, View};
use crate::ir::{BinaryOp, Builder, Op, ReduceOp, Score, Shape, Type, UnaryOp, Value};
use crate::passes::rebuild::renamed;
use crate::passes::simplify::push;

/// Rebuilds a score with the linear maps of every sum factored out once.
pub(super) fn round(score: &Score) -> Score {
    let builder = Builder::with_declarations_of(score);
    let mut round = Round { view: View::new(score), builder, done: vec![None; score.nodes.len()] };
    let root = round.emit(score.root);
    let names = renamed(&score.names, |value| round.done[value.index()]);
    round.builder.declarations().names = names;
    round.builder.finish(root)
}

struct Round<'a> {
    view: View<'a>,
    builder: Builder,
    done: Vec<Option<Value>>,
}

/// What the terms of a group have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Map {
    /// `Σ` of vectors of one type.
    Sum(Type),
    /// `M·` or `Mᵀ·`.
    MatVec { matrix: Value, transposed: bool },
}

/// A term or a group of terms of a sum, at the position of the first.
struct Item {
    position: usize,
    coefficient: f64,
    value: Value,
}

impl Round<'_> {
    fn emit(&mut self, value: Value) -> Value {
        if let Some(done) = self.done[value.index()] {
            return done;
        }
        let ty = self.view.score.nodes[value].ty;
        let emitted = match self.view.op(value) {
            Op::Binary(BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, ..) | Op::Unary(UnaryOp::Neg, _) => {
                self.sum(value)
            }
            Op::Reduce(ReduceOp::Sum, a) | Op::MatVec { vector: a, .. } if self.view.is_used_once(*a) => {
                self.map_of_product(value, *a)
            }
            _ => self.plain(value),
        };
        // Where everything cancels, a scalar could stand for a vector: the value is then left as it was.
        let emitted = if self.builder.ty(emitted) == ty { emitted } else { self.plain(value) };
        self.done[value.index()] = Some(emitted);
        emitted
    }

    fn plain(&mut self, value: Value) -> Value {
        let op = self.view.op(value).map_operands(|operand| self.emit(operand));
        push(&mut self.builder, op)
    }

    fn product(&mut self, factors: &[Value]) -> Value {
        let factors: Vec<_> = factors.iter().map(|factor| self.emit(*factor)).collect();
        emit::product(&mut self.builder, &factors)
    }

    /// `f(c·s·v) = c·s·f(v)` for the linear map f of `value`.
    fn map_of_product(&mut self, value: Value, operand: Value) -> Value {
        let Term { coefficient, factors } = self.view.product(operand);
        let is_scalar = |factor: &Value| self.view.score.nodes[*factor].ty.shape == Shape::Scalar;
        let (mut scalars, others): (Vec<_>, Vec<_>) = factors.into_iter().partition(is_scalar);
        if others.is_empty() || coefficient == 1.0 && scalars.is_empty() {
            return self.plain(value);
        }
        for scalar in &mut scalars {
            *scalar = self.emit(*scalar);
        }
        let inner = self.product(&others);
        let op = self.view.op(value).map_operands(|old| if old == operand { inner } else { self.emit(old) });
        scalars.push(push(&mut self.builder, op));
        let product = emit::product(&mut self.builder, &scalars);
        emit::scaled(&mut self.builder, coefficient, product)
    }

    fn sum(&mut self, value: Value) -> Value {
        let mut terms: Vec<_> = self.view.terms(value).into_iter().enumerate().collect();
        let mut items = Vec::new();
        self.group_by_map(&mut terms, &mut items);
        self.group_by_factor(&mut terms, &mut items);
        for (position, term) in terms {
            items.push(Item { position, coefficient: term.coefficient, value: self.product(&term.factors) });
        }
        items.sort_by_key(|item| item.position);
        let items: Vec<_> = items.into_iter().map(|item| (item.coefficient, item.value)).collect();
        emit::scaled_sum(&mut self.builder, &items)
    }

    /// Takes out the groups of terms that are one linear map of something.
    fn group_by_map(&mut self, terms: &mut Vec<(usize, Term)>, items: &mut Vec<Item>) {
        let maps: Vec<_> = terms.iter().map(|(_, term)| self.map_of(term)).collect();
        let mut grouped = vec![false; terms.len()];
        for first in 0..terms.len() {
            let Some((map, _)) = maps[first] else { continue };
            let members: Vec<_> = (first..terms.len())
                .filter(|i| !grouped[*i] && maps[*i].is_some_and(|(other, _)| other == map))
                .collect();
            if members.len() < 2 || grouped[first] {
                continue;
            }
            let mut operands = Vec::new();
            for &member in &members {
                grouped[member] = true;
                let operand = maps[member].map(|(_, operand)| operand).expect("members have the map");
                operands.push((terms[member].1.coefficient, self.emit(operand)));
            }
            let (coefficient, inner) = emit::sum(&mut self.builder, &operands);
            items.push(Item { position: terms[first].0, coefficient, value: self.apply(map, inner) });
        }
        let mut index = 0;
        terms.retain(|_| {
            index += 1;
            !grouped[index - 1]
        });
    }

    /// The map and its operand, of a term that is nothing but a value that nothing else uses.
    fn map_of(&self, term: &Term) -> Option<(Map, Value)> {
        let [value] = term.factors.as_slice() else { return None };
        if !self.view.is_used_once(*value) {
            return None;
        }
        match *self.view.op(*value) {
            Op::Reduce(ReduceOp::Sum, a) => Some((Map::Sum(self.view.score.nodes[a].ty), a)),
            Op::MatVec { matrix, vector, transposed } => Some((Map::MatVec { matrix, transposed }, vector)),
            _ => None,
        }
    }

    fn apply(&mut self, map: Map, inner: Value) -> Value {
        let op = match map {
            Map::Sum(_) => Op::Reduce(ReduceOp::Sum, inner),
            Map::MatVec { matrix, transposed } => Op::MatVec { matrix: self.emit(matrix), vector: inner, transposed },
        };
        push(&mut self.builder, op)
    }

    /// Takes out the groups of products that share a factor, the most frequent factor first.
    fn group_by_factor(&mut self, terms: &mut Vec<(usize, Term)>, items: &mut Vec<Item>) {
        while let Some(factor) = most_frequent_factor(terms) {
            let shares = |(_, term): &(usize, Term)| term.factors.len() > 1 && term.factors.contains(&factor);
            let (members, others): (Vec<_>, Vec<_>) = std::mem::take(terms).into_iter().partition(shares);
            *terms = others;
            let mut rests = Vec::new();
            for (_, term) in &members {
                rests.push((term.coefficient, self.product(&term.without(factor).factors)));
            }
            let (coefficient, rest) = emit::sum(&mut self.builder, &rests);
            let factor = self.emit(factor);
            let value = emit::product(&mut self.builder, &[rest, factor]);
            items.push(Item { position: members[0].0, coefficient, value });
        }
    }
}

/// The factor that most products of at least two factors share; at least two products share it.
///
/// A term that is the factor alone is left out: `h + s·h` keeps its plain `h`, which may be part of an incidence row.
fn most_frequent_factor(terms: &[(usize, Term)]) -> Option<Value> {
    let products = || terms.iter().map(|(_, term)| &term.factors).filter(|factors| factors.len() > 1);
    let count = |factor: Value| products().filter(|factors| factors.contains(&factor)).count();
    let mut best = None;
    for factor in products().flatten() {
        let count = count(*factor);
        if count > 1 && best.is_none_or(|(_, other)| count > other) {
            best = Some((*factor, count));
        }
    }
    best.map(|(factor, _)| factor)
}
