//! The one printer of WGSL.

use std::fmt::{self, Display, Formatter, Write};

use crate::lir::{Constant, Scalar, Type};

use super::tree::{Element, Expression, Level, Module, Statement};

impl Display for Module {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for line in self.doc.lines() {
            writeln!(f, "// {line}")?;
        }
        for extension in &self.enables {
            writeln!(f, "enable {extension};")?;
        }
        f.write_char('\n')?;
        if let Some(parameters) = &self.parameters {
            writeln!(f, "struct {} {{", parameters.structure)?;
            for (name, ty) in &parameters.fields {
                writeln!(f, "    {name}: {},", Name(*ty))?;
            }
            writeln!(f, "}}\n")?;
        }
        for (binding, buffer) in self.buffers.iter().enumerate() {
            write!(f, "@group(0) @binding({binding}) ")?;
            writeln!(f, "var<storage, {}> {}: array<{}>;", buffer.access, buffer.name, buffer.element)?;
        }
        if let Some(parameters) = &self.parameters {
            write!(f, "@group(0) @binding({}) ", self.buffers.len())?;
            writeln!(f, "var<uniform> {}: {};", parameters.variable, parameters.structure)?;
        }
        if !self.shared.is_empty() {
            f.write_char('\n')?;
        }
        for shared in &self.shared {
            writeln!(f, "var<workgroup> {}: array<{}, {}>;", shared.name, shared.element, shared.length)?;
        }
        writeln!(f, "\n@compute @workgroup_size({})", self.threads)?;
        write!(f, "fn {}(", self.entry)?;
        for input in &self.inputs {
            write!(f, "\n    @builtin({}) {}: {},", input.builtin, input.name, input.ty)?;
        }
        writeln!(f, "{}) {{", if self.inputs.is_empty() { "" } else { "\n" })?;
        block(f, &self.body, 1)?;
        writeln!(f, "}}")
    }
}

impl Display for Element {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(ty) => write!(f, "{}", Name(*ty)),
            Self::Atomic(ty) => write!(f, "atomic<{}>", Name(*ty)),
        }
    }
}

/// How a type is written.
struct Name(Type);

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let scalar = match self.0.scalar {
            Scalar::Bool => "bool",
            Scalar::U32 => "u32",
            Scalar::F32 => "f32",
        };
        if self.0.lanes == 1 { f.write_str(scalar) } else { write!(f, "vec{}<{scalar}>", self.0.lanes) }
    }
}

/// Statements, so many levels deep.
fn block(f: &mut Formatter<'_>, statements: &[Statement], depth: usize) -> fmt::Result {
    statements.iter().try_for_each(|it| {
        indent(f, depth)?;
        statement(f, it, depth)
    })
}

fn indent(f: &mut Formatter<'_>, depth: usize) -> fmt::Result {
    (0..depth).try_for_each(|_| f.write_str("    "))
}

/// A statement whose first line is indented already.
fn statement(f: &mut Formatter<'_>, statement: &Statement, depth: usize) -> fmt::Result {
    match statement {
        Statement::Let(name, value) => writeln!(f, "let {name} = {value};"),
        Statement::Var(name, value) => writeln!(f, "var {name} = {value};"),
        Statement::Declare(name, ty) => writeln!(f, "var {name}: {};", Name(*ty)),
        Statement::Assign(place, value) => match value {
            Expression::Infix(infix, left, right) if infix.assigns() && **left == *place => {
                writeln!(f, "{place} {}= {right};", infix.text)
            }
            _ => writeln!(f, "{place} = {value};"),
        },
        Statement::Call(function, operands) => writeln!(f, "{function}({});", Arguments(operands)),
        Statement::If(condition, then, otherwise) => choice(f, condition, then, otherwise, depth),
        Statement::For { index, from, until, step, body } => {
            writeln!(f, "for (var {index} = {from}; {index} < {until}; {index} += {step}) {{")?;
            block(f, body, depth + 1)?;
            indent(f, depth)?;
            writeln!(f, "}}")
        }
        Statement::Loop(body) => {
            writeln!(f, "loop {{")?;
            block(f, body, depth + 1)?;
            indent(f, depth)?;
            writeln!(f, "}}")
        }
        Statement::Break => writeln!(f, "break;"),
    }
}

fn choice(
    f: &mut Formatter<'_>,
    condition: &Expression,
    then: &[Statement],
    otherwise: &[Statement],
    depth: usize,
) -> fmt::Result {
    writeln!(f, "if {condition} {{")?;
    block(f, then, depth + 1)?;
    indent(f, depth)?;
    match otherwise {
        [] => writeln!(f, "}}"),
        [Statement::If(condition, then, otherwise)] => {
            write!(f, "}} else ")?;
            choice(f, condition, then, otherwise, depth)
        }
        _ => {
            writeln!(f, "}} else {{")?;
            block(f, otherwise, depth + 1)?;
            indent(f, depth)?;
            writeln!(f, "}}")
        }
    }
}

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Number(constant) => number(f, *constant),
            // Parentheses around what has a sign too: `--` is another token.
            Self::Prefix(operator, of) => write!(f, "{operator}{}", At(Level::Primary, of)),
            Self::Infix(infix, left, right) => {
                write!(f, "{} {} {}", At(infix.left, left), infix.text, At(infix.right, right))
            }
            Self::Call(function, operands) => write!(f, "{function}({})", Arguments(operands)),
            Self::Make(ty, operands) => write!(f, "{}({})", Name(*ty), Arguments(operands)),
            Self::Bitcast(ty, of) => write!(f, "bitcast<{}>({of})", Name(*ty)),
            Self::Index(of, index) => write!(f, "{}[{index}]", At(Level::Primary, of)),
            Self::Member(of, name) => write!(f, "{}.{name}", At(Level::Primary, of)),
        }
    }
}

/// An expression where one of at least this level has to stand: in parentheses where it binds less tightly.
struct At<'a>(Level, &'a Expression);

impl Display for At<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.1.level() < self.0 { write!(f, "({})", self.1) } else { self.1.fmt(f) }
    }
}

/// The operands of a call. Among several a comparison stands in parentheses: in `f(a < b, c > (d))` WGSL would see the
/// template `a<b, c>`.
struct Arguments<'a>(&'a [Expression]);

impl Display for Arguments<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let level = if self.0.len() > 1 { Level::Additive } else { Level::Logical };
        for (position, operand) in self.0.iter().enumerate() {
            let comma = if position > 0 { ", " } else { "" };
            write!(f, "{comma}{}", At(level, operand))?;
        }
        Ok(())
    }
}

/// A number that reads back to the same bits.
fn number(f: &mut Formatter<'_>, constant: Constant) -> fmt::Result {
    match constant {
        Constant::Bool(value) => write!(f, "{value}"),
        Constant::U32(value) => write!(f, "{value}u"),
        Constant::F32(bits) => {
            let value = f32::from_bits(bits);
            debug_assert!(value.is_finite(), "`legalize` rewrites others");
            if value.abs() == f32::MAX {
                // The shortest decimal that rounds to it is greater than it, and so out of range.
                let sign = if value < 0.0 { "-" } else { "" };
                write!(f, "{sign}3.40282346e38f")
            } else {
                write!(f, "{value:?}f")
            }
        }
    }
}
