//! Forming incidence rows.

use super::emit;
use super::terms::{Term as Product, View};
use crate::ir::{BinaryOp, Builder, Op, PlaneId, Score, Semiring, SemiringId, Side, Term, Type, UnaryOp, Value};
use crate::passes::expand_folds::is_plus_times;
use crate::passes::rebuild::renamed;
use crate::passes::simplify::push;

/// Rebuilds a score with its linear combinations and products of gathers as rows.
///
/// A first run finds the linear rows; a second one writes larger rows with the smaller ones among them.
pub(super) fn form(score: &Score) -> Score {
    let (_, found) = run(score, Vec::new());
    let (formed, _) = run(score, found);
    formed
}

/// A linear row over the values of the score that is taken apart, in the order of [`Gathered`].
type LinearRow = Vec<(Gathered, f64)>;

/// A gathered row as a fold takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Gathered {
    side: Side,
    plane: PlaneId,
    conjugate: bool,
    /// The gather, or its `Cis`.
    value: Value,
}

fn run(score: &Score, known: Vec<LinearRow>) -> (Score, Vec<LinearRow>) {
    let mut builder = Builder::with_declarations_of(score);
    let plus_times = semiring(&mut builder, Semiring::plus_times());
    let hadamard = semiring(&mut builder, Semiring::hadamard());
    let done = vec![None; score.nodes.len()];
    let mut rows = Rows { view: View::new(score), builder, done, plus_times, hadamard, known, found: Vec::new() };
    rows.declared();
    let root = rows.emit(score.root);
    let names = renamed(&score.names, |value| rows.done[value.index()]);
    rows.builder.declarations().names = names;
    (rows.builder.finish(root), rows.found)
}

fn semiring(builder: &mut Builder, wanted: Semiring) -> SemiringId {
    let semirings = &mut builder.declarations().semirings;
    semirings.find(|semiring| *semiring == wanted).unwrap_or_else(|| semirings.push(wanted))
}

struct Rows<'a> {
    view: View<'a>,
    builder: Builder,
    done: Vec<Option<Value>>,
    plus_times: SemiringId,
    hadamard: SemiringId,
    known: Vec<LinearRow>,
    found: Vec<LinearRow>,
}

impl Rows<'_> {
    fn emit(&mut self, value: Value) -> Value {
        if let Some(done) = self.done[value.index()] {
            return done;
        }
        let emitted = match self.view.op(value) {
            Op::Binary(BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, ..) | Op::Unary(UnaryOp::Neg, _) => {
                self.sum(value)
            }
            _ => self.plain(value),
        };
        // Where everything cancels, a scalar could stand for a vector: the value is then left as it was.
        let emitted = if self.builder.ty(emitted) == self.ty(value) { emitted } else { self.plain(value) };
        self.done[value.index()] = Some(emitted);
        emitted
    }

    fn plain(&mut self, value: Value) -> Value {
        let op = self.view.op(value).map_operands(|operand| self.emit(operand));
        push(&mut self.builder, op)
    }

    /// Records the declared linear rows, so that sums are written with them.
    fn declared(&mut self) {
        for (_, node) in self.view.score.nodes.iter() {
            if let Op::Fold { semiring, terms } = &node.op
                && is_plus_times(&self.view.score.semirings[*semiring])
            {
                let row = terms.iter().filter_map(|term| Some((self.gathered_term(term)?, term.coefficient))).collect();
                self.found.push(row);
            }
        }
    }

    fn gathered_term(&self, term: &Term) -> Option<Gathered> {
        let gathered = self.gathered(term.value)?;
        Some(Gathered { conjugate: term.conjugate, ..gathered })
    }

    /// The gathered row that a value is: a gather, its `Cis`, or the conjugate of one of these.
    fn gathered(&self, value: Value) -> Option<Gathered> {
        match *self.view.op(value) {
            Op::Gather { side, plane } => Some(Gathered { side, plane, conjugate: false, value }),
            Op::Cis(angle) => match *self.view.op(angle) {
                Op::Gather { side, plane } => Some(Gathered { side, plane, conjugate: false, value }),
                _ => None,
            },
            Op::Conj(inner) => {
                let gathered = self.gathered(inner)?;
                Some(Gathered { conjugate: !gathered.conjugate, ..gathered })
            }
            _ => None,
        }
    }

    fn ty(&self, value: Value) -> Type {
        self.view.score.nodes[value].ty
    }

    fn sum(&mut self, value: Value) -> Value {
        let ty = self.ty(value);
        let terms = self.view.terms(value);
        let mut row: LinearRow = Vec::new();
        let mut in_row = Vec::new();
        for (position, term) in terms.iter().enumerate() {
            if let Some(gathered) = self.linear_term(term, ty)
                && row.iter().all(|(other, _)| *other != gathered)
            {
                row.push((gathered, term.coefficient));
                in_row.push(position);
            }
        }
        if !joins_two_sides(row.iter().map(|(gathered, _)| gathered)) {
            in_row.clear();
        }
        row.sort_by_key(|(gathered, _)| *gathered);
        // A row begins with a positive term: `−r − t` is the row `r + t`, subtracted.
        let sign = row.first().map_or(1.0, |(_, coefficient)| coefficient.signum());
        for (_, coefficient) in &mut row {
            *coefficient *= sign;
        }
        let mut items = Vec::new();
        for (position, term) in terms.iter().enumerate() {
            if in_row.first() == Some(&position) {
                let terms = self.linear_row(&row);
                items.extend(terms.into_iter().map(|(coefficient, value)| (sign * coefficient, value)));
            } else if !in_row.contains(&position) {
                items.push((term.coefficient, self.product(term)));
            }
        }
        emit::scaled_sum(&mut self.builder, &items)
    }

    fn linear_term(&self, term: &Product, ty: Type) -> Option<Gathered> {
        match term.factors.as_slice() {
            [value] if self.ty(*value) == ty => self.gathered(*value),
            _ => None,
        }
    }

    /// Terms whose sum is the row.
    fn linear_row(&mut self, row: &LinearRow) -> Vec<(f64, Value)> {
        if !joins_two_sides(row.iter().map(|(gathered, _)| gathered)) {
            return row.iter().map(|(gathered, coefficient)| (*coefficient, self.single(*gathered))).collect();
        }
        if !self.found.contains(row) {
            self.found.push(row.clone());
        }
        match self.part_of(row) {
            None => vec![(1.0, self.fold(self.plus_times, row))],
            Some((scale, part)) => {
                let rest = row.iter().filter(|(gathered, _)| part.iter().all(|(other, _)| other != gathered));
                let rest: LinearRow = rest.copied().collect();
                let part = self.linear_row(&part);
                let mut items = vec![(scale, emit::scaled_sum(&mut self.builder, &part))];
                items.append(&mut self.linear_row(&rest));
                items
            }
        }
    }

    fn single(&mut self, gathered: Gathered) -> Value {
        let value = self.emit(gathered.value);
        if gathered.conjugate { push(&mut self.builder, Op::Conj(value)) } else { value }
    }

    /// The known row that this one is written with, and the number by which it is multiplied: of rows that are
    /// multiples of each other the first known stands for all, and is written with the largest known part of it.
    fn part_of(&self, row: &LinearRow) -> Option<(f64, LinearRow)> {
        let parts = || self.known.iter().filter_map(|part| Some((multiple(part, row)?, part)));
        let (_, first) = parts().find(|(_, part)| part.len() == row.len())?;
        let written_with = if first == row {
            parts().filter(|(_, part)| part.len() < row.len()).rev().max_by_key(|(_, part)| part.len())
        } else {
            parts().find(|(_, part)| *part == first)
        };
        written_with.map(|(scale, part)| (scale, part.clone()))
    }

    fn fold(&mut self, semiring: SemiringId, row: &LinearRow) -> Value {
        let mut terms = Vec::new();
        for &(Gathered { conjugate, value, .. }, coefficient) in row {
            terms.push(Term { coefficient, conjugate, value: self.emit(value) });
        }
        self.builder.push(Op::Fold { semiring, terms })
    }

    /// The product of a term's factors, the rows among them folded.
    fn product(&mut self, term: &Product) -> Value {
        let ty = self.product_type(&term.factors);
        let mut row: LinearRow = Vec::new();
        let mut others = Vec::new();
        for &factor in &term.factors {
            match self.gathered(factor).filter(|_| self.ty(factor) == ty) {
                Some(gathered) if row.iter().all(|(other, _)| *other != gathered) => row.push((gathered, 1.0)),
                _ => others.push(factor),
            }
        }
        if !joins_two_sides(row.iter().map(|(gathered, _)| gathered)) {
            let factors: Vec<_> = term.factors.iter().map(|factor| self.emit(*factor)).collect();
            return emit::product(&mut self.builder, &factors);
        }
        row.sort_by_key(|(gathered, _)| *gathered);
        let mut factors = vec![self.fold(self.hadamard, &row)];
        for factor in others {
            factors.push(self.emit(factor));
        }
        emit::product(&mut self.builder, &factors)
    }

    /// The type that most of the factors' rows have: a vector's, if there is one; complex, if there is one.
    fn product_type(&self, factors: &[Value]) -> Type {
        let rank = |ty: &Type| (ty.shape != Type::SCALAR.shape, ty.element != Type::SCALAR.element);
        factors.iter().map(|factor| self.ty(*factor)).max_by_key(rank).unwrap_or(Type::SCALAR)
    }
}

/// Whether at least two of head, relation and tail take part.
fn joins_two_sides<'a>(row: impl Iterator<Item = &'a Gathered>) -> bool {
    let mut sides: Vec<_> = row.map(|gathered| gathered.side).collect();
    sides.dedup();
    sides.iter().any(|side| *side != sides[0])
}

/// The number s for which `s·part` is part of `row`.
fn multiple(part: &LinearRow, row: &LinearRow) -> Option<f64> {
    let coefficient = |wanted: &Gathered| row.iter().find(|(gathered, _)| gathered == wanted).map(|(_, c)| *c);
    let (first, size) = part.first()?;
    let scale = coefficient(first)? / size;
    let fits = part.iter().all(|(gathered, size)| coefficient(gathered) == Some(scale * size));
    (fits && part.len() > 1).then_some(scale)
}
