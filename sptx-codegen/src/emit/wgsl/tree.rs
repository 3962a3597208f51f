//! WGSL as a tree, as much of it as kernels need.

use crate::lir::{Constant, Type};

/// A module of one kernel.
#[derive(Clone, Debug)]
pub(super) struct Module {
    /// What the kernel does.
    pub doc: String,
    /// Extensions that the text asks for.
    pub enables: Vec<&'static str>,
    /// The fields of the uniform structure, with the name of the type and of the variable.
    pub parameters: Option<Parameters>,
    /// Storage buffers, in the order of their bindings.
    pub buffers: Vec<Storage>,
    /// A workgroup's arrays.
    pub shared: Vec<Workgroup>,
    /// The entry point's name.
    pub entry: String,
    /// Threads of a workgroup.
    pub threads: u32,
    /// What the entry point is given.
    pub inputs: Vec<Input>,
    /// What a thread does.
    pub body: Vec<Statement>,
}

/// The uniform structure of a launch's words.
#[derive(Clone, Debug)]
pub(super) struct Parameters {
    /// The type's name.
    pub structure: String,
    /// The variable's name.
    pub variable: String,
    /// Names and types of the fields.
    pub fields: Vec<(String, Type)>,
}

/// A storage buffer.
#[derive(Clone, Debug)]
pub(super) struct Storage {
    pub name: String,
    /// `read` or `read_write`.
    pub access: &'static str,
    pub element: Element,
}

/// An array in a workgroup's memory.
#[derive(Clone, Debug)]
pub(super) struct Workgroup {
    pub name: String,
    pub element: Element,
    /// Number of elements.
    pub length: u32,
}

/// What an array holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Element {
    Plain(Type),
    Atomic(Type),
}

/// A parameter of the entry point.
#[derive(Clone, Debug)]
pub(super) struct Input {
    pub name: String,
    pub builtin: &'static str,
    /// The type's name.
    pub ty: &'static str,
}

/// A statement.
#[derive(Clone, Debug)]
pub(super) enum Statement {
    Let(String, Expression),
    /// A variable with what it holds at first.
    Var(String, Expression),
    /// A variable that holds nothing yet.
    Declare(String, Type),
    Assign(Expression, Expression),
    Call(&'static str, Vec<Expression>),
    If(Expression, Vec<Self>, Vec<Self>),
    /// `for (var index = from; index < until; index += step) { body }`
    For {
        index: String,
        from: Expression,
        until: Expression,
        step: Expression,
        body: Vec<Self>,
    },
    /// What is repeated until it breaks.
    Loop(Vec<Self>),
    Break,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Name(String),
    Number(Constant),
    /// `-x`, `!x`, `&x`.
    Prefix(char, Box<Self>),
    Infix(&'static Infix, Box<Self>, Box<Self>),
    Call(&'static str, Vec<Self>),
    /// A value of a type, made of others.
    Make(Type, Vec<Self>),
    /// The bits as another type.
    Bitcast(Type, Box<Self>),
    Index(Box<Self>, Box<Self>),
    Member(Box<Self>, String),
}

/// An operator between its operands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Infix {
    /// How it is written.
    pub text: &'static str,
    /// How tightly it binds.
    pub level: Level,
    /// How tightly its left operand has to bind to stand without parentheses.
    pub left: Level,
    /// The same of its right operand.
    pub right: Level,
}

impl Infix {
    /// Whether `a ∘= b` may be written for `a = a ∘ b`.
    pub(super) fn assigns(&self) -> bool {
        matches!(self.level, Level::Additive | Level::Multiplicative)
    }
}

/// How tightly an expression binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// `&&`, `||`, `&`, `|`, `^`: none mixes with another.
    Logical,
    /// `<`, `==`, …
    Relational,
    /// `<<`, `>>`
    Shift,
    /// `+`, `-`
    Additive,
    /// `*`, `/`, `%`
    Multiplicative,
    /// `-x`, `!x`, and numbers with a sign.
    Prefix,
    /// Names, numbers, calls, what is in parentheses.
    Primary,
}

impl Expression {
    /// How tightly it binds.
    pub(super) fn level(&self) -> Level {
        match self {
            Self::Prefix(..) => Level::Prefix,
            Self::Number(Constant::F32(bits)) if f32::from_bits(*bits).is_sign_negative() => Level::Prefix,
            Self::Infix(infix, ..) => infix.level,
            Self::Name(_)
            | Self::Number(_)
            | Self::Call(..)
            | Self::Make(..)
            | Self::Bitcast(..)
            | Self::Index(..)
            | Self::Member(..) => Level::Primary,
        }
    }

    /// Number of its nodes.
    pub(super) fn size(&self) -> usize {
        1 + match self {
            Self::Name(_) | Self::Number(_) => 0,
            Self::Prefix(_, a) | Self::Bitcast(_, a) => a.size(),
            Self::Infix(_, a, b) | Self::Index(a, b) => a.size() + b.size(),
            Self::Call(_, operands) | Self::Make(_, operands) => operands.iter().map(Self::size).sum(),
            // A name with dots in it.
            Self::Member(of, _) => of.size() - 1,
        }
    }

    pub(super) fn infix(infix: &'static Infix, left: Self, right: Self) -> Self {
        Self::Infix(infix, Box::new(left), Box::new(right))
    }

    pub(super) fn index(self, index: Self) -> Self {
        Self::Index(Box::new(self), Box::new(index))
    }

    pub(super) fn member(self, name: impl Into<String>) -> Self {
        Self::Member(Box::new(self), name.into())
    }

    pub(super) fn u32(number: u32) -> Self {
        Self::Number(Constant::U32(number))
    }
}
