//! The reference interpreter: what a score means, in f64.
//!
//! Plain and slow. Every target is held against it, and every gradient against finite differences of it.
//!
//! A row is a flat slice: a vector's elements, a matrix by rows. The row of a complex plane is its real parts followed
//! by its imaginary parts, so that it is the concatenation of the two rows that `passes::realify` makes of it.

mod rows;
mod tensor;

pub use rows::{RowSource, Rows};
pub use tensor::Tensor;

use crate::ir::{
    Arena, BinaryOp, DimSizes, Element, Gradient, Op, PlaneId, Score, SemiringId, Shape, Side, Term, Value,
};

/// What a score is evaluated with beside its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Bindings {
    /// The size of every dimension.
    pub dims: DimSizes,
    /// The value of every parameter, in the order of `Score::parameters`.
    pub parameters: Vec<f64>,
}

impl Bindings {
    /// These sizes, and every parameter's default.
    pub fn new(score: &Score, dims: DimSizes) -> Self {
        Self { dims, parameters: score.parameters.iter().map(|(_, parameter)| parameter.default).collect() }
    }
}

/// The score of the triple whose rows are given.
pub fn score(score: &Score, bindings: &Bindings, rows: &impl RowSource) -> f64 {
    values(score, bindings, rows, 0.0)[score.root].scalar()
}

/// Every value of a score, or of a gradient's score given the derivative of the loss with respect to the score.
pub fn values(score: &Score, bindings: &Bindings, rows: &impl RowSource, upstream: f64) -> Arena<Value, Tensor> {
    let mut frame = Frame { score, bindings, rows, upstream, values: Arena::default() };
    for (_, node) in score.nodes.iter() {
        let value = frame.evaluate(&node.op);
        frame.values.push(value);
    }
    frame.values
}

/// What a gradient adds to each row.
pub fn gradient(
    gradient: &Gradient,
    bindings: &Bindings,
    rows: &impl RowSource,
    upstream: f64,
) -> Vec<(Side, PlaneId, Vec<f64>)> {
    let values = values(&gradient.score, bindings, rows, upstream);
    let row = |value: Value| values[value].re.clone();
    gradient.contributions.iter().map(|&(side, plane, value)| (side, plane, row(value))).collect()
}

struct Frame<'a, R> {
    score: &'a Score,
    bindings: &'a Bindings,
    rows: &'a R,
    upstream: f64,
    values: Arena<Value, Tensor>,
}

impl<R: RowSource> Frame<'_, R> {
    fn evaluate(&self, op: &Op) -> Tensor {
        let value = |value: &Value| &self.values[*value];
        match op {
            Op::Gather { side, plane } => self.gather(*side, *plane),
            Op::Const(number) => Tensor::from(*number),
            Op::Parameter(parameter) => Tensor::from(self.bindings.parameters[parameter.index()]),
            Op::Upstream => Tensor::from(self.upstream),
            Op::Unary(op, a) => value(a).unary(*op),
            Op::Binary(op, a, b) => Tensor::binary(*op, value(a), value(b)),
            Op::Reduce(op, a) => value(a).reduce(*op),
            Op::MatVec { matrix, vector, transposed } => self.matvec(*matrix, *vector, *transposed),
            Op::Outer(a, b) => value(a).outer(value(b)),
            Op::Fold { semiring, terms } => self.fold(*semiring, terms),
            Op::Complex(a, b) => Tensor::complex(value(a), value(b)),
            Op::Cis(a) => value(a).cis(),
            Op::Re(a) => Tensor::real(value(a).re.clone()),
            Op::Im(a) => Tensor::real(value(a).im.clone()),
            Op::Conj(a) => value(a).conj(),
            Op::Modulus(a) => value(a).modulus(),
        }
    }

    fn gather(&self, side: Side, plane: PlaneId) -> Tensor {
        let row = self.rows.row(side, plane);
        let declared = &self.score.planes[plane];
        let elements = self.bindings.dims.elements(declared.shape);
        match declared.element {
            Element::Real => {
                assert_eq!(row.len(), elements, "the row of {side:?} {plane:?} has its plane's length");
                Tensor::real(row.to_vec())
            }
            Element::Complex => {
                assert_eq!(row.len(), 2 * elements, "the row of {side:?} {plane:?} has real and imaginary parts");
                Tensor { re: row[..elements].to_vec(), im: row[elements..].to_vec() }
            }
        }
    }

    fn matvec(&self, matrix: Value, vector: Value, transposed: bool) -> Tensor {
        let Shape::Matrix(rows, columns) = self.score.nodes[matrix].ty.shape else {
            panic!("`infer` has ruled out a matvec of {:?}", self.score.nodes[matrix].ty);
        };
        let (rows, columns) = (self.bindings.dims[rows], self.bindings.dims[columns]);
        let (matrix, vector) = (&self.values[matrix].re, &self.values[vector].re);
        let element = |i: usize, j: usize| if transposed { matrix[j * columns + i] } else { matrix[i * columns + j] };
        let (outputs, inputs) = if transposed { (columns, rows) } else { (rows, columns) };
        Tensor::real((0..outputs).map(|i| (0..inputs).map(|j| element(i, j) * vector[j]).sum()).collect())
    }

    fn fold(&self, semiring: SemiringId, terms: &[Term]) -> Tensor {
        let semiring = &self.score.semirings[semiring];
        let joined = terms.iter().map(|term| {
            let value = &self.values[term.value];
            let value = if term.conjugate { value.conj() } else { value.clone() };
            if term.coefficient == semiring.one {
                value
            } else {
                Tensor::expression(&semiring.mul, &Tensor::from(term.coefficient), &value)
            }
        });
        let sum = joined.reduce(|sum, next| Tensor::expression(&semiring.add, &sum, &next));
        let mut sum = sum.expect("`infer` has ruled out a fold of no term");
        // A user's operation may ignore its operands; the row has the terms' length all the same.
        for term in terms {
            let zeros = Tensor::real(vec![0.0; self.values[term.value].re.len()]);
            if sum.re.len() < zeros.re.len() {
                sum = Tensor::binary(BinaryOp::Add, &sum, &zeros);
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests;
