//! Expressions, lane by lane.

use super::body::{Body, class};
use super::spell;
use super::tree::{Class, Line, Operand, Register};
use crate::lir::{Binary, Builtin, Constant, Expression, Scalar, Unary, Value};

impl Body<'_> {
    /// The lanes of what an expression gives.
    pub(super) fn expression(&mut self, value: Value, expression: &Expression) -> Vec<Operand> {
        match expression {
            Expression::Constant(constant) => vec![self.constant(*constant)],
            Expression::Parameter(parameter) => vec![Operand::Register(self.parameters[parameter.index()])],
            Expression::Builtin(builtin) => vec![self.builtin(*builtin)],
            Expression::Get(variable) => {
                let lanes = self.variables[variable.index()].clone();
                lanes.into_iter().map(|lane| self.copy(lane)).collect()
            }
            Expression::Unary(operation, a) => {
                self.lanes(*a).into_iter().map(|a| Operand::Register(self.unary(*operation, a))).collect()
            }
            Expression::Binary(operation, a, b) => {
                let scalar = self.ty(*a).scalar;
                if let Some(of_pairs) = self.of_pairs(*operation, self.ty(*a)) {
                    return self.in_pairs(of_pairs, &[*a, *b]);
                }
                let lanes = self.lanes(*a).into_iter().zip(self.lanes(*b));
                lanes.map(|(a, b)| Operand::Register(self.binary(*operation, scalar, a, b))).collect()
            }
            Expression::MultiplyAdd(a, b, c) => {
                if self.has_pairs(self.ty(*a)) {
                    return self.in_pairs(&spell::FMA_PAIR, &[*a, *b, *c]);
                }
                let [a, b, c] = [*a, *b, *c].map(|value| self.lanes(value));
                let lanes = a.into_iter().zip(b).zip(c);
                lanes.map(|((a, b), c)| Operand::Register(self.apply(&spell::FMA_F32, vec![a, b, c]))).collect()
            }
            Expression::Select { condition, yes, no } => {
                let [condition, yes, no] = [*condition, *yes, *no].map(|value| self.lanes(value));
                let lanes = condition.into_iter().zip(yes).zip(no);
                lanes.map(|((condition, yes), no)| Operand::Register(self.select(condition, yes, no))).collect()
            }
            Expression::Convert(scalar, a) => {
                let from = self.ty(*a).scalar;
                self.lanes(*a).into_iter().map(|a| self.convert(from, *scalar, a)).collect()
            }
            Expression::Bits(scalar, a) => {
                let from = self.ty(*a).scalar;
                self.lanes(*a).into_iter().map(|a| self.bits(from, *scalar, a)).collect()
            }
            Expression::Splat(a, lanes) => vec![self.only(*a); usize::from(*lanes)],
            Expression::Lane(a, lane) => vec![self.values[a.index()][usize::from(*lane)].clone()],
            Expression::Join(lanes) => lanes.iter().map(|lane| self.only(*lane)).collect(),
            Expression::Load { place, index, lanes } => {
                let (space, address) = self.address(*place, *index);
                let class = class(self.ty(value).scalar);
                let results: Vec<Register> = (0..*lanes).map(|_| self.fresh(class)).collect();
                self.lines.push(Line::Load { space, results: results.clone(), address });
                results.into_iter().map(Operand::Register).collect()
            }
            Expression::Exchange { value, mask } => {
                self.lanes(*value).into_iter().map(|lane| Operand::Register(self.shuffle(lane, *mask))).collect()
            }
        }
    }

    fn constant(&mut self, constant: Constant) -> Operand {
        match constant {
            Constant::U32(number) => Operand::U32(number),
            Constant::F32(bits) => Operand::F32(bits),
            Constant::Bool(truth) => {
                let zero = self.apply(&spell::MOVE_U32, vec![Operand::U32(0)]);
                let operation = if truth { &spell::EQUAL_U32 } else { &spell::NOT_EQUAL_U32 };
                Operand::Register(self.apply(operation, vec![Operand::Register(zero), Operand::U32(0)]))
            }
        }
    }

    fn builtin(&mut self, builtin: Builtin) -> Operand {
        let special = |name| Operand::Special(name);
        let place = match builtin {
            Builtin::Thread => special("%tid.x"),
            Builtin::Workgroup => special("%ctaid.x"),
            Builtin::Workgroups => special("%nctaid.x"),
            Builtin::SubgroupThread => special("%laneid"),
            Builtin::SubgroupSize => return Operand::U32(super::WARP),
            Builtin::Subgroup => {
                let thread = self.apply(&spell::MOVE_U32, vec![special("%tid.x")]);
                let warp = vec![Operand::Register(thread), Operand::U32(super::WARP.ilog2())];
                return Operand::Register(self.apply(&spell::SHIFT_RIGHT_U32, warp));
            }
        };
        Operand::Register(self.apply(&spell::MOVE_U32, vec![place]))
    }

    fn copy(&mut self, register: Register) -> Operand {
        let copy = self.fresh(register.class);
        self.move_to(copy, Operand::Register(register));
        Operand::Register(copy)
    }

    fn binary(&mut self, operation: Binary, scalar: Scalar, a: Operand, b: Operand) -> Register {
        let spelled = spell::binary(operation).of(scalar);
        let spelled = spelled.unwrap_or_else(|| unreachable!("the verifier has ruled out {operation:?} of {scalar}"));
        // At least one operand of an instruction is a register.
        let a = Operand::Register(self.register(a));
        self.apply(spelled, vec![a, b])
    }

    fn select(&mut self, condition: Operand, yes: Operand, no: Operand) -> Register {
        match yes.class() {
            Class::F32 => self.apply(&spell::SELECT_F32, vec![yes, no, condition]),
            Class::U32 => self.apply(&spell::SELECT_U32, vec![yes, no, condition]),
            Class::Predicate => {
                let other = Operand::Register(self.apply(&spell::NOT_PREDICATE, vec![condition.clone()]));
                let yes = Operand::Register(self.apply(&spell::AND_PREDICATE, vec![condition, yes]));
                let no = Operand::Register(self.apply(&spell::AND_PREDICATE, vec![other, no]));
                self.apply(&spell::OR_PREDICATE, vec![yes, no])
            }
            Class::U64 | Class::Pair => unreachable!("no lane is an address or a pair"),
        }
    }

    fn convert(&mut self, from: Scalar, to: Scalar, a: Operand) -> Operand {
        let register = match (from, to) {
            (Scalar::Bool, Scalar::U32) => self.apply(&spell::SELECT_U32, vec![Operand::U32(1), Operand::U32(0), a]),
            (Scalar::Bool, Scalar::F32) => {
                let [one, zero] = [1.0_f32, 0.0].map(|number| Operand::F32(number.to_bits()));
                self.apply(&spell::SELECT_F32, vec![one, zero, a])
            }
            (Scalar::U32, Scalar::F32) => self.apply(&spell::U32_TO_F32, vec![a]),
            (Scalar::F32, Scalar::U32) => self.apply(&spell::F32_TO_U32, vec![a]),
            (Scalar::U32, Scalar::Bool) => {
                let a = Operand::Register(self.register(a));
                self.apply(&spell::NOT_EQUAL_U32, vec![a, Operand::U32(0)])
            }
            (Scalar::F32, Scalar::Bool) => {
                let a = Operand::Register(self.register(a));
                self.apply(&spell::NOT_EQUAL_F32, vec![a, Operand::F32(0)])
            }
            (Scalar::Bool, Scalar::Bool) | (Scalar::U32, Scalar::U32) | (Scalar::F32, Scalar::F32) => return a,
        };
        Operand::Register(register)
    }

    fn bits(&mut self, from: Scalar, to: Scalar, a: Operand) -> Operand {
        match (from, to) {
            (Scalar::F32, Scalar::U32) => Operand::Register(self.apply(&spell::BITS_OF_F32, vec![a])),
            (Scalar::U32, Scalar::F32) => Operand::Register(self.apply(&spell::F32_OF_BITS, vec![a])),
            _ => a,
        }
    }

    fn shuffle(&mut self, lane: Operand, mask: u32) -> Register {
        let value = self.register(lane);
        let result = self.fresh(value.class);
        self.lines.push(Line::Shuffle { result, value, mask });
        result
    }

    fn unary(&mut self, operation: Unary, a: Operand) -> Register {
        match operation {
            Unary::Neg => self.apply(&spell::NEG_F32, vec![a]),
            Unary::Abs => self.apply(&spell::ABS_F32, vec![a]),
            Unary::Sqrt => self.apply(&spell::SQRT_F32, vec![a]),
            Unary::Floor => self.apply(&spell::FLOOR_F32, vec![a]),
            Unary::Not => self.apply(&spell::NOT_PREDICATE, vec![a]),
            Unary::Exp => self.exp(a),
            Unary::Log => self.log(a),
            Unary::Sin => self.turn(&spell::SIN_F32, a),
            Unary::Cos => self.turn(&spell::COS_F32, a),
            Unary::Tanh => self.tanh(a),
        }
    }
}
