//! Constant expressions: numbers known when a score is compiled.

use crate::ast::{Expr, ExprKind, Operator};
use crate::diagnostics::Diagnostic;

/// The value of a constant expression; `lookup` gives the values of names.
pub(super) fn evaluate(expr: &Expr, lookup: &dyn Fn(&str) -> Option<f64>) -> Result<f64, Diagnostic> {
    let value = match &expr.kind {
        ExprKind::Number(value) => *value,
        ExprKind::Name(name) => named(name).or_else(|| lookup(name)).ok_or_else(|| not_constant(expr))?,
        ExprKind::Neg(a) => -evaluate(a, lookup)?,
        ExprKind::Binary(operator, a, b) => operate(*operator, evaluate(a, lookup)?, evaluate(b, lookup)?),
        ExprKind::Call(function, arguments) if function.text == "sqrt" && arguments.len() == 1 => {
            evaluate(&arguments[0], lookup)?.sqrt()
        }
        ExprKind::Slot(..) | ExprKind::Row(..) | ExprKind::Call(..) => return Err(not_constant(expr)),
    };
    if value.is_nan() {
        return Err(
            Diagnostic::new(expr.span, "this is not a number").help("its value has no meaning, as 0/0 has none")
        );
    }
    Ok(value)
}

/// The numbers that have names.
pub(super) fn named(name: &str) -> Option<f64> {
    match name {
        "inf" => Some(f64::INFINITY),
        "pi" => Some(std::f64::consts::PI),
        _ => None,
    }
}

/// The value of an operator on numbers.
pub(super) fn operate(operator: Operator, a: f64, b: f64) -> f64 {
    match operator {
        Operator::Add => a + b,
        Operator::Sub => a - b,
        Operator::Mul => a * b,
        Operator::Div => a / b,
        Operator::Pow => a.powf(b),
        Operator::Greater => f64::from(u8::from(a > b)),
        Operator::Less => f64::from(u8::from(a < b)),
    }
}

fn not_constant(expr: &Expr) -> Diagnostic {
    Diagnostic::new(expr.span, "expected a number known when the score is compiled")
        .help("write a number, a parameter with a closed list of values, or arithmetic on such")
}
