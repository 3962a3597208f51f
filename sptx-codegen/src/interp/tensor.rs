//! Values of the interpreter and the operations on them.

use crate::ir::{BinaryOp, ReduceOp, SemiringExpr, UnaryOp};

/// A value: one element for a scalar, a vector's elements, a matrix by rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// The elements, or their real parts.
    pub re: Vec<f64>,
    /// The imaginary parts; empty for a real value.
    pub im: Vec<f64>,
}

impl From<f64> for Tensor {
    fn from(number: f64) -> Self {
        Self::real(vec![number])
    }
}

impl Tensor {
    /// A real value.
    pub fn real(re: Vec<f64>) -> Self {
        Self { re, im: Vec::new() }
    }

    /// The only element of a real scalar.
    pub fn scalar(&self) -> f64 {
        match (self.re.as_slice(), self.im.as_slice()) {
            ([number], []) => *number,
            _ => panic!("the verifier has ruled out a value of {} elements here", self.re.len()),
        }
    }

    fn is_complex(&self) -> bool {
        !self.im.is_empty()
    }

    fn imaginary(&self) -> Vec<f64> {
        if self.is_complex() { self.im.clone() } else { vec![0.0; self.re.len()] }
    }

    fn of_pairs(pairs: impl Iterator<Item = (f64, f64)>) -> Self {
        let (re, im) = pairs.unzip();
        Self { re, im }
    }

    fn pairs(&self) -> Vec<(f64, f64)> {
        self.re.iter().copied().zip(self.imaginary()).collect()
    }

    pub(super) fn complex(re: &Self, im: &Self) -> Self {
        Self::of_pairs(zip(&re.re, &im.re))
    }

    pub(super) fn cis(&self) -> Self {
        Self::of_pairs(self.re.iter().map(|angle| (angle.cos(), angle.sin())))
    }

    pub(super) fn conj(&self) -> Self {
        Self { re: self.re.clone(), im: self.im.iter().map(|im| -im).collect() }
    }

    pub(super) fn modulus(&self) -> Self {
        Self::real(self.pairs().into_iter().map(|(re, im)| (re * re + im * im).sqrt()).collect())
    }

    pub(super) fn unary(&self, op: UnaryOp) -> Self {
        let apply = |elements: &[f64]| elements.iter().map(|x| op.apply(*x)).collect();
        Self { re: apply(&self.re), im: apply(&self.im) }
    }

    pub(crate) fn binary(op: BinaryOp, a: &Self, b: &Self) -> Self {
        if a.is_complex() || b.is_complex() {
            Self::of_pairs(zip(&a.pairs(), &b.pairs()).map(|(a, b)| complex_binary(op, a, b)))
        } else {
            Self::real(zip(&a.re, &b.re).map(|(a, b)| op.apply(a, b)).collect())
        }
    }

    pub(super) fn reduce(&self, op: ReduceOp) -> Self {
        let fold = |elements: &[f64]| elements.iter().fold(op.identity(), |sum, x| op.combine().apply(sum, *x));
        let im = if self.is_complex() { vec![fold(&self.im)] } else { Vec::new() };
        Self { re: vec![fold(&self.re)], im }
    }

    pub(super) fn outer(&self, other: &Self) -> Self {
        Self::real(self.re.iter().flat_map(|a| other.re.iter().map(move |b| a * b)).collect())
    }

    pub(super) fn expression(expression: &SemiringExpr, left: &Self, right: &Self) -> Self {
        match expression {
            SemiringExpr::Left => left.clone(),
            SemiringExpr::Right => right.clone(),
            SemiringExpr::Const(number) => Self::from(*number),
            SemiringExpr::Unary(op, a) => Self::expression(a, left, right).unary(*op),
            SemiringExpr::Binary(op, a, b) => {
                Self::binary(*op, &Self::expression(a, left, right), &Self::expression(b, left, right))
            }
        }
    }
}

/// Pairs up elements; a scalar stands beside every element of the other.
fn zip<'a, T: Copy>(a: &'a [T], b: &'a [T]) -> impl Iterator<Item = (T, T)> + 'a {
    let at = |elements: &[T], i: usize| if elements.len() == 1 { elements[0] } else { elements[i] };
    (0..a.len().max(b.len())).map(move |i| (at(a, i), at(b, i)))
}

fn complex_binary(op: BinaryOp, (a, b): (f64, f64), (c, d): (f64, f64)) -> (f64, f64) {
    match op {
        BinaryOp::Add => (a + c, b + d),
        BinaryOp::Sub => (a - c, b - d),
        BinaryOp::Mul => (a * c - b * d, a * d + b * c),
        BinaryOp::Div => {
            let norm = c * c + d * d;
            ((a * c + b * d) / norm, (b * c - a * d) / norm)
        }
        BinaryOp::Min | BinaryOp::Max | BinaryOp::Greater | BinaryOp::Equal => {
            panic!("`infer` has ruled out `{}` of complex operands", op.name())
        }
    }
}
