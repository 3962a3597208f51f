//! Taking sums and products apart.

use crate::ir::{BinaryOp, Op, Score, UnaryOp, Value};
use crate::passes::rebuild::live;

/// `coefficient · Π factors`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    pub(super) coefficient: f64,
    /// In the order of their occurrence.
    pub(super) factors: Vec<Value>,
}

impl Term {
    fn of(coefficient: f64, factor: Value) -> Self {
        Self { coefficient, factors: vec![factor] }
    }

    /// The same product but for one occurrence of `factor`.
    pub(super) fn without(&self, factor: Value) -> Self {
        let mut term = self.clone();
        if let Some(position) = term.factors.iter().position(|other| *other == factor) {
            term.factors.remove(position);
        }
        term
    }
}

/// A score, and how often each value is used.
pub(super) struct View<'a> {
    pub(super) score: &'a Score,
    uses: Vec<usize>,
}

impl<'a> View<'a> {
    pub(super) fn new(score: &'a Score) -> Self {
        let live = live(&score.nodes, [score.root]);
        let mut uses = vec![0; score.nodes.len()];
        uses[score.root.index()] = 1;
        for (_, node) in score.nodes.iter().filter(|(value, _)| live[value.index()]) {
            for operand in node.op.operands() {
                uses[operand.index()] += 1;
            }
        }
        Self { score, uses }
    }

    pub(super) fn op(&self, value: Value) -> &'a Op {
        &self.score.nodes[value].op
    }

    /// Whether one operation only uses the value, so that taking the value apart saves it.
    pub(super) fn is_used_once(&self, value: Value) -> bool {
        self.uses[value.index()] == 1
    }

    /// The terms of a sum, which may be one only.
    pub(super) fn terms(&self, sum: Value) -> Vec<Term> {
        let mut terms = Vec::new();
        self.collect_terms(sum, 1.0, &mut terms);
        terms
    }

    fn collect_terms(&self, value: Value, scale: f64, terms: &mut Vec<Term>) {
        let mut inner = |operand: Value, scale: f64| {
            if self.is_used_once(operand) {
                self.collect_terms(operand, scale, terms);
            } else {
                terms.push(Term::of(scale, operand));
            }
        };
        match *self.op(value) {
            Op::Binary(BinaryOp::Add, a, b) => {
                inner(a, scale);
                inner(b, scale);
            }
            Op::Binary(BinaryOp::Sub, a, b) => {
                inner(a, scale);
                inner(b, -scale);
            }
            Op::Unary(UnaryOp::Neg, a) => inner(a, -scale),
            Op::Binary(BinaryOp::Mul, a, b) if self.number(a).is_some() => {
                inner(b, scale * self.number(a).unwrap_or(1.0));
            }
            _ => {
                let term = self.product(value);
                terms.push(Term { coefficient: scale * term.coefficient, ..term });
            }
        }
    }

    /// The factors of a product, which may be one only.
    pub(super) fn product(&self, product: Value) -> Term {
        let mut term = Term { coefficient: 1.0, factors: Vec::new() };
        self.collect_factors(product, &mut term);
        term
    }

    fn collect_factors(&self, value: Value, term: &mut Term) {
        let mut inner = |operand: Value| {
            if self.is_used_once(operand) || self.number(operand).is_some() {
                self.collect_factors(operand, term);
            } else {
                term.factors.push(operand);
            }
        };
        match *self.op(value) {
            Op::Binary(BinaryOp::Mul, a, b) => {
                inner(a);
                inner(b);
            }
            Op::Unary(UnaryOp::Neg, a) => {
                inner(a);
                term.coefficient = -term.coefficient;
            }
            Op::Const(number) if number.is_finite() => term.coefficient *= number,
            _ => term.factors.push(value),
        }
    }

    fn number(&self, value: Value) -> Option<f64> {
        match self.op(value) {
            Op::Const(number) if number.is_finite() => Some(*number),
            _ => None,
        }
    }
}
