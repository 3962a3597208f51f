//! Building kernels.

use std::collections::{BTreeSet, HashMap};

use crate::ir::arena::Arena;

use super::{
    Access, Atomic, Barrier, Binary, Block, Buffer, BufferId, Builtin, Constant, Expression, Kernel, Parameter, Place,
    Scalar, Shared, SharedId, Statement, Type, Unary, Value, VariableId,
};

/// Builds a kernel, statement by statement, in the order in which a thread runs them.
///
/// An expression that gives the same wherever it stands is defined once in each scope; arithmetic on known u32 is done at
/// once; what nothing reads is left out in the end.
///
/// ```
/// use sptx_codegen::lir::{Access, Builder, Builtin, Place, Scalar};
///
/// let mut k = Builder::new("double", "Doubles each number.", 64);
/// let count = k.parameter("count", Scalar::U32, 1);
/// let numbers = Place::Buffer(k.buffer("numbers", Scalar::F32, 1, Access::ReadWrite));
/// let (thread, group) = (k.builtin(Builtin::Thread), k.builtin(Builtin::Workgroup));
/// let first = k.mul_u32(group, 64);
/// let index = k.add(first, thread);
/// let inside = k.less(index, count);
/// k.when(inside, |k| {
///     let number = k.load(numbers, index, 1);
///     let doubled = k.add(number, number);
///     k.store(numbers, index, doubled);
/// });
/// assert_eq!(k.finish().parameters.len(), 1);
/// ```
#[derive(Debug)]
pub struct Builder {
    kernel: Kernel,
    /// The blocks that are open, innermost last, with the fixed expressions that each defined.
    scopes: Vec<(Block, HashMap<Expression, Value>)>,
    /// Values that are known.
    known: HashMap<Value, Constant>,
}

impl Builder {
    /// Begins a kernel of workgroups of so many threads.
    pub fn new(name: impl Into<String>, doc: impl Into<String>, workgroup: u32) -> Self {
        let kernel = Kernel {
            name: name.into(),
            doc: doc.into(),
            workgroup,
            parameters: Arena::default(),
            buffers: Arena::default(),
            shared: Arena::default(),
            variables: Arena::default(),
            values: Arena::default(),
            body: Block::new(),
        };
        Self { kernel, scopes: vec![Default::default()], known: HashMap::new() }
    }

    /// Begins a kernel with the name, the parameters, the memory and the variables of this one, and an empty body.
    pub fn like(mut kernel: Kernel) -> Self {
        kernel.values = Arena::default();
        kernel.body = Block::new();
        Self { kernel, scopes: vec![Default::default()], known: HashMap::new() }
    }

    /// Ends the kernel: drops what nothing reads.
    ///
    /// # Panics
    /// When it is called from within a block.
    pub fn finish(mut self) -> Kernel {
        let (body, _) = self.scopes.pop().expect("the body");
        assert!(self.scopes.is_empty(), "a kernel ends in its body");
        self.kernel.body = body;
        drop_unread(&mut self.kernel);
        self.kernel
    }

    /// The kernel so far, without its body.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// Adds a parameter: of this name the one there is, where there is one.
    pub fn parameter(&mut self, name: &str, scalar: Scalar, multiple_of: u32) -> Value {
        let parameters = &mut self.kernel.parameters;
        let id = parameters.find(|parameter| parameter.name == name);
        let id = id.unwrap_or_else(|| parameters.push(Parameter { name: name.to_owned(), scalar, multiple_of }));
        self.define(Expression::Parameter(id))
    }

    /// Adds a buffer.
    pub fn buffer(&mut self, name: &str, scalar: Scalar, lanes: u8, access: Access) -> BufferId {
        self.kernel.buffers.push(Buffer { name: name.to_owned(), scalar, lanes, access })
    }

    /// Adds an array of shared memory.
    pub fn shared(&mut self, name: &str, scalar: Scalar, words: u32) -> SharedId {
        self.kernel.shared.push(Shared { name: name.to_owned(), scalar, words })
    }

    /// Adds a variable, which holds nothing yet.
    pub fn declare(&mut self, ty: Type) -> VariableId {
        self.kernel.variables.push(ty)
    }

    /// Adds a variable, which holds `initial`.
    pub fn variable(&mut self, initial: Value) -> VariableId {
        let variable = self.declare(self.ty(initial));
        self.set(variable, initial);
        variable
    }

    /// The type of a value.
    pub fn ty(&self, value: Value) -> Type {
        self.kernel.ty(value)
    }

    /// Gives a value a name for readers.
    pub fn name(&mut self, value: Value, name: &'static str) -> Value {
        self.kernel.values[value].1.get_or_insert(name);
        value
    }

    /// What a value is known to be.
    pub fn constant(&self, value: Value) -> Option<Constant> {
        self.known.get(&value).copied()
    }

    /// What a u32 is known to be.
    pub fn known(&self, value: Value) -> Option<u32> {
        match self.constant(value) {
            Some(Constant::U32(known)) => Some(known),
            _ => None,
        }
    }

    /// Defines the value of an expression.
    ///
    /// # Panics
    /// When operands have the wrong types: a defect of the caller.
    pub fn define(&mut self, expression: Expression) -> Value {
        if let Some(value) = self.scopes.iter().rev().find_map(|(_, defined)| defined.get(&expression)) {
            return *value;
        }
        let ty = expression_type(&self.kernel, &expression)
            .unwrap_or_else(|| panic!("`{}`: operands of {expression:?} have the wrong types", self.kernel.name));
        let value = self.kernel.values.push((ty, None));
        if let Expression::Constant(constant) = expression {
            self.known.insert(value, constant);
        }
        let fixed = self.is_fixed(&expression);
        let (block, defined) = self.scopes.last_mut().expect("the body");
        if fixed {
            defined.insert(expression.clone(), value);
        }
        block.push(Statement::Let(value, expression));
        value
    }

    /// Whether an expression gives the same wherever it stands in the kernel.
    fn is_fixed(&self, expression: &Expression) -> bool {
        match expression {
            Expression::Load { place: Place::Buffer(buffer), .. } => {
                self.kernel.buffers[*buffer].access == Access::Read
            }
            _ => expression.is_fixed(),
        }
    }

    fn push(&mut self, statement: Statement) {
        self.scopes.last_mut().expect("the body").0.push(statement);
    }

    fn block(&mut self, fill: impl FnOnce(&mut Self)) -> Block {
        self.scopes.push(Default::default());
        fill(self);
        self.scopes.pop().expect("the block that was opened").0
    }

    /// Sets a variable.
    pub fn set(&mut self, variable: VariableId, value: Value) {
        debug_assert_eq!(self.kernel.variables[variable], self.ty(value), "a variable has one type");
        self.push(Statement::Set(variable, value));
    }

    /// What a variable holds.
    pub fn get(&mut self, variable: VariableId) -> Value {
        self.define(Expression::Get(variable))
    }

    /// Runs `then` where the condition is true.
    pub fn when(&mut self, condition: Value, then: impl FnOnce(&mut Self)) {
        self.choose(condition, then, |_| ());
    }

    /// Runs one or the other.
    pub fn choose(&mut self, condition: Value, then: impl FnOnce(&mut Self), otherwise: impl FnOnce(&mut Self)) {
        let then = self.block(then);
        let otherwise = self.block(otherwise);
        self.push(Statement::If { condition, then, otherwise });
    }

    /// The same with one function for both blocks, which is told whether the condition is true.
    pub fn branch(&mut self, condition: Value, mut fill: impl FnMut(&mut Self, bool)) {
        let [then, otherwise] = [true, false].map(|holds| self.block(|k| fill(k, holds)));
        self.push(Statement::If { condition, then, otherwise });
    }

    /// Repeats `body` for `from`, `from + step`, … below `until`.
    pub fn repeat(&mut self, from: Value, until: Value, step: Value, body: impl FnOnce(&mut Self, Value)) {
        let index = self.kernel.values.push((Type::U32, None));
        let body = self.block(|builder| body(builder, index));
        self.push(Statement::For { index, from, until, step, body });
    }

    /// Reads memory.
    pub fn load(&mut self, place: Place, index: Value, lanes: u8) -> Value {
        self.define(Expression::Load { place, index, lanes })
    }

    /// Writes memory.
    pub fn store(&mut self, place: Place, index: Value, value: Value) {
        self.push(Statement::Store { place, index, value });
    }

    /// Begins to copy `lanes` words of a buffer, from the word `from` on, to shared memory, from the word `at` on.
    pub fn copy(&mut self, shared: SharedId, at: Value, buffer: BufferId, from: Value, lanes: u8) {
        self.push(Statement::Copy { shared, at, buffer, from, lanes });
    }

    /// Waits for the copies that were begun.
    pub fn await_copies(&mut self) {
        self.push(Statement::Await);
    }

    /// Changes each of the value's words of memory in one step.
    pub fn atomic(&mut self, op: Atomic, buffer: BufferId, index: Value, value: Value) {
        self.push(Statement::Atomic { op, buffer, index, value });
    }

    /// Changes a word of a buffer of u32 in one step, from what it holds to what `make` makes of that.
    pub fn change(&mut self, buffer: BufferId, index: Value, make: impl FnOnce(&mut Self, Value) -> Value) {
        let held = self.kernel.values.push((Type::U32, None));
        let mut value = held;
        let body = self.block(|k| value = make(k, held));
        self.push(Statement::Change { buffer, index, held, body, value });
    }

    /// Waits for the workgroup.
    pub fn barrier(&mut self, barrier: Barrier) {
        self.push(Statement::Barrier(barrier));
    }

    /// A known u32.
    pub fn u32(&mut self, value: u32) -> Value {
        self.define(Expression::Constant(Constant::U32(value)))
    }

    /// A known number.
    pub fn f32(&mut self, value: f32) -> Value {
        self.define(Expression::Constant(Constant::f32(value)))
    }

    /// A known number in each of `lanes` lanes.
    pub fn f32s(&mut self, value: f32, lanes: u8) -> Value {
        let value = self.f32(value);
        self.splat(value, lanes)
    }

    /// The thread's place.
    pub fn builtin(&mut self, builtin: Builtin) -> Value {
        self.define(Expression::Builtin(builtin))
    }

    /// An operation on one operand.
    pub fn unary(&mut self, op: Unary, operand: Value) -> Value {
        self.define(Expression::Unary(op, operand))
    }

    /// An operation on two operands.
    pub fn binary(&mut self, op: Binary, a: Value, b: Value) -> Value {
        let (left, right) = (self.known(a), self.known(b));
        if let (Some(left), Some(right)) = (left, right)
            && let Some(folded) = op.fold(left, right)
        {
            return self.u32(folded);
        }
        match (op, left, right) {
            (Binary::Add | Binary::Or | Binary::Xor, Some(0), _) | (Binary::Mul, Some(1), _) => b,
            (
                Binary::Add | Binary::Sub | Binary::Or | Binary::Xor | Binary::ShiftLeft | Binary::ShiftRight,
                _,
                Some(0),
            )
            | (Binary::Mul | Binary::Div, _, Some(1)) => a,
            (Binary::Mul | Binary::And, Some(0), _) => a,
            (Binary::Mul | Binary::And, _, Some(0)) => b,
            (Binary::Rem, _, Some(1)) => self.u32(0),
            _ => self.define(Expression::Binary(op, a, b)),
        }
    }

    /// `a + b`.
    pub fn add(&mut self, a: Value, b: Value) -> Value {
        self.binary(Binary::Add, a, b)
    }

    /// `a − b`.
    pub fn sub(&mut self, a: Value, b: Value) -> Value {
        self.binary(Binary::Sub, a, b)
    }

    /// `a · b`.
    pub fn mul(&mut self, a: Value, b: Value) -> Value {
        self.binary(Binary::Mul, a, b)
    }

    /// `a / b`.
    pub fn div(&mut self, a: Value, b: Value) -> Value {
        self.binary(Binary::Div, a, b)
    }

    /// The remainder of `a / b`.
    pub fn rem(&mut self, a: Value, b: Value) -> Value {
        self.binary(Binary::Rem, a, b)
    }

    /// `a < b`.
    pub fn less(&mut self, a: Value, b: Value) -> Value {
        self.binary(Binary::Less, a, b)
    }

    /// `a + b`, of a u32 and a known one.
    pub fn add_u32(&mut self, a: Value, b: u32) -> Value {
        let b = self.u32(b);
        self.add(a, b)
    }

    /// `a · b`, of a u32 and a known one.
    pub fn mul_u32(&mut self, a: Value, b: u32) -> Value {
        let b = self.u32(b);
        self.mul(a, b)
    }

    /// `a · b + c`.
    pub fn multiply_add(&mut self, a: Value, b: Value, c: Value) -> Value {
        self.define(Expression::MultiplyAdd(a, b, c))
    }

    /// `yes` where the condition is true, `no` where not.
    pub fn select(&mut self, condition: Value, yes: Value, no: Value) -> Value {
        if yes == no { yes } else { self.define(Expression::Select { condition, yes, no }) }
    }

    /// One number in every lane.
    pub fn splat(&mut self, value: Value, lanes: u8) -> Value {
        if lanes == 1 { value } else { self.define(Expression::Splat(value, lanes)) }
    }

    /// One lane of a vector.
    pub fn lane(&mut self, value: Value, lane: u8) -> Value {
        if self.ty(value).lanes == 1 { value } else { self.define(Expression::Lane(value, lane)) }
    }

    /// Numbers as the lanes of a vector.
    pub fn join(&mut self, lanes: &[Value]) -> Value {
        match lanes {
            [one] => *one,
            _ => self.define(Expression::Join(lanes.to_vec())),
        }
    }

    /// What the thread has whose number in the subgroup differs in these bits.
    pub fn exchange(&mut self, value: Value, mask: u32) -> Value {
        self.define(Expression::Exchange { value, mask })
    }
}

/// The type of what an expression gives; none where its operands have the wrong types.
pub(super) fn expression_type(kernel: &Kernel, expression: &Expression) -> Option<Type> {
    let scalar_of = |place: &Place| match place {
        Place::Buffer(buffer) => kernel.buffers[*buffer].scalar,
        Place::Shared(shared) => kernel.shared[*shared].scalar,
    };
    match expression {
        Expression::Constant(constant) => Some(constant.ty()),
        Expression::Parameter(parameter) => Some(Type::new(kernel.parameters[*parameter].scalar, 1)),
        Expression::Builtin(_) => Some(Type::U32),
        Expression::Get(variable) => Some(kernel.variables[*variable]),
        Expression::Unary(op, a) => op.result(kernel.ty(*a)),
        Expression::Binary(op, a, b) => (kernel.ty(*a) == kernel.ty(*b)).then(|| op.result(kernel.ty(*a)))?,
        Expression::MultiplyAdd(a, b, c) => {
            let [a, b, c] = [a, b, c].map(|it| kernel.ty(*it));
            (a == b && b == c && a.scalar == Scalar::F32).then_some(a)
        }
        Expression::Select { condition, yes, no } => {
            let [condition, yes, no] = [condition, yes, no].map(|it| kernel.ty(*it));
            (yes == no && condition == yes.of(Scalar::Bool)).then_some(yes)
        }
        Expression::Convert(to, a) => {
            let from = kernel.ty(*a);
            let known = matches!(
                (from.scalar, to),
                (Scalar::Bool | Scalar::U32, Scalar::F32) | (Scalar::Bool | Scalar::F32, Scalar::U32)
            );
            known.then(|| from.of(*to))
        }
        Expression::Bits(to, a) => {
            let from = kernel.ty(*a);
            (from.scalar != Scalar::Bool && *to != Scalar::Bool && from.scalar != *to).then(|| from.of(*to))
        }
        Expression::Splat(a, lanes) => {
            let ty = kernel.ty(*a);
            (ty.lanes == 1 && matches!(lanes, 2 | 4)).then(|| Type::new(ty.scalar, *lanes))
        }
        Expression::Lane(a, lane) => {
            let ty = kernel.ty(*a);
            (*lane < ty.lanes).then(|| Type::new(ty.scalar, 1))
        }
        Expression::Join(lanes) => {
            let first = kernel.ty(*lanes.first()?);
            let fits =
                first.lanes == 1 && matches!(lanes.len(), 2 | 4) && lanes.iter().all(|lane| kernel.ty(*lane) == first);
            fits.then(|| Type::new(first.scalar, lanes.len() as u8))
        }
        Expression::Load { place, index, lanes } => {
            let fits = kernel.ty(*index) == Type::U32 && matches!(lanes, 1 | 2 | 4);
            fits.then(|| Type::new(scalar_of(place), *lanes))
        }
        Expression::Exchange { value, .. } => {
            let ty = kernel.ty(*value);
            (ty.scalar != Scalar::Bool).then_some(ty)
        }
    }
}

/// Drops definitions that nothing reads, and variables that nothing gets.
fn drop_unread(kernel: &mut Kernel) {
    loop {
        let (mut read, mut got) = (BTreeSet::new(), BTreeSet::new());
        kernel.for_each(|statement| {
            read.extend(statement.operands());
            match statement {
                Statement::Let(_, Expression::Get(variable)) => _ = got.insert(*variable),
                Statement::Change { value, .. } => _ = read.insert(*value),
                _ => {}
            }
        });
        if !sweep(&mut kernel.body, &|statement| match statement {
            Statement::Let(value, _) => read.contains(value),
            Statement::Set(variable, _) => got.contains(variable),
            Statement::If { then, otherwise, .. } => !then.is_empty() || !otherwise.is_empty(),
            Statement::For { body, .. } => !body.is_empty(),
            Statement::Store { .. }
            | Statement::Copy { .. }
            | Statement::Await
            | Statement::Atomic { .. }
            | Statement::Change { .. }
            | Statement::Barrier(_) => true,
        }) {
            return;
        }
    }
}

/// Drops the statements that are not wanted; whether there were any.
fn sweep(block: &mut Block, wanted: &impl Fn(&Statement) -> bool) -> bool {
    let before = block.len();
    block.retain(wanted);
    let mut dropped = block.len() < before;
    for statement in block {
        match statement {
            Statement::If { then, otherwise, .. } => {
                dropped |= sweep(then, wanted);
                dropped |= sweep(otherwise, wanted);
            }
            Statement::For { body, .. } | Statement::Change { body, .. } => dropped |= sweep(body, wanted),
            Statement::Let(..)
            | Statement::Set(..)
            | Statement::Store { .. }
            | Statement::Copy { .. }
            | Statement::Await
            | Statement::Atomic { .. }
            | Statement::Barrier(_) => {}
        }
    }
    dropped
}
