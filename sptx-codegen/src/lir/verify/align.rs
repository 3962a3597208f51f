//! What the indices of wide accesses are multiples of.
//!
//! The analysis knows of each u32 how many of its last bits are 0. A multiple of a power of two remains one when
//! arithmetic wraps, which is why no other factors are followed. A variable is a multiple of what everything is that it
//! is set to, wherever.

use std::collections::HashMap;

use super::super::{Binary, Block, Constant, Expression, Statement, Type, Value};
use super::{Definition, Definitions, Report, Rule};

/// Last bits of 0, of which all are.
const ALL: u32 = 32;

/// Rule 8.
pub(super) fn check(definitions: &Definitions<'_>, report: &mut Report<'_>) {
    let variables = vec![ALL; definitions.kernel.variables.len()];
    let mut zeros = Zeros { definitions, variables, found: HashMap::new() };
    while zeros.lower(&definitions.kernel.body) {
        zeros.found.clear();
    }
    zeros.block(&definitions.kernel.body, report);
}

struct Zeros<'a> {
    definitions: &'a Definitions<'a>,
    variables: Vec<u32>,
    found: HashMap<Value, u32>,
}

impl Zeros<'_> {
    /// Lowers what is claimed of variables to what they are set to; whether anything was to be lowered.
    fn lower(&mut self, block: &Block) -> bool {
        let mut lowered = false;
        for statement in block {
            if let Statement::Set(variable, value) = statement {
                let zeros = self.of(*value);
                let claimed = &mut self.variables[variable.index()];
                lowered |= zeros < *claimed;
                *claimed = zeros.min(*claimed);
            }
            for block in statement.blocks() {
                lowered |= self.lower(block);
            }
        }
        lowered
    }

    fn block(&mut self, block: &Block, report: &mut Report<'_>) {
        for statement in block {
            match statement {
                Statement::Let(_, Expression::Load { index, lanes, .. }) => {
                    self.access(statement, *index, *lanes, report);
                }
                Statement::Store { index, value, .. } | Statement::Atomic { index, value, .. } => {
                    self.access(statement, *index, report.kernel.ty(*value).lanes, report);
                }
                Statement::Copy { at, from, lanes, .. } => {
                    [at, from].into_iter().for_each(|index| self.access(statement, *index, *lanes, report));
                }
                Statement::Let(..)
                | Statement::Set(..)
                | Statement::Await
                | Statement::Change { .. }
                | Statement::If { .. }
                | Statement::For { .. }
                | Statement::Barrier(_) => {}
            }
            statement.blocks().into_iter().for_each(|block| self.block(block, report));
        }
    }

    fn access(&mut self, statement: &Statement, index: Value, lanes: u8, report: &mut Report<'_>) {
        let zeros = self.of(index);
        if zeros < lanes.trailing_zeros() {
            let index = self.definitions.shown(index);
            report.at(statement, Rule::Misaligned { index, lanes, multiple: 1 << zeros });
        }
    }

    fn of(&mut self, value: Value) -> u32 {
        if let Some(zeros) = self.found.get(&value) {
            return *zeros;
        }
        let zeros = match self.definitions.get(value) {
            _ if self.definitions.kernel.ty(value) != Type::U32 => 0,
            Definition::Let(expression) => self.expression(expression),
            Definition::Index { from, step, .. } => self.of(from).min(self.of(step)),
            Definition::Held => 0,
        };
        self.found.insert(value, zeros);
        zeros
    }

    fn expression(&mut self, expression: &Expression) -> u32 {
        match expression {
            Expression::Constant(Constant::U32(known)) => known.trailing_zeros(),
            Expression::Parameter(parameter) => {
                self.definitions.kernel.parameters[*parameter].multiple_of.trailing_zeros()
            }
            Expression::Get(variable) => self.variables[variable.index()],
            Expression::Binary(op, a, b) => self.binary(*op, *a, *b),
            Expression::Select { yes, no, .. } => self.of(*yes).min(self.of(*no)),
            Expression::Lane(vector, lane) => self.definitions.lane(*vector, *lane).map_or(0, |value| self.of(value)),
            Expression::Exchange { value, .. } => self.of(*value),
            Expression::Constant(_)
            | Expression::Convert(..)
            | Expression::Builtin(_)
            | Expression::Unary(..)
            | Expression::MultiplyAdd(..)
            | Expression::Bits(..)
            | Expression::Splat(..)
            | Expression::Join(_)
            | Expression::Load { .. } => 0,
        }
    }

    fn binary(&mut self, op: Binary, a: Value, b: Value) -> u32 {
        let (left, right) = (self.of(a), self.of(b));
        let known = self.definitions.known(b);
        match op {
            Binary::Add | Binary::Sub | Binary::Rem | Binary::Min | Binary::Max | Binary::Or | Binary::Xor => {
                left.min(right)
            }
            Binary::And => left.max(right),
            Binary::Mul => (left + right).min(ALL),
            Binary::ShiftLeft => left.saturating_add(known.unwrap_or(0)).min(ALL),
            Binary::ShiftRight => left.saturating_sub(known.unwrap_or(ALL)),
            Binary::Div => match known {
                Some(divisor) if divisor.is_power_of_two() => left.saturating_sub(right),
                Some(_) | None => 0,
            },
            Binary::MulHigh
            | Binary::Less
            | Binary::LessEqual
            | Binary::Greater
            | Binary::GreaterEqual
            | Binary::Equal
            | Binary::NotEqual => 0,
        }
    }
}
