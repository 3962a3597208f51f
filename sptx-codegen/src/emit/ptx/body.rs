//! What a thread does, in PTX: each lane of a value is a register, or a number that stands where it is used.

use crate::lir::{Access, Atomic, Block, Kernel, Place, Scalar, Statement, Type, Value};

use super::arch::Arch;
use super::spell::{self, Operation};
use super::tree::{Class, Label, Line, Operand, Register, Space};

/// Bytes of a word.
const WORD: u32 = 4;

/// How a body is written.
pub(super) struct Body<'a> {
    kernel: &'a Kernel,
    /// The oldest GPUs that it is for.
    pub(super) arch: Arch,
    /// The lanes of each value.
    pub(super) values: Vec<Vec<Operand>>,
    /// The lanes of each variable.
    pub(super) variables: Vec<Vec<Register>>,
    /// The address of each buffer.
    buffers: Vec<Register>,
    /// The address of each shared array.
    shared: Vec<Register>,
    pub(super) parameters: Vec<Register>,
    labels: u32,
    pub(super) registers: [u32; Class::ALL.len()],
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
    pub(super) fn new(kernel: &'a Kernel, arch: Arch) -> Self {
        let mut body = Self {
            kernel,
            arch,
            values: vec![Vec::new(); kernel.values.len()],
            variables: Vec::new(),
            buffers: Vec::new(),
            shared: Vec::new(),
            parameters: Vec::new(),
            labels: 0,
            registers: [0; Class::ALL.len()],
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

    pub(super) fn fresh(&mut self, class: Class) -> Register {
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
    pub(super) fn register(&mut self, operand: Operand) -> Register {
        match operand {
            Operand::Register(register) => register,
            Operand::F32(_) => self.apply(&spell::MOVE_F32, vec![operand]),
            Operand::U32(_) | Operand::Special(_) | Operand::Shared(_) => self.apply(&spell::MOVE_U32, vec![operand]),
        }
    }

    pub(super) fn lanes(&self, value: Value) -> Vec<Operand> {
        self.values[value.index()].clone()
    }

    pub(super) fn only(&self, value: Value) -> Operand {
        self.values[value.index()][0].clone()
    }

    pub(super) fn ty(&self, value: Value) -> Type {
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
            Statement::Copy { shared, at, buffer, from, lanes } => {
                let (_, to) = self.address(Place::Shared(*shared), *at);
                let (_, from) = self.address(Place::Buffer(*buffer), *from);
                self.lines.push(Line::Copy { to, from, bytes: WORD * u32::from(*lanes) });
            }
            Statement::Await => self.lines.push(Line::AwaitCopies),
            Statement::Atomic { op, buffer, index, value } => {
                let values = self.lanes(*value).into_iter().map(|lane| self.register(lane)).collect();
                let (_, address) = self.address(Place::Buffer(*buffer), *index);
                let operation = match op {
                    Atomic::Add => "add",
                    Atomic::Max => "max",
                };
                self.lines.push(Line::Reduce { operation, address, values });
            }
            Statement::Change { buffer, index, held, body, value } => {
                let (_, address) = self.address(Place::Buffer(*buffer), *index);
                self.change(address, *held, body, *value);
            }
            Statement::If { condition, then, otherwise } => self.branch(*condition, then, otherwise),
            Statement::For { index, from, until, step, body } => self.repeat(*index, [*from, *until, *step], body),
            Statement::Barrier(_) => self.lines.push(Line::Barrier),
        }
    }

    pub(super) fn move_to(&mut self, register: Register, operand: Operand) {
        let operation = match register.class {
            Class::Predicate => &spell::MOVE_PREDICATE,
            Class::U32 => &spell::MOVE_U32,
            Class::F32 => &spell::MOVE_F32,
            Class::U64 | Class::Pair => unreachable!("no lane is an address or a pair"),
        };
        self.apply_to(register, operation, vec![operand]);
    }

    /// Makes a new word of the one that is there until no other thread has come between.
    fn change(&mut self, address: Register, held: Value, body: &Block, value: Value) {
        let word = self.fresh(Class::U32);
        self.lines.push(Line::Load { space: Space::Changing, results: vec![word], address });
        self.values[held.index()] = vec![Operand::Register(word)];
        let again = self.label();
        self.lines.push(Line::Label(again));
        self.block(body);
        let new = self.only(value);
        let (new, found) = (self.register(new), self.fresh(Class::U32));
        self.lines.push(Line::Exchange { result: found, address, held: word, value: new });
        let others = self.apply(&spell::NOT_EQUAL_U32, vec![Operand::Register(found), Operand::Register(word)]);
        self.move_to(word, Operand::Register(found));
        self.lines.push(Line::Branch { to: again, condition: Some((others, true)) });
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
    pub(super) fn address(&mut self, place: Place, index: Value) -> (Space, Register) {
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
}
