//! Vectors of f32, two lanes in one instruction, where the generation has such.

use super::arch::Feature;
use super::body::Body;
use super::spell::{self, Operation};
use super::tree::{Class, Line, Operand, Register};
use crate::lir::{Binary, Scalar, Type, Value};

impl Body<'_> {
    /// Whether values of a type are worked on in pairs.
    pub(super) fn has_pairs(&self, ty: Type) -> bool {
        ty.scalar == Scalar::F32 && ty.lanes > 1 && self.arch.has(Feature::PairedNumbers)
    }

    /// What does an operation on pairs, where values of the type are worked on so.
    pub(super) fn of_pairs(&self, operation: Binary, ty: Type) -> Option<&'static Operation> {
        spell::binary(operation).pair.filter(|_| self.has_pairs(ty))
    }

    /// The lanes of what an operation on pairs gives of values. Assemblers keep a pair in two neighbouring registers, so
    /// that to pack and to unpack it is nothing.
    pub(super) fn in_pairs(&mut self, operation: &'static Operation, operands: &[Value]) -> Vec<Operand> {
        let operands: Vec<Vec<Operand>> = operands.iter().map(|value| self.packed(*value)).collect();
        let pairs = operands[0].len();
        (0..pairs)
            .flat_map(|pair| {
                let operands = operands.iter().map(|pairs| pairs[pair].clone()).collect();
                let result = self.apply(operation, operands);
                self.unpacked(result)
            })
            .collect()
    }

    /// The pairs of a value's lanes.
    fn packed(&mut self, value: Value) -> Vec<Operand> {
        let lanes: Vec<Register> = self.lanes(value).into_iter().map(|lane| self.register(lane)).collect();
        let pair = |numbers: &[Register]| {
            let result = self.fresh(Class::Pair);
            self.lines.push(Line::Pack { result, numbers: [numbers[0], numbers[1]] });
            Operand::Register(result)
        };
        lanes.chunks_exact(2).map(pair).collect()
    }

    fn unpacked(&mut self, pair: Register) -> [Operand; 2] {
        let results = [self.fresh(Class::F32), self.fresh(Class::F32)];
        self.lines.push(Line::Unpack { results, pair });
        results.map(Operand::Register)
    }
}
