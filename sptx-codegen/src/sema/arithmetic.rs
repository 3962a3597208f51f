//! Operators, on scalars, vectors and matrices.

use super::context::{Context, Matrix, Operand};
use super::{Reported, constant};
use crate::ast::Operator;
use crate::diagnostics::{Diagnostic, Span};
use crate::ir::{BinaryOp, Element, Op, Shape, Type, UnaryOp, Value};

/// Powers up to this are products; larger ones are exponentials.
const LARGEST_PRODUCT: f64 = 1024.0;

/// `-a`.
pub(super) fn negate(context: &mut Context<'_>, a: Operand) -> Result<Operand, Reported> {
    match a {
        Operand::Value(value) => match context.builder.op(value) {
            Op::Const(number) => {
                let number = -*number;
                Ok(Operand::Value(context.builder.constant(number)))
            }
            _ => Ok(Operand::Value(context.builder.neg(value))),
        },
        Operand::Matrix(matrix) => {
            let factor = match matrix.factor {
                Some(factor) => context.builder.neg(factor),
                None => context.builder.constant(-1.0),
            };
            Ok(Operand::Matrix(Matrix { factor: Some(factor), ..matrix }))
        }
    }
}

/// An operator on two operands; `span` is the place of the whole.
pub(super) fn binary(
    context: &mut Context<'_>,
    span: Span,
    operator: Operator,
    (left, left_span): (Operand, Span),
    (right, right_span): (Operand, Span),
) -> Result<Operand, Reported> {
    match (left, right) {
        (Operand::Value(left), Operand::Value(right)) => {
            values(context, span, operator, left, right).map(Operand::Value)
        }
        (Operand::Matrix(matrix), Operand::Value(right)) if operator == Operator::Mul => {
            matrix_times(context, span, matrix, right)
        }
        (Operand::Value(left), Operand::Matrix(matrix)) if operator == Operator::Mul => {
            times_matrix(context, span, left, matrix)
        }
        (Operand::Matrix(_), Operand::Matrix(_)) if operator == Operator::Mul => {
            let error = Diagnostic::new(span, "a product of two matrices");
            Err(context.report(error.help("apply them to a vector one after the other: `r.a * (r.b * h.v)`")))
        }
        (Operand::Matrix(_), Operand::Matrix(_) | Operand::Value(_)) => {
            Err(matrix_misused(context, operator, left_span))
        }
        (Operand::Value(_), Operand::Matrix(_)) => Err(matrix_misused(context, operator, right_span)),
    }
}

fn matrix_misused(context: &mut Context<'_>, operator: Operator, span: Span) -> Reported {
    let message = format!("`{}` does not take a matrix", operator.sign());
    let help = "a matrix is multiplied by a vector: `r.m * h.v`; a sum of matrices is written `r.m * h.v + r.n * h.v`";
    context.report(Diagnostic::new(span, message).label("this is a matrix").help(help))
}

/// `M * x`, or `M * s`.
fn matrix_times(context: &mut Context<'_>, span: Span, matrix: Matrix, right: Value) -> Result<Operand, Reported> {
    if context.builder.ty(right) == Type::SCALAR {
        return scale(context, span, matrix, right);
    }
    apply(context, span, matrix, right).map(Operand::Value)
}

/// `s * M`.
fn times_matrix(context: &mut Context<'_>, span: Span, left: Value, matrix: Matrix) -> Result<Operand, Reported> {
    if context.builder.ty(left) == Type::SCALAR {
        return scale(context, span, matrix, left);
    }
    let error = Diagnostic::new(span, "the matrix stands before its vector: `matrix * vector`");
    Err(context.report(error.help("for a row vector times a matrix write `transpose(matrix) * vector`")))
}

fn scale(context: &mut Context<'_>, span: Span, matrix: Matrix, by: Value) -> Result<Operand, Reported> {
    let factor = match matrix.factor {
        Some(factor) => values(context, span, Operator::Mul, factor, by)?,
        None => by,
    };
    Ok(Operand::Matrix(Matrix { factor: Some(factor), ..matrix }))
}

/// The product of a matrix and a vector.
pub(super) fn apply(context: &mut Context<'_>, span: Span, matrix: Matrix, vector: Value) -> Result<Value, Reported> {
    let product = Op::MatVec { matrix: matrix.value, vector, transposed: matrix.transposed };
    let Shape::Matrix(rows, columns) = context.builder.ty(matrix.value).shape else { return Err(Reported) };
    let from = if matrix.transposed { rows } else { columns };
    let found = context.builder.ty(vector);
    if found != Type::vector(from) {
        let wanted = &context.builder.score().dims[from].name;
        let matrix_is = context.type_of(matrix.value);
        let which = if matrix.transposed { "the transpose of a matrix" } else { "a matrix" };
        let message = format!("{which} {matrix_is} takes a vector `real[{wanted}]`, found {}", context.type_of(vector));
        let help = if found == Type::vector(if matrix.transposed { columns } else { rows }) {
            if matrix.transposed { "leave out `transpose`" } else { "write `transpose(matrix) * vector`" }
        } else {
            "a matrix `real[k, d]` brings a vector `real[d]` to `real[k]`"
        };
        return Err(context.report(Diagnostic::new(span, message).help(help)));
    }
    let product = context.push(span, product)?;
    match matrix.factor {
        Some(factor) => values(context, span, Operator::Mul, factor, product),
        None => Ok(product),
    }
}

/// An operator on scalars and vectors.
pub(super) fn values(
    context: &mut Context<'_>,
    span: Span,
    operator: Operator,
    left: Value,
    right: Value,
) -> Result<Value, Reported> {
    if let (Op::Const(a), Op::Const(b)) = (context.builder.op(left), context.builder.op(right)) {
        let folded = constant::operate(operator, *a, *b);
        return number(context, span, folded);
    }
    let sign = operator.sign();
    match operator {
        Operator::Add => elementwise(context, span, sign, BinaryOp::Add, left, right),
        Operator::Sub => elementwise(context, span, sign, BinaryOp::Sub, left, right),
        Operator::Mul => elementwise(context, span, sign, BinaryOp::Mul, left, right),
        Operator::Div => elementwise(context, span, sign, BinaryOp::Div, left, right),
        Operator::Greater => elementwise(context, span, sign, BinaryOp::Greater, left, right),
        Operator::Less => elementwise(context, span, sign, BinaryOp::Greater, right, left),
        Operator::Pow => power(context, span, left, right),
    }
}

/// A constant, unless it is not a number.
pub(super) fn number(context: &mut Context<'_>, span: Span, value: f64) -> Result<Value, Reported> {
    if value.is_nan() {
        return Err(context
            .report(Diagnostic::new(span, "this is not a number").help("its value has no meaning, as 0/0 has none")));
    }
    Ok(context.builder.constant(value))
}

/// An element-wise operation, which `name` has in the text.
pub(super) fn elementwise(
    context: &mut Context<'_>,
    span: Span,
    name: &str,
    op: BinaryOp,
    left: Value,
    right: Value,
) -> Result<Value, Reported> {
    let (a, b) = (context.builder.ty(left), context.builder.ty(right));
    let both = [a, b];
    let takes_complex = matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div);
    if !takes_complex && both.iter().any(|ty| ty.element == Element::Complex) {
        let error = Diagnostic::new(span, format!("`{name}` takes real numbers, found complex ones"));
        return Err(context.report(error.help("take `re(…)`, `im(…)` or `abs(…)` of them")));
    }
    if a.shape != b.shape && !both.iter().any(|ty| ty.shape == Shape::Scalar) {
        let message = format!("`{name}` joins {} and {}", context.type_of(left), context.type_of(right));
        let error = Diagnostic::new(span, message).label("their dimensions differ");
        let help = "declare one dimension for both, or bring one to the other's with a matrix: `r.m * h.v` with `m: real[k, d]`";
        return Err(context.report(error.help(help)));
    }
    context.push(span, Op::Binary(op, left, right))
}

/// `base ^ exponent`: a product for integers, a root for one half, else `exp(exponent · log(base))`.
pub(super) fn power(context: &mut Context<'_>, span: Span, base: Value, exponent: Value) -> Result<Value, Reported> {
    if let Op::Const(p) = *context.builder.op(exponent) {
        if p == 0.0 {
            let error = Diagnostic::new(span, "a power of 0 is 1 whatever its base");
            return Err(context.report(error.help("write `1`")));
        }
        if p.fract() == 0.0 && p.abs() <= LARGEST_PRODUCT {
            return integer_power(context, span, base, p);
        }
    }
    if context.builder.ty(base).element == Element::Complex {
        let error = Diagnostic::new(span, "a complex number has integer powers only");
        return Err(context.report(error.help("take a power of `abs(…)`, or of its parts `re(…)` and `im(…)`")));
    }
    if *context.builder.op(exponent) == Op::Const(0.5) {
        return context.push(span, Op::Unary(UnaryOp::Sqrt, base));
    }
    let log = context.push(span, Op::Unary(UnaryOp::Log, base))?;
    let scaled = elementwise(context, span, "^", BinaryOp::Mul, exponent, log)?;
    context.push(span, Op::Unary(UnaryOp::Exp, scaled))
}

/// An integer power, by repeated squaring.
fn integer_power(context: &mut Context<'_>, span: Span, base: Value, p: f64) -> Result<Value, Reported> {
    // `LARGEST_PRODUCT` bounds the exponent, so the conversion is exact.
    let mut rest = p.abs() as u32;
    let mut square = base;
    if let (Op::Unary(UnaryOp::Sqrt, under_root), 0) = (context.builder.op(base), rest % 2) {
        // The square of a root, as in `norm2(x)^2`: without the root there is no kink at 0.
        square = *under_root;
        rest /= 2;
    }
    let mut product = None;
    while rest > 0 {
        if rest % 2 == 1 {
            product = Some(match product {
                Some(product) => context.builder.mul(product, square),
                None => square,
            });
        }
        rest /= 2;
        if rest > 0 {
            square = context.builder.mul(square, square);
        }
    }
    let product = product.unwrap_or(square);
    if p > 0.0 {
        return Ok(product);
    }
    let one = context.builder.constant(1.0);
    elementwise(context, span, "^", BinaryOp::Div, one, product)
}
