//! Which values all threads of a workgroup agree on, and where all of them come.
//!
//! Parameters, constants, the workgroup's number, the number of workgroups and the size of subgroups are uniform; so is
//! what is computed of uniform values, and what a buffer that nothing writes holds at a uniform index. A thread's own
//! numbers are not, nor is what memory holds that is written, nor what threads exchange. A variable is uniform if
//! everything that it is set to is, and all threads come where it is set.
//!
//! This is stricter than the analysis of WGSL, which follows what a variable is set to along the program; so what is
//! accepted here is accepted there.

use std::collections::HashMap;

use super::super::{Access, Block, Builtin, Expression, Place, Statement, Value};
use super::{Definition, Definitions, Report, Rule};

/// Rule 10.
pub(super) fn check(definitions: &Definitions<'_>, report: &mut Report<'_>) {
    let variables = vec![true; definitions.kernel.variables.len()];
    let mut uniform = Uniform { definitions, variables, found: HashMap::new() };
    while uniform.lower(&definitions.kernel.body, true) {
        uniform.found.clear();
    }
    uniform.block(&definitions.kernel.body, true, report);
}

struct Uniform<'a> {
    definitions: &'a Definitions<'a>,
    variables: Vec<bool>,
    found: HashMap<Value, bool>,
}

impl Uniform<'_> {
    /// Takes back what is claimed of variables and is not so; whether there was any. All threads come to the block, or
    /// some may not.
    fn lower(&mut self, block: &Block, all: bool) -> bool {
        let mut lowered = false;
        for statement in block {
            if let Statement::Set(variable, value) = statement {
                let uniform = all && self.of(*value);
                lowered |= self.variables[variable.index()] && !uniform;
                self.variables[variable.index()] &= uniform;
            }
            let all = all && self.reaches(statement);
            for block in statement.blocks() {
                lowered |= self.lower(block, all);
            }
        }
        lowered
    }

    /// Whether a statement's blocks are run by all threads alike.
    fn reaches(&mut self, statement: &Statement) -> bool {
        match statement {
            Statement::If { condition, .. } => self.of(*condition),
            Statement::For { from, until, step, .. } => [from, until, step].into_iter().all(|value| self.of(*value)),
            Statement::Let(..)
            | Statement::Set(..)
            | Statement::Store { .. }
            | Statement::Copy { .. }
            | Statement::Await
            | Statement::Atomic { .. }
            | Statement::Change { .. }
            | Statement::Barrier(_) => true,
        }
    }

    fn block(&mut self, block: &Block, all: bool, report: &mut Report<'_>) {
        for statement in block {
            match statement {
                Statement::Barrier(_) | Statement::Let(_, Expression::Exchange { .. }) if !all => {
                    report.at(statement, Rule::NotUniform);
                }
                Statement::Let(..)
                | Statement::Set(..)
                | Statement::Store { .. }
                | Statement::Copy { .. }
                | Statement::Await
                | Statement::Atomic { .. }
                | Statement::Change { .. }
                | Statement::If { .. }
                | Statement::For { .. }
                | Statement::Barrier(_) => {}
            }
            let all = all && self.reaches(statement);
            statement.blocks().into_iter().for_each(|block| self.block(block, all, report));
        }
    }

    fn of(&mut self, value: Value) -> bool {
        if let Some(uniform) = self.found.get(&value) {
            return *uniform;
        }
        let uniform = match self.definitions.get(value) {
            Definition::Let(expression) => {
                self.source(expression) && expression.operands().into_iter().all(|operand| self.of(operand))
            }
            Definition::Index { from, until, step } => [from, until, step].into_iter().all(|value| self.of(value)),
            Definition::Held => false,
        };
        self.found.insert(value, uniform);
        uniform
    }

    /// Whether an expression is uniform if its operands are.
    fn source(&self, expression: &Expression) -> bool {
        match expression {
            Expression::Builtin(Builtin::Workgroup | Builtin::Workgroups | Builtin::SubgroupSize) => true,
            Expression::Builtin(Builtin::Thread | Builtin::SubgroupThread | Builtin::Subgroup) => false,
            Expression::Get(variable) => self.variables[variable.index()],
            Expression::Load { place: Place::Buffer(buffer), .. } => {
                self.definitions.kernel.buffers[*buffer].access == Access::Read
            }
            Expression::Load { place: Place::Shared(_), .. } | Expression::Exchange { .. } => false,
            Expression::Constant(_)
            | Expression::Parameter(_)
            | Expression::Unary(..)
            | Expression::Binary(..)
            | Expression::MultiplyAdd(..)
            | Expression::Select { .. }
            | Expression::Convert(..)
            | Expression::Bits(..)
            | Expression::Splat(..)
            | Expression::Lane(..)
            | Expression::Join(_) => true,
        }
    }
}
