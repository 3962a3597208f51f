//! Declarations in the form the runtime reads.

use sptx_runtime::program;

use crate::ir::{Constraint, DimSize, Initializer, Op, Owner, Score, Shape, Side, Slot, SlotType, Term, Value};

pub(super) fn dims(score: &Score) -> Vec<program::Dim> {
    let size = |size: DimSize| match size {
        DimSize::Symbol => program::DimSize::Symbol,
        DimSize::Half(of) => program::DimSize::Half(of.index()),
        DimSize::Literal(count) => program::DimSize::Literal(count),
    };
    score.dims.iter().map(|(_, dim)| program::Dim { name: dim.name.clone(), size: size(dim.size) }).collect()
}

pub(super) fn parameters(score: &Score) -> Vec<program::Parameter> {
    let parameters = score.parameters.iter();
    parameters.map(|(_, it)| program::Parameter { name: it.name.clone(), default: it.default }).collect()
}

pub(super) fn choices(score: &Score) -> Vec<program::Choice> {
    let choices = score.choices.iter();
    choices
        .map(|it| program::Choice { name: it.name.clone(), options: it.options.clone(), chosen: it.chosen })
        .collect()
}

pub(super) fn slots(score: &Score) -> Vec<program::Slot> {
    score.slots.iter().map(|(_, slot)| self::slot(score, slot)).collect()
}

fn slot(score: &Score, slot: &Slot) -> program::Slot {
    let mut constraints: Vec<_> = slot.constraints.iter().map(|it| constraint(*it)).collect();
    if matches!(slot.ty, SlotType::Unit(_)) && !constraints.contains(&program::Constraint::UnitNorm) {
        constraints.push(program::Constraint::UnitNorm);
    }
    program::Slot {
        owner: match slot.owner {
            Owner::Entity => program::Owner::Entity,
            Owner::Relation => program::Owner::Relation,
        },
        name: slot.name.clone(),
        ty: slot_type(score, &slot.ty),
        phase: matches!(slot.ty, SlotType::Phase(_)),
        constraints,
        initializer: initializer(&slot.initializer),
    }
}

fn slot_type(score: &Score, ty: &SlotType) -> String {
    let name = |dim: crate::ir::DimId| &score.dims[dim].name;
    match ty {
        SlotType::Real(dim) => format!("real[{}]", name(*dim)),
        SlotType::Complex(dim) => format!("complex[{}]", name(*dim)),
        SlotType::Phase(dim) => format!("phase[{}]", name(*dim)),
        SlotType::Unit(dim) => format!("unit[{}]", name(*dim)),
        SlotType::Matrix(down, across) => format!("real[{}, {}]", name(*down), name(*across)),
        SlotType::Scalar => "scalar".to_owned(),
    }
}

fn constraint(constraint: Constraint) -> program::Constraint {
    match constraint {
        Constraint::MaxNorm(limit) => program::Constraint::MaxNorm(limit),
        Constraint::UnitNorm => program::Constraint::UnitNorm,
        Constraint::NonNegative => program::Constraint::NonNegative,
        Constraint::Symmetric => program::Constraint::Symmetric,
        Constraint::Frozen => program::Constraint::Frozen,
    }
}

fn initializer(initializer: &Initializer) -> program::Initializer {
    match initializer {
        Initializer::Default => program::Initializer::Default,
        Initializer::Uniform(low, high) => program::Initializer::Uniform(*low, *high),
        Initializer::Normal(mean, deviation) => program::Initializer::Normal(*mean, *deviation),
        Initializer::Xavier => program::Initializer::Xavier,
        Initializer::Constant(value) => program::Initializer::Constant(*value),
        Initializer::Identity => program::Initializer::Identity,
        Initializer::OneIfNamed(names) => program::Initializer::OneIfNamed(names.clone()),
    }
}

pub(super) fn planes(score: &Score) -> Vec<program::Plane> {
    let planes = score.planes.iter();
    planes
        .map(|(_, it)| program::Plane { slot: it.slot.index(), part: it.part.clone(), shape: shape(it.shape) })
        .collect()
}

pub(super) fn shape(shape: Shape) -> program::Shape {
    match shape {
        Shape::Scalar => program::Shape::Scalar,
        Shape::Vector(dim) => program::Shape::Vector(dim.index()),
        Shape::Matrix(down, across) => program::Shape::Matrix(down.index(), across.index()),
    }
}

/// The folds of a factored score.
pub(super) fn rows(factored: &Score) -> Vec<program::IncidenceRow> {
    let row = |op: &Op| match op {
        Op::Fold { semiring, terms } => Some(program::IncidenceRow {
            semiring: factored.semirings[*semiring].name.clone(),
            terms: terms.iter().filter_map(|term| self::term(factored, term)).collect(),
        }),
        _ => None,
    };
    factored.nodes.iter().filter_map(|(_, node)| row(&node.op)).collect()
}

fn term(factored: &Score, term: &Term) -> Option<program::IncidenceTerm> {
    let (side, plane) = gathered(factored, term.value)?;
    let plane = &factored.planes[plane];
    Some(program::IncidenceTerm {
        side: self::side(side),
        slot: plane.slot.index(),
        part: plane.part.clone(),
        coefficient: term.coefficient,
        conjugate: term.conjugate,
    })
}

fn gathered(score: &Score, value: Value) -> Option<(Side, crate::ir::PlaneId)> {
    match &score.nodes[value].op {
        Op::Gather { side, plane } => Some((*side, *plane)),
        Op::Cis(angle) => gathered(score, *angle),
        _ => None,
    }
}

pub(super) fn side(side: Side) -> program::Side {
    match side {
        Side::Head => program::Side::Head,
        Side::Relation => program::Side::Relation,
        Side::Tail => program::Side::Tail,
    }
}
