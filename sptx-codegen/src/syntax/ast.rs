//! The syntax tree: what a text says, before any meaning. Plain data, without tokens.

use crate::diagnostics::Span;
use crate::ir::{Owner, Side};

/// A `.sptx` file, or the input of one macro call.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// The file's name; empty for the tokens of a macro.
    pub name: String,
    /// The text; empty for the tokens of a macro.
    pub source: String,
    /// The declared semirings.
    pub semirings: Vec<Semiring>,
    /// The declared scores.
    pub scores: Vec<Score>,
}

/// A name and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Its place.
    pub span: Span,
}

/// Who may see a declared item in Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Nothing written: the module.
    Private,
    /// `pub`.
    Public,
    /// `pub(crate)`.
    Crate,
    /// `pub(super)`.
    Super,
}

/// `pub TransE { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The doc comment, lines joined by newlines.
    pub doc: String,
    /// Who may see it.
    pub visibility: Visibility,
    /// The model's name.
    pub name: Name,
    /// The statements, in order.
    pub statements: Vec<Statement>,
}

/// `pub MaxPlus { zero: -inf, one: 0.0, add(a, b): max(a, b), mul(a, b): a + b }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Semiring {
    /// The doc comment, lines joined by newlines.
    pub doc: String,
    /// Who may see it.
    pub visibility: Visibility,
    /// Its name.
    pub name: Name,
    /// The neutral element of `add`.
    pub zero: Expr,
    /// The neutral element of `mul`.
    pub one: Expr,
    /// ⊕.
    pub add: Operation,
    /// ⊗.
    pub mul: Operation,
}

/// `add(a, b): max(a, b)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// The first argument.
    pub left: Name,
    /// The second argument.
    pub right: Name,
    /// What it computes.
    pub body: Expr,
}

/// A statement of a score.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// `parameter norm = 1 | 2;`, or `parameter scale = 0.5;`.
    Parameter(Parameter),
    /// `entity { … }` or `relation { … }`.
    Tables(Tables),
    /// `incidence x = h.v + r.v - t.v in plus_times;`.
    Incidence(Incidence),
    /// `let y = x * x;`.
    Let(Let),
    /// `score = -norm1(x);`.
    Score(Root),
}

/// `parameter norm = 1 | 2;`: one value is given anew at run time, several are a closed list.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// Its values, at least one; the first is the default.
    pub values: Vec<Expr>,
}

/// `entity { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Tables {
    /// Whose rows they hold.
    pub owner: Owner,
    /// The tables.
    pub slots: Vec<Slot>,
}

/// `v: real[d] where max_norm(1) = uniform(-0.1, 0.1)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: SlotType,
    /// After `where`.
    pub constraints: Vec<Rule>,
    /// After `=`.
    pub initializer: Option<Rule>,
}

/// `real[k, d]`.
#[derive(Clone, Debug, PartialEq)]
pub struct SlotType {
    /// `real`, `complex`, `phase`, `unit` or `scalar`, or what stood there in their place.
    pub name: Name,
    /// What stands in brackets.
    pub dims: Vec<Dim>,
    /// The whole type.
    pub span: Span,
}

/// A dimension in a type.
#[derive(Clone, Debug, PartialEq)]
pub enum Dim {
    /// `d`.
    Symbol(Name),
    /// `4`.
    Literal(u32, Span),
}

/// A constraint or an initialiser: `max_norm(1)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name.
    pub name: Name,
    /// What stands in parentheses.
    pub arguments: Vec<Argument>,
}

/// An argument of a constraint or initialiser.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// A number, written as a constant expression.
    Number(Expr),
    /// `"instanceOf"`.
    Text(String, Span),
}

/// `incidence x = h.v + r.v - t.v in plus_times;`.
#[derive(Clone, Debug, PartialEq)]
pub struct Incidence {
    /// The row's name.
    pub name: Name,
    /// The fold.
    pub value: Expr,
    /// After `in`.
    pub semiring: Option<Name>,
}

/// `let y = x * x;`.
#[derive(Clone, Debug, PartialEq)]
pub struct Let {
    /// The name.
    pub name: Name,
    /// What it names.
    pub value: Expr,
}

/// `score = -norm1(x);`.
#[derive(Clone, Debug, PartialEq)]
pub struct Root {
    /// The word `score`.
    pub keyword: Span,
    /// The score.
    pub value: Expr,
}

/// An expression and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its place.
    pub span: Span,
    /// Levels of nesting, bounded by the parser, so that walking an expression recursively is safe.
    pub depth: u32,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A number.
    Number(f64),
    /// A row, a `let`, a parameter, `inf` or `pi`.
    Name(String),
    /// `h.v`.
    Slot(Side, Name),
    /// `h.v[0]`.
    Row(Box<Expr>, u32),
    /// `-a`.
    Neg(Box<Expr>),
    /// `a + b`.
    Binary(Operator, Box<Expr>, Box<Expr>),
    /// `norm1(x)`.
    Call(Name, Vec<Expr>),
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the operators")]
pub enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Greater,
    Less,
}

impl Operator {
    /// The operator as written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Pow => "^",
            Self::Greater => ">",
            Self::Less => "<",
        }
    }
}

impl Expr {
    /// An expression; its depth follows from its parts.
    pub fn new(kind: ExprKind, span: Span) -> Self {
        let below = kind.parts().iter().map(|part| part.depth).max().unwrap_or(0);
        Self { kind, span, depth: below + 1 }
    }

    /// The expressions directly inside.
    pub fn parts(&self) -> Vec<&Self> {
        self.kind.parts()
    }
}

impl ExprKind {
    fn parts(&self) -> Vec<&Expr> {
        match self {
            Self::Number(_) | Self::Name(_) | Self::Slot(..) => Vec::new(),
            Self::Row(a, _) | Self::Neg(a) => vec![a],
            Self::Binary(_, a, b) => vec![a, b],
            Self::Call(_, arguments) => arguments.iter().collect(),
        }
    }
}
