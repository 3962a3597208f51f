//! The printer.

use std::fmt::{self, Display, Formatter};

use crate::ir::{
    Constraint, DimSize, Element, Initializer, Op, Owner, PlaneId, Score, SemiringExpr, Shape, Side, Slot, SlotType,
    Term, Type, Value,
};

/// Prints a score. The text parses to the same score, if the score is verified.
pub fn print(score: &Score) -> String {
    Printed(score).to_string()
}

struct Printed<'a>(&'a Score);

impl Display for Printed<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let score = self.0;
        writeln!(f, "score {} {{", Name(&score.name))?;
        if !score.doc.is_empty() {
            writeln!(f, "  doc {:?}", score.doc)?;
        }
        self.dims(f)?;
        self.parameters(f)?;
        self.tables(f)?;
        for (value, node) in score.nodes.iter() {
            writeln!(f, "  %{} = {} : {}", value.index(), OpText(score, &node.op), TypeText(score, node.ty))?;
        }
        for (value, name) in &score.names {
            writeln!(f, "  name %{} = {}", value.index(), Name(name))?;
        }
        writeln!(f, "  return %{}\n}}", score.root.index())
    }
}

impl Printed<'_> {
    fn dims(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (_, dim) in self.0.dims.iter() {
            write!(f, "  dim {} = ", Name(&dim.name))?;
            match dim.size {
                DimSize::Symbol => writeln!(f, "symbol")?,
                DimSize::Half(whole) => writeln!(f, "half {}", Name(&self.0.dims[whole].name))?,
                DimSize::Literal(size) => writeln!(f, "literal {size}")?,
            }
        }
        Ok(())
    }

    fn parameters(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (_, parameter) in self.0.parameters.iter() {
            writeln!(f, "  parameter {} = {}", Name(&parameter.name), Number(parameter.default))?;
        }
        for choice in &self.0.choices {
            let options = List(choice.options.iter().copied().map(Number).collect());
            writeln!(f, "  choice {} = {} of [{options}]", Name(&choice.name), Number(choice.chosen))?;
        }
        Ok(())
    }

    fn tables(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (_, semiring) in self.0.semirings.iter() {
            let (zero, one) = (Number(semiring.zero), Number(semiring.one));
            let (add, mul) = (Expr(&semiring.add), Expr(&semiring.mul));
            let name = Name(&semiring.name);
            writeln!(f, "  semiring {name} {{ zero {zero}, one {one}, add = {add}, mul = {mul} }}")?;
        }
        for (_, slot) in self.0.slots.iter() {
            self.slot(f, slot)?;
        }
        for (id, plane) in self.0.planes.iter() {
            let owner = owner_name(self.0.slots[plane.slot].owner);
            let ty = TypeText(self.0, Type { element: plane.element, shape: plane.shape });
            writeln!(f, "  plane {owner} {}: {ty}", PlaneText(self.0, id))?;
        }
        Ok(())
    }

    fn slot(&self, f: &mut Formatter<'_>, slot: &Slot) -> fmt::Result {
        write!(f, "  slot {} {}: {}", owner_name(slot.owner), Name(&slot.name), SlotTypeText(self.0, &slot.ty))?;
        if !slot.constraints.is_empty() {
            write!(
                f,
                " where {}",
                List(slot.constraints.iter().map(|constraint| ConstraintText(*constraint)).collect())
            )?;
        }
        writeln!(f, " = {}", InitializerText(&slot.initializer))
    }
}

/// The spelling of an owner.
pub(super) fn owner_name(owner: Owner) -> &'static str {
    match owner {
        Owner::Entity => "entity",
        Owner::Relation => "relation",
    }
}

/// The spelling of a side.
pub(super) fn side_name(side: Side) -> &'static str {
    match side {
        Side::Head => "head",
        Side::Relation => "relation",
        Side::Tail => "tail",
    }
}

/// Whether a character may occur in a bare name.
fn is_bare(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '/')
}

struct Name<'a>(&'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.0.is_empty() && self.0.chars().all(is_bare) { f.write_str(self.0) } else { write!(f, "{:?}", self.0) }
    }
}

struct Number(f64);

impl Display for Number {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.is_nan() { write!(f, "nan_{:016x}", self.0.to_bits()) } else { write!(f, "{:?}", self.0) }
    }
}

struct List<T>(Vec<T>);

impl<T: Display> Display for List<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, item) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{item}")?;
        }
        Ok(())
    }
}

struct Expr<'a>(&'a SemiringExpr);

impl Display for Expr<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            SemiringExpr::Left => write!(f, "left"),
            SemiringExpr::Right => write!(f, "right"),
            SemiringExpr::Const(number) => write!(f, "const({})", Number(*number)),
            SemiringExpr::Unary(op, a) => write!(f, "{}({})", op.name(), Expr(a)),
            SemiringExpr::Binary(op, a, b) => write!(f, "{}({}, {})", op.name(), Expr(a), Expr(b)),
        }
    }
}

struct ShapeText<'a>(&'a Score, Shape);

impl Display for ShapeText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = |dim| Name(&self.0.dims[dim].name);
        match self.1 {
            Shape::Scalar => Ok(()),
            Shape::Vector(dim) => write!(f, "[{}]", name(dim)),
            Shape::Matrix(rows, columns) => write!(f, "[{}, {}]", name(rows), name(columns)),
        }
    }
}

struct TypeText<'a>(&'a Score, Type);

impl Display for TypeText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let element = match self.1.element {
            Element::Real => "real",
            Element::Complex => "complex",
        };
        write!(f, "{element}{}", ShapeText(self.0, self.1.shape))
    }
}

struct SlotTypeText<'a>(&'a Score, &'a SlotType);

impl Display for SlotTypeText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (word, shape) = match *self.1 {
            SlotType::Real(dim) => ("real", Shape::Vector(dim)),
            SlotType::Complex(dim) => ("complex", Shape::Vector(dim)),
            SlotType::Phase(dim) => ("phase", Shape::Vector(dim)),
            SlotType::Unit(dim) => ("unit", Shape::Vector(dim)),
            SlotType::Matrix(rows, columns) => ("real", Shape::Matrix(rows, columns)),
            SlotType::Scalar => ("scalar", Shape::Scalar),
        };
        write!(f, "{word}{}", ShapeText(self.0, shape))
    }
}

struct ConstraintText(Constraint);

impl Display for ConstraintText {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Constraint::MaxNorm(norm) => write!(f, "max_norm({})", Number(norm)),
            Constraint::UnitNorm => write!(f, "unit_norm"),
            Constraint::NonNegative => write!(f, "nonneg"),
            Constraint::Symmetric => write!(f, "symmetric"),
            Constraint::Frozen => write!(f, "frozen"),
        }
    }
}

struct InitializerText<'a>(&'a Initializer);

impl Display for InitializerText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Initializer::Default => write!(f, "default"),
            Initializer::Uniform(low, high) => write!(f, "uniform({}, {})", Number(*low), Number(*high)),
            Initializer::Normal(mean, deviation) => write!(f, "normal({}, {})", Number(*mean), Number(*deviation)),
            Initializer::Xavier => write!(f, "xavier"),
            Initializer::Constant(number) => write!(f, "constant({})", Number(*number)),
            Initializer::Identity => write!(f, "identity"),
            Initializer::OneIfNamed(names) => {
                write!(f, "one_if_named({})", List(names.iter().map(|name| Name(name)).collect()))
            }
        }
    }
}

struct PlaneText<'a>(&'a Score, PlaneId);

impl Display for PlaneText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let plane = &self.0.planes[self.1];
        write!(f, "{}", Name(&self.0.slots[plane.slot].name))?;
        if plane.part.is_empty() { Ok(()) } else { write!(f, "@{}", Name(&plane.part)) }
    }
}

struct OpText<'a>(&'a Score, &'a Op);

impl Display for OpText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let score = self.0;
        let mut call = |name: &str, operands: &[Value]| {
            write!(f, "{name} {}", List(operands.iter().map(|operand| format!("%{}", operand.index())).collect()))
        };
        match self.1 {
            Op::Gather { side, plane } => write!(f, "gather {} {}", side_name(*side), PlaneText(score, *plane)),
            Op::Const(number) => write!(f, "const {}", Number(*number)),
            Op::Parameter(parameter) => write!(f, "parameter {}", Name(&score.parameters[*parameter].name)),
            Op::Upstream => write!(f, "upstream"),
            Op::Unary(op, a) => call(op.name(), &[*a]),
            Op::Binary(op, a, b) => call(op.name(), &[*a, *b]),
            Op::Reduce(op, a) => call(op.name(), &[*a]),
            Op::MatVec { matrix, vector, transposed: false } => call("matvec", &[*matrix, *vector]),
            Op::MatVec { matrix, vector, transposed: true } => call("matvec_transposed", &[*matrix, *vector]),
            Op::Outer(a, b) => call("outer", &[*a, *b]),
            Op::Fold { semiring, terms } => {
                let terms = List(terms.iter().map(TermText).collect());
                write!(f, "fold {} [{terms}]", Name(&score.semirings[*semiring].name))
            }
            Op::Complex(a, b) => call("complex", &[*a, *b]),
            Op::Cis(a) => call("cis", &[*a]),
            Op::Re(a) => call("re", &[*a]),
            Op::Im(a) => call("im", &[*a]),
            Op::Conj(a) => call("conj", &[*a]),
            Op::Modulus(a) => call("modulus", &[*a]),
        }
    }
}

struct TermText<'a>(&'a Term);

impl Display for TermText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let conjugate = if self.0.conjugate { "conj " } else { "" };
        write!(f, "{} * {conjugate}%{}", Number(self.0.coefficient), self.0.value.index())
    }
}
