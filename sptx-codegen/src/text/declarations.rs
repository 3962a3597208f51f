//! The parser: declarations.

use super::parse::{Parsed, Parser};
use super::print::owner_name;
use crate::ir::{
    BinaryOp, Choice, Constraint, Dim, DimSize, Initializer, Owner, Parameter, Plane, Semiring, SemiringExpr, Shape,
    Slot, SlotType, UnaryOp,
};

/// How deep a semiring's operation may be nested.
const MAX_DEPTH: usize = 64;

impl Parser {
    pub(super) fn declaration(&mut self) -> Parsed<()> {
        let keyword = self.word("a declaration or a value")?;
        match keyword.as_str() {
            "doc" => self.score.doc = self.name()?,
            "dim" => self.dimension()?,
            "parameter" => self.declared_parameter()?,
            "choice" => self.choice()?,
            "semiring" => self.semiring()?,
            "slot" => self.slot()?,
            "plane" => self.plane()?,
            other => return self.blame(format!("no declaration begins with `{other}`")),
        }
        Ok(())
    }

    fn dimension(&mut self) -> Parsed<()> {
        let name = self.name()?;
        self.mark('=')?;
        let size = match self.word("`symbol`, `half` or `literal`")?.as_str() {
            "symbol" => DimSize::Symbol,
            "half" => DimSize::Half(self.dim()?),
            "literal" => match self.word("a size")?.parse() {
                Ok(size) => DimSize::Literal(size),
                Err(_) => return self.blame("expected a size"),
            },
            _ => return self.blame("expected `symbol`, `half` or `literal`"),
        };
        self.score.dims.push(Dim { name, size });
        Ok(())
    }

    fn declared_parameter(&mut self) -> Parsed<()> {
        let name = self.name()?;
        self.mark('=')?;
        let default = self.number()?;
        self.score.parameters.push(Parameter { name, default });
        Ok(())
    }

    fn choice(&mut self) -> Parsed<()> {
        let name = self.name()?;
        self.mark('=')?;
        let chosen = self.number()?;
        self.expect_word("of")?;
        self.mark('[')?;
        let options = self.list(']', Self::number)?;
        self.score.choices.push(Choice { name, options, chosen });
        Ok(())
    }

    fn semiring(&mut self) -> Parsed<()> {
        let name = self.name()?;
        self.mark('{')?;
        self.expect_word("zero")?;
        let zero = self.number()?;
        self.mark(',')?;
        self.expect_word("one")?;
        let one = self.number()?;
        self.mark(',')?;
        let add = self.operation("add")?;
        self.mark(',')?;
        let mul = self.operation("mul")?;
        self.mark('}')?;
        self.score.semirings.push(Semiring { name, zero, one, add, mul });
        Ok(())
    }

    fn operation(&mut self, name: &str) -> Parsed<SemiringExpr> {
        self.expect_word(name)?;
        self.mark('=')?;
        self.expression(MAX_DEPTH)
    }

    fn expression(&mut self, depth: usize) -> Parsed<SemiringExpr> {
        let Some(depth) = depth.checked_sub(1) else { return self.fail("this is nested too deeply") };
        let name = self.word("an expression")?;
        if name == "left" || name == "right" {
            return Ok(if name == "left" { SemiringExpr::Left } else { SemiringExpr::Right });
        }
        self.mark('(')?;
        let expression = if name == "const" {
            SemiringExpr::Const(self.number()?)
        } else if let Some(op) = UnaryOp::ALL.into_iter().find(|op| op.name() == name) {
            SemiringExpr::Unary(op, Box::new(self.expression(depth)?))
        } else if let Some(op) = BinaryOp::ALL.into_iter().find(|op| op.name() == name) {
            let left = self.expression(depth)?;
            self.mark(',')?;
            SemiringExpr::Binary(op, Box::new(left), Box::new(self.expression(depth)?))
        } else {
            return self.blame(format!("no operation is called `{name}`"));
        };
        self.mark(')')?;
        Ok(expression)
    }

    fn owner(&mut self) -> Parsed<Owner> {
        let word = self.word("an owner")?;
        let owner = [Owner::Entity, Owner::Relation].into_iter().find(|owner| owner_name(*owner) == word);
        owner.map_or_else(|| self.blame("expected `entity` or `relation`"), Ok)
    }

    fn slot(&mut self) -> Parsed<()> {
        let owner = self.owner()?;
        let name = self.name()?;
        self.mark(':')?;
        let ty = self.slot_type()?;
        let mut constraints = Vec::new();
        if self.eat_word("where") {
            constraints.push(self.constraint()?);
            while self.eat(',') {
                constraints.push(self.constraint()?);
            }
        }
        self.mark('=')?;
        let initializer = self.initializer()?;
        self.score.slots.push(Slot { owner, name, ty, constraints, initializer });
        Ok(())
    }

    fn slot_type(&mut self) -> Parsed<SlotType> {
        let word = self.word("a type")?;
        match (word.as_str(), self.shape()?) {
            ("real", Shape::Vector(dim)) => Ok(SlotType::Real(dim)),
            ("real", Shape::Matrix(rows, columns)) => Ok(SlotType::Matrix(rows, columns)),
            ("complex", Shape::Vector(dim)) => Ok(SlotType::Complex(dim)),
            ("phase", Shape::Vector(dim)) => Ok(SlotType::Phase(dim)),
            ("unit", Shape::Vector(dim)) => Ok(SlotType::Unit(dim)),
            ("scalar", Shape::Scalar) => Ok(SlotType::Scalar),
            _ => self.blame("expected the type of a table"),
        }
    }

    fn constraint(&mut self) -> Parsed<Constraint> {
        match self.word("a constraint")?.as_str() {
            "max_norm" => self.in_parentheses(Self::number).map(Constraint::MaxNorm),
            "unit_norm" => Ok(Constraint::UnitNorm),
            "nonneg" => Ok(Constraint::NonNegative),
            "symmetric" => Ok(Constraint::Symmetric),
            "frozen" => Ok(Constraint::Frozen),
            _ => self.blame("expected a constraint"),
        }
    }

    fn initializer(&mut self) -> Parsed<Initializer> {
        match self.word("an initializer")?.as_str() {
            "default" => Ok(Initializer::Default),
            "uniform" => self.in_parentheses(Self::two_numbers).map(|(low, high)| Initializer::Uniform(low, high)),
            "normal" => self.in_parentheses(Self::two_numbers).map(|(mean, sd)| Initializer::Normal(mean, sd)),
            "xavier" => Ok(Initializer::Xavier),
            "constant" => self.in_parentheses(Self::number).map(Initializer::Constant),
            "identity" => Ok(Initializer::Identity),
            "one_if_named" => {
                self.mark('(')?;
                self.list(')', Self::name).map(Initializer::OneIfNamed)
            }
            _ => self.blame("expected an initializer"),
        }
    }

    fn in_parentheses<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.mark('(')?;
        let inner = inner(self)?;
        self.mark(')')?;
        Ok(inner)
    }

    fn two_numbers(&mut self) -> Parsed<(f64, f64)> {
        let first = self.number()?;
        self.mark(',')?;
        Ok((first, self.number()?))
    }

    fn plane(&mut self) -> Parsed<()> {
        let owner = self.owner()?;
        let (name, part) = self.plane_name()?;
        let Some(slot) = self.score.slots.find(|slot| (slot.owner, &slot.name) == (owner, &name)) else {
            return self.blame(format!("no slot `{name}` is declared"));
        };
        self.mark(':')?;
        let ty = self.ty()?;
        self.score.planes.push(Plane { slot, part, element: ty.element, shape: ty.shape });
        Ok(())
    }
}
