//! Expressions into operations.

use super::arithmetic::binary;
use super::context::{Binding, Context, Matrix, Operand};
use super::tables::{Planes, Storage, owner_name};
use super::{Reported, arithmetic, constant, function};
use crate::ast::{Expr, ExprKind, Name};
use crate::diagnostics::{Diagnostic, Span, did_you_mean};
use crate::ir::{Element, Op, Owner, PlaneId, Shape, Side, Type, Value};

impl Context<'_> {
    /// The operations of an expression.
    pub(super) fn lower(&mut self, expr: &Expr) -> Result<Operand, Reported> {
        match &expr.kind {
            ExprKind::Number(value) => Ok(Operand::Value(self.builder.constant(*value))),
            ExprKind::Name(name) => self.named(name, expr.span),
            ExprKind::Slot(side, slot) => self.slot(*side, slot, expr.span),
            ExprKind::Row(table, index) => self.row(table, *index, expr.span),
            ExprKind::Neg(a) => {
                let a = self.lower(a)?;
                arithmetic::negate(self, a)
            }
            ExprKind::Binary(operator, a, b) => {
                let (left, right) = (self.lower(a), self.lower(b));
                binary(self, expr.span, *operator, (left?, a.span), (right?, b.span))
            }
            ExprKind::Call(function, arguments) => function::call(self, expr.span, function, arguments),
        }
    }

    /// The operations of an expression that is a scalar or a vector.
    pub(super) fn value(&mut self, expr: &Expr) -> Result<Value, Reported> {
        match self.lower(expr)? {
            Operand::Value(value) => Ok(value),
            Operand::Matrix(matrix) => {
                let message = format!("a matrix, {}, cannot stand here", self.type_of(matrix.value));
                let help = "a matrix is used in a product with a vector: `r.m * h.v`, `bilinear(h.v, r.m, t.v)`";
                Err(self.report(Diagnostic::new(expr.span, message).help(help)))
            }
        }
    }

    /// Appends an operation whose operands have been checked; what slipped through is an error all the same.
    pub(super) fn push(&mut self, span: Span, op: Op) -> Result<Value, Reported> {
        self.builder.try_push(op).map_err(|error| self.report(Diagnostic::new(span, error.to_string())))
    }

    /// A type as declared: `` `real[d]` ``.
    pub(super) fn type_of(&self, value: Value) -> String {
        let Type { element, shape } = self.builder.ty(value);
        let element = match element {
            Element::Real => "real",
            Element::Complex => "complex",
        };
        let dim = |dim| &self.builder.score().dims[dim].name;
        match shape {
            Shape::Scalar => format!("`{element}` scalar"),
            Shape::Vector(d) => format!("`{element}[{}]`", dim(d)),
            Shape::Matrix(k, d) => format!("`{element}[{}, {}]`", dim(k), dim(d)),
        }
    }

    fn named(&mut self, name: &str, span: Span) -> Result<Operand, Reported> {
        if let Some(value) = constant::named(name) {
            return Ok(Operand::Value(self.builder.constant(value)));
        }
        match self.names.get(name) {
            Some(Binding::Operand(operand)) => Ok(*operand),
            Some(Binding::Row(value)) => Ok(Operand::Value(*value)),
            Some(Binding::Reported) => Err(Reported),
            None => {
                let error = Diagnostic::new(span, format!("nothing is called `{name}`")).help(self.help_for(name));
                Err(self.report(error))
            }
        }
    }

    fn help_for(&self, unknown: &str) -> String {
        if ["h", "r", "t"].contains(&unknown) {
            return format!("name the table too: `{unknown}.v`");
        }
        let owners: Vec<Owner> =
            self.slots.keys().filter(|(_, name)| name == unknown).map(|(owner, _)| *owner).collect();
        match owners.as_slice() {
            [Owner::Relation] => return format!("a table is read through a side: `r.{unknown}`"),
            [Owner::Entity, ..] => return format!("a table is read through a side: `h.{unknown}` or `t.{unknown}`"),
            [Owner::Relation, ..] | [] => {}
        }
        if self.builder.score().dims.iter().any(|(_, dim)| dim.name == unknown) {
            return format!("`{unknown}` is a dimension, which has no value in a score");
        }
        if function::is_known(unknown) {
            return format!("`{unknown}` is a function: `{unknown}(…)`");
        }
        let help = did_you_mean(unknown, self.names.keys().map(String::as_str));
        if help.is_empty() { "declare it above: `let name = …;` or `parameter name = …;`".to_owned() } else { help }
    }

    /// How the table of a side is stored.
    pub(super) fn storage(&mut self, side: Side, slot: &Name) -> Result<Storage, Reported> {
        match self.slots.get(&(side.owner(), slot.text.clone())) {
            Some(info) => info.storage.clone().ok_or(Reported),
            None => {
                let error = self.unknown_slot(side, slot);
                Err(self.report(error))
            }
        }
    }

    fn unknown_slot(&self, side: Side, slot: &Name) -> Diagnostic {
        let (owner, name) = (side.owner(), &slot.text);
        let message = format!("the {} has no table `{name}`", owner_name(owner));
        let other = match owner {
            Owner::Entity => Owner::Relation,
            Owner::Relation => Owner::Entity,
        };
        let own = || self.slots.keys().filter(|(known, _)| *known == owner).map(|(_, name)| name.as_str());
        let help = if self.slots.contains_key(&(other, name.clone())) {
            match other {
                Owner::Entity => format!("it is a table of the entity: `h.{name}` or `t.{name}`"),
                Owner::Relation => format!("it is a table of the relation: `r.{name}`"),
            }
        } else if own().next().is_none() {
            format!("declare it: `{} {{ {name}: real[d] }}`", owner_name(owner))
        } else {
            did_you_mean(name, own())
        };
        Diagnostic::new(slot.span, message).help(help)
    }

    fn slot(&mut self, side: Side, slot: &Name, span: Span) -> Result<Operand, Reported> {
        let storage = self.storage(side, slot)?;
        match storage.planes {
            Planes::Whole(plane) => self.gather(span, side, plane, storage.phase),
            // The check of uses has reported a table that is read in two manners.
            Planes::Halves(_) | Planes::Rows(_) => Err(Reported),
        }
    }

    fn gather(&mut self, span: Span, side: Side, plane: PlaneId, phase: bool) -> Result<Operand, Reported> {
        let gathered = self.push(span, Op::Gather { side, plane })?;
        if phase {
            return self.push(span, Op::Cis(gathered)).map(Operand::Value);
        }
        match self.builder.ty(gathered).shape {
            Shape::Matrix(..) => Ok(Operand::Matrix(Matrix { value: gathered, transposed: false, factor: None })),
            Shape::Scalar | Shape::Vector(_) => Ok(Operand::Value(gathered)),
        }
    }

    /// `h.v[0]`.
    fn row(&mut self, table: &Expr, index: u32, span: Span) -> Result<Operand, Reported> {
        let ExprKind::Slot(side, slot) = &table.kind else {
            let error = Diagnostic::new(table.span, "this has no rows").help("only a table has: `h.v[0]`");
            return Err(self.report(error));
        };
        let storage = self.storage(*side, slot)?;
        let Planes::Rows(planes) = &storage.planes else { return Err(Reported) };
        match planes.get(index as usize) {
            Some(plane) => self.gather(span, *side, *plane, storage.phase),
            None => {
                let message = format!("`{}` has {} rows, counted from 0", slot.text, planes.len());
                Err(self.report(Diagnostic::new(span, message).label(format!("there is no row {index}"))))
            }
        }
    }

    /// `lower(h.v)` or `upper(h.v)`.
    pub(super) fn half(&mut self, function: &Name, arguments: &[Expr], index: usize) -> Result<Operand, Reported> {
        let [Expr { kind: ExprKind::Slot(side, slot), span, .. }] = arguments else {
            let name = &function.text;
            let error = Diagnostic::new(function.span, format!("`{name}` takes one table"));
            return Err(self.report(error.help(format!("write `{name}(h.v)`"))));
        };
        let storage = self.storage(*side, slot)?;
        let Planes::Halves(planes) = storage.planes else { return Err(Reported) };
        self.gather(*span, *side, planes[index], storage.phase)
    }

    /// `angle(r.v)`: a phase as it is stored.
    pub(super) fn angle(&mut self, argument: &Expr) -> Result<Value, Reported> {
        let value = self.value(argument)?;
        match self.builder.op(value) {
            Op::Cis(angle) => Ok(*angle),
            _ => {
                let error = Diagnostic::new(argument.span, "only a phase has an angle");
                Err(self.report(error.help("declare the table as `phase[d]`")))
            }
        }
    }
}
