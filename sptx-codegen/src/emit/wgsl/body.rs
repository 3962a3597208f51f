//! What a thread does, as a tree: which values get names, and which stand where they are used.
//!
//! A value that is used once stands where it is used, unless it has a name for readers or would be long. It may be
//! computed later than it was, but neither more often nor from other contents of variables and memory: before a statement
//! that changes what a waiting value reads, that value gets a name.

use std::collections::BTreeMap;

use crate::legalize::Widths;
use crate::lir::{
    Access, Binary, Block, BufferId, Builtin, Constant, Expression as Operation, Kernel, Place, Statement as Step,
    Type, Value, VariableId,
};

use super::names::Names;
use super::spell::{self, Given, Spelling};
use super::tree::{Expression, Statement};
use super::usage::{Declaration, Usage};

/// The most nodes of an expression that waits to stand in another.
const LONG: usize = 16;

/// The names of what a body speaks of.
#[derive(Debug)]
pub(super) struct Globals {
    /// Each buffer's.
    pub buffers: Vec<String>,
    /// Each shared array's.
    pub shared: Vec<String>,
    /// Each parameter's, as it is read.
    pub parameters: Vec<Expression>,
    /// What the entry point is given, with the name.
    pub given: Vec<(Given, String)>,
}

/// The statements of a kernel's body.
pub(super) fn body(kernel: &Kernel, widths: &Widths, globals: &Globals, names: &mut Names) -> Vec<Statement> {
    let usage = Usage::of(kernel, widths);
    let variables = kernel.variables.handles().map(|id| match (usage.declaration(id), usage.name(id)) {
        (Declaration::Nowhere, _) => String::new(),
        (_, Some(name)) => names.like(name),
        (_, None) => names.numbered('x'),
    });
    let mut body = Body {
        kernel,
        widths,
        globals,
        variables: variables.collect(),
        names,
        usage,
        named: vec![None; kernel.values.len()],
        waiting: BTreeMap::new(),
        number: 0,
        is_outermost: true,
        statements: Vec::new(),
    };
    body.block(&kernel.body);
    body.statements
}

struct Body<'a> {
    kernel: &'a Kernel,
    widths: &'a Widths,
    globals: &'a Globals,
    names: &'a mut Names,
    usage: Usage,
    /// The names of variables.
    variables: Vec<String>,
    /// How a value is written that may be written anywhere in its scope.
    named: Vec<Option<Expression>>,
    /// Values that wait to stand where they are used.
    waiting: BTreeMap<Value, Waiting>,
    /// The number of the next statement.
    number: usize,
    /// Whether it stands in the kernel's body.
    is_outermost: bool,
    /// The block so far.
    statements: Vec<Statement>,
}

/// An expression that is not written yet.
#[derive(Clone, Debug)]
struct Waiting {
    expression: Expression,
    reads: Reads,
}

/// What an expression reads that statements change.
#[derive(Clone, Debug, Default)]
struct Reads {
    variables: Vec<VariableId>,
    /// Those that the kernel writes to.
    places: Vec<Place>,
}

impl Body<'_> {
    fn block(&mut self, block: &Block) {
        for step in block {
            let number = self.number;
            self.number += 1;
            if self.is_outermost {
                self.declare_before(number);
            }
            self.step(number, step);
        }
    }

    /// Declares the variables that are declared before this statement.
    fn declare_before(&mut self, number: usize) {
        for variable in self.kernel.variables.handles() {
            if self.usage.declaration(variable) == Declaration::Before(number) {
                let name = self.variables[variable.index()].clone();
                self.statements.push(Statement::Declare(name, self.kernel.variables[variable]));
            }
        }
    }

    fn inner(&mut self, block: &Block) -> Vec<Statement> {
        let outer = std::mem::take(&mut self.statements);
        let was_outermost = std::mem::replace(&mut self.is_outermost, false);
        let mark = self.names.mark();
        self.block(block);
        self.names.release(mark);
        self.is_outermost = was_outermost;
        std::mem::replace(&mut self.statements, outer)
    }

    fn step(&mut self, number: usize, step: &Step) {
        match step {
            Step::Let(value, operation) => self.define(*value, operation),
            Step::Set(variable, value) => self.set(number, *variable, *value),
            Step::Store { place, index, value } => {
                let lanes = self.kernel.ty(*value).lanes;
                let place_text = self.access(*place, *index, lanes);
                let value = self.take(*value);
                self.name_readers(|reads| reads.places.contains(place));
                self.statements.push(Statement::Assign(place_text, value));
            }
            Step::Copy { .. } | Step::Await => unreachable!("legal kernels load and store"),
            Step::Atomic { op, buffer, index, value } => {
                let word = self.access(Place::Buffer(*buffer), *index, 1);
                let operands = vec![Expression::Prefix('&', Box::new(word)), self.take(*value)];
                self.statements.push(Statement::Call(spell::atomic(*op), operands));
            }
            Step::Change { buffer, index, held, body, value } => self.change(*buffer, *index, (*held, *value), body),
            Step::If { condition, then, otherwise } => {
                let condition = self.take(*condition);
                self.name_readers(Reads::any);
                let [then, otherwise] = [then, otherwise].map(|block| self.inner(block));
                self.statements.push(Statement::If(condition, then, otherwise));
            }
            Step::For { index, from, until, step, body } => self.repeat(*index, [*from, *until, *step], body),
            Step::Barrier(barrier) => {
                self.name_readers(|reads| !reads.places.is_empty());
                self.statements.push(Statement::Call(spell::barrier(*barrier), Vec::new()));
            }
        }
    }

    fn set(&mut self, number: usize, variable: VariableId, value: Value) {
        let value = self.take(value);
        self.name_readers(|reads| reads.variables.contains(&variable));
        let name = self.variables[variable.index()].clone();
        self.statements.push(if self.usage.declaration(variable) == Declaration::BySetting(number) {
            Statement::Var(name, value)
        } else {
            Statement::Assign(Expression::Name(name), value)
        });
    }

    /// A change: tried again for as long as other threads come between.
    fn change(&mut self, buffer: BufferId, index: Value, (held, value): (Value, Value), body: &Block) {
        let word = Expression::Prefix('&', Box::new(self.access(Place::Buffer(buffer), index, 1)));
        let name = self.names.like(self.kernel.values[held].1.unwrap_or("held"));
        let before = Expression::Name(name.clone());
        self.named[held.index()] = Some(before.clone());
        self.statements.push(Statement::Var(name, Expression::Call(spell::ATOMIC_LOAD, vec![word.clone()])));
        let mut body = self.inner(body);
        let tried = self.names.like("tried");
        let exchange = Expression::Call(spell::COMPARE_EXCHANGE, vec![word, before.clone(), self.take(value)]);
        body.push(Statement::Let(tried.clone(), exchange));
        let tried = Expression::Name(tried);
        body.push(Statement::If(tried.clone().member(spell::EXCHANGED), vec![Statement::Break], Vec::new()));
        body.push(Statement::Assign(before, tried.member(spell::HELD)));
        self.statements.push(Statement::Loop(body));
    }

    fn repeat(&mut self, index: Value, [from, until, step]: [Value; 3], body: &Block) {
        let [from, until, step] = [from, until, step].map(|value| self.take(value));
        self.name_readers(Reads::any);
        let mark = self.names.mark();
        let name = self.names.like(self.kernel.values[index].1.unwrap_or("i"));
        self.named[index.index()] = Some(Expression::Name(name.clone()));
        let body = self.inner(body);
        self.names.release(mark);
        self.statements.push(Statement::For { index: name, from, until, step, body });
    }

    /// Defines a value: it waits, or gets a name now.
    fn define(&mut self, value: Value, operation: &Operation) {
        if self.usage.count(value) == 0 {
            return;
        }
        let mut reads = Reads::default();
        let expression = self.expression(operation, &mut reads);
        if self.stands_anywhere(operation) {
            self.named[value.index()] = Some(expression);
        } else if self.waits(value, operation) && expression.size() <= LONG {
            self.waiting.insert(value, Waiting { expression, reads });
        } else {
            self.name(value, expression);
        }
    }

    /// Whether an operation is written wherever its value is used: a number, a name.
    fn stands_anywhere(&self, operation: &Operation) -> bool {
        match operation {
            Operation::Constant(_) | Operation::Parameter(_) => true,
            Operation::Builtin(builtin) => match builtin {
                Builtin::Thread | Builtin::SubgroupThread | Builtin::Subgroup | Builtin::SubgroupSize => true,
                Builtin::Workgroup | Builtin::Workgroups => false,
            },
            Operation::Splat(of, _) => matches!(self.named[of.index()], Some(Expression::Number(_))),
            Operation::Get(_)
            | Operation::Unary(..)
            | Operation::Binary(..)
            | Operation::MultiplyAdd(..)
            | Operation::Select { .. }
            | Operation::Convert(..)
            | Operation::Bits(..)
            | Operation::Lane(..)
            | Operation::Join(_)
            | Operation::Load { .. }
            | Operation::Exchange { .. } => false,
        }
    }

    fn waits(&self, value: Value, operation: &Operation) -> bool {
        let may = match operation {
            // The variable has the name already.
            Operation::Get(_) => true,
            // All threads of the subgroup take part here, and perhaps not elsewhere.
            Operation::Exchange { .. } => false,
            _ => self.kernel.values[value].1.is_none(),
        };
        may && self.usage.is_used_where_it_is_computed(value)
    }

    /// Gives a value a name.
    fn name(&mut self, value: Value, expression: Expression) {
        let name = match self.kernel.values[value].1 {
            Some(name) => self.names.like(name),
            None => self.names.numbered('v'),
        };
        self.named[value.index()] = Some(Expression::Name(name.clone()));
        self.statements.push(Statement::Let(name, expression));
    }

    /// Gives names to the values that wait and read what is about to change.
    fn name_readers(&mut self, changes: impl Fn(&Reads) -> bool) {
        let readers: Vec<Value> = self.waiting.iter().filter(|(_, it)| changes(&it.reads)).map(|(id, _)| *id).collect();
        for value in readers {
            let waiting = self.waiting.remove(&value).expect("it was found here");
            self.name(value, waiting.expression);
        }
    }

    /// How a value is written here.
    fn take(&mut self, value: Value) -> Expression {
        self.take_with(value, &mut Reads::default())
    }

    /// The same, adding what it reads.
    fn take_with(&mut self, value: Value, reads: &mut Reads) -> Expression {
        if let Some(expression) = &self.named[value.index()] {
            return expression.clone();
        }
        let waiting =
            self.waiting.remove(&value).expect("a value is defined before it is read, and waits for one reader");
        reads.variables.extend(waiting.reads.variables);
        reads.places.extend(waiting.reads.places);
        waiting.expression
    }

    fn given(&self, wanted: Given) -> Expression {
        let (_, name) = self.globals.given.iter().find(|(given, _)| *given == wanted).expect("all are listed");
        Expression::Name(name.clone())
    }

    fn expression(&mut self, operation: &Operation, reads: &mut Reads) -> Expression {
        match operation {
            Operation::Constant(constant) => Expression::Number(*constant),
            Operation::Parameter(parameter) => self.globals.parameters[parameter.index()].clone(),
            Operation::Builtin(builtin) => self.builtin(*builtin),
            Operation::Get(variable) => {
                reads.variables.push(*variable);
                Expression::Name(self.variables[variable.index()].clone())
            }
            Operation::Unary(op, a) => {
                let a = self.take_with(*a, reads);
                match spell::unary(*op) {
                    Spelling::Prefix(operator) => Expression::Prefix(operator, Box::new(a)),
                    Spelling::Call(function) => Expression::Call(function, vec![a]),
                    Spelling::Infix(_) => unreachable!("an infix operator has two operands"),
                }
            }
            Operation::Binary(op, a, b) => self.binary(*op, *a, *b, reads),
            Operation::MultiplyAdd(a, b, c) => {
                Expression::Call(spell::MULTIPLY_ADD, [a, b, c].map(|it| self.take_with(*it, reads)).into())
            }
            Operation::Select { condition, yes, no } => {
                Expression::Call(spell::SELECT, [no, yes, condition].map(|it| self.take_with(*it, reads)).into())
            }
            Operation::Convert(scalar, a) => {
                Expression::Make(self.kernel.ty(*a).of(*scalar), vec![self.take_with(*a, reads)])
            }
            Operation::Bits(scalar, a) => {
                Expression::Bitcast(self.kernel.ty(*a).of(*scalar), Box::new(self.take_with(*a, reads)))
            }
            Operation::Splat(a, lanes) => {
                let ty = Type::new(self.kernel.ty(*a).scalar, *lanes);
                Expression::Make(ty, vec![self.take_with(*a, reads)])
            }
            Operation::Lane(a, lane) => self.take_with(*a, reads).member(spell::LANES[usize::from(*lane)]),
            Operation::Join(lanes) => {
                let ty = Type::new(self.kernel.ty(lanes[0]).scalar, lanes.len() as u8);
                Expression::Make(ty, lanes.iter().map(|it| self.take_with(*it, reads)).collect())
            }
            Operation::Load { place, index, lanes } => {
                if self.is_written(*place) {
                    reads.places.push(*place);
                }
                self.access_with(*place, *index, *lanes, reads)
            }
            Operation::Exchange { value, mask } => {
                Expression::Call(spell::EXCHANGE, vec![self.take_with(*value, reads), Expression::u32(*mask)])
            }
        }
    }

    fn builtin(&self, builtin: Builtin) -> Expression {
        match builtin {
            Builtin::Thread => self.given(spell::THREAD),
            Builtin::SubgroupThread => self.given(spell::SUBGROUP_THREAD),
            Builtin::Subgroup => self.given(spell::SUBGROUP),
            Builtin::SubgroupSize => self.given(spell::SUBGROUP_SIZE),
            // Grids are folded along the second axis.
            Builtin::Workgroup => {
                let [group, groups] = [self.given(spell::GROUP), self.given(spell::GROUPS)];
                let before = Expression::infix(&spell::MUL, group.clone().member("y"), groups.member("x"));
                Expression::infix(&spell::ADD, before, group.member("x"))
            }
            Builtin::Workgroups => {
                let groups = self.given(spell::GROUPS);
                Expression::infix(&spell::MUL, groups.clone().member("x"), groups.member("y"))
            }
        }
    }

    fn binary(&mut self, op: Binary, a: Value, b: Value, reads: &mut Reads) -> Expression {
        let spelling = spell::binary(op, self.kernel.ty(a));
        let [a, b] = [a, b].map(|it| self.take_with(it, reads));
        match spelling {
            Spelling::Infix(infix) => Expression::infix(infix, a, b),
            Spelling::Call(function) => Expression::Call(function, vec![a, b]),
            Spelling::Prefix(_) => unreachable!("a prefix operator has one operand"),
        }
    }

    fn is_written(&self, place: Place) -> bool {
        match place {
            Place::Buffer(buffer) => match self.kernel.buffers[buffer].access {
                Access::Read => false,
                Access::ReadWrite | Access::Atomic => true,
            },
            Place::Shared(_) => true,
        }
    }

    fn access(&mut self, place: Place, index: Value, lanes: u8) -> Expression {
        self.access_with(place, index, lanes, &mut Reads::default())
    }

    /// Words of memory: an element of an array, or one lane of it.
    fn access_with(&mut self, place: Place, index: Value, lanes: u8, reads: &mut Reads) -> Expression {
        let array = Expression::Name(match place {
            Place::Buffer(buffer) => self.globals.buffers[buffer.index()].clone(),
            Place::Shared(shared) => self.globals.shared[shared.index()].clone(),
        });
        let element = self.widths.element(place);
        if element == 1 {
            return array.index(self.take_with(index, reads));
        }
        let index = self.take_with(index, reads);
        let whole =
            array.index(combine(&spell::SHIFT_RIGHT, index.clone(), element.ilog2(), |word| word / u32::from(element)));
        if lanes == element {
            return whole;
        }
        let lane = u32::from(element) - 1;
        whole.index(combine(&spell::AND, index, lane, |word| word & lane))
    }
}

impl Reads {
    /// Whether it reads anything that statements change.
    fn any(&self) -> bool {
        !self.variables.is_empty() || !self.places.is_empty()
    }
}

/// An index and a number; of a number, what they give.
fn combine(
    infix: &'static super::tree::Infix,
    index: Expression,
    number: u32,
    known: impl FnOnce(u32) -> u32,
) -> Expression {
    match index {
        Expression::Number(Constant::U32(word)) => Expression::u32(known(word)),
        other => Expression::infix(infix, other, Expression::u32(number)),
    }
}
