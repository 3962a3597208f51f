//! A kernel, statement by statement, into another.

use crate::lir::{Atomic, BufferId, Builder, Constant, Expression, Kernel, Place, SharedId, Statement, Value};

use super::fold::fold;

/// What becomes of expressions and accesses. Operands are values of the new kernel, already rewritten; parameters and
/// places are those of the old one.
pub(super) trait Rules {
    /// Calls `fill`, once, where the body is to stand.
    fn body(&mut self, k: &mut Builder, fill: &mut dyn FnMut(&mut Self, &mut Builder)) {
        fill(self, k);
    }

    /// Defines what an expression gives.
    fn expression(&mut self, k: &mut Builder, expression: Expression) -> Value {
        define(k, expression)
    }

    /// Writes memory.
    fn store(&mut self, k: &mut Builder, place: Place, index: Value, value: Value) {
        k.store(place, index, value);
    }

    /// Calls `access` with the buffer that holds a word of an old one, and with the word's number in it: maybe with
    /// several, each in a branch of its own.
    fn locate(
        &mut self,
        k: &mut Builder,
        buffer: BufferId,
        index: Value,
        access: &mut dyn FnMut(&mut Self, &mut Builder, BufferId, Value),
    ) {
        access(self, k, buffer, index);
    }

    /// Begins to copy `lanes` words of a buffer, from one on, to those of an array, from one on.
    fn copy(&mut self, k: &mut Builder, (shared, at): (SharedId, Value), (buffer, from): (BufferId, Value), lanes: u8) {
        self.locate(k, buffer, from, &mut |_, k, buffer, from| k.copy(shared, at, buffer, from, lanes));
    }

    /// Waits for copies.
    fn await_copies(&mut self, k: &mut Builder) {
        k.await_copies();
    }

    /// Changes words of memory by an operation.
    fn atomic(&mut self, k: &mut Builder, op: Atomic, buffer: BufferId, index: Value, value: Value) {
        self.locate(k, buffer, index, &mut |_, k, buffer, index| k.atomic(op, buffer, index, value));
    }
}

/// Defines an expression, or what is known of it.
pub(super) fn define(k: &mut Builder, expression: Expression) -> Value {
    if let Some(known) = fold(k, &expression) {
        return k.define(Expression::Constant(known));
    }
    match expression {
        Expression::Binary(op, a, b) => k.binary(op, a, b),
        Expression::Select { condition, yes, no } => match k.constant(condition) {
            Some(Constant::Bool(true)) => yes,
            Some(Constant::Bool(false)) => no,
            Some(Constant::U32(_) | Constant::F32(_)) | None => k.select(condition, yes, no),
        },
        other => k.define(other),
    }
}

/// The kernel with its statements rewritten. `header` has what the new kernel has beside its body; its variables begin
/// with those of the old one.
pub(super) fn rebuild(kernel: &Kernel, header: Kernel, rules: &mut impl Rules) -> Kernel {
    let mut builder = Builder::like(header);
    rules.body(&mut builder, &mut |rules, k| {
        Rebuild { kernel, values: vec![None; kernel.values.len()], rules }.block(k, &kernel.body);
    });
    builder.finish()
}

struct Rebuild<'a, R> {
    kernel: &'a Kernel,
    /// The new value of each old one.
    values: Vec<Option<Value>>,
    rules: &'a mut R,
}

impl<R: Rules> Rebuild<'_, R> {
    fn new_value(&self, old: Value) -> Value {
        self.values[old.index()].expect("a value is defined before it is read")
    }

    /// Notes the new value of an old one, which keeps its name.
    fn note(&mut self, k: &mut Builder, old: Value, new: Value) {
        if let Some(name) = self.kernel.values[old].1 {
            k.name(new, name);
        }
        self.values[old.index()] = Some(new);
    }

    fn block(&mut self, k: &mut Builder, block: &[Statement]) {
        block.iter().for_each(|statement| self.statement(k, statement));
    }

    fn statement(&mut self, k: &mut Builder, statement: &Statement) {
        match statement {
            Statement::Let(value, expression) => {
                let expression = expression.clone().with_operands(|operand| self.new_value(operand));
                let new = self.rules.expression(k, expression);
                self.note(k, *value, new);
            }
            Statement::Set(variable, value) => k.set(*variable, self.new_value(*value)),
            Statement::Store { place, index, value } => {
                let (index, value) = (self.new_value(*index), self.new_value(*value));
                self.rules.store(k, *place, index, value);
            }
            Statement::Copy { shared, at, buffer, from, lanes } => {
                let [at, from] = [at, from].map(|index| self.new_value(*index));
                self.rules.copy(k, (*shared, at), (*buffer, from), *lanes);
            }
            Statement::Await => self.rules.await_copies(k),
            Statement::Atomic { op, buffer, index, value } => {
                let (index, value) = (self.new_value(*index), self.new_value(*value));
                self.rules.atomic(k, *op, *buffer, index, value);
            }
            Statement::Change { buffer, index, held, body, value } => {
                let index = self.new_value(*index);
                let Self { kernel, values, rules } = self;
                rules.locate(k, *buffer, index, &mut |rules, k, buffer, index| {
                    k.change(buffer, index, |k, new| {
                        let mut inner = Rebuild { kernel, values: std::mem::take(values), rules };
                        inner.note(k, *held, new);
                        inner.block(k, body);
                        let new = inner.new_value(*value);
                        *values = inner.values;
                        new
                    });
                });
            }
            Statement::If { condition, then, otherwise } => self.choose(k, *condition, [then, otherwise]),
            Statement::For { index, from, until, step, body } => {
                let [from, until, step] = [from, until, step].map(|value| self.new_value(*value));
                if k.known(from).zip(k.known(until)).is_some_and(|(from, until)| from >= until) {
                    return;
                }
                k.repeat(from, until, step, |k, new| {
                    self.note(k, *index, new);
                    self.block(k, body);
                });
            }
            Statement::Barrier(barrier) => k.barrier(*barrier),
        }
    }

    /// One block or the other: where it is known which, that one alone.
    fn choose(&mut self, k: &mut Builder, condition: Value, [then, otherwise]: [&[Statement]; 2]) {
        let condition = self.new_value(condition);
        if let Some(Constant::Bool(known)) = k.constant(condition) {
            return self.block(k, if known { then } else { otherwise });
        }
        k.branch(condition, |k, holds| self.block(k, if holds { then } else { otherwise }));
    }
}
