//! `incidence` statements: one row of an incidence matrix, checked to be a fold of gathered rows.
//!
//! The terms are separated by the semiring's ⊕, written `+` in every semiring, or in its own spelling: `*` in
//! `hadamard`, `max(…)` and `min(…)` in `max_plus` and `min_plus`. `c * h.v` gives a term the coefficient c, joined by
//! ⊗; a term without one has the semiring's `one`, which ⊗ leaves alone. `- t.v` gives the coefficient −1, and `- c * t.v` −c, where
//! `one` is 1. In `plus_times` coefficients multiply, and distribute over parentheses.
//!
//! A row of gathers becomes an [`Op::Fold`]. A row that refers to an earlier row, or mixes real and complex terms,
//! becomes ordinary operations, from which the passes find folds again.

use super::context::{Binding, Context, Operand};
use super::{Reported, arithmetic, constant};
use crate::ast::{Expr, ExprKind, Incidence, Operator};
use crate::diagnostics::{Diagnostic, Span, did_you_mean};
use crate::ir::{BinaryOp, Element, Op, Semiring, SemiringExpr, SemiringId, Shape, Term, Type, Value};

/// One term of a row, and its place.
struct RowTerm {
    coefficient: f64,
    conjugate: bool,
    value: Value,
    /// Whether the value is read from a table, and not an earlier row's.
    gathered: bool,
    span: Span,
}

/// The value of a row.
pub(super) fn row(context: &mut Context<'_>, row: &Incidence) -> Result<Value, Reported> {
    let semiring = semiring(context, row)?;
    let mut reader = Reader { context, semiring: &semiring, terms: Vec::new() };
    reader.read(&row.value, None)?;
    let terms = reader.terms;
    check_terms(context, &semiring, row, &terms)?;
    let element = |context: &Context<'_>, term: &RowTerm| context.builder.ty(term.value).element;
    let first = element(context, &terms[0]);
    if terms.iter().all(|term| term.gathered && element(context, term) == first) {
        return fold(context, semiring, row, &terms);
    }
    operations(context, &semiring, &terms)
}

fn semiring(context: &mut Context<'_>, row: &Incidence) -> Result<Semiring, Reported> {
    let Some(name) = &row.semiring else { return Ok(Semiring::plus_times()) };
    if let Some(semiring) = context.semirings.get(&name.text) {
        return semiring.clone().ok_or(Reported);
    }
    let message = format!("there is no semiring `{}`", name.text);
    let help = did_you_mean(&name.text, context.semirings.keys().map(String::as_str));
    let declare = "or declare it beside the score: `semiring Mine { zero: …, one: …, add(a, b): …, mul(a, b): … }`";
    Err(context.report(Diagnostic::new(name.span, message).help(format!("{help}; {declare}"))))
}

/// All terms have one shape, and are real unless the semiring takes complex rows.
fn check_terms(
    context: &mut Context<'_>,
    semiring: &Semiring,
    row: &Incidence,
    terms: &[RowTerm],
) -> Result<(), Reported> {
    let Some(first) = terms.first() else {
        // The reader gives every expression a term at least.
        return Err(Reported);
    };
    let shape = context.builder.ty(first.value).shape;
    for term in terms {
        let Type { element, shape: found } = context.builder.ty(term.value);
        if found != shape {
            let message = format!(
                "the row `{}` joins {} and {}",
                row.name.text,
                context.type_of(first.value),
                context.type_of(term.value)
            );
            let error = Diagnostic::new(term.span, message).label("of another shape than the first term");
            return Err(context.report(error.help("the terms of a row have one type; use `let` for other sums")));
        }
        if element == Element::Complex && !takes_complex(semiring) {
            let error = Diagnostic::new(term.span, format!("`{}` folds real rows, found a complex one", semiring.name));
            return Err(context.report(error.help("complex rows are folded in `plus_times` and `hadamard`")));
        }
    }
    Ok(())
}

fn takes_complex(semiring: &Semiring) -> bool {
    ["plus_times", "hadamard"].contains(&semiring.name.as_str())
}

fn fold(context: &mut Context<'_>, semiring: Semiring, row: &Incidence, terms: &[RowTerm]) -> Result<Value, Reported> {
    let terms = terms
        .iter()
        .map(|term| Term { coefficient: term.coefficient, conjugate: term.conjugate, value: term.value })
        .collect();
    let semiring = intern(context, semiring);
    context.push(row.value.span, Op::Fold { semiring, terms })
}

fn intern(context: &mut Context<'_>, semiring: Semiring) -> SemiringId {
    let semirings = &mut context.builder.declarations().semirings;
    semirings.find(|known| *known == semiring).unwrap_or_else(|| semirings.push(semiring))
}

/// The row as ordinary operations.
fn operations(context: &mut Context<'_>, semiring: &Semiring, terms: &[RowTerm]) -> Result<Value, Reported> {
    let mut joined = None;
    for term in terms {
        let value = if term.conjugate { context.push(term.span, Op::Conj(term.value))? } else { term.value };
        joined = Some(match joined {
            None => weighted(context, semiring, term, value)?,
            Some(sum) if semiring.name == "plus_times" && term.coefficient == -1.0 => {
                context.push(term.span, Op::Binary(BinaryOp::Sub, sum, value))?
            }
            Some(sum) => {
                let value = weighted(context, semiring, term, value)?;
                expand(context, term.span, &semiring.add, sum, value)?
            }
        });
    }
    // `check_terms` has ruled out a row without terms.
    joined.ok_or(Reported)
}

fn weighted(context: &mut Context<'_>, semiring: &Semiring, term: &RowTerm, value: Value) -> Result<Value, Reported> {
    if term.coefficient == semiring.one {
        return Ok(value);
    }
    let coefficient = context.builder.constant(term.coefficient);
    expand(context, term.span, &semiring.mul, coefficient, value)
}

/// A semiring's operation on values.
fn expand(
    context: &mut Context<'_>,
    span: Span,
    expr: &SemiringExpr,
    left: Value,
    right: Value,
) -> Result<Value, Reported> {
    match expr {
        SemiringExpr::Left => Ok(left),
        SemiringExpr::Right => Ok(right),
        SemiringExpr::Const(value) => Ok(context.builder.constant(*value)),
        SemiringExpr::Unary(op, a) => {
            let a = expand(context, span, a, left, right)?;
            context.push(span, Op::Unary(*op, a))
        }
        SemiringExpr::Binary(op, a, b) => {
            let (a, b) = (expand(context, span, a, left, right)?, expand(context, span, b, left, right)?);
            arithmetic::elementwise(context, span, op.name(), *op, a, b)
        }
    }
}

/// Reads the terms of a row.
struct Reader<'r, 'c> {
    context: &'r mut Context<'c>,
    semiring: &'r Semiring,
    terms: Vec<RowTerm>,
}

impl Reader<'_, '_> {
    /// Reads an expression whose terms all get this coefficient; without one, the semiring's `one`.
    fn read(&mut self, expr: &Expr, coefficient: Option<f64>) -> Result<(), Reported> {
        match &expr.kind {
            ExprKind::Binary(Operator::Add, a, b) => self.join(expr.span, coefficient, &[a, b]),
            ExprKind::Binary(Operator::Sub, a, b) => {
                self.check_distributes(expr.span, coefficient)?;
                let first = self.read(a, coefficient);
                let negated = self.negated(expr.span, coefficient)?;
                first.and(self.read(b, Some(negated)))
            }
            ExprKind::Neg(a) => match self.constant(a) {
                Some(_) => Err(self.not_a_term(expr)),
                None => {
                    let negated = self.negated(expr.span, coefficient)?;
                    self.read(a, Some(negated))
                }
            },
            ExprKind::Binary(Operator::Mul, a, b) => self.product(expr, a, b, coefficient),
            ExprKind::Binary(Operator::Div, a, b) if self.semiring.name == "plus_times" => match self.constant(b) {
                Some(divisor) => self.scaled(expr.span, a, divisor.recip(), coefficient),
                None => Err(self.not_a_term(expr)),
            },
            ExprKind::Call(function, arguments) if self.spells_add(&function.text) && arguments.len() > 1 => {
                self.join(expr.span, coefficient, &arguments.iter().collect::<Vec<_>>())
            }
            ExprKind::Call(function, arguments) if function.text == "conj" && arguments.len() == 1 => {
                self.leaf(&arguments[0], expr.span, true, coefficient)
            }
            ExprKind::Number(_)
            | ExprKind::Name(_)
            | ExprKind::Slot(..)
            | ExprKind::Row(..)
            | ExprKind::Binary(..)
            | ExprKind::Call(..) => self.leaf(expr, expr.span, false, coefficient),
        }
    }

    fn join(&mut self, span: Span, coefficient: Option<f64>, parts: &[&Expr]) -> Result<(), Reported> {
        self.check_distributes(span, coefficient)?;
        let read: Vec<_> = parts.iter().map(|part| self.read(part, coefficient)).collect();
        read.into_iter().collect()
    }

    /// A coefficient before parentheses has a meaning in `plus_times` only.
    fn check_distributes(&mut self, span: Span, coefficient: Option<f64>) -> Result<(), Reported> {
        if coefficient.is_none() || self.semiring.name == "plus_times" {
            return Ok(());
        }
        let error = Diagnostic::new(span, format!("a coefficient before several terms in `{}`", self.semiring.name));
        Err(self.context.report(error.help("write the coefficient at each term")))
    }

    /// The coefficient of `- term`.
    fn negated(&mut self, span: Span, coefficient: Option<f64>) -> Result<f64, Reported> {
        let name = &self.semiring.name;
        if name == "plus_times" {
            return Ok(-coefficient.unwrap_or(1.0));
        }
        let error = Diagnostic::new(span, format!("`{name}` has no minus"));
        if name == "hadamard" {
            return Err(self.context.report(
                error.help("a hadamard row multiplies rows whose coefficients are 1: negate the result in a `let`"),
            ));
        }
        if self.semiring.one != 1.0 {
            let help = format!("its ⊗ with 1 is not the identity: write the coefficient, as in `{} * t.v`", -1);
            return Err(self.context.report(error.help(help)));
        }
        if coefficient.is_some() {
            return Err(self.context.report(error.help("write one coefficient at each term")));
        }
        Ok(-1.0)
    }

    fn product(&mut self, expr: &Expr, a: &Expr, b: &Expr, coefficient: Option<f64>) -> Result<(), Reported> {
        match (self.constant(a), self.constant(b)) {
            (Some(factor), None) => self.scaled(expr.span, b, factor, coefficient),
            (None, Some(factor)) => self.scaled(expr.span, a, factor, coefficient),
            (None, None) if self.semiring.name == "hadamard" => self.join(expr.span, coefficient, &[a, b]),
            (None, None) => {
                let message = format!("a product of rows in `{}`", self.semiring.name);
                let help = "end the statement with `in hadamard`, or write it as a `let`";
                Err(self.context.report(Diagnostic::new(expr.span, message).help(help)))
            }
            (Some(_), Some(_)) => Err(self.not_a_term(expr)),
        }
    }

    fn scaled(&mut self, span: Span, term: &Expr, factor: f64, outer: Option<f64>) -> Result<(), Reported> {
        if self.semiring.name == "plus_times" {
            return self.read(term, Some(factor * outer.unwrap_or(1.0)));
        }
        if self.semiring.name == "hadamard" && factor != 1.0 {
            let error = Diagnostic::new(span, format!("a coefficient {factor} in a hadamard row"));
            let help = "the coefficients of a hadamard row are 1: multiply the result in a `let`";
            return Err(self.context.report(error.help(help)));
        }
        // Where there is a minus, `one` is 1, and `- 2 * h.v` has the coefficient −2.
        if outer == Some(-1.0) && self.semiring.one == 1.0 {
            return self.read(term, Some(-factor));
        }
        if outer.is_some() {
            let error = Diagnostic::new(span, format!("two coefficients of one term in `{}`", self.semiring.name));
            return Err(self.context.report(error.help("write one coefficient at each term")));
        }
        self.read(term, Some(factor))
    }

    /// Whether a function is the semiring's ⊕.
    fn spells_add(&self, function: &str) -> bool {
        matches!((self.semiring.name.as_str(), function), ("max_plus", "max") | ("min_plus", "min"))
    }

    /// The value of a constant expression.
    fn constant(&self, expr: &Expr) -> Option<f64> {
        let lookup = |name: &str| match self.context.names.get(name) {
            Some(Binding::Operand(Operand::Value(value))) => match self.context.builder.op(*value) {
                Op::Const(number) => Some(*number),
                _ => None,
            },
            Some(Binding::Operand(Operand::Matrix(_)) | Binding::Row(_) | Binding::Reported) | None => None,
        };
        constant::evaluate(expr, &lookup).ok()
    }

    fn leaf(&mut self, expr: &Expr, span: Span, conjugate: bool, coefficient: Option<f64>) -> Result<(), Reported> {
        let gathered = match &expr.kind {
            ExprKind::Slot(..) | ExprKind::Row(..) => true,
            ExprKind::Call(function, _) => ["lower", "upper", "angle"].contains(&function.text.as_str()),
            ExprKind::Name(_) | ExprKind::Number(_) | ExprKind::Neg(_) | ExprKind::Binary(..) => false,
        };
        if !gathered && !self.is_row(expr)? {
            return Err(self.not_a_term(expr));
        }
        let value = self.context.value(expr)?;
        if conjugate && self.context.builder.ty(value).element == Element::Real {
            let error = Diagnostic::new(span, "the conjugate of a real row is the row itself");
            return Err(self.context.report(error.help("leave `conj` out, or declare the table as `complex[d]`")));
        }
        if let Shape::Matrix(..) = self.context.builder.ty(value).shape {
            return Err(self.not_a_term(expr));
        }
        let coefficient = coefficient.unwrap_or(self.semiring.one);
        self.terms.push(RowTerm { coefficient, conjugate, value, gathered, span });
        Ok(())
    }

    /// Whether an expression names an earlier row.
    fn is_row(&self, expr: &Expr) -> Result<bool, Reported> {
        let ExprKind::Name(name) = &expr.kind else { return Ok(false) };
        match self.context.names.get(name) {
            Some(Binding::Row(_)) => Ok(true),
            Some(Binding::Reported) => Err(Reported),
            Some(Binding::Operand(_)) | None => Ok(false),
        }
    }

    fn not_a_term(&mut self, expr: &Expr) -> Reported {
        let error = Diagnostic::new(expr.span, "an incidence row folds rows of tables, which this is not");
        let help = "a term is `h.v`, `2 * r.v`, `conj(t.v)` or an earlier row; for anything else write `let` in place of `incidence`";
        self.context.report(error.help(help))
    }
}
