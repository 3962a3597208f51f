//! Building scores: every node's type is inferred, and equal nodes are one node.

use std::collections::HashMap;

use super::{BinaryOp, Element, Node, Op, ReduceOp, Score, Shape, Side, Type, UnaryOp, Value};

/// Why an operation has no type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum TypeError {
    #[error("operand {operand} is not defined before its use")]
    UndefinedOperand { operand: Value },
    #[error("`{op}` takes operands of one shape, or a scalar beside a vector; found {left:?} and {right:?}")]
    ShapeMismatch { op: &'static str, left: Shape, right: Shape },
    #[error("`{op}` does not take operands of type {found:?}")]
    WrongOperand { op: &'static str, found: Type },
    #[error("a {side:?} row cannot be gathered from a plane of the {owner:?} tables")]
    WrongOwner { side: Side, owner: super::Owner },
    #[error("an incidence row has at least one term")]
    EmptyFold,
}

/// The type of an operation's result, given the nodes before it.
///
/// # Errors
/// When an operand is missing, or the operands' types do not fit the operation.
pub fn infer(score: &Score, op: &Op) -> Result<Type, TypeError> {
    let ty =
        |value: Value| score.nodes.get(value).map(|node| node.ty).ok_or(TypeError::UndefinedOperand { operand: value });
    match op {
        Op::Gather { side, plane } => {
            let plane = &score.planes[*plane];
            let owner = score.slots[plane.slot].owner;
            if owner == side.owner() {
                Ok(Type { element: plane.element, shape: plane.shape })
            } else {
                Err(TypeError::WrongOwner { side: *side, owner })
            }
        }
        Op::Const(_) | Op::Parameter(_) | Op::Upstream => Ok(Type::SCALAR),
        Op::Unary(op, a) => infer_unary(*op, ty(*a)?),
        Op::Binary(op, a, b) => infer_binary(*op, ty(*a)?, ty(*b)?),
        Op::Reduce(op, a) => infer_reduce(*op, ty(*a)?),
        Op::MatVec { matrix, vector, transposed } => infer_matvec(ty(*matrix)?, ty(*vector)?, *transposed),
        Op::Outer(a, b) => match (ty(*a)?, ty(*b)?) {
            (
                Type { element: Element::Real, shape: Shape::Vector(rows) },
                Type { element: Element::Real, shape: Shape::Vector(columns) },
            ) => Ok(Type::real(Shape::Matrix(rows, columns))),
            (found, _) => Err(TypeError::WrongOperand { op: "outer", found }),
        },
        Op::Fold { terms, .. } => {
            let mut terms = terms.iter();
            let first = ty(terms.next().ok_or(TypeError::EmptyFold)?.value)?;
            terms.try_fold(first, |sum, term| infer_binary(BinaryOp::Add, sum, ty(term.value)?))
        }
        Op::Complex(a, b) => {
            let joined = infer_binary(BinaryOp::Add, ty(*a)?, ty(*b)?)?;
            expect_real("complex", joined).map(|ty| Type::complex(ty.shape))
        }
        Op::Cis(a) => expect_real("cis", ty(*a)?).map(|ty| Type::complex(ty.shape)),
        Op::Re(a) => expect_complex("re", ty(*a)?).map(|ty| Type::real(ty.shape)),
        Op::Im(a) => expect_complex("im", ty(*a)?).map(|ty| Type::real(ty.shape)),
        Op::Modulus(a) => expect_complex("modulus", ty(*a)?).map(|ty| Type::real(ty.shape)),
        Op::Conj(a) => expect_complex("conj", ty(*a)?),
    }
}

fn expect_real(op: &'static str, found: Type) -> Result<Type, TypeError> {
    match found {
        Type { element: Element::Real, shape: Shape::Scalar | Shape::Vector(_) } => Ok(found),
        _ => Err(TypeError::WrongOperand { op, found }),
    }
}

fn expect_complex(op: &'static str, found: Type) -> Result<Type, TypeError> {
    match found.element {
        Element::Complex => Ok(found),
        Element::Real => Err(TypeError::WrongOperand { op, found }),
    }
}

fn infer_unary(op: UnaryOp, a: Type) -> Result<Type, TypeError> {
    match op {
        UnaryOp::Neg => Ok(a),
        UnaryOp::Abs
        | UnaryOp::Sign
        | UnaryOp::Sqrt
        | UnaryOp::ReciprocalOrZero
        | UnaryOp::Exp
        | UnaryOp::Log
        | UnaryOp::Sin
        | UnaryOp::Cos
        | UnaryOp::Tanh
        | UnaryOp::Sigmoid
        | UnaryOp::Softplus
        | UnaryOp::Floor
        | UnaryOp::Frac => expect_real(op.name(), a),
    }
}

fn infer_binary(op: BinaryOp, a: Type, b: Type) -> Result<Type, TypeError> {
    let mismatch = || TypeError::ShapeMismatch { op: op.name(), left: a.shape, right: b.shape };
    let element = match (a.element, b.element) {
        (Element::Real, Element::Real) => Element::Real,
        _ => Element::Complex,
    };
    if element == Element::Complex && !matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div) {
        return Err(TypeError::WrongOperand { op: op.name(), found: Type { element, shape: a.shape } });
    }
    let shape = match (a.shape, b.shape) {
        (Shape::Matrix(..), Shape::Matrix(..)) if a == b && matches!(op, BinaryOp::Add | BinaryOp::Sub) => a.shape,
        (Shape::Matrix(..), Shape::Scalar) | (Shape::Scalar, Shape::Matrix(..)) if op == BinaryOp::Mul => {
            if matches!(a.shape, Shape::Scalar) { b.shape } else { a.shape }
        }
        (Shape::Matrix(..), _) | (_, Shape::Matrix(..)) => return Err(mismatch()),
        (left, right) if left == right => left,
        (Shape::Scalar, vector @ Shape::Vector(_)) | (vector @ Shape::Vector(_), Shape::Scalar) => vector,
        _ => return Err(mismatch()),
    };
    Ok(Type { element, shape })
}

fn infer_reduce(op: ReduceOp, a: Type) -> Result<Type, TypeError> {
    match (op, a.shape, a.element) {
        (ReduceOp::Sum, Shape::Vector(_), element) => Ok(Type { element, shape: Shape::Scalar }),
        (ReduceOp::Min | ReduceOp::Max, Shape::Vector(_), Element::Real) => Ok(Type::SCALAR),
        _ => Err(TypeError::WrongOperand { op: op.name(), found: a }),
    }
}

fn infer_matvec(matrix: Type, vector: Type, transposed: bool) -> Result<Type, TypeError> {
    let (Shape::Matrix(rows, columns), Element::Real) = (matrix.shape, matrix.element) else {
        return Err(TypeError::WrongOperand { op: "matvec", found: matrix });
    };
    let (from, to) = if transposed { (rows, columns) } else { (columns, rows) };
    if vector == Type::vector(from) {
        Ok(Type::vector(to))
    } else {
        Err(TypeError::ShapeMismatch { op: "matvec", left: matrix.shape, right: vector.shape })
    }
}

/// Appends nodes to a [`Score`]: infers types, and returns the earlier handle for an operation that is there already.
///
/// The methods panic on operands that do not fit: callers have checked the types (a front end with [`infer`]), so a
/// panic is a defect of the compiler.
#[derive(Debug)]
pub struct Builder {
    score: Score,
    known: HashMap<String, Value>,
}

impl Builder {
    /// Continues a score. Its nodes are kept.
    pub fn new(score: Score) -> Self {
        let known = score.nodes.iter().map(|(value, node)| (key(&node.op), value)).collect();
        Self { score, known }
    }

    /// Starts again with the declarations of a score (dimensions, tables, semirings, parameters) and no node.
    pub fn with_declarations_of(score: &Score) -> Self {
        let mut empty = score.clone();
        empty.nodes = super::Arena::default();
        empty.names.clear();
        Self { score: empty, known: HashMap::new() }
    }

    /// The score built so far.
    pub fn score(&self) -> &Score {
        &self.score
    }

    /// Declarations of the score built so far, to add to.
    pub fn declarations(&mut self) -> &mut Score {
        &mut self.score
    }

    /// Ends with `root` as the score's value.
    pub fn finish(mut self, root: Value) -> Score {
        self.score.root = root;
        self.score
    }

    /// The type of a value.
    pub fn ty(&self, value: Value) -> Type {
        self.score.nodes[value].ty
    }

    /// The operation of a value.
    pub fn op(&self, value: Value) -> &Op {
        &self.score.nodes[value].op
    }

    /// Appends an operation, or finds it.
    ///
    /// # Errors
    /// When the operands' types do not fit.
    pub fn try_push(&mut self, op: Op) -> Result<Value, TypeError> {
        let key = key(&op);
        if let Some(value) = self.known.get(&key) {
            return Ok(*value);
        }
        let ty = infer(&self.score, &op)?;
        let value = self.score.nodes.push(Node { op, ty });
        self.known.insert(key, value);
        Ok(value)
    }

    /// Appends an operation whose operands are known to fit, or finds it.
    pub fn push(&mut self, op: Op) -> Value {
        match self.try_push(op.clone()) {
            Ok(value) => value,
            Err(error) => panic!("a pass built an ill-typed operation {op:?}: {error}"),
        }
    }

    /// A real constant.
    pub fn constant(&mut self, value: f64) -> Value {
        self.push(Op::Const(value))
    }

    /// An element-wise operation on one operand.
    pub fn unary(&mut self, op: UnaryOp, a: Value) -> Value {
        self.push(Op::Unary(op, a))
    }

    /// An element-wise operation on two operands.
    pub fn binary(&mut self, op: BinaryOp, a: Value, b: Value) -> Value {
        self.push(Op::Binary(op, a, b))
    }

    /// `a + b`.
    pub fn add(&mut self, a: Value, b: Value) -> Value {
        self.binary(BinaryOp::Add, a, b)
    }

    /// `a − b`.
    pub fn sub(&mut self, a: Value, b: Value) -> Value {
        self.binary(BinaryOp::Sub, a, b)
    }

    /// `a · b`, element-wise.
    pub fn mul(&mut self, a: Value, b: Value) -> Value {
        self.binary(BinaryOp::Mul, a, b)
    }

    /// `−a`.
    pub fn neg(&mut self, a: Value) -> Value {
        self.unary(UnaryOp::Neg, a)
    }

    /// `a` if it has the type of `like`, else the scalar `a` in every element of that shape.
    ///
    /// Written `a · equal(like, like)`: a factor of ones that neither overflows nor needs an operation of its own.
    pub fn spread(&mut self, a: Value, like: Value) -> Value {
        if self.ty(a).shape == self.ty(like).shape {
            return a;
        }
        let ones = self.binary(BinaryOp::Equal, like, like);
        self.mul(a, ones)
    }

    /// [`Builder::spread`] when `a` is a scalar and `like` is not, else `a`.
    pub fn spread_beside(&mut self, a: Value, like: Value) -> Value {
        if self.ty(a).shape == Shape::Scalar { self.spread(a, like) } else { a }
    }

    /// The sum of a vector's elements.
    pub fn sum(&mut self, a: Value) -> Value {
        self.push(Op::Reduce(ReduceOp::Sum, a))
    }
}

/// Equal operations have equal keys. Constants are told apart by their bits.
fn key(op: &Op) -> String {
    match op {
        Op::Const(value) => format!("Const({:016x})", value.to_bits()),
        other => format!("{other:?}"),
    }
}
