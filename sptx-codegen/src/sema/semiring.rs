//! Declared semirings, and the check that their operations have derivatives.

use super::function::{Function, Plain, resolve};
use super::{Semirings, constant, twice};
use crate::ast::{self, Expr, ExprKind, Operator};
use crate::diagnostics::{Diagnostic, listed};
use crate::ir::{BinaryOp, Semiring, SemiringExpr, UnaryOp};

/// The largest operation, in nodes: bodies are trees, and `square(square(…))` doubles with each level.
const LARGEST: usize = 1000;

/// The built-in semirings and those of a file.
pub(super) fn all(file: &ast::File, errors: &mut Vec<Diagnostic>) -> Semirings {
    let built_in = Semiring::all_built_in();
    let names: Vec<&str> = built_in.iter().map(|semiring| semiring.name.as_str()).collect();
    let mut known: Semirings =
        built_in.iter().map(|semiring| (semiring.name.clone(), Some(semiring.clone()))).collect();
    for declared in &file.semirings {
        let name = &declared.name;
        if names.contains(&name.text.as_str()) {
            let error = Diagnostic::new(name.span, format!("`{}` is a built-in semiring", name.text));
            errors.push(error.help(format!("{} are there already: choose another name", listed(&names))));
        } else if known.contains_key(&name.text) {
            errors.push(twice(name, "a semiring"));
        } else {
            known.insert(name.text.clone(), semiring(declared, errors));
        }
    }
    known
}

/// A declared semiring, if it has no error.
pub(super) fn semiring(declared: &ast::Semiring, errors: &mut Vec<Diagnostic>) -> Option<Semiring> {
    let zero = constant::evaluate(&declared.zero, &|_| None);
    let one = constant::evaluate(&declared.one, &|_| None);
    let add = operation(&declared.add).and_then(|add| check_add(declared, &add).map(|()| add));
    let mul = operation(&declared.mul).and_then(|mul| check_mul(declared, &mul).map(|()| mul));
    match (zero, one, add, mul) {
        (Ok(zero), Ok(one), Ok(add), Ok(mul)) => {
            Some(Semiring { name: declared.name.text.clone(), zero, one, add, mul })
        }
        (zero, one, add, mul) => {
            errors.extend([zero.err(), one.err(), add.err(), mul.err()].into_iter().flatten());
            None
        }
    }
}

fn check_add(declared: &ast::Semiring, add: &SemiringExpr) -> Result<(), Diagnostic> {
    let operation = &declared.add;
    for (name, argument) in [(&operation.left, SemiringExpr::Left), (&operation.right, SemiringExpr::Right)] {
        if !has_derivative(add, &argument) {
            let message = format!(
                "a fold without a derivative: `add` of `{}` has none with respect to `{}`",
                declared.name.text, name.text
            );
            return Err(Diagnostic::new(operation.body.span, message).help(flat_help(&name.text)));
        }
    }
    Ok(())
}

fn check_mul(declared: &ast::Semiring, mul: &SemiringExpr) -> Result<(), Diagnostic> {
    let (name, operation) = (&declared.mul.right.text, &declared.mul);
    if has_derivative(mul, &SemiringExpr::Right) {
        return Ok(());
    }
    let message = format!(
        "a fold without a derivative: `mul` of `{}` has none with respect to `{name}`, the gathered element",
        declared.name.text
    );
    Err(Diagnostic::new(operation.body.span, message).help(flat_help(name)))
}

fn flat_help(name: &str) -> String {
    format!(
        "nothing could be learned through it: let `{name}` enter by something other than `sign`, `floor`, `equal`, `<` and `>`, whose derivative is 0"
    )
}

/// Whether an operation's derivative with respect to an argument is anything but 0.
fn has_derivative(expr: &SemiringExpr, argument: &SemiringExpr) -> bool {
    match expr {
        SemiringExpr::Left | SemiringExpr::Right => expr == argument,
        SemiringExpr::Const(_) => false,
        SemiringExpr::Unary(UnaryOp::Sign | UnaryOp::Floor, _) => false,
        SemiringExpr::Unary(_, a) => has_derivative(a, argument),
        SemiringExpr::Binary(BinaryOp::Greater | BinaryOp::Equal, ..) => false,
        SemiringExpr::Binary(_, a, b) => has_derivative(a, argument) || has_derivative(b, argument),
    }
}

fn operation(operation: &ast::Operation) -> Result<SemiringExpr, Diagnostic> {
    let expr = body(operation, &operation.body)?;
    if size(&expr) > LARGEST {
        let error = Diagnostic::new(operation.body.span, "this operation is too large");
        return Err(error.help(format!("written out it has more than {LARGEST} operations for each element")));
    }
    Ok(expr)
}

fn body(operation: &ast::Operation, expr: &Expr) -> Result<SemiringExpr, Diagnostic> {
    match &expr.kind {
        ExprKind::Number(value) => Ok(SemiringExpr::Const(*value)),
        ExprKind::Name(name) if *name == operation.left.text => Ok(SemiringExpr::Left),
        ExprKind::Name(name) if *name == operation.right.text => Ok(SemiringExpr::Right),
        ExprKind::Name(name) => {
            constant::named(name).map(SemiringExpr::Const).ok_or_else(|| unknown(operation, expr, name))
        }
        ExprKind::Slot(..) | ExprKind::Row(..) => Err(Diagnostic::new(expr.span, "a semiring reads no table")
            .help(format!("it joins its arguments `{}` and `{}`", operation.left.text, operation.right.text))),
        ExprKind::Neg(a) => Ok(unary(UnaryOp::Neg, body(operation, a)?)),
        ExprKind::Binary(operator, a, b) => {
            operate(expr, *operator, bounded(expr, body(operation, a)?)?, bounded(expr, body(operation, b)?)?)
        }
        ExprKind::Call(name, arguments) => {
            let function = resolve(name, arguments.len())?;
            let arguments = arguments
                .iter()
                .map(|argument| bounded(expr, body(operation, argument)?))
                .collect::<Result<Vec<_>, _>>()?;
            call(expr, name, function, &arguments)
        }
    }
}

fn unknown(operation: &ast::Operation, expr: &Expr, name: &str) -> Diagnostic {
    let arguments = [operation.left.text.as_str(), operation.right.text.as_str()];
    Diagnostic::new(expr.span, format!("nothing is called `{name}`"))
        .help(format!("a semiring's operation reads its arguments {} only", listed(&arguments)))
}

fn unary(op: UnaryOp, a: SemiringExpr) -> SemiringExpr {
    match a {
        SemiringExpr::Const(value) => SemiringExpr::Const(op.apply(value)),
        a => SemiringExpr::Unary(op, Box::new(a)),
    }
}

fn binary(op: BinaryOp, a: SemiringExpr, b: SemiringExpr) -> SemiringExpr {
    SemiringExpr::Binary(op, Box::new(a), Box::new(b))
}

fn operate(expr: &Expr, operator: Operator, a: SemiringExpr, b: SemiringExpr) -> Result<SemiringExpr, Diagnostic> {
    Ok(match operator {
        Operator::Add => binary(BinaryOp::Add, a, b),
        Operator::Sub => binary(BinaryOp::Sub, a, b),
        Operator::Mul => binary(BinaryOp::Mul, a, b),
        Operator::Div => binary(BinaryOp::Div, a, b),
        Operator::Greater => binary(BinaryOp::Greater, a, b),
        Operator::Less => binary(BinaryOp::Greater, b, a),
        Operator::Pow => return power(expr, &a, b),
    })
}

/// An integer power as a product, any other as `exp(p · log(base))`.
fn power(expr: &Expr, base: &SemiringExpr, exponent: SemiringExpr) -> Result<SemiringExpr, Diagnostic> {
    match exponent {
        SemiringExpr::Const(p) if p.fract() == 0.0 && (1.0..=16.0).contains(&p) => {
            // The bound makes the conversion exact.
            let times = p as usize;
            if size(base) * times > LARGEST {
                return Err(Diagnostic::new(expr.span, "this operation is too large"));
            }
            Ok((1..times).fold(base.clone(), |product, _| binary(BinaryOp::Mul, product, base.clone())))
        }
        exponent => Ok(unary(UnaryOp::Exp, binary(BinaryOp::Mul, exponent, unary(UnaryOp::Log, base.clone())))),
    }
}

fn call(
    expr: &Expr,
    name: &ast::Name,
    function: Function,
    arguments: &[SemiringExpr],
) -> Result<SemiringExpr, Diagnostic> {
    let error = Diagnostic::new(name.span, format!("`{}` has no meaning for single elements", name.text));
    let refused = error.help("a semiring joins two numbers: use arithmetic, `min(a, b)`, `max(a, b)`, `exp`, `log`, …");
    match function {
        Function::Plain(plain) => plain_call(expr, plain, arguments)?.ok_or(refused),
        Function::Bilinear
        | Function::Quadratic
        | Function::Transpose
        | Function::Angle
        | Function::Half(_)
        | Function::Choose => Err(refused),
    }
}

/// The operation of a function, or `None` for one of vectors or complex numbers.
fn plain_call(expr: &Expr, function: Plain, arguments: &[SemiringExpr]) -> Result<Option<SemiringExpr>, Diagnostic> {
    let argument = |index: usize| arguments[index].clone();
    Ok(match function {
        Plain::Elementwise(op) => Some(unary(op, argument(0))),
        Plain::Abs => Some(unary(UnaryOp::Abs, argument(0))),
        Plain::Relu => Some(binary(BinaryOp::Max, argument(0), SemiringExpr::Const(0.0))),
        Plain::Square => Some(binary(BinaryOp::Mul, argument(0), argument(0))),
        Plain::Pow => Some(power(expr, &arguments[0], argument(1))?),
        Plain::Clamp => Some(binary(BinaryOp::Min, binary(BinaryOp::Max, argument(0), argument(1)), argument(2))),
        Plain::Equal => Some(binary(BinaryOp::Equal, argument(0), argument(1))),
        Plain::Min => chain(BinaryOp::Min, arguments),
        Plain::Max => chain(BinaryOp::Max, arguments),
        Plain::Sum
        | Plain::Dot
        | Plain::Norm
        | Plain::Norm1
        | Plain::Norm2
        | Plain::SqNorm2
        | Plain::NormInf
        | Plain::Normalize
        | Plain::Complex
        | Plain::Cis
        | Plain::Re
        | Plain::Im
        | Plain::Conj => None,
    })
}

/// An operation on two arguments or more; on one alone it would be the fold of a vector.
fn chain(op: BinaryOp, arguments: &[SemiringExpr]) -> Option<SemiringExpr> {
    if arguments.len() < 2 {
        return None;
    }
    arguments.iter().cloned().reduce(|best, next| binary(op, best, next))
}

/// Refuses an operand too large to be copied.
fn bounded(expr: &Expr, part: SemiringExpr) -> Result<SemiringExpr, Diagnostic> {
    if size(&part) > LARGEST { Err(Diagnostic::new(expr.span, "this operation is too large")) } else { Ok(part) }
}

fn size(expr: &SemiringExpr) -> usize {
    match expr {
        SemiringExpr::Left | SemiringExpr::Right | SemiringExpr::Const(_) => 1,
        SemiringExpr::Unary(_, a) => 1 + size(a),
        SemiringExpr::Binary(_, a, b) => 1 + size(a) + size(b),
    }
}
