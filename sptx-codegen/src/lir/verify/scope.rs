//! Declarations; values and variables where they are read.

use std::collections::BTreeSet;

use super::super::print::Shown;
use super::super::{Block, Expression, Kernel, Place, Scalar, Statement, Value, VariableId};
use super::{Report, Rule};

/// Rules 1 and 2.
pub(super) fn declarations(report: &mut Report<'_>) {
    let kernel = report.kernel;
    if kernel.workgroup == 0 {
        report.declaration(Rule::NoThreads);
    }
    names(kernel, report);
    for (_, parameter) in kernel.parameters.iter() {
        if parameter.multiple_of == 0 {
            report.declaration(Rule::MultipleOfNothing { name: parameter.name.clone() });
        }
        word(&parameter.name, parameter.scalar, report);
    }
    for (_, buffer) in kernel.buffers.iter() {
        word(&buffer.name, buffer.scalar, report);
        lanes(&buffer.name, buffer.lanes, report);
    }
    for (_, shared) in kernel.shared.iter() {
        word(&shared.name, shared.scalar, report);
        if shared.words == 0 {
            report.declaration(Rule::NoWords { name: shared.name.clone() });
        }
    }
    for (variable, ty) in kernel.variables.iter() {
        lanes(&format!("{variable:?}"), ty.lanes, report);
    }
    for (value, (ty, _)) in kernel.values.iter() {
        lanes(&Shown(kernel, value).to_string(), ty.lanes, report);
    }
}

fn names(kernel: &Kernel, report: &mut Report<'_>) {
    let mut known = BTreeSet::new();
    let parameters = kernel.parameters.iter().map(|(_, parameter)| &parameter.name);
    let buffers = kernel.buffers.iter().map(|(_, buffer)| &buffer.name);
    let shared = kernel.shared.iter().map(|(_, shared)| &shared.name);
    for name in [&kernel.name].into_iter().chain(parameters).chain(buffers).chain(shared) {
        identifier(name, report);
        if !known.insert(name) {
            report.declaration(Rule::NameTwice { name: name.clone() });
        }
    }
    for name in kernel.values.iter().filter_map(|(_, (_, name))| *name) {
        identifier(name, report);
    }
}

fn identifier(name: &str, report: &mut Report<'_>) {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !begins || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        report.declaration(Rule::NotAName { name: name.to_owned() });
    }
}

fn word(name: &str, scalar: Scalar, report: &mut Report<'_>) {
    if scalar == Scalar::Bool {
        report.declaration(Rule::HoldsTruth { name: name.to_owned() });
    }
}

fn lanes(name: &str, lanes: u8, report: &mut Report<'_>) {
    if !matches!(lanes, 1 | 2 | 4) {
        report.declaration(Rule::Lanes { name: name.to_owned(), lanes });
    }
}

/// Rule 3.
pub(super) fn check(report: &mut Report<'_>) {
    let kernel = report.kernel;
    let mut scope = Scope { report, defined: BTreeSet::new(), visible: BTreeSet::new() };
    scope.block(&kernel.body, &mut BTreeSet::new());
}

struct Scope<'a, 'b> {
    report: &'b mut Report<'a>,
    /// Values that a statement before defines, in whatever block.
    defined: BTreeSet<Value>,
    /// Those of them that can be read.
    visible: BTreeSet<Value>,
}

impl Scope<'_, '_> {
    /// Checks a block; afterwards `set` has the variables that are set by then.
    fn block(&mut self, block: &Block, set: &mut BTreeSet<VariableId>) {
        let outside = self.visible.clone();
        for statement in block {
            self.statement(statement, set);
        }
        self.visible = outside;
    }

    fn statement(&mut self, statement: &Statement, set: &mut BTreeSet<VariableId>) {
        statement.operands().into_iter().for_each(|operand| self.reads(statement, operand));
        match statement {
            Statement::Let(value, expression) => {
                self.expression(statement, expression, set);
                self.define(statement, *value);
            }
            Statement::Set(variable, _) => {
                self.exists(statement, self.report.kernel.variables.get(*variable).is_some(), variable);
                set.insert(*variable);
            }
            Statement::Store { place, .. } => self.place(statement, *place),
            Statement::Copy { shared, buffer, .. } => {
                self.place(statement, Place::Shared(*shared));
                self.place(statement, Place::Buffer(*buffer));
            }
            Statement::Atomic { buffer, .. } => self.place(statement, Place::Buffer(*buffer)),
            Statement::Change { buffer, held, body, value, .. } => {
                self.place(statement, Place::Buffer(*buffer));
                let outside = self.visible.clone();
                self.define(statement, *held);
                body.iter().for_each(|inner| self.statement(inner, set));
                self.reads(statement, *value);
                self.visible = outside;
            }
            Statement::If { then, otherwise, .. } => {
                let (mut by_then, mut by_otherwise) = (set.clone(), set.clone());
                self.block(then, &mut by_then);
                self.block(otherwise, &mut by_otherwise);
                set.extend(by_then.intersection(&by_otherwise));
            }
            Statement::For { index, body, .. } => {
                let outside = self.visible.clone();
                self.define(statement, *index);
                // A loop may run not once.
                self.block(body, &mut set.clone());
                self.visible = outside;
            }
            Statement::Await | Statement::Barrier(_) => {}
        }
    }

    fn expression(&mut self, statement: &Statement, expression: &Expression, set: &BTreeSet<VariableId>) {
        match expression {
            Expression::Parameter(parameter) => {
                self.exists(statement, self.report.kernel.parameters.get(*parameter).is_some(), parameter);
            }
            Expression::Get(variable) => {
                self.exists(statement, self.report.kernel.variables.get(*variable).is_some(), variable);
                if !set.contains(variable) {
                    self.report.at(statement, Rule::NotSet { variable: format!("{variable:?}") });
                }
            }
            Expression::Load { place, .. } => self.place(statement, *place),
            Expression::Constant(_)
            | Expression::Builtin(_)
            | Expression::Unary(..)
            | Expression::Binary(..)
            | Expression::MultiplyAdd(..)
            | Expression::Select { .. }
            | Expression::Convert(..)
            | Expression::Bits(..)
            | Expression::Splat(..)
            | Expression::Lane(..)
            | Expression::Join(_)
            | Expression::Exchange { .. } => {}
        }
    }

    fn reads(&mut self, statement: &Statement, value: Value) {
        if !self.visible.contains(&value) {
            let value = Shown(self.report.kernel, value).to_string();
            self.report.at(statement, Rule::NotInScope { value });
        }
    }

    fn define(&mut self, statement: &Statement, value: Value) {
        self.exists(statement, self.report.kernel.values.get(value).is_some(), &value);
        self.visible.insert(value);
        if !self.defined.insert(value) {
            let value = Shown(self.report.kernel, value).to_string();
            self.report.at(statement, Rule::DefinedTwice { value });
        }
    }

    fn place(&mut self, statement: &Statement, place: Place) {
        match place {
            Place::Buffer(buffer) => {
                self.exists(statement, self.report.kernel.buffers.get(buffer).is_some(), &buffer);
            }
            Place::Shared(shared) => {
                self.exists(statement, self.report.kernel.shared.get(shared).is_some(), &shared);
            }
        }
    }

    fn exists(&mut self, statement: &Statement, exists: bool, handle: &dyn std::fmt::Debug) {
        if !exists {
            self.report.at(statement, Rule::Dangling { handle: format!("{handle:?}") });
        }
    }
}
