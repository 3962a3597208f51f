//! Kernels as text, for goldens and for messages. The same kernel gives the same text; there is no way back.

use std::fmt::{self, Display, Formatter, Write};

use super::{
    Access, Atomic, Barrier, Binary, Block, Builtin, Constant, Expression, Kernel, ParameterId, Place, Scalar,
    Statement, Unary, Value,
};

impl Display for Kernel {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "kernel {}: {} threads", self.name, self.workgroup)?;
        for line in self.doc.lines() {
            writeln!(f, "// {line}")?;
        }
        for (_, parameter) in self.parameters.iter() {
            write!(f, "parameter {}: {}", parameter.name, parameter.scalar)?;
            match parameter.multiple_of {
                1 => writeln!(f)?,
                known => writeln!(f, ", a multiple of {known}")?,
            }
        }
        for (_, buffer) in self.buffers.iter() {
            let access = match buffer.access {
                Access::Read => "read",
                Access::ReadWrite => "read and written",
                Access::Atomic => "atomic",
            };
            write!(f, "buffer {}: {}, {access}", buffer.name, buffer.scalar)?;
            match buffer.lanes {
                1 => writeln!(f)?,
                lanes => writeln!(f, ", up to {lanes} lanes at once")?,
            }
        }
        for (_, shared) in self.shared.iter() {
            writeln!(f, "shared {}: {}, {} words", shared.name, shared.scalar, shared.words)?;
        }
        for (variable, ty) in self.variables.iter() {
            writeln!(f, "variable {variable:?}: {ty}")?;
        }
        write_block(self, &self.body, 1, f)
    }
}

fn write_block(kernel: &Kernel, block: &Block, depth: usize, f: &mut Formatter<'_>) -> fmt::Result {
    let indent = |f: &mut Formatter<'_>, depth: usize| (0..depth).try_for_each(|_| f.write_str("  "));
    for statement in block {
        indent(f, depth)?;
        writeln!(f, "{}", Headline(kernel, statement))?;
        match statement {
            Statement::If { then, otherwise, .. } => {
                write_block(kernel, then, depth + 1, f)?;
                if !otherwise.is_empty() {
                    indent(f, depth)?;
                    writeln!(f, "else")?;
                    write_block(kernel, otherwise, depth + 1, f)?;
                }
            }
            Statement::For { body, .. } => write_block(kernel, body, depth + 1, f)?,
            Statement::Let(..)
            | Statement::Set(..)
            | Statement::Store { .. }
            | Statement::Atomic { .. }
            | Statement::Barrier(_) => {}
        }
    }
    Ok(())
}

/// A statement without its blocks. Handles that do not exist are shown as they are: a message may be about them.
pub(super) struct Headline<'a>(pub(super) &'a Kernel, pub(super) &'a Statement);

impl Display for Headline<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let kernel = self.0;
        let shown = |value: &Value| Shown(kernel, *value);
        match self.1 {
            Statement::Let(value, expression) => {
                write!(f, "{}", shown(value))?;
                if let Some((ty, _)) = kernel.values.get(*value) {
                    write!(f, ": {ty}")?;
                }
                f.write_str(" = ")?;
                write_expression(kernel, expression, f)
            }
            Statement::Set(variable, value) => write!(f, "{variable:?} = {}", shown(value)),
            Statement::Store { place, index, value } => {
                let lanes = kernel.values.get(*value).map_or(1, |(ty, _)| ty.lanes);
                write_access(kernel, *place, *index, lanes, f)?;
                write!(f, " = {}", shown(value))
            }
            Statement::Atomic { op, buffer, index, value } => {
                write!(f, "atomic {op} ")?;
                write_access(kernel, Place::Buffer(*buffer), *index, 1, f)?;
                write!(f, ", {}", shown(value))
            }
            Statement::If { condition, .. } => write!(f, "if {}", shown(condition)),
            Statement::For { index, from, until, step, .. } => {
                let [index, from, until, step] = [index, from, until, step].map(shown);
                write!(f, "for {index} from {from} until {until} step {step}")
            }
            Statement::Barrier(Barrier::Shared) => f.write_str("barrier shared"),
            Statement::Barrier(Barrier::Buffers) => f.write_str("barrier buffers"),
        }
    }
}

fn write_expression(kernel: &Kernel, expression: &Expression, f: &mut Formatter<'_>) -> fmt::Result {
    let shown = |value: &Value| Shown(kernel, *value);
    match expression {
        Expression::Constant(constant) => write!(f, "{constant}"),
        Expression::Parameter(parameter) => write!(f, "parameter {}", parameter_name(kernel, *parameter)),
        Expression::Builtin(builtin) => write!(f, "{builtin}"),
        Expression::Get(variable) => write!(f, "{variable:?}"),
        Expression::Unary(op, a) => write!(f, "{op} {}", shown(a)),
        Expression::Binary(op, a, b) => write!(f, "{op} {}, {}", shown(a), shown(b)),
        Expression::MultiplyAdd(a, b, c) => write!(f, "multiply_add {}, {}, {}", shown(a), shown(b), shown(c)),
        Expression::Select { condition, yes, no } => {
            write!(f, "select {}, {}, {}", shown(condition), shown(yes), shown(no))
        }
        Expression::Convert(to, a) => write!(f, "convert {to} {}", shown(a)),
        Expression::Bits(to, a) => write!(f, "bits {to} {}", shown(a)),
        Expression::Splat(a, lanes) => write!(f, "splat{lanes} {}", shown(a)),
        Expression::Lane(a, lane) => write!(f, "lane{lane} {}", shown(a)),
        Expression::Join(lanes) => {
            f.write_str("join")?;
            lanes.iter().enumerate().try_for_each(|(place, lane)| {
                f.write_str(if place == 0 { " " } else { ", " })?;
                write!(f, "{}", shown(lane))
            })
        }
        Expression::Load { place, index, lanes } => write_access(kernel, *place, *index, *lanes, f),
        Expression::Exchange { value, mask } => write!(f, "exchange {} by {mask}", shown(value)),
    }
}

fn write_access(kernel: &Kernel, place: Place, index: Value, lanes: u8, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, "{}[{}", place_name(kernel, place), Shown(kernel, index))?;
    if lanes > 1 {
        write!(f, "; {lanes}")?;
    }
    f.write_char(']')
}

/// A value: its number, after the name that readers are given.
pub(super) struct Shown<'a>(pub(super) &'a Kernel, pub(super) Value);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0.values.get(self.1) {
            Some((_, Some(name))) => write!(f, "{name}.{}", self.1.index()),
            Some((_, None)) | None => write!(f, "{:?}", self.1),
        }
    }
}

/// The name of what is read or written; its handle where there is none such.
pub(super) fn place_name(kernel: &Kernel, place: Place) -> String {
    match place {
        Place::Buffer(buffer) => kernel.buffers.get(buffer).map_or_else(|| format!("{buffer:?}"), |it| it.name.clone()),
        Place::Shared(shared) => kernel.shared.get(shared).map_or_else(|| format!("{shared:?}"), |it| it.name.clone()),
    }
}

fn parameter_name(kernel: &Kernel, parameter: ParameterId) -> String {
    kernel.parameters.get(parameter).map_or_else(|| format!("{parameter:?}"), |it| it.name.clone())
}

impl Display for Scalar {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "bool",
            Self::U32 => "u32",
            Self::F32 => "f32",
        })
    }
}

impl Display for Constant {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(known) => write!(f, "{known}"),
            Self::U32(known) => write!(f, "{known}"),
            Self::F32(bits) if f32::from_bits(*bits).is_nan() => write!(f, "NaN({bits:#010x})"),
            Self::F32(bits) => write!(f, "{:?}", f32::from_bits(*bits)),
        }
    }
}

impl Display for Builtin {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Thread => "thread",
            Self::Workgroup => "workgroup",
            Self::Workgroups => "workgroups",
            Self::SubgroupThread => "subgroup_thread",
            Self::Subgroup => "subgroup",
            Self::SubgroupSize => "subgroup_size",
        })
    }
}

impl Display for Atomic {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "add",
            Self::Max => "max",
        })
    }
}

impl Display for Unary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Neg => "neg",
            Self::Abs => "abs",
            Self::Sqrt => "sqrt",
            Self::Exp => "exp",
            Self::Log => "log",
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Tanh => "tanh",
            Self::Floor => "floor",
            Self::Not => "not",
        })
    }
}

impl Display for Binary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::Rem => "rem",
            Self::Min => "min",
            Self::Max => "max",
            Self::And => "and",
            Self::Or => "or",
            Self::Xor => "xor",
            Self::ShiftLeft => "shift_left",
            Self::ShiftRight => "shift_right",
            Self::MulHigh => "mul_high",
            Self::Less => "less",
            Self::LessEqual => "less_equal",
            Self::Greater => "greater",
            Self::GreaterEqual => "greater_equal",
            Self::Equal => "equal",
            Self::NotEqual => "not_equal",
        })
    }
}
