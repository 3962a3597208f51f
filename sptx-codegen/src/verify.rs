//! The verifier: what every score satisfies.
//!
//! # Rules
//! 1. Handles are in range: dims, slots, planes, parameters, semirings, values, wherever they occur.
//! 2. Operands stand before their users.
//! 3. Each node has the type that `infer` gives; a gather's side fits its plane's owner.
//! 4. The root is a real scalar.
//! 5. A fold has at least one term; each term is a gather or the `Cis` of one, and only complex terms are conjugated.
//! 6. Under hadamard every coefficient is 1. Complex rows are folded under plus-times or hadamard only.
//! 7. `Upstream` occurs in gradients only; it is not among the forward nodes.
//! 8. Names belong to existing values; no name is given twice.
//! 9. A half is of an earlier dimension.
//! 10. Names of dimensions, of parameters and choices, of semirings, and of an owner's slots are unique; a plane's slot
//!     and part are.
//!
//! And of a gradient: its score satisfies them; its contributions are sorted by side and plane, at most one for each;
//! each has the type of its plane's row, which is real.

use std::collections::BTreeSet;

use crate::ir::{DimSize, Element, Gradient, Node, Op, Score, Semiring, Shape, SlotType, Term, Type, Value, infer};

/// A rule that a score breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum Violation {
    #[error("{holder} refers to {handle}, which does not exist")]
    DanglingHandle { holder: String, handle: String },
    #[error("{value} uses {operand}, which does not stand before it")]
    OperandAfterUser { value: Value, operand: Value },
    #[error("{value} is ill-typed: {message}")]
    IllTyped { value: Value, message: String },
    #[error("{value} is declared {declared:?}, but is {inferred:?}")]
    WrongType { value: Value, declared: Type, inferred: Type },
    #[error("the root {value} is not a real scalar")]
    RootNotScalar { value: Value },
    #[error("{value} folds {term}, which is neither a gather nor the unit complex number of one")]
    TermNotGathered { value: Value, term: Value },
    #[error("{value} conjugates {term}, which is real")]
    RealTermConjugated { value: Value, term: Value },
    #[error("{value} has a coefficient other than 1 under hadamard")]
    HadamardCoefficient { value: Value },
    #[error("{value} folds complex rows under `{semiring}`")]
    ComplexFold { value: Value, semiring: String },
    #[error("{value} is the upstream derivative, outside a gradient")]
    UpstreamInScore { value: Value },
    #[error("{value} shares the name `{name}` with another value")]
    AmbiguousName { value: Value, name: String },
    #[error("the dimension `{name}` is half of one that does not stand before it")]
    HalfBeforeWhole { name: String },
    #[error("`{name}` is declared twice among the {kind}")]
    DeclaredTwice { kind: &'static str, name: String },
    #[error("contribution {index} does not follow the one before it by side and plane")]
    UnsortedContribution { index: usize },
    #[error("contribution {index} does not have the type of its row")]
    WrongContribution { index: usize },
}

/// Checks the rules of a score.
///
/// # Errors
/// Every rule that is broken, in order. Rules about nodes are checked once the declarations satisfy theirs.
pub fn verify(score: &Score) -> Result<(), Vec<Violation>> {
    check(score, score.nodes.len())
}

/// Checks the rules of a gradient.
///
/// # Errors
/// As [`verify`].
pub fn verify_gradient(gradient: &Gradient) -> Result<(), Vec<Violation>> {
    check(&gradient.score, gradient.forward_nodes)?;
    let score = &gradient.score;
    let mut violations = Vec::new();
    for (index, (side, plane, value)) in gradient.contributions.iter().enumerate() {
        let previous = index.checked_sub(1).map(|previous| &gradient.contributions[previous]);
        if previous.is_some_and(|(s, p, _)| (s, p) >= (side, plane)) {
            violations.push(Violation::UnsortedContribution { index });
        }
        let row = infer(score, &Op::Gather { side: *side, plane: *plane });
        let found = score.nodes.get(*value).map(|node| node.ty);
        if score.planes.get(*plane).is_none() || found.is_none() || row.ok() != found {
            violations.push(Violation::WrongContribution { index });
        }
    }
    finish(violations)
}

fn check(score: &Score, forward_nodes: usize) -> Result<(), Vec<Violation>> {
    let mut verifier = Verifier { score, violations: Vec::new() };
    verifier.dims();
    verifier.slots_and_planes();
    verifier.unique_names();
    // Types cannot be inferred over dangling handles.
    if verifier.violations.is_empty() {
        for (value, node) in score.nodes.iter() {
            verifier.node(value, node, value.index() < forward_nodes);
        }
        verifier.root();
        verifier.names_of_values();
    }
    finish(verifier.violations)
}

fn finish(violations: Vec<Violation>) -> Result<(), Vec<Violation>> {
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}

struct Verifier<'a> {
    score: &'a Score,
    violations: Vec<Violation>,
}

impl Verifier<'_> {
    fn require(&mut self, holds: bool, violation: impl FnOnce() -> Violation) -> bool {
        if !holds {
            self.violations.push(violation());
        }
        holds
    }

    fn dangling(&mut self, exists: bool, holder: &str, handle: &dyn std::fmt::Debug) -> bool {
        self.require(exists, || Violation::DanglingHandle { holder: holder.to_owned(), handle: format!("{handle:?}") })
    }

    fn dims(&mut self) {
        for (id, dim) in self.score.dims.iter() {
            match dim.size {
                DimSize::Half(whole) => {
                    self.require(whole < id, || Violation::HalfBeforeWhole { name: dim.name.clone() });
                }
                DimSize::Symbol | DimSize::Literal(_) => {}
            }
        }
    }

    fn shape(&mut self, holder: &str, shape: Shape) {
        let dims = match shape {
            Shape::Scalar => vec![],
            Shape::Vector(dim) => vec![dim],
            Shape::Matrix(rows, columns) => vec![rows, columns],
        };
        for dim in dims {
            self.dangling(self.score.dims.get(dim).is_some(), holder, &dim);
        }
    }

    fn slots_and_planes(&mut self) {
        for (_, slot) in self.score.slots.iter() {
            self.shape(&slot.name, shape_of(&slot.ty));
        }
        for (id, plane) in self.score.planes.iter() {
            self.dangling(self.score.slots.get(plane.slot).is_some(), &format!("{id:?}"), &plane.slot);
            self.shape(&format!("{id:?}"), plane.shape);
        }
    }

    fn unique_names(&mut self) {
        let score = self.score;
        let parameters = score.parameters.iter().map(|(_, parameter)| parameter.name.clone());
        let choices = score.choices.iter().map(|choice| choice.name.clone());
        let slots = score.slots.iter().map(|(_, slot)| format!("{:?} {}", slot.owner, slot.name));
        let planes = score.planes.iter().map(|(_, plane)| format!("{:?}.{}", plane.slot, plane.part));
        self.unique("dimensions", score.dims.iter().map(|(_, dim)| dim.name.clone()));
        self.unique("parameters", parameters.chain(choices));
        self.unique("slots", slots);
        self.unique("planes", planes);
        self.unique("semirings", score.semirings.iter().map(|(_, semiring)| semiring.name.clone()));
    }

    fn unique(&mut self, kind: &'static str, names: impl Iterator<Item = String>) {
        let mut seen = BTreeSet::new();
        for name in names {
            self.require(seen.insert(name.clone()), || Violation::DeclaredTwice { kind, name });
        }
    }

    fn node(&mut self, value: Value, node: &Node, forward: bool) {
        let mut sound = self.handles_of(value, &node.op);
        for operand in node.op.operands() {
            sound &= self.require(operand < value, || Violation::OperandAfterUser { value, operand });
        }
        if !sound {
            return;
        }
        match infer(self.score, &node.op) {
            Ok(inferred) => {
                let declared = node.ty;
                self.require(declared == inferred, || Violation::WrongType { value, declared, inferred });
            }
            Err(error) => self.violations.push(Violation::IllTyped { value, message: error.to_string() }),
        }
        match &node.op {
            Op::Fold { semiring, terms } => self.fold(value, &self.score.semirings[*semiring], terms),
            Op::Upstream => {
                self.require(!forward, || Violation::UpstreamInScore { value });
            }
            Op::Gather { .. }
            | Op::Const(_)
            | Op::Parameter(_)
            | Op::Unary(..)
            | Op::Binary(..)
            | Op::Reduce(..)
            | Op::MatVec { .. }
            | Op::Outer(..)
            | Op::Complex(..)
            | Op::Cis(_)
            | Op::Re(_)
            | Op::Im(_)
            | Op::Conj(_)
            | Op::Modulus(_) => {}
        }
    }

    fn handles_of(&mut self, value: Value, op: &Op) -> bool {
        let holder = value.to_string();
        match op {
            Op::Gather { plane, .. } => self.dangling(self.score.planes.get(*plane).is_some(), &holder, plane),
            Op::Parameter(parameter) => {
                self.dangling(self.score.parameters.get(*parameter).is_some(), &holder, parameter)
            }
            Op::Fold { semiring, .. } => {
                self.dangling(self.score.semirings.get(*semiring).is_some(), &holder, semiring)
            }
            Op::Const(_)
            | Op::Upstream
            | Op::Unary(..)
            | Op::Binary(..)
            | Op::Reduce(..)
            | Op::MatVec { .. }
            | Op::Outer(..)
            | Op::Complex(..)
            | Op::Cis(_)
            | Op::Re(_)
            | Op::Im(_)
            | Op::Conj(_)
            | Op::Modulus(_) => true,
        }
    }

    fn fold(&mut self, value: Value, semiring: &Semiring, terms: &[Term]) {
        let hadamard = *semiring == Semiring::hadamard();
        let complex_too = hadamard || *semiring == Semiring::plus_times();
        let is_complex = |term: &Term| self.score.nodes[term.value].ty.element == Element::Complex;
        let any_complex = terms.iter().any(is_complex);
        for term in terms {
            let complex = is_complex(term);
            self.require(self.is_gathered(term.value), || Violation::TermNotGathered { value, term: term.value });
            self.require(!term.conjugate || complex, || Violation::RealTermConjugated { value, term: term.value });
        }
        let ones = terms.iter().all(|term| term.coefficient == 1.0);
        self.require(!hadamard || ones, || Violation::HadamardCoefficient { value });
        let name = || semiring.name.clone();
        self.require(complex_too || !any_complex, || Violation::ComplexFold { value, semiring: name() });
    }

    fn is_gathered(&self, value: Value) -> bool {
        let is_gather = |op: &Op| matches!(op, Op::Gather { .. });
        match &self.score.nodes[value].op {
            Op::Cis(angle) => is_gather(&self.score.nodes[*angle].op),
            op => is_gather(op),
        }
    }

    fn root(&mut self) {
        let value = self.score.root;
        match self.score.nodes.get(value) {
            Some(node) => {
                self.require(node.ty == Type::SCALAR, || Violation::RootNotScalar { value });
            }
            None => {
                self.dangling(false, "the root", &value);
            }
        }
    }

    fn names_of_values(&mut self) {
        let mut names = BTreeSet::new();
        for (value, name) in &self.score.names {
            self.dangling(self.score.nodes.get(*value).is_some(), name, value);
            self.require(names.insert(name), || Violation::AmbiguousName { value: *value, name: name.clone() });
        }
    }
}

fn shape_of(ty: &SlotType) -> Shape {
    match *ty {
        SlotType::Real(dim) | SlotType::Complex(dim) | SlotType::Phase(dim) | SlotType::Unit(dim) => Shape::Vector(dim),
        SlotType::Matrix(rows, columns) => Shape::Matrix(rows, columns),
        SlotType::Scalar => Shape::Scalar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{PlaneId, Side};
    use crate::testing::{Sketch, random_score};

    /// What the verifier says of TransE, changed.
    fn check(change: impl FnOnce(&mut Score)) -> Vec<Violation> {
        let mut score = Sketch::transe();
        change(&mut score);
        verify(&score).err().unwrap_or_default()
    }

    fn hadamard_of(coefficient: f64, conjugate: bool) -> Vec<Violation> {
        let value = Value::new(0);
        check(|score| {
            let semiring = score.semirings.find(|semiring| semiring.name == "hadamard").unwrap();
            let ty = score.nodes[value].ty;
            let terms = vec![Term { coefficient, conjugate, value }];
            score.nodes.push(Node { op: Op::Fold { semiring, terms }, ty });
        })
    }

    #[test]
    fn sound_scores_pass() {
        assert_eq!(check(|_| ()), []);
        for seed in 0..200 {
            assert_eq!(verify(&random_score(seed)), Ok(()));
        }
    }

    #[test]
    fn each_rule_is_seen() {
        let at = Value::new;
        assert_eq!(check(|s| s.root = at(0)), [Violation::RootNotScalar { value: at(0) }]);
        assert!(matches!(check(|s| s.root = at(99))[..], [Violation::DanglingHandle { .. }]));
        let gather = Op::Gather { side: Side::Head, plane: PlaneId::new(7) };
        assert!(matches!(check(|s| s.nodes[at(0)].op = gather)[..], [Violation::DanglingHandle { .. }]));
        let gather = Op::Gather { side: Side::Head, plane: PlaneId::new(1) };
        assert!(matches!(check(|s| s.nodes[at(0)].op = gather)[..], [Violation::IllTyped { .. }]));
        let negation = Op::Unary(crate::ir::UnaryOp::Neg, at(3));
        let expected = Violation::OperandAfterUser { value: at(0), operand: at(3) };
        assert_eq!(check(|s| s.nodes[at(0)].op = negation), [expected]);
        assert!(matches!(check(|s| s.nodes[at(0)].ty = Type::SCALAR)[..], [Violation::WrongType { .. }, ..]));
        let upstream = Node { op: Op::Upstream, ty: Type::SCALAR };
        assert!(matches!(
            check(|s| {
                s.nodes.push(upstream);
            })[..],
            [Violation::UpstreamInScore { .. }]
        ));
        assert!(matches!(check(|s| s.names.push((at(99), "x".to_owned())))[..], [Violation::DanglingHandle { .. }]));
        let twice = || (at(0), "x".to_owned());
        assert!(matches!(check(|s| s.names = vec![twice(), twice()])[..], [Violation::AmbiguousName { .. }]));
        let half = |s: &mut Score| s.dims[crate::ir::DimId::new(0)].size = DimSize::Half(crate::ir::DimId::new(0));
        assert!(matches!(check(half)[..], [Violation::HalfBeforeWhole { .. }]));
    }

    #[test]
    fn rules_of_rows_are_seen() {
        assert_eq!(hadamard_of(1.0, false), []);
        assert!(matches!(hadamard_of(2.0, false)[..], [Violation::HadamardCoefficient { .. }]));
        assert!(matches!(hadamard_of(1.0, true)[..], [Violation::RealTermConjugated { .. }]));
    }
}
