//! Norms. Of a complex vector they are the norms of its moduli.

use super::Reported;
use super::arithmetic::power;
use super::context::Context;
use super::function::Call;
use crate::diagnostics::Diagnostic;
use crate::ir::{BinaryOp, Element, Op, ReduceOp, UnaryOp, Value};

/// `norm(x, p)`, where p is known when the score is compiled.
pub(super) fn norm(call: &Call<'_>, context: &mut Context<'_>, x: Value, p: Value) -> Result<Value, Reported> {
    let Op::Const(p) = *context.builder.op(p) else {
        let place = call.arguments.get(1).map_or(call.span, |argument| argument.span);
        let error = Diagnostic::new(place, "the order of a norm is known when the score is compiled");
        return Err(context.report(error.help("write a number, or declare a closed list: `parameter norm = 1 | 2;`")));
    };
    match p {
        1.0 => norm1(call, context, x),
        2.0 => norm2(call, context, x),
        f64::INFINITY => norm_inf(call, context, x),
        p if p > 0.0 => norm_p(call, context, x, p),
        p => Err(context
            .report(Diagnostic::new(call.span, format!("there is no norm of order {p}")).help("the order is above 0"))),
    }
}

/// Σ |x|.
pub(super) fn norm1(call: &Call<'_>, context: &mut Context<'_>, x: Value) -> Result<Value, Reported> {
    call.vector(context, x)?;
    let magnitudes = call.magnitude(context, x)?;
    call.reduce(context, ReduceOp::Sum, magnitudes)
}

/// √ Σ |x|².
pub(super) fn norm2(call: &Call<'_>, context: &mut Context<'_>, x: Value) -> Result<Value, Reported> {
    let square = sq_norm2(call, context, x)?;
    call.unary(context, UnaryOp::Sqrt, square)
}

/// Σ |x|²; of a complex x without a root: Σ re² + im².
pub(super) fn sq_norm2(call: &Call<'_>, context: &mut Context<'_>, x: Value) -> Result<Value, Reported> {
    call.vector(context, x)?;
    let squares = match context.builder.ty(x).element {
        Element::Real => call.pair(context, BinaryOp::Mul, x, x)?,
        Element::Complex => {
            let (re, im) = (context.push(call.span, Op::Re(x))?, context.push(call.span, Op::Im(x))?);
            let (re, im) = (call.pair(context, BinaryOp::Mul, re, re)?, call.pair(context, BinaryOp::Mul, im, im)?);
            call.pair(context, BinaryOp::Add, re, im)?
        }
    };
    call.reduce(context, ReduceOp::Sum, squares)
}

/// max |x|.
pub(super) fn norm_inf(call: &Call<'_>, context: &mut Context<'_>, x: Value) -> Result<Value, Reported> {
    call.vector(context, x)?;
    let magnitudes = call.magnitude(context, x)?;
    call.reduce(context, ReduceOp::Max, magnitudes)
}

/// (Σ |x|ᵖ)^(1/p).
fn norm_p(call: &Call<'_>, context: &mut Context<'_>, x: Value, p: f64) -> Result<Value, Reported> {
    call.vector(context, x)?;
    let magnitudes = call.magnitude(context, x)?;
    let exponent = context.builder.constant(p);
    let powers = power(context, call.span, magnitudes, exponent)?;
    let total = call.reduce(context, ReduceOp::Sum, powers)?;
    let root = context.builder.constant(p.recip());
    power(context, call.span, total, root)
}

/// x / ‖x‖₂, and 0 for x = 0.
pub(super) fn normalize(call: &Call<'_>, context: &mut Context<'_>, x: Value) -> Result<Value, Reported> {
    let norm = norm2(call, context, x)?;
    let inverse = call.unary(context, UnaryOp::ReciprocalOrZero, norm)?;
    call.pair(context, BinaryOp::Mul, x, inverse)
}
