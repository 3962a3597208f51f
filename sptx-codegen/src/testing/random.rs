//! Random well-typed scores and rows, from a seed: the property tests of every engine draw from here.
//!
//! The scores are numerically tame: arguments of divisions, logarithms and square roots are bounded away from 0, and
//! exponents are bounded.

use super::Sketch;
use crate::interp::Rows;
use crate::ir::{
    BinaryOp, DimId, DimSizes, Element, Op, Owner, PlaneId, ReduceOp, Score, Shape, Side, SlotType, Term, Type,
    UnaryOp, Value,
};

/// A small generator of random numbers (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound as u64) as usize
    }

    /// A real number in `[low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        let unit = (self.bits() >> 11) as f64 / (1_u64 << 53) as f64;
        low + (high - low) * unit
    }

    /// One of the elements of a slice that is not empty.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}

/// Random rows for every side and plane: elements in `[−1, 1)`.
pub fn random_rows(score: &Score, sizes: &DimSizes, random: &mut Random) -> Rows {
    let mut rows = Rows::default();
    for (id, plane) in score.planes.iter() {
        let parts = match plane.element {
            Element::Real => 1,
            Element::Complex => 2,
        };
        for side in Side::ALL.into_iter().filter(|side| side.owner() == score.slots[plane.slot].owner) {
            let row = (0..parts * sizes.elements(plane.shape)).map(|_| random.uniform(-1.0, 1.0)).collect();
            rows.insert(side, id, row);
        }
    }
    rows
}

/// A random score that depends on the head and on the tail.
pub fn random_score(seed: u64) -> Score {
    let mut random = Random::new(seed);
    let mut sketch = Sketch::new("Random");
    let (d, k) = (sketch.dim("d"), sketch.dim("k"));
    let planes = declare(&mut sketch, d, k);
    let mut generator = Generator { pool: gathers(&mut sketch, &planes), sketch, random, dims: [d, k] };
    random = Random::new(seed ^ 0xA5A5);
    for _ in 0..4 + random.below(12) {
        generator.grow();
    }
    generator.finish()
}

fn declare(sketch: &mut Sketch, d: DimId, k: DimId) -> Vec<PlaneId> {
    let declarations = [
        (Owner::Entity, "v", SlotType::Real(d)),
        (Owner::Entity, "z", SlotType::Complex(d)),
        (Owner::Entity, "bias", SlotType::Scalar),
        (Owner::Relation, "v", SlotType::Real(k)),
        (Owner::Relation, "w", SlotType::Unit(d)),
        (Owner::Relation, "z", SlotType::Complex(d)),
        (Owner::Relation, "angle", SlotType::Phase(d)),
        (Owner::Relation, "m", SlotType::Matrix(k, d)),
        (Owner::Relation, "bias", SlotType::Scalar),
    ];
    declarations.into_iter().map(|(owner, name, ty)| sketch.table(owner, name, ty)).collect()
}

fn gathers(sketch: &mut Sketch, planes: &[PlaneId]) -> Vec<Value> {
    let mut pool = Vec::new();
    for &plane in planes {
        let declaration = sketch.score().planes[plane].clone();
        let slot = sketch.score().slots[declaration.slot].clone();
        for side in Side::ALL.into_iter().filter(|side| side.owner() == slot.owner) {
            let row = sketch.gather(side, plane);
            let phase = matches!(slot.ty, SlotType::Phase(_));
            pool.push(if phase { sketch.push(Op::Cis(row)) } else { row });
        }
    }
    pool
}

struct Generator {
    sketch: Sketch,
    random: Random,
    pool: Vec<Value>,
    dims: [DimId; 2],
}

impl Generator {
    /// Adds one random value to the pool.
    fn grow(&mut self) {
        let value = match self.random.below(12) {
            0..=3 => self.sum_or_product(),
            4 => self.unary(),
            5 => self.guarded(),
            6 => self.incidence(),
            7 => self.reduce(),
            8 => self.matvec(),
            9 => self.complex_part(),
            10 => self.scaled(),
            _ => self.extremum(),
        };
        self.pool.push(value);
    }

    fn any(&mut self, wanted: impl Fn(Type) -> bool) -> Value {
        let fitting: Vec<_> = self.pool.iter().copied().filter(|value| wanted(self.sketch.ty(*value))).collect();
        self.random.pick(&fitting)
    }

    fn element_wise(&mut self) -> Value {
        self.any(|ty| !matches!(ty.shape, Shape::Matrix(..)))
    }

    fn real(&mut self) -> Value {
        self.any(|ty| ty.element == Element::Real && !matches!(ty.shape, Shape::Matrix(..)))
    }

    fn real_vector(&mut self) -> Value {
        self.any(|ty| ty.element == Element::Real && matches!(ty.shape, Shape::Vector(_)))
    }

    /// A value of the shape of `like`, or a scalar.
    fn beside(&mut self, like: Value) -> Value {
        let shape = self.sketch.ty(like).shape;
        self.any(|ty| ty.shape == shape || ty.shape == Shape::Scalar)
    }

    fn sum_or_product(&mut self) -> Value {
        let a = self.element_wise();
        let b = self.beside(a);
        let op = self.random.pick(&[BinaryOp::Add, BinaryOp::Sub, BinaryOp::Sub, BinaryOp::Mul]);
        self.sketch.binary(op, a, b)
    }

    fn unary(&mut self) -> Value {
        let a = self.real();
        let op = self.random.pick(&[
            UnaryOp::Neg,
            UnaryOp::Abs,
            UnaryOp::Sin,
            UnaryOp::Cos,
            UnaryOp::Tanh,
            UnaryOp::Sigmoid,
            UnaryOp::Softplus,
            UnaryOp::Frac,
        ]);
        self.sketch.unary(op, a)
    }

    /// `f(1 + softplus(a))` for an f that has a singularity at 0, or `b / (1 + softplus(a))`.
    fn guarded(&mut self) -> Value {
        let a = self.real();
        let one = self.sketch.constant(1.0);
        let positive = self.sketch.unary(UnaryOp::Softplus, a);
        let positive = self.sketch.add(one, positive);
        match self.random.below(4) {
            0 => self.sketch.unary(UnaryOp::Sqrt, positive),
            1 => self.sketch.unary(UnaryOp::Log, positive),
            2 => self.sketch.unary(UnaryOp::ReciprocalOrZero, positive),
            _ => {
                let b = self.beside(positive);
                self.sketch.binary(BinaryOp::Div, b, positive)
            }
        }
    }

    fn incidence(&mut self) -> Value {
        let gathers = self.gathers_of_one_type();
        let name = self.random.pick(&["plus_times", "hadamard", "max_plus", "min_plus"]);
        let semiring = self.sketch.semiring(name);
        let complex = self.sketch.ty(gathers[0]).element == Element::Complex;
        let semiring = if complex && name.ends_with("_plus") { self.sketch.semiring("plus_times") } else { semiring };
        let free = self.sketch.score().semirings[semiring].name != "hadamard";
        let mut terms = Vec::new();
        for value in gathers {
            let coefficient = if free { self.random.pick(&[1.0, -1.0, 0.5, 2.0]) } else { 1.0 };
            terms.push(Term { coefficient, conjugate: complex && self.random.below(3) == 0, value });
        }
        self.sketch.push(Op::Fold { semiring, terms })
    }

    fn gathers_of_one_type(&mut self) -> Vec<Value> {
        let dim = self.dims[0];
        let wanted = self.random.pick(&[Type::vector(dim), Type::complex(Shape::Vector(dim)), Type::SCALAR]);
        let gathers: Vec<_> = self.pool.iter().copied().filter(|value| self.is_row(*value, wanted)).collect();
        let kept: Vec<_> = gathers.iter().copied().filter(|_| self.random.below(4) != 0).collect();
        if kept.is_empty() { gathers } else { kept }
    }

    fn is_row(&self, value: Value, wanted: Type) -> bool {
        let row = match self.sketch.op(value) {
            Op::Cis(angle) => self.sketch.op(*angle),
            op => op,
        };
        matches!(row, Op::Gather { .. }) && self.sketch.ty(value) == wanted
    }

    fn reduce(&mut self) -> Value {
        let a = self.real_vector();
        let op = self.random.pick(&[ReduceOp::Sum, ReduceOp::Sum, ReduceOp::Min, ReduceOp::Max]);
        self.sketch.reduce(op, a)
    }

    fn matvec(&mut self) -> Value {
        let matrix = self.any(|ty| matches!(ty.shape, Shape::Matrix(..)));
        let transposed = self.random.below(2) == 0;
        let dim = self.dims[usize::from(transposed)];
        let vector = self.any(|ty| ty == Type::vector(dim));
        self.sketch.push(Op::MatVec { matrix, vector, transposed })
    }

    fn complex_part(&mut self) -> Value {
        let z = self.any(|ty| ty.element == Element::Complex);
        match self.random.below(6) {
            0 => self.sketch.push(Op::Re(z)),
            1 => self.sketch.push(Op::Im(z)),
            2 => self.sketch.push(Op::Modulus(z)),
            3 => self.sketch.push(Op::Conj(z)),
            4 => {
                let a = self.real();
                let b = self.any(|ty| ty == Type::SCALAR);
                self.sketch.push(Op::Complex(a, b))
            }
            _ => {
                let angle = self.real();
                self.sketch.push(Op::Cis(angle))
            }
        }
    }

    fn scaled(&mut self) -> Value {
        let a = self.element_wise();
        let number = self.random.pick(&[-1.0, 0.5, 2.0, 1.0, -0.25]);
        let number = self.sketch.constant(number);
        self.sketch.mul(number, a)
    }

    fn extremum(&mut self) -> Value {
        let a = self.real();
        let shape = self.sketch.ty(a).shape;
        let b = self.any(|ty| ty.element == Element::Real && ty.shape == shape);
        let op = self.random.pick(&[BinaryOp::Min, BinaryOp::Max]);
        self.sketch.binary(op, a, b)
    }

    /// The sum of tame functions of the last values, of the head's first row and of the tail's.
    fn finish(mut self) -> Score {
        let (head, tail) = self.sketch.ends(PlaneId::new(0));
        let last: Vec<_> = self.pool.iter().rev().take(3).copied().chain([head, tail]).collect();
        let mut root = self.sketch.constant(0.0);
        for value in last {
            let scalar = self.scalar_of(value);
            root = self.sketch.add(root, scalar);
        }
        self.sketch.finish(root)
    }

    fn scalar_of(&mut self, value: Value) -> Value {
        let ty = self.sketch.ty(value);
        let real = match ty.element {
            Element::Real => value,
            Element::Complex => self.sketch.push(Op::Modulus(value)),
        };
        let bounded = match ty.shape {
            Shape::Matrix(_, columns) => {
                let vector = self.any(|ty| ty == Type::vector(columns));
                self.sketch.matvec(value, vector)
            }
            Shape::Scalar | Shape::Vector(_) => real,
        };
        let bounded = self.sketch.unary(UnaryOp::Tanh, bounded);
        match ty.shape {
            Shape::Scalar => bounded,
            Shape::Vector(_) | Shape::Matrix(..) => self.sketch.sum(bounded),
        }
    }
}
