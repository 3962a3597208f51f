//! What a thread does, in PTX: each lane of a value is a register, or a number that stands where it is used.

use crate::lir::{
    Access, Atomic, Binary, Block, Builtin, Constant, Expression, Kernel, Place, Scalar, Statement, Type, Unary, Value,
};

use super::spell::{self, Operation};
use super::tree::{Class, Label, Line, Operand, Register, Space};

/// Bytes of a word.
const WORD: u32 = 4;

/// How a body is written.
pub(super) struct Body<'a> {
    kernel: &'a Kernel,
    /// The lanes of each value.
    values: Vec<Vec<Operand>>,
    /// The lanes of each variable.
    variables: Vec<Vec<Register>>,
    /// The address of each buffer.
    buffers: Vec<Register>,
    /// The address of each shared array.
    shared: Vec<Register>,
    parameters: Vec<Register>,
    labels: u32,
    pub(super) registers: [u32; 4],
    pub(super) lines: Vec<Line>,
}

/// The class of registers for a scalar.
pub(super) fn class(scalar: Scalar) -> Class {
    match scalar {
        Scalar::Bool => Class::Predicate,
        Scalar::U32 => Class::U32,
        Scalar::F32 => Class::F32,
    }
}

/// Names of what an entry point is given: PTX's words are not among them.
pub(super) fn parameter_name(name: &str) -> String {
    format!("p_{name}")
}

/// The name of a shared array.
pub(super) fn shared_name(name: &str) -> String {
    format!("s_{name}")
}

impl<'a> Body<'a> {
    /// The body of a kernel.
    pub(super) fn new(kernel: &'a Kernel) -> Self {
        let mut body = Self {
            kernel,
            values: vec![Vec::new(); kernel.values.len()],
            variables: Vec::new(),
            buffers: Vec::new(),
            shared: Vec::new(),
            parameters: Vec::new(),
            labels: 0,
            registers: [0; 4],
            lines: Vec::new(),
        };
        body.begin();
        body.block(&kernel.body);
        body.lines.push(Line::Return);
        body
    }

    /// Reads what the entry point is given.
    fn begin(&mut self) {
        for (_, buffer) in self.kernel.buffers.iter() {
            let address = self.fresh(Class::U64);
            self.lines.push(Line::Parameter { result: address, name: parameter_name(&buffer.name) });
            let global = self.apply(&spell::TO_GLOBAL, vec![Operand::Register(address)]);
            self.buffers.push(global);
        }
        for (_, parameter) in self.kernel.parameters.iter() {
            let result = self.fresh(class(parameter.scalar));
            self.lines.push(Line::Parameter { result, name: parameter_name(&parameter.name) });
            self.parameters.push(result);
        }
        for (_, shared) in self.kernel.shared.iter() {
            let address = self.apply(&spell::MOVE_U32, vec![Operand::Shared(shared_name(&shared.name))]);
            self.shared.push(address);
        }
        for (_, ty) in self.kernel.variables.iter() {
            let lanes = (0..ty.lanes).map(|_| self.fresh(class(ty.scalar))).collect();
            self.variables.push(lanes);
        }
    }

    fn fresh(&mut self, class: Class) -> Register {
        let number = self.registers[class as usize];
        self.registers[class as usize] += 1;
        Register { class, number }
    }

    fn label(&mut self) -> Label {
        self.labels += 1;
        Label(self.labels)
    }

    /// An operation, into a register of its own.
    pub(super) fn apply(&mut self, operation: &'static Operation, operands: Vec<Operand>) -> Register {
        let result = self.fresh(operation.result);
        self.apply_to(result, operation, operands);
        result
    }

    fn apply_to(&mut self, result: Register, operation: &'static Operation, operands: Vec<Operand>) {
        let classes: Vec<Class> = operands.iter().map(Operand::class).collect();
        assert!(classes == operation.operands && result.class == operation.result, "{}: {operands:?}", operation.name);
        self.lines.push(Line::Plain { operation, result, operands });
    }

    /// A lane as a register: numbers are moved into one.
    fn register(&mut self, operand: Operand) -> Register {
        match operand {
            Operand::Register(register) => register,
            Operand::F32(_) => self.apply(&spell::MOVE_F32, vec![operand]),
            Operand::U32(_) | Operand::Special(_) | Operand::Shared(_) => self.apply(&spell::MOVE_U32, vec![operand]),
        }
    }

    fn lanes(&self, value: Value) -> Vec<Operand> {
        self.values[value.index()].clone()
    }

    fn only(&self, value: Value) -> Operand {
        self.values[value.index()][0].clone()
    }

    fn ty(&self, value: Value) -> Type {
        self.kernel.ty(value)
    }

    fn block(&mut self, block: &Block) {
        block.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Let(value, expression) => self.values[value.index()] = self.expression(*value, expression),
            Statement::Set(variable, value) => {
                // The lanes of a value that was read from the variable are registers of their own.
                for (lane, operand) in self.lanes(*value).into_iter().enumerate() {
                    let register = self.variables[variable.index()][lane];
                    self.move_to(register, operand);
                }
            }
            Statement::Store { place, index, value } => {
                let values = self.lanes(*value).into_iter().map(|lane| self.register(lane)).collect();
                let (space, address) = self.address(*place, *index);
                self.lines.push(Line::Store { space, address, values });
            }
            Statement::Atomic { op, buffer, index, value } => {
                let operand = self.only(*value);
                let value = self.register(operand);
                let (_, address) = self.address(Place::Buffer(*buffer), *index);
                let operation = match op {
                    Atomic::Add => "add",
                    Atomic::Max => "max",
                };
                self.lines.push(Line::Reduce { operation, address, value });
            }
            Statement::If { condition, then, otherwise } => self.branch(*condition, then, otherwise),
            Statement::For { index, from, until, step, body } => self.repeat(*index, [*from, *until, *step], body),
            Statement::Barrier(_) => self.lines.push(Line::Barrier),
        }
    }

    fn move_to(&mut self, register: Register, operand: Operand) {
        let operation = match register.class {
            Class::Predicate => &spell::MOVE_PREDICATE,
            Class::U32 => &spell::MOVE_U32,
            Class::F32 => &spell::MOVE_F32,
            Class::U64 => unreachable!("no value is an address"),
        };
        self.apply_to(register, operation, vec![operand]);
    }

    fn branch(&mut self, condition: Value, then: &Block, otherwise: &Block) {
        let operand = self.only(condition);
        let condition = self.register(operand);
        let end = self.label();
        if otherwise.is_empty() {
            self.lines.push(Line::Branch { to: end, condition: Some((condition, false)) });
            self.block(then);
        } else {
            let other = self.label();
            self.lines.push(Line::Branch { to: other, condition: Some((condition, false)) });
            self.block(then);
            self.lines.push(Line::Branch { to: end, condition: None });
            self.lines.push(Line::Label(other));
            self.block(otherwise);
        }
        self.lines.push(Line::Label(end));
    }

    fn repeat(&mut self, index: Value, [from, until, step]: [Value; 3], body: &Block) {
        let [from, until, step] = [from, until, step].map(|value| self.only(value));
        let counter = self.apply(&spell::MOVE_U32, vec![from]);
        self.values[index.index()] = vec![Operand::Register(counter)];
        let (again, end) = (self.label(), self.label());
        self.lines.push(Line::Label(again));
        let over = self.apply(&spell::GREATER_EQUAL_U32, vec![Operand::Register(counter), until]);
        self.lines.push(Line::Branch { to: end, condition: Some((over, true)) });
        self.block(body);
        self.apply_to(counter, &spell::ADD_U32, vec![Operand::Register(counter), step]);
        self.lines.push(Line::Branch { to: again, condition: None });
        self.lines.push(Line::Label(end));
    }

    /// The address of a word.
    fn address(&mut self, place: Place, index: Value) -> (Space, Register) {
        let index = self.only(index);
        match place {
            Place::Buffer(buffer) => {
                let base = Operand::Register(self.buffers[buffer.index()]);
                let address = self.apply(&spell::BYTES_FROM, vec![index, Operand::U32(WORD), base]);
                let read_only = self.kernel.buffers[buffer].access == Access::Read;
                (if read_only { Space::Constant } else { Space::Global }, address)
            }
            Place::Shared(shared) => {
                let base = Operand::Register(self.shared[shared.index()]);
                (Space::Shared, self.apply(&spell::BYTES_FROM_SHARED, vec![index, Operand::U32(WORD), base]))
            }
        }
    }

    /// The lanes of what an expression gives.
    fn expression(&mut self, value: Value, expression: &Expression) -> Vec<Operand> {
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
                let pairs = self.lanes(*a).into_iter().zip(self.lanes(*b));
                pairs.map(|(a, b)| Operand::Register(self.binary(*operation, scalar, a, b))).collect()
            }
            Expression::MultiplyAdd(a, b, c) => {
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
                self.lanes(*value).into_iter().map(|lane| Operand::Register(self.exchange(lane, *mask))).collect()
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
        let spelled = spell::binary(operation, scalar);
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
            Class::U64 => unreachable!("no value is an address"),
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

    fn exchange(&mut self, lane: Operand, mask: u32) -> Register {
        let value = self.register(lane);
        let result = self.fresh(value.class);
        self.lines.push(Line::Exchange { result, value, mask });
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
