//! The functions of the language.

use super::arithmetic::{apply, elementwise, number, power};
use super::context::{Context, Matrix, Operand};
use super::{Reported, norm};
use crate::ast::{Expr, ExprKind, Name};
use crate::diagnostics::{Diagnostic, Span, did_you_mean};
use crate::ir::{BinaryOp, Element, Op, ReduceOp, Shape, UnaryOp, Value};

/// A function of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// A function of scalars and vectors.
    Plain(Plain),
    /// Functions of matrices.
    Bilinear,
    Quadratic,
    Transpose,
    /// Functions of tables: how one is read. The lower half is 0, the upper 1.
    Angle,
    Half(usize),
    /// A function of a choice parameter.
    Choose,
}

/// A function whose arguments are scalars and vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plain {
    Elementwise(UnaryOp),
    Abs,
    Relu,
    Square,
    Pow,
    Min,
    Max,
    Clamp,
    Equal,
    Sum,
    Dot,
    Norm,
    Norm1,
    Norm2,
    SqNorm2,
    NormInf,
    Normalize,
    Complex,
    Cis,
    Re,
    Im,
    Conj,
}

/// A function's name, its number of arguments, and how it is written.
pub(super) struct Signature {
    pub(super) name: &'static str,
    pub(super) function: Function,
    least: usize,
    most: usize,
    usage: &'static str,
}

const fn one(name: &'static str, function: Function, usage: &'static str) -> Signature {
    Signature { name, function, least: 1, most: 1, usage }
}

const fn two(name: &'static str, function: Function, usage: &'static str) -> Signature {
    Signature { name, function, least: 2, most: 2, usage }
}

const fn three(name: &'static str, function: Function, usage: &'static str) -> Signature {
    Signature { name, function, least: 3, most: 3, usage }
}

const fn many(name: &'static str, function: Function, usage: &'static str) -> Signature {
    Signature { name, function, least: 1, most: usize::MAX, usage }
}

/// Every function.
pub(super) const FUNCTIONS: [Signature; 40] = [
    one("sign", Function::Plain(Plain::Elementwise(UnaryOp::Sign)), "sign(x)"),
    one("sqrt", Function::Plain(Plain::Elementwise(UnaryOp::Sqrt)), "sqrt(x)"),
    one("exp", Function::Plain(Plain::Elementwise(UnaryOp::Exp)), "exp(x)"),
    one("log", Function::Plain(Plain::Elementwise(UnaryOp::Log)), "log(x)"),
    one("sin", Function::Plain(Plain::Elementwise(UnaryOp::Sin)), "sin(x)"),
    one("cos", Function::Plain(Plain::Elementwise(UnaryOp::Cos)), "cos(x)"),
    one("tanh", Function::Plain(Plain::Elementwise(UnaryOp::Tanh)), "tanh(x)"),
    one("sigmoid", Function::Plain(Plain::Elementwise(UnaryOp::Sigmoid)), "sigmoid(x)"),
    one("softplus", Function::Plain(Plain::Elementwise(UnaryOp::Softplus)), "softplus(x)"),
    one("floor", Function::Plain(Plain::Elementwise(UnaryOp::Floor)), "floor(x)"),
    one("frac", Function::Plain(Plain::Elementwise(UnaryOp::Frac)), "frac(x)"),
    one("abs", Function::Plain(Plain::Abs), "abs(x)"),
    one("modulus", Function::Plain(Plain::Abs), "modulus(z)"),
    one("relu", Function::Plain(Plain::Relu), "relu(x)"),
    one("square", Function::Plain(Plain::Square), "square(x)"),
    two("pow", Function::Plain(Plain::Pow), "pow(x, 2)"),
    many("min", Function::Plain(Plain::Min), "min(x, y)` element by element, or `min(x)` of a vector's elements"),
    many("max", Function::Plain(Plain::Max), "max(x, y)` element by element, or `max(x)` of a vector's elements"),
    three("clamp", Function::Plain(Plain::Clamp), "clamp(x, low, high)"),
    two("equal", Function::Plain(Plain::Equal), "equal(x, y)"),
    one("sum", Function::Plain(Plain::Sum), "sum(x)"),
    two("dot", Function::Plain(Plain::Dot), "dot(x, y)"),
    two("norm", Function::Plain(Plain::Norm), "norm(x, p)"),
    one("norm1", Function::Plain(Plain::Norm1), "norm1(x)"),
    one("norm2", Function::Plain(Plain::Norm2), "norm2(x)"),
    one("sq_norm2", Function::Plain(Plain::SqNorm2), "sq_norm2(x)"),
    one("norm_inf", Function::Plain(Plain::NormInf), "norm_inf(x)"),
    one("normalize", Function::Plain(Plain::Normalize), "normalize(x)"),
    three("bilinear", Function::Bilinear, "bilinear(x, M, y)"),
    two("quadratic", Function::Quadratic, "quadratic(M, x)"),
    one("transpose", Function::Transpose, "transpose(M) * x"),
    two("complex", Function::Plain(Plain::Complex), "complex(x, y)"),
    one("cis", Function::Plain(Plain::Cis), "cis(x)"),
    one("re", Function::Plain(Plain::Re), "re(z)"),
    one("im", Function::Plain(Plain::Im), "im(z)"),
    one("conj", Function::Plain(Plain::Conj), "conj(z)"),
    one("angle", Function::Angle, "angle(r.v)"),
    one("lower", Function::Half(0), "lower(h.v)"),
    one("upper", Function::Half(1), "upper(h.v)"),
    many("choose", Function::Choose, "choose(parameter, first, second)"),
];

/// Whether a function has this name.
pub(super) fn is_known(name: &str) -> bool {
    FUNCTIONS.iter().any(|signature| signature.name == name)
}

/// The function of a call, whose number of arguments fits.
pub(super) fn resolve(name: &Name, arguments: usize) -> Result<Function, Diagnostic> {
    let Some(signature) = FUNCTIONS.iter().find(|signature| signature.name == name.text) else {
        let names = FUNCTIONS.iter().map(|signature| signature.name);
        let message = format!("there is no function `{}`", name.text);
        return Err(Diagnostic::new(name.span, message).help(did_you_mean(&name.text, names)));
    };
    if (signature.least..=signature.most).contains(&arguments) {
        return Ok(signature.function);
    }
    let takes = match (signature.least, signature.most) {
        (least, most) if least < most => format!("{least} argument or more"),
        (1, _) => "1 argument".to_owned(),
        (least, _) => format!("{least} arguments"),
    };
    let error = Diagnostic::new(name.span, format!("`{}` takes {takes}, found {arguments}", name.text));
    Err(error.help(format!("write `{}`", signature.usage.trim_end_matches('`'))))
}

/// The operations of a call.
pub(super) fn call(
    context: &mut Context<'_>,
    span: Span,
    name: &Name,
    arguments: &[Expr],
) -> Result<Operand, Reported> {
    let function = resolve(name, arguments.len()).map_err(|error| context.report(error))?;
    match function {
        Function::Transpose => {
            let matrix = matrix(context, &arguments[0])?;
            Ok(Operand::Matrix(Matrix { transposed: !matrix.transposed, ..matrix }))
        }
        Function::Bilinear => bilinear(context, span, &arguments[0], &arguments[1], &arguments[2]).map(Operand::Value),
        Function::Quadratic => bilinear(context, span, &arguments[1], &arguments[0], &arguments[1]).map(Operand::Value),
        Function::Angle => context.angle(&arguments[0]).map(Operand::Value),
        Function::Choose => choose(context, &arguments[0], &arguments[1..]),
        Function::Half(index) => context.half(name, arguments, index),
        Function::Plain(plain) => {
            let lowered: Vec<_> = arguments.iter().map(|argument| context.value(argument)).collect();
            let values = lowered.into_iter().collect::<Result<Vec<Value>, Reported>>()?;
            let call = Call { span, name: &name.text, arguments };
            call.lower(context, plain, &values).map(Operand::Value)
        }
    }
}

fn matrix(context: &mut Context<'_>, argument: &Expr) -> Result<Matrix, Reported> {
    match context.lower(argument)? {
        Operand::Matrix(matrix) => Ok(matrix),
        Operand::Value(value) => {
            let message = format!("expected a matrix, found {}", context.type_of(value));
            Err(context.report(Diagnostic::new(argument.span, message).help("declare the table as `real[k, d]`")))
        }
    }
}

/// `choose(form, first, second)`: the expression that stands at the place of the choice's value in its list.
fn choose(context: &mut Context<'_>, parameter: &Expr, options: &[Expr]) -> Result<Operand, Reported> {
    let choice = match &parameter.kind {
        ExprKind::Name(name) => context.builder.score().choices.iter().find(|choice| choice.name == *name).cloned(),
        _ => None,
    };
    let Some(choice) = choice else {
        context.lower(parameter)?;
        let error = Diagnostic::new(parameter.span, "expected a parameter with a closed list of values");
        return Err(context.report(error.help("declare one: `parameter form = 1 | 2;`, then `choose(form, x, y)`")));
    };
    if choice.options.len() != options.len() {
        let (name, count) = (&choice.name, choice.options.len());
        let error = Diagnostic::new(parameter.span, format!("`{name}` has {count} values, found {}", options.len()));
        return Err(context.report(error.help("give one expression for each value, in the order of the list")));
    }
    // All are lowered, so that a mistake in one shows whatever is chosen.
    let lowered: Vec<_> = options.iter().map(|option| context.lower(option)).collect();
    let lowered = lowered.into_iter().collect::<Result<Vec<Operand>, Reported>>()?;
    let chosen = choice.options.iter().position(|option| *option == choice.chosen);
    chosen.and_then(|index| lowered.get(index).copied()).ok_or(Reported)
}

/// `xᵀ M y`.
fn bilinear(context: &mut Context<'_>, span: Span, x: &Expr, m: &Expr, y: &Expr) -> Result<Value, Reported> {
    let (left, matrix, right) = (context.value(x), matrix(context, m), context.value(y));
    let (left, matrix, right) = (left?, matrix?, right?);
    let product = apply(context, span, matrix, right)?;
    let call = Call { span, name: "bilinear", arguments: &[] };
    call.dot(context, left, product)
}

/// A call whose arguments are scalars and vectors.
pub(super) struct Call<'a> {
    pub(super) span: Span,
    pub(super) name: &'a str,
    pub(super) arguments: &'a [Expr],
}

impl Call<'_> {
    fn lower(&self, context: &mut Context<'_>, function: Plain, values: &[Value]) -> Result<Value, Reported> {
        let x = values[0];
        match function {
            Plain::Elementwise(op) => self.unary(context, op, x),
            Plain::Abs => self.magnitude(context, x),
            Plain::Relu => self.relu(context, x),
            Plain::Square => self.pair(context, BinaryOp::Mul, x, x),
            Plain::Pow => power(context, self.span, x, values[1]),
            Plain::Min => self.extremum(context, BinaryOp::Min, ReduceOp::Min, values),
            Plain::Max => self.extremum(context, BinaryOp::Max, ReduceOp::Max, values),
            Plain::Clamp => {
                let raised = self.pair(context, BinaryOp::Max, x, values[1])?;
                self.pair(context, BinaryOp::Min, raised, values[2])
            }
            Plain::Equal => self.pair(context, BinaryOp::Equal, x, values[1]),
            Plain::Sum => self.reduce(context, ReduceOp::Sum, x),
            Plain::Dot => self.dot(context, x, values[1]),
            Plain::Norm => norm::norm(self, context, x, values[1]),
            Plain::Norm1 => norm::norm1(self, context, x),
            Plain::Norm2 => norm::norm2(self, context, x),
            Plain::SqNorm2 => norm::sq_norm2(self, context, x),
            Plain::NormInf => norm::norm_inf(self, context, x),
            Plain::Normalize => norm::normalize(self, context, x),
            Plain::Complex => self.complex(context, x, values[1]),
            Plain::Cis => {
                self.real(context, x)?;
                context.push(self.span, Op::Cis(x))
            }
            Plain::Re => self.part(context, Op::Re(x), x),
            Plain::Im => self.part(context, Op::Im(x), x),
            Plain::Conj => self.part(context, Op::Conj(x), x),
        }
    }

    /// The place of the first argument.
    fn place(&self) -> Span {
        self.arguments.first().map_or(self.span, |argument| argument.span)
    }

    pub(super) fn unary(&self, context: &mut Context<'_>, op: UnaryOp, x: Value) -> Result<Value, Reported> {
        if let Op::Const(value) = *context.builder.op(x) {
            return number(context, self.span, op.apply(value));
        }
        self.real(context, x)?;
        context.push(self.span, Op::Unary(op, x))
    }

    pub(super) fn pair(&self, context: &mut Context<'_>, op: BinaryOp, a: Value, b: Value) -> Result<Value, Reported> {
        elementwise(context, self.span, self.name, op, a, b)
    }

    /// |x|, or the modulus of a complex x.
    pub(super) fn magnitude(&self, context: &mut Context<'_>, x: Value) -> Result<Value, Reported> {
        match context.builder.ty(x).element {
            Element::Real => self.unary(context, UnaryOp::Abs, x),
            Element::Complex => context.push(self.span, Op::Modulus(x)),
        }
    }

    pub(super) fn reduce(&self, context: &mut Context<'_>, op: ReduceOp, x: Value) -> Result<Value, Reported> {
        self.vector(context, x)?;
        if op != ReduceOp::Sum {
            self.real(context, x)?;
        }
        context.push(self.span, Op::Reduce(op, x))
    }

    /// Σ a·b; of complex vectors too, and without a conjugate.
    fn dot(&self, context: &mut Context<'_>, a: Value, b: Value) -> Result<Value, Reported> {
        for value in [a, b] {
            self.vector(context, value)?;
        }
        let product = self.pair(context, BinaryOp::Mul, a, b)?;
        self.reduce(context, ReduceOp::Sum, product)
    }

    fn relu(&self, context: &mut Context<'_>, x: Value) -> Result<Value, Reported> {
        let zero = context.builder.constant(0.0);
        self.pair(context, BinaryOp::Max, x, zero)
    }

    fn extremum(
        &self,
        context: &mut Context<'_>,
        pairwise: BinaryOp,
        reduce: ReduceOp,
        values: &[Value],
    ) -> Result<Value, Reported> {
        match values {
            [x] => self.reduce(context, reduce, *x),
            [first, rest @ ..] => rest.iter().try_fold(*first, |best, next| self.pair(context, pairwise, best, *next)),
            // The signature asks for one argument at least.
            [] => Err(Reported),
        }
    }

    fn complex(&self, context: &mut Context<'_>, re: Value, im: Value) -> Result<Value, Reported> {
        for value in [re, im] {
            self.real(context, value)?;
        }
        if context.builder.ty(re).shape != context.builder.ty(im).shape {
            let found = format!("{} and {}", context.type_of(re), context.type_of(im));
            let error = Diagnostic::new(self.span, format!("`complex` joins {found}")).label("their dimensions differ");
            return Err(context.report(error.help("the real and the imaginary part have one type")));
        }
        context.push(self.span, Op::Complex(re, im))
    }

    fn part(&self, context: &mut Context<'_>, op: Op, x: Value) -> Result<Value, Reported> {
        if context.builder.ty(x).element == Element::Complex {
            return context.push(self.span, op);
        }
        let message = format!("`{}` takes a complex number, found {}", self.name, context.type_of(x));
        let help = "a real number has no parts: leave the function out, or declare the table as `complex[d]`";
        Err(context.report(Diagnostic::new(self.place(), message).help(help)))
    }

    /// Checks that an argument is real.
    pub(super) fn real(&self, context: &mut Context<'_>, x: Value) -> Result<(), Reported> {
        if context.builder.ty(x).element == Element::Real {
            return Ok(());
        }
        let message = format!("`{}` takes real numbers, found {}", self.name, context.type_of(x));
        Err(context.report(Diagnostic::new(self.place(), message).help("take `re(…)`, `im(…)` or `abs(…)` of it")))
    }

    /// Checks that an argument is a vector.
    pub(super) fn vector(&self, context: &mut Context<'_>, x: Value) -> Result<(), Reported> {
        match context.builder.ty(x).shape {
            Shape::Vector(_) => Ok(()),
            Shape::Scalar | Shape::Matrix(..) => {
                let message = format!("`{}` takes a vector, found {}", self.name, context.type_of(x));
                Err(context.report(
                    Diagnostic::new(self.place(), message)
                        .help("one number has no elements to fold; leave the function out, or use `abs`"),
                ))
            }
        }
    }
}
