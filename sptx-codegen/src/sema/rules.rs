//! Constraints and initialisers.

use super::context::Context;
use super::{Reported, constant};
use crate::ast::{self, Argument, Rule};
use crate::diagnostics::{Diagnostic, did_you_mean};
use crate::ir::{Constraint, Initializer, SlotType};

const CONSTRAINTS: [&str; 5] = ["max_norm", "unit_norm", "nonneg", "symmetric", "frozen"];
const INITIALIZERS: [&str; 6] = ["uniform", "normal", "xavier", "constant", "identity", "one_if_named"];

/// The constraints of a table. `unit[d]` is followed by its own, `unit_norm`.
pub(super) fn constraints(
    context: &mut Context<'_>,
    slot: &ast::Slot,
    ty: &SlotType,
) -> Result<Vec<Constraint>, Reported> {
    let mut constraints: Vec<Constraint> = Vec::new();
    let mut failed = false;
    for rule in &slot.constraints {
        match constraint(rule).and_then(|constraint| fits(rule, constraint, ty).map(|()| constraint)) {
            Ok(constraint) if constraints.contains(&constraint) => {
                context.report(Diagnostic::new(rule.name.span, format!("`{}` is given twice", rule.name.text)));
                failed = true;
            }
            Ok(constraint) => constraints.push(constraint),
            Err(error) => {
                context.report(error);
                failed = true;
            }
        }
    }
    if matches!(ty, SlotType::Unit(_)) && !constraints.contains(&Constraint::UnitNorm) {
        constraints.push(Constraint::UnitNorm);
    }
    if failed { Err(Reported) } else { Ok(constraints) }
}

/// The initialiser of a table.
pub(super) fn initializer(context: &mut Context<'_>, slot: &ast::Slot, ty: &SlotType) -> Result<Initializer, Reported> {
    let Some(rule) = &slot.initializer else { return Ok(Initializer::Default) };
    let initializer = self::named_initializer(rule).and_then(|initializer| match (&initializer, ty) {
        (Initializer::Identity, SlotType::Matrix(..)) => Ok(initializer),
        (Initializer::Identity, _) => {
            Err(misplaced(rule, "only a matrix begins as the identity", "declare `real[k, d]`, or use `constant(1)`"))
        }
        _ => Ok(initializer),
    });
    initializer.map_err(|error| context.report(error))
}

fn constraint(rule: &Rule) -> Result<Constraint, Diagnostic> {
    match rule.name.text.as_str() {
        "max_norm" => match numbers(rule)?.as_slice() {
            [most] if *most > 0.0 => Ok(Constraint::MaxNorm(*most)),
            _ => Err(usage(rule, "`max_norm(1)`, with one number above zero")),
        },
        "unit_norm" => bare(rule, Constraint::UnitNorm),
        "nonneg" => bare(rule, Constraint::NonNegative),
        "symmetric" => bare(rule, Constraint::Symmetric),
        "frozen" => bare(rule, Constraint::Frozen),
        unknown if INITIALIZERS.contains(&unknown) => Err(misplaced(
            rule,
            &format!("`{unknown}` is an initialiser"),
            "write it after `=`, and constraints before",
        )),
        unknown => {
            let error = Diagnostic::new(rule.name.span, format!("there is no constraint `{unknown}`"));
            Err(error.help(did_you_mean(unknown, CONSTRAINTS)))
        }
    }
}

/// Whether a constraint has a meaning for a type.
fn fits(rule: &Rule, constraint: Constraint, ty: &SlotType) -> Result<(), Diagnostic> {
    match (constraint, ty) {
        (Constraint::Frozen, _) => Ok(()),
        (_, SlotType::Phase(_)) => {
            Err(misplaced(rule, "a phase is stored as an angle, and its modulus is always 1", "remove the constraint"))
        }
        (Constraint::NonNegative, SlotType::Complex(_)) => {
            Err(misplaced(rule, "complex numbers have no sign", "remove `nonneg`"))
        }
        (Constraint::Symmetric, SlotType::Matrix(rows, columns)) if rows == columns => Ok(()),
        (Constraint::Symmetric, _) => {
            Err(misplaced(rule, "only a square matrix can be symmetric", "declare `real[d, d]`"))
        }
        (Constraint::MaxNorm(_), SlotType::Unit(_)) => {
            Err(misplaced(rule, "the norm of `unit[d]` is always 1", "remove `max_norm`"))
        }
        (Constraint::MaxNorm(_) | Constraint::UnitNorm | Constraint::NonNegative, _) => Ok(()),
    }
}

fn named_initializer(rule: &Rule) -> Result<Initializer, Diagnostic> {
    match rule.name.text.as_str() {
        "uniform" => match numbers(rule)?.as_slice() {
            [low, high] if low <= high => Ok(Initializer::Uniform(*low, *high)),
            [bound] if *bound >= 0.0 => Ok(Initializer::Uniform(-*bound, *bound)),
            _ => Err(usage(rule, "`uniform(low, high)` with low ≤ high, or `uniform(bound)` for [−bound, bound]")),
        },
        "normal" => match numbers(rule)?.as_slice() {
            [mean, deviation] if *deviation >= 0.0 => Ok(Initializer::Normal(*mean, *deviation)),
            _ => Err(usage(rule, "`normal(mean, deviation)`, the deviation not below zero")),
        },
        "constant" => match numbers(rule)?.as_slice() {
            [value] => Ok(Initializer::Constant(*value)),
            _ => Err(usage(rule, "`constant(0)`, with one number")),
        },
        "xavier" => bare(rule, Initializer::Xavier),
        "identity" => bare(rule, Initializer::Identity),
        "one_if_named" => names(rule).map(Initializer::OneIfNamed),
        unknown if CONSTRAINTS.contains(&unknown) => {
            Err(misplaced(rule, &format!("`{unknown}` is a constraint"), "write it after `where`, before `=`"))
        }
        unknown => {
            let error = Diagnostic::new(rule.name.span, format!("there is no initialiser `{unknown}`"));
            Err(error.help(did_you_mean(unknown, INITIALIZERS)))
        }
    }
}

fn bare<T>(rule: &Rule, value: T) -> Result<T, Diagnostic> {
    if rule.arguments.is_empty() {
        Ok(value)
    } else {
        Err(usage(rule, &format!("`{}`, without arguments", rule.name.text)))
    }
}

fn numbers(rule: &Rule) -> Result<Vec<f64>, Diagnostic> {
    let number = |argument: &Argument| match argument {
        Argument::Number(expr) => match constant::evaluate(expr, &|_| None) {
            Ok(value) if value.is_finite() => Ok(value),
            Ok(_) => Err(Diagnostic::new(expr.span, "expected a finite number")),
            Err(_) => Err(Diagnostic::new(expr.span, "expected a number").help("tables are set up from numbers only")),
        },
        Argument::Text(_, span) => Err(Diagnostic::new(*span, "expected a number, found a string")),
    };
    rule.arguments.iter().map(number).collect()
}

fn names(rule: &Rule) -> Result<Vec<String>, Diagnostic> {
    let name = |argument: &Argument| match argument {
        Argument::Text(text, _) => Ok(text.clone()),
        Argument::Number(expr) => Err(Diagnostic::new(expr.span, "expected a name in quotes, as in `\"instanceOf\"`")),
    };
    let names: Vec<String> = rule.arguments.iter().map(name).collect::<Result<_, _>>()?;
    if names.is_empty() { Err(usage(rule, "`one_if_named(\"instanceOf\")`, with one name or more")) } else { Ok(names) }
}

fn usage(rule: &Rule, right: &str) -> Diagnostic {
    Diagnostic::new(rule.name.span, format!("wrong arguments for `{}`", rule.name.text)).help(format!("write {right}"))
}

fn misplaced(rule: &Rule, why: &str, mend: &str) -> Diagnostic {
    Diagnostic::new(rule.name.span, format!("`{}` does not fit here: {why}", rule.name.text)).help(mend)
}
