//! Buffers that a kernel does not touch.

use crate::ir::arena::Arena;
use crate::lir::{BufferId, Builder, Expression, Kernel, Place, Statement, Value};

use super::rebuild::{Rules, define, rebuild};

/// The kernel without the buffers that it does not touch: devices bind only so many.
pub(crate) fn touched(kernel: &Kernel) -> Kernel {
    let mut is_touched = vec![false; kernel.buffers.len()];
    kernel.for_each(|statement| match statement {
        Statement::Let(_, Expression::Load { place: Place::Buffer(buffer), .. })
        | Statement::Store { place: Place::Buffer(buffer), .. }
        | Statement::Copy { buffer, .. }
        | Statement::Atomic { buffer, .. }
        | Statement::Change { buffer, .. } => is_touched[buffer.index()] = true,
        _ => {}
    });
    let mut buffers = Arena::default();
    let keep = |(id, buffer): (BufferId, &_)| is_touched[id.index()].then(|| buffers.push(Clone::clone(buffer)));
    let mut rules = Touched { buffers: kernel.buffers.iter().map(keep).collect() };
    rebuild(kernel, Kernel { buffers, ..kernel.clone() }, &mut rules)
}

struct Touched {
    /// The new buffer of each old one that is touched.
    buffers: Vec<Option<BufferId>>,
}

impl Touched {
    fn new_buffer(&self, old: BufferId) -> BufferId {
        self.buffers[old.index()].expect("what is touched is kept")
    }

    fn new_place(&self, old: Place) -> Place {
        match old {
            Place::Buffer(buffer) => Place::Buffer(self.new_buffer(buffer)),
            Place::Shared(_) => old,
        }
    }
}

impl Rules for Touched {
    fn expression(&mut self, k: &mut Builder, expression: Expression) -> Value {
        match expression {
            Expression::Load { place, index, lanes } => k.load(self.new_place(place), index, lanes),
            other => define(k, other),
        }
    }

    fn store(&mut self, k: &mut Builder, place: Place, index: Value, value: Value) {
        k.store(self.new_place(place), index, value);
    }

    fn locate(
        &mut self,
        k: &mut Builder,
        buffer: BufferId,
        index: Value,
        access: &mut dyn FnMut(&mut Self, &mut Builder, BufferId, Value),
    ) {
        let new = self.new_buffer(buffer);
        access(self, k, new, index);
    }
}
