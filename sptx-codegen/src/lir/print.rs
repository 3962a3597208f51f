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
            Statement::For { body, .. } | Statement::Change { body, .. } => write_block(kernel, body, depth + 1, f)?,
            Statement::Let(..)
            | Statement::Set(..)
            | Statement::Store { .. }
            | Statement::Copy { .. }
            | Statement::Await
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
            Statement::Copy { shared, at, buffer, from, lanes } => {
                f.write_str("copy ")?;
                write_access(kernel, Place::Shared(*shared), *at, *lanes, f)?;
                f.write_str(" from ")?;
                write_access(kernel, Place::Buffer(*buffer), *from, *lanes, f)
            }
            Statement::Await => f.write_str("await copies"),
            Statement::Atomic { op, buffer, index, value } => {
                write!(f, "atomic {op} ")?;
                let lanes = kernel.values.get(*value).map_or(1, |(ty, _)| ty.lanes);
                write_access(kernel, Place::Buffer(*buffer), *index, lanes, f)?;
                write!(f, ", {}", shown(value))
            }
            Statement::Change { buffer, index, held, value, .. } => {
                f.write_str("change ")?;
                write_access(kernel, Place::Buffer(*buffer), *index, 1, f)?;
                write!(f, " from {} to {}", shown(held), shown(value))
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

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::testing::{butterfly, copy, histogram, scatter, tree};
    use super::super::{Access, Barrier, Builder, Expression, Kernel, Place, Scalar, Unary};

    fn check(kernel: &Kernel, expected: expect_test::Expect) {
        expected.assert_eq(&kernel.to_string());
    }

    #[test]
    fn declarations_and_wide_accesses() {
        check(
            &copy(),
            expect![[r#"
                kernel copy: 32 threads
                // Copies words, four at a time.
                parameter count: u32, a multiple of 4
                buffer from: f32, read, up to 4 lanes at once
                buffer to: f32, read and written, up to 4 lanes at once
                  v0: u32 = parameter count
                  v1: u32 = thread
                  v2: u32 = workgroup
                  v3: u32 = 32
                  v4: u32 = mul v2, v3
                  global.5: u32 = add v4, v1
                  v6: u32 = 4
                  v7: u32 = mul global.5, v6
                  v8: u32 = workgroups
                  v9: u32 = 128
                  v10: u32 = mul v8, v9
                  v11: u32 = max v10, v6
                  for v12 from v7 until v0 step v11
                    v13: f32x4 = from[v12; 4]
                    to[v12; 4] = v13
            "#]],
        );
    }

    #[test]
    fn blocks_within_blocks() {
        check(
            &tree(),
            expect![[r#"
            kernel tree: 64 threads
            // Adds up 64 numbers.
            buffer numbers: f32, read
            buffer sums: f32, read and written
            shared partial: f32, 64 words
              v0: u32 = thread
              v1: u32 = workgroup
              v2: u32 = 64
              v3: u32 = mul v1, v2
              global.4: u32 = add v3, v0
              v5: f32 = numbers[global.4]
              partial[v0] = v5
              barrier shared
              v6: u32 = 0
              v7: u32 = 1
              v8: u32 = 6
              v9: u32 = 32
              for v10 from v6 until v8 step v7
                v11: u32 = shift_right v9, v10
                v12: bool = less v0, v11
                if v12
                  v13: u32 = add v0, v11
                  v14: f32 = partial[v0]
                  v15: f32 = partial[v13]
                  v16: f32 = add v14, v15
                  partial[v0] = v16
                barrier shared
              v17: bool = equal v0, v6
              if v17
                v18: f32 = partial[v6]
                sums[v1] = v18
        "#]],
        );
    }

    #[test]
    fn subgroups_and_variables() {
        check(
            &butterfly(),
            expect![[r#"
            kernel butterfly: 32 threads
            // Adds up the numbers of each subgroup.
            buffer numbers: u32, read
            buffer sums: u32, read and written
            variable x0: u32
              v0: u32 = thread
              v1: u32 = workgroup
              v2: u32 = 32
              v3: u32 = mul v1, v2
              global.4: u32 = add v3, v0
              v5: u32 = numbers[global.4]
              x0 = v5
              v6: u32 = subgroup_size
              v7: u32 = 1
              v8: bool = less v7, v6
              if v8
                v9: u32 = x0
                v10: u32 = exchange v9 by 1
                v11: u32 = add v9, v10
                x0 = v11
              v12: u32 = 2
              v13: bool = less v12, v6
              if v13
                v14: u32 = x0
                v15: u32 = exchange v14 by 2
                v16: u32 = add v14, v15
                x0 = v16
              v17: u32 = 4
              v18: bool = less v17, v6
              if v18
                v19: u32 = x0
                v20: u32 = exchange v19 by 4
                v21: u32 = add v19, v20
                x0 = v21
              v22: u32 = 8
              v23: bool = less v22, v6
              if v23
                v24: u32 = x0
                v25: u32 = exchange v24 by 8
                v26: u32 = add v24, v25
                x0 = v26
              v27: u32 = 16
              v28: bool = less v27, v6
              if v28
                v29: u32 = x0
                v30: u32 = exchange v29 by 16
                v31: u32 = add v29, v30
                x0 = v31
              v32: u32 = x0
              sums[global.4] = v32
        "#]],
        );
    }

    #[test]
    fn changes() {
        check(
            &scatter(),
            expect![[r#"
            kernel scatter: 16 threads
            // Adds numbers to sums.
            buffer places: u32, read
            buffer numbers: f32, read
            buffer sums: f32, atomic
            buffer seen: u32, atomic
              v0: u32 = thread
              v1: u32 = workgroup
              v2: u32 = 16
              v3: u32 = mul v1, v2
              global.4: u32 = add v3, v0
              v5: u32 = places[global.4]
              v6: f32 = numbers[global.4]
              atomic add sums[v5], v6
              v7: u32 = 0
              v8: u32 = 1
              v9: u32 = shift_left v8, v5
              change seen[v7] from v10 to v11
                v11: u32 = or v10, v9
        "#]],
        );
    }

    #[test]
    fn atomic_operations() {
        check(
            &histogram(),
            expect![[r#"
            kernel histogram: 16 threads
            // Counts numbers.
            buffer numbers: u32, read
            buffer counts: u32, atomic
            buffer greatest: u32, atomic
              v0: u32 = thread
              v1: u32 = workgroup
              v2: u32 = 16
              v3: u32 = mul v1, v2
              global.4: u32 = add v3, v0
              v5: u32 = numbers[global.4]
              v6: u32 = 0
              v7: u32 = 1
              atomic add counts[v5], v7
              atomic max greatest[v6], v5
        "#]],
        );
    }

    #[test]
    fn constants_and_operations() {
        let mut k = Builder::new("constants", "Two lines\nof text.", 1);
        let out = Place::Buffer(k.buffer("out", Scalar::F32, 4, Access::ReadWrite));
        let (zero, nan) = (k.u32(0), k.f32(f32::NAN));
        let known = [1.0, -0.5, f32::INFINITY].map(|known| k.f32(known));
        let vector = k.join(&[known[0], known[1], known[2], nan]);
        let floor = k.unary(Unary::Floor, vector);
        let sum = k.multiply_add(floor, vector, floor);
        let less = k.less(sum, floor);
        let chosen = k.select(less, sum, floor);
        let lane = k.lane(chosen, 2);
        let bits = k.define(Expression::Bits(Scalar::U32, lane));
        let number = k.define(Expression::Convert(Scalar::F32, bits));
        let vector = k.splat(number, 4);
        let first = k.lane(less, 0);
        k.choose(first, |k| k.store(out, zero, vector), |k| k.barrier(Barrier::Buffers));
        check(
            &k.finish(),
            expect![[r#"
            kernel constants: 1 threads
            // Two lines
            // of text.
            buffer out: f32, read and written, up to 4 lanes at once
              v0: u32 = 0
              v1: f32 = NaN(0x7fc00000)
              v2: f32 = 1.0
              v3: f32 = -0.5
              v4: f32 = inf
              v5: f32x4 = join v2, v3, v4, v1
              v6: f32x4 = floor v5
              v7: f32x4 = multiply_add v6, v5, v6
              v8: boolx4 = less v7, v6
              v9: f32x4 = select v8, v7, v6
              v10: f32 = lane2 v9
              v11: u32 = bits u32 v10
              v12: f32 = convert f32 v11
              v13: f32x4 = splat4 v12
              v14: bool = lane0 v8
              if v14
                out[v0; 4] = v13
              else
                barrier buffers
        "#]],
        );
    }
}
