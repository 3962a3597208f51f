//! Values in mathematical notation: `M·(h − t) + r`.
//!
//! A gather prints as the side's letter and the table (`h.v`, `r.m`); an incidence row of a sum prints as the sum, of
//! products as the products, of another semiring with its name.

use std::collections::BTreeMap;

use crate::ir::{BinaryOp, Gradient, Op, ReduceOp, Score, SemiringId, Side, Term, UnaryOp, Value};

/// Prints a value of a score, its operands written out.
pub fn print(score: &Score, value: Value) -> String {
    Printer { score, names: &BTreeMap::new() }.print(value).text
}

/// Prints a value; values that have a name print as the name, except the value itself.
pub fn print_with_names(score: &Score, value: Value, names: &BTreeMap<Value, String>) -> String {
    let mut others = names.clone();
    others.remove(&value);
    Printer { score, names: &others }.print(value).text
}

/// Prints each contribution of a gradient: `(side, table, expression)`.
pub fn print_gradient(gradient: &Gradient, names: &BTreeMap<Value, String>) -> Vec<(Side, String, String)> {
    let score = &gradient.score;
    let print = |&(side, plane, value)| (side, row_name(score, side, plane), print_with_names(score, value, names));
    gradient.contributions.iter().map(print).collect()
}

/// How a gathered row prints: `h.v`, `t.v.re`.
pub fn row_name(score: &Score, side: Side, plane: crate::ir::PlaneId) -> String {
    let plane = &score.planes[plane];
    let slot = &score.slots[plane.slot].name;
    let separator = if plane.part.is_empty() { "" } else { "." };
    format!("{}.{slot}{separator}{}", side.letter(), plane.part)
}

/// How tightly a printed expression holds together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Sum,
    Negation,
    Quotient,
    Product,
    Atom,
}

struct Printed {
    text: String,
    binding: Binding,
}

impl Printed {
    fn atom(text: String) -> Self {
        Self { text, binding: Binding::Atom }
    }

    /// The text, in parentheses where it holds less tightly than its place needs.
    fn at_least(self, needed: Binding) -> String {
        if self.binding < needed { format!("({})", self.text) } else { self.text }
    }
}

struct Printer<'a> {
    score: &'a Score,
    names: &'a BTreeMap<Value, String>,
}

impl Printer<'_> {
    fn print(&self, value: Value) -> Printed {
        if let Some(name) = self.names.get(&value) {
            return Printed::atom(name.clone());
        }
        match &self.score.nodes[value].op {
            Op::Gather { side, plane } => Printed::atom(row_name(self.score, *side, *plane)),
            Op::Const(number) => number_of(*number),
            Op::Parameter(parameter) => Printed::atom(self.score.parameters[*parameter].name.clone()),
            Op::Upstream => Printed::atom("g".to_owned()),
            Op::Unary(op, a) => self.unary(*op, *a),
            Op::Binary(op, a, b) => self.binary(*op, *a, *b),
            Op::Reduce(op, a) => self.reduce(*op, *a),
            Op::MatVec { matrix, vector, transposed } => {
                let mark = if *transposed { "ᵀ" } else { "" };
                let matrix = self.at_least(*matrix, Binding::Atom);
                self.product(format!("{matrix}{mark}·"), *vector)
            }
            Op::Outer(a, b) => self.infix(*a, " ⊗ ", *b, Binding::Product, Binding::Atom, Binding::Atom),
            Op::Fold { semiring, terms } => self.fold(*semiring, terms),
            Op::Complex(a, b) => self.infix(*a, " + i·", *b, Binding::Sum, Binding::Sum, Binding::Atom),
            Op::Cis(a) => Printed::atom(format!("e^(i·{})", self.at_least(*a, Binding::Atom))),
            Op::Re(a) => self.call("Re", *a),
            Op::Im(a) => self.call("Im", *a),
            Op::Conj(a) => self.call("conj", *a),
            Op::Modulus(a) => Printed::atom(format!("|{}|", self.print(*a).text)),
        }
    }

    fn at_least(&self, value: Value, needed: Binding) -> String {
        self.print(value).at_least(needed)
    }

    fn call(&self, function: &str, a: Value) -> Printed {
        Printed::atom(format!("{function}({})", self.print(a).text))
    }

    fn product(&self, left: String, right: Value) -> Printed {
        Printed { text: left + &self.at_least(right, Binding::Atom), binding: Binding::Product }
    }

    fn infix(&self, a: Value, op: &str, b: Value, own: Binding, left: Binding, right: Binding) -> Printed {
        Printed { text: format!("{}{op}{}", self.at_least(a, left), self.at_least(b, right)), binding: own }
    }

    fn unary(&self, op: UnaryOp, a: Value) -> Printed {
        match op {
            UnaryOp::Neg => {
                Printed { text: format!("−{}", self.at_least(a, Binding::Quotient)), binding: Binding::Negation }
            }
            UnaryOp::Abs => Printed::atom(format!("|{}|", self.print(a).text)),
            UnaryOp::Sqrt => Printed::atom(format!("√{}", self.at_least(a, Binding::Atom))),
            UnaryOp::Sign
            | UnaryOp::ReciprocalOrZero
            | UnaryOp::Exp
            | UnaryOp::Log
            | UnaryOp::Sin
            | UnaryOp::Cos
            | UnaryOp::Tanh
            | UnaryOp::Sigmoid
            | UnaryOp::Softplus
            | UnaryOp::Floor
            | UnaryOp::Frac => self.call(op.name(), a),
        }
    }

    fn binary(&self, op: BinaryOp, a: Value, b: Value) -> Printed {
        use Binding::{Atom, Negation, Product, Quotient, Sum};
        match op {
            BinaryOp::Add => self.infix(a, " + ", b, Sum, Sum, Quotient),
            BinaryOp::Sub => self.infix(a, " − ", b, Sum, Sum, Quotient),
            BinaryOp::Mul if a == b => Printed { text: format!("{}²", self.at_least(a, Atom)), binding: Product },
            // Without parentheses, `x / y·z` would read as x over y·z.
            BinaryOp::Mul if self.is_quotient(a) => self.infix(a, "·", b, Product, Product, Product),
            BinaryOp::Mul => self.infix(a, "·", b, Product, Negation, Product),
            BinaryOp::Div => self.infix(a, " / ", b, Quotient, Product, Atom),
            BinaryOp::Greater => {
                Printed::atom(format!("[{} > {}]", self.at_least(a, Negation), self.at_least(b, Negation)))
            }
            BinaryOp::Equal => {
                Printed::atom(format!("[{} = {}]", self.at_least(a, Negation), self.at_least(b, Negation)))
            }
            BinaryOp::Min | BinaryOp::Max => {
                Printed::atom(format!("{}({}, {})", op.name(), self.print(a).text, self.print(b).text))
            }
        }
    }

    fn is_quotient(&self, value: Value) -> bool {
        match self.score.nodes[value].op {
            _ if self.names.contains_key(&value) => false,
            Op::Unary(UnaryOp::Neg, a) => self.is_quotient(a),
            _ => self.print(value).binding == Binding::Quotient,
        }
    }

    fn reduce(&self, op: ReduceOp, a: Value) -> Printed {
        match op {
            ReduceOp::Sum => self.call("Σ", a),
            ReduceOp::Min => self.call("min", a),
            ReduceOp::Max => self.call("max", a),
        }
    }

    fn fold(&self, semiring: SemiringId, terms: &[Term]) -> Printed {
        let semiring = &self.score.semirings[semiring];
        match semiring.name.as_str() {
            "plus_times" => Printed { text: self.sum_of(terms), binding: Binding::Sum },
            "hadamard" => {
                let factors: Vec<_> = terms.iter().map(|term| self.term(term)).collect();
                Printed { text: factors.join("·"), binding: Binding::Product }
            }
            name => {
                let joined =
                    terms.iter().map(|term| format!("{} ⊗ {}", number_of(term.coefficient).text, self.term(term)));
                Printed::atom(format!("{name}({})", joined.collect::<Vec<_>>().join(", ")))
            }
        }
    }

    fn sum_of(&self, terms: &[Term]) -> String {
        let mut text = String::new();
        for (index, term) in terms.iter().enumerate() {
            let sign = match (index, term.coefficient < 0.0) {
                (0, false) => "",
                (0, true) => "−",
                (_, false) => " + ",
                (_, true) => " − ",
            };
            let size = term.coefficient.abs();
            let size = if size == 1.0 { String::new() } else { format!("{}·", number_of(size).text) };
            text += &format!("{sign}{size}{}", self.term(term));
        }
        text
    }

    fn term(&self, term: &Term) -> String {
        if term.conjugate { self.call("conj", term.value).text } else { self.at_least(term.value, Binding::Atom) }
    }
}

fn number_of(number: f64) -> Printed {
    if number < 0.0 {
        Printed { text: format!("−{}", -number), binding: Binding::Negation }
    } else {
        Printed::atom(format!("{number}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Sketch;

    fn check(score: &Score, expected: &str) {
        assert_eq!(print(score, score.root), expected);
    }

    #[test]
    fn models_print_as_in_their_papers() {
        check(&Sketch::transe(), "−√Σ((h.v + r.v − t.v)²)");
        check(&Sketch::transr(), "−Σ((r.m·h.v + r.v − r.m·t.v)²)");
        check(&Sketch::distmult(), "Σ(h.v·r.v·t.v)");
        check(&Sketch::complex(), "Re(Σ(h.v·r.v·conj(t.v)))");
        check(&Sketch::rotate(), "−Σ(|h.v·e^(i·r.v) − t.v|)");
    }
}
