//! Buffers that are larger than a binding may be.

use crate::ir::arena::Arena;
use crate::lir::{Buffer, BufferId, Builder, Expression, Kernel, Place, Scalar, Type, Value};

use super::rebuild::{Rules, define, rebuild};

/// The kernel with one buffer cut into several: `NAME` becomes `NAME_0`, `NAME_1`, …, in its place among the bindings.
/// Each but the last has as many words as the new parameter `NAME_shard` says, a multiple of 4.
///
/// # Panics
/// When the kernel has no buffer of this name, or for no shard: defects of the caller.
pub fn shard(kernel: &Kernel, buffer: &str, shards: u32) -> Kernel {
    assert!(shards > 0, "a buffer lies in at least one binding");
    let sharded = kernel.buffers.find(|it| it.name == buffer);
    let sharded = sharded.unwrap_or_else(|| panic!("`{}` has no buffer `{buffer}`", kernel.name));
    let mut buffers = Arena::default();
    let mut rules = Shard { buffers: Vec::new(), words: format!("{buffer}_shard") };
    for (id, it) in kernel.buffers.iter() {
        rules.buffers.push(if id == sharded {
            let name = |shard| Buffer { name: format!("{buffer}_{shard}"), ..it.clone() };
            (0..shards).map(|shard| buffers.push(name(shard))).collect()
        } else {
            vec![buffers.push(it.clone())]
        });
    }
    rebuild(kernel, Kernel { buffers, ..kernel.clone() }, &mut rules)
}

struct Shard {
    /// The new buffers of each old one.
    buffers: Vec<Vec<BufferId>>,
    /// The name of the parameter that says how many words a shard has.
    words: String,
}

impl Shard {
    /// The first shard where it has the word, or one of the others. Their number is small, and differences of multiples
    /// of four are plainly multiples of four.
    fn descend(
        &mut self,
        k: &mut Builder,
        shards: &[BufferId],
        words: Value,
        index: Value,
        access: &mut dyn FnMut(&mut Self, &mut Builder, BufferId, Value),
    ) {
        let (first, others) = shards.split_first().expect("at least one shard");
        if others.is_empty() {
            return access(self, k, *first, index);
        }
        let here = k.less(index, words);
        k.branch(here, |k, holds| {
            if holds {
                access(self, k, *first, index);
            } else {
                let rest = k.sub(index, words);
                self.descend(k, others, words, rest, access);
            }
        });
    }
}

impl Rules for Shard {
    fn expression(&mut self, k: &mut Builder, expression: Expression) -> Value {
        let Expression::Load { place: Place::Buffer(old), index, lanes } = expression else {
            return define(k, expression);
        };
        if let [one] = self.buffers[old.index()].as_slice() {
            return k.load(Place::Buffer(*one), index, lanes);
        }
        let scalar = k.kernel().buffers[self.buffers[old.index()][0]].scalar;
        let loaded = k.declare(Type::new(scalar, lanes));
        self.locate(k, old, index, &mut |_, k, buffer, index| {
            let value = k.load(Place::Buffer(buffer), index, lanes);
            k.set(loaded, value);
        });
        k.get(loaded)
    }

    fn store(&mut self, k: &mut Builder, place: Place, index: Value, value: Value) {
        match place {
            Place::Shared(_) => k.store(place, index, value),
            Place::Buffer(old) => self.locate(k, old, index, &mut |_, k, buffer, index| {
                k.store(Place::Buffer(buffer), index, value);
            }),
        }
    }

    fn locate(
        &mut self,
        k: &mut Builder,
        old: BufferId,
        index: Value,
        access: &mut dyn FnMut(&mut Self, &mut Builder, BufferId, Value),
    ) {
        match *self.buffers[old.index()].clone() {
            [one] => access(self, k, one, index),
            ref several => {
                let words = k.parameter(&self.words, Scalar::U32, 4);
                self.descend(k, several, words, index, access);
            }
        }
    }
}
