//! Types, and what is done with buffers.

use super::super::builder::expression_type;
use super::super::print::{Shown, place_name};
use super::super::{Access, Atomic, Block, Buffer, Expression, Place, Scalar, Statement, Type, Value};
use super::{Report, Rule};

/// Rules 4 to 6, of a kernel that satisfies those before.
pub(super) fn check(report: &mut Report<'_>) {
    let kernel = report.kernel;
    block(&kernel.body, report);
}

fn block(statements: &Block, report: &mut Report<'_>) {
    for statement in statements {
        check_statement(statement, report);
        statement.blocks().into_iter().for_each(|inner| block(inner, report));
    }
}

fn check_statement(statement: &Statement, report: &mut Report<'_>) {
    let kernel = report.kernel;
    match statement {
        Statement::Let(value, expression) => match expression_type(kernel, expression) {
            None => report.at(statement, Rule::Operands),
            Some(ty) => {
                require(statement, *value, ty, report);
                check_expression(statement, expression, report);
            }
        },
        Statement::Set(variable, value) => require(statement, *value, kernel.variables[*variable], report),
        Statement::Store { place, index, value } => {
            require(statement, *index, Type::U32, report);
            let lanes = kernel.ty(*value).lanes;
            require(statement, *value, Type::new(scalar(*place, report), lanes), report);
            access(statement, *place, lanes, true, report);
        }
        Statement::Copy { shared, at, buffer, from, lanes } => {
            [at, from].into_iter().for_each(|index| require(statement, *index, Type::U32, report));
            let (to, source) = (Place::Shared(*shared), Place::Buffer(*buffer));
            if scalar(to, report) != scalar(source, report) || !matches!(lanes, 1 | 2 | 4) {
                report.at(statement, Rule::Operands);
            }
            if kernel.buffers[*buffer].access != Access::Read {
                report.at(statement, Rule::CopiedWhileWritten { buffer: kernel.buffers[*buffer].name.clone() });
            }
            access(statement, source, *lanes, false, report);
        }
        Statement::Atomic { op, buffer, index, value } => {
            require(statement, *index, Type::U32, report);
            let wanted = match op {
                Atomic::Add => kernel.buffers[*buffer].scalar,
                Atomic::Max => Scalar::U32,
            };
            // Numbers alone are added as vectors.
            let lanes = if wanted == Scalar::F32 { kernel.ty(*value).lanes } else { 1 };
            require(statement, *value, Type::new(wanted, lanes), report);
            let Buffer { name, access, lanes: most, scalar } = &kernel.buffers[*buffer];
            if *access != Access::Atomic {
                report.at(statement, Rule::NotAtomic { buffer: name.clone() });
            } else if *scalar != wanted {
                report.at(statement, Rule::Operands);
            } else if lanes > *most {
                report.at(statement, Rule::TooWide { buffer: name.clone(), most: *most, lanes });
            }
        }
        Statement::Change { buffer, index, held, body, value } => {
            [index, held, value].into_iter().for_each(|value| require(statement, *value, Type::U32, report));
            let buffer = &kernel.buffers[*buffer];
            if buffer.access != Access::Atomic {
                report.at(statement, Rule::NotAtomic { buffer: buffer.name.clone() });
            } else if buffer.scalar != Scalar::U32 {
                report.at(statement, Rule::Operands);
            }
            for other in body.iter().filter(|inner| !is_operation(inner)) {
                report.at(other, Rule::NotAnOperation);
            }
        }
        Statement::If { condition, .. } => require(statement, *condition, Type::BOOL, report),
        Statement::For { index, from, until, step, .. } => {
            [index, from, until, step].into_iter().for_each(|value| require(statement, *value, Type::U32, report));
        }
        Statement::Await | Statement::Barrier(_) => {}
    }
}

/// Whether a statement may stand in a change.
fn is_operation(statement: &Statement) -> bool {
    matches!(statement, Statement::Let(_, expression) if expression.is_fixed() || matches!(expression, Expression::Get(_)))
}

fn check_expression(statement: &Statement, expression: &Expression, report: &mut Report<'_>) {
    match expression {
        Expression::Load { place, lanes, .. } => access(statement, *place, *lanes, false, report),
        Expression::Exchange { mask, .. } => {
            if !(1..128).contains(mask) {
                report.at(statement, Rule::Mask { mask: *mask });
            }
        }
        Expression::Constant(_)
        | Expression::Parameter(_)
        | Expression::Builtin(_)
        | Expression::Get(_)
        | Expression::Unary(..)
        | Expression::Binary(..)
        | Expression::MultiplyAdd(..)
        | Expression::Select { .. }
        | Expression::Convert(..)
        | Expression::Bits(..)
        | Expression::Splat(..)
        | Expression::Lane(..)
        | Expression::Join(_) => {}
    }
}

fn require(statement: &Statement, value: Value, wanted: Type, report: &mut Report<'_>) {
    let found = report.kernel.ty(value);
    if found != wanted {
        let value = Shown(report.kernel, value).to_string();
        report.at(statement, Rule::WrongType { value, wanted, found });
    }
}

fn scalar(place: Place, report: &Report<'_>) -> Scalar {
    match place {
        Place::Buffer(buffer) => report.kernel.buffers[buffer].scalar,
        Place::Shared(shared) => report.kernel.shared[shared].scalar,
    }
}

fn access(statement: &Statement, place: Place, lanes: u8, writes: bool, report: &mut Report<'_>) {
    let (allowed, most) = match place {
        Place::Buffer(buffer) => (report.kernel.buffers[buffer].access, report.kernel.buffers[buffer].lanes),
        Place::Shared(_) => return,
    };
    let buffer = place_name(report.kernel, place);
    match allowed {
        Access::Read if writes => report.at(statement, Rule::Written { buffer: buffer.clone() }),
        Access::Atomic => report.at(statement, Rule::AtomicOnly { buffer: buffer.clone() }),
        Access::Read | Access::ReadWrite => {}
    }
    if lanes > most {
        report.at(statement, Rule::TooWide { buffer, most, lanes });
    }
}
