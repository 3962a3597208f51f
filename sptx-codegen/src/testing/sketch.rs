//! A builder of scores with declarations in one line each.

use std::ops::{Deref, DerefMut};

use crate::interp::Rows;
use crate::ir::{
    Arena, Builder, Dim, DimId, DimSize, Element, Initializer, Op, Owner, Plane, PlaneId, ReduceOp, Score, Semiring,
    SemiringId, Shape, Side, Slot, SlotType, Term, UnaryOp, Value,
};

/// A [`Builder`] that also declares tables.
#[derive(Debug)]
pub struct Sketch(Builder);

impl Deref for Sketch {
    type Target = Builder;
    fn deref(&self) -> &Builder {
        &self.0
    }
}

impl DerefMut for Sketch {
    fn deref_mut(&mut self) -> &mut Builder {
        &mut self.0
    }
}

impl Sketch {
    /// A score with no declaration yet.
    pub fn new(name: &str) -> Self {
        Self(Builder::new(Score {
            name: name.to_owned(),
            doc: String::new(),
            dims: Arena::default(),
            parameters: Arena::default(),
            choices: Vec::new(),
            slots: Arena::default(),
            planes: Arena::default(),
            semirings: Semiring::all_built_in().into_iter().collect(),
            nodes: Arena::default(),
            names: Vec::new(),
            root: Value::new(0),
        }))
    }

    /// Declares a symbol, or finds it.
    pub fn dim(&mut self, name: &str) -> DimId {
        let dims = &mut self.declarations().dims;
        let known = dims.find(|dim| dim.name == name);
        known.unwrap_or_else(|| dims.push(Dim { name: name.to_owned(), size: DimSize::Symbol }))
    }

    /// Declares a table of one plane.
    pub fn table(&mut self, owner: Owner, name: &str, ty: SlotType) -> PlaneId {
        let (element, shape) = match ty {
            SlotType::Real(dim) | SlotType::Phase(dim) | SlotType::Unit(dim) => (Element::Real, Shape::Vector(dim)),
            SlotType::Complex(dim) => (Element::Complex, Shape::Vector(dim)),
            SlotType::Matrix(rows, columns) => (Element::Real, Shape::Matrix(rows, columns)),
            SlotType::Scalar => (Element::Real, Shape::Scalar),
        };
        let name = name.to_owned();
        let slot = Slot { owner, name, ty, constraints: Vec::new(), initializer: Initializer::Default };
        let declarations = self.declarations();
        let slot = declarations.slots.push(slot);
        declarations.planes.push(Plane { slot, part: String::new(), element, shape })
    }

    /// Declares a table of real vectors over `d`.
    pub fn reals(&mut self, owner: Owner, name: &str) -> PlaneId {
        let d = self.dim("d");
        self.table(owner, name, SlotType::Real(d))
    }

    /// Gathers a row.
    pub fn gather(&mut self, side: Side, plane: PlaneId) -> Value {
        self.push(Op::Gather { side, plane })
    }

    /// Gathers the head's and the tail's row.
    pub fn ends(&mut self, plane: PlaneId) -> (Value, Value) {
        (self.gather(Side::Head, plane), self.gather(Side::Tail, plane))
    }

    /// Gathers the relation's row.
    pub fn relation(&mut self, plane: PlaneId) -> Value {
        self.gather(Side::Relation, plane)
    }

    /// `Σ a ⊙ b`.
    pub fn dot(&mut self, a: Value, b: Value) -> Value {
        let product = self.mul(a, b);
        self.sum(product)
    }

    /// `√Σ a²`.
    pub fn norm2(&mut self, a: Value) -> Value {
        let squared = self.dot(a, a);
        self.unary(UnaryOp::Sqrt, squared)
    }

    /// `Σ |a|`.
    pub fn norm1(&mut self, a: Value) -> Value {
        let moduli = self.unary(UnaryOp::Abs, a);
        self.sum(moduli)
    }

    /// `matrix · vector`.
    pub fn matvec(&mut self, matrix: Value, vector: Value) -> Value {
        self.push(Op::MatVec { matrix, vector, transposed: false })
    }

    /// The extremum of a vector.
    pub fn reduce(&mut self, op: ReduceOp, a: Value) -> Value {
        self.push(Op::Reduce(op, a))
    }

    /// The built-in semiring of a name.
    pub fn semiring(&self, name: &str) -> SemiringId {
        self.score().semirings.find(|semiring| semiring.name == name).expect("the semiring is declared")
    }

    /// One incidence row.
    pub fn fold(&mut self, semiring: &str, terms: &[(f64, Value)]) -> Value {
        let semiring = self.semiring(semiring);
        let term = |&(coefficient, value)| Term { coefficient, conjugate: false, value };
        self.push(Op::Fold { semiring, terms: terms.iter().map(term).collect() })
    }

    /// Ends with `root` as the score's value.
    pub fn finish(self, root: Value) -> Score {
        self.0.finish(root)
    }

    /// Ends with `−root` as the score's value.
    pub fn finish_negated(mut self, root: Value) -> Score {
        let negated = self.neg(root);
        self.finish(negated)
    }
}

/// Rows by side and index of the plane.
pub fn rows_of(rows: &[(Side, usize, &[f64])]) -> Rows {
    let mut source = Rows::default();
    for (side, plane, row) in rows {
        source.insert(*side, PlaneId::new(*plane), row.to_vec());
    }
    source
}
