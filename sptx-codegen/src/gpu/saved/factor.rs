//! A stage's instructions, with what is the same in all columns drawn out of products and sums.

use sptx_runtime::program::{Binary, Instruction, Register, Unary};

/// The instructions of a stage, and behind them what was made of them.
pub(super) struct Factored {
    pub(super) body: Vec<Instruction>,
    products: Vec<Product>,
}

/// A register as `coefficient · scalars · rest`.
#[derive(Clone, Debug)]
pub(super) struct Product {
    pub(super) coefficient: f32,
    /// Registers that are the same in all columns, ascending.
    pub(super) scalars: Vec<Register>,
    /// What differs from column to column; none where nothing does.
    pub(super) rest: Option<Register>,
}

impl Product {
    fn column(register: Register) -> Self {
        Self { coefficient: 1.0, scalars: Vec::new(), rest: Some(register) }
    }

    fn scalar(register: Register) -> Self {
        Self { coefficient: 1.0, scalars: vec![register], rest: None }
    }

    fn negated(self) -> Self {
        Self { coefficient: -self.coefficient, ..self }
    }
}

impl Factored {
    /// Factors every register. Registers keep their numbers, and what stands under anything but sums and products keeps
    /// its bits: a comparison of numbers for equality holds as it did.
    pub(super) fn new(body: &[Instruction]) -> Self {
        let mut factored = Self { body: body.to_vec(), products: Vec::new() };
        for (register, instruction) in body.iter().enumerate() {
            let product = factored.factor(register, instruction);
            factored.products.push(product);
        }
        factored
    }

    /// A register of the stage.
    pub(super) fn product(&self, register: Register) -> &Product {
        &self.products[register]
    }

    /// The register of an instruction, which is added where there is none.
    pub(super) fn add(&mut self, instruction: Instruction) -> Register {
        let found = self.body.iter().position(|it| *it == instruction);
        found.unwrap_or_else(|| {
            self.body.push(instruction);
            self.body.len() - 1
        })
    }

    /// The register of a product.
    pub(super) fn whole(&mut self, Product { coefficient, scalars, rest }: &Product) -> Register {
        let factors: Vec<_> = scalars.iter().copied().chain(*rest).collect();
        let product = factors.into_iter().reduce(|a, b| self.add(Instruction::Binary(Binary::Mul, a, b)));
        match (product, *coefficient) {
            (Some(product), 1.0) => product,
            (Some(product), -1.0) => self.add(Instruction::Unary(Unary::Neg, product)),
            (Some(product), coefficient) => {
                let coefficient = self.add(Instruction::Constant(coefficient));
                self.add(Instruction::Binary(Binary::Mul, coefficient, product))
            }
            (None, coefficient) => self.add(Instruction::Constant(coefficient)),
        }
    }

    fn factor(&mut self, register: Register, instruction: &Instruction) -> Product {
        let of = |register: Register| self.products[register].clone();
        match *instruction {
            Instruction::Row(..) | Instruction::Vector(_) => Product::column(register),
            Instruction::Scalar(_) | Instruction::Parameter(_) => Product::scalar(register),
            Instruction::Constant(coefficient) => Product { coefficient, scalars: Vec::new(), rest: None },
            Instruction::Unary(Unary::Neg, a) => of(a).negated(),
            Instruction::Binary(Binary::Mul, a, b) => {
                let (a, b) = (of(a), of(b));
                self.times(&a, &b)
            }
            Instruction::Binary(Binary::Add, a, b) => {
                let terms = [of(a), of(b)];
                self.sum(register, terms)
            }
            Instruction::Binary(Binary::Sub, a, b) => {
                let terms = [of(a), of(b).negated()];
                self.sum(register, terms)
            }
            Instruction::MultiplyAdd(a, b, c) => {
                let (a, b, c) = (of(a), of(b), of(c));
                let product = self.times(&a, &b);
                self.sum(register, [product, c])
            }
            Instruction::Unary(..) | Instruction::Binary(..) => {
                let is_scalar = instruction.operands().iter().all(|operand| self.products[*operand].rest.is_none());
                if is_scalar { Product::scalar(register) } else { Product::column(register) }
            }
        }
    }

    fn times(&mut self, a: &Product, b: &Product) -> Product {
        let mut scalars = [&a.scalars[..], &b.scalars].concat();
        scalars.sort_unstable();
        let rest = match (a.rest, b.rest) {
            (Some(a), Some(b)) => Some(self.add(Instruction::Binary(Binary::Mul, a, b))),
            (one, other) => one.or(other),
        };
        Product { coefficient: a.coefficient * b.coefficient, scalars, rest }
    }

    /// A sum, which is `register`: with the scalars drawn out that both terms have.
    fn sum(&mut self, register: Register, [a, b]: [Product; 2]) -> Product {
        if a.rest.is_none() && b.rest.is_none() {
            return Product::scalar(register);
        }
        let (common, [mut a, mut b]) = draw_out([a, b]);
        if common.is_empty() {
            return Product::column(register);
        }
        let coefficient = a.coefficient;
        let same = coefficient.abs() == b.coefficient.abs() && coefficient != 0.0;
        let (coefficient, op) = match same {
            true if coefficient == b.coefficient => (coefficient, Binary::Add),
            true => (coefficient, Binary::Sub),
            false => (1.0, Binary::Add),
        };
        if same {
            (a.coefficient, b.coefficient) = (1.0, 1.0);
        }
        let [a, b] = [a, b].map(|term| self.whole(&term));
        let rest = self.add(Instruction::Binary(op, a, b));
        Product { coefficient, scalars: common, rest: Some(rest) }
    }
}

/// The scalars that both have, and both without them.
fn draw_out([a, mut b]: [Product; 2]) -> (Vec<Register>, [Product; 2]) {
    let (mut common, mut own) = (Vec::new(), Vec::new());
    for scalar in &a.scalars {
        match b.scalars.iter().position(|other| other == scalar) {
            Some(place) => common.push(b.scalars.remove(place)),
            None => own.push(*scalar),
        }
    }
    (common, [Product { scalars: own, ..a }, b])
}
