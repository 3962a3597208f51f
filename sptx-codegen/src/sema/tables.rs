//! Tables: dimensions, types and planes from the declarations and from how the score reads them.

use super::context::Context;
use super::usage::{Usage, Uses};
use super::{Reported, rules, twice};
use crate::ast::{self, Statement};
use crate::diagnostics::{Diagnostic, Span, did_you_mean};
use crate::ir::{Dim, DimId, DimSize, Element, Owner, Plane, PlaneId, Shape, Slot, SlotId, SlotType};

/// What the analysis knows of a declared table.
#[derive(Clone, Debug)]
pub(super) struct SlotInfo {
    /// Where it is declared.
    pub(super) span: Span,
    /// How it is stored; `None` when its declaration had errors.
    pub(super) storage: Option<Storage>,
}

/// How a table is stored, and what its planes hold.
#[derive(Clone, Debug)]
pub(super) struct Storage {
    /// Whether the planes hold angles of unit complex numbers.
    pub(super) phase: bool,
    /// The planes.
    pub(super) planes: Planes,
}

/// The planes of a table.
#[derive(Clone, Debug)]
pub(super) enum Planes {
    /// One.
    Whole(PlaneId),
    /// Lower, upper.
    Halves([PlaneId; 2]),
    /// One for each row of a matrix.
    Rows(Vec<PlaneId>),
}

const TYPES: [&str; 5] = ["real", "complex", "phase", "unit", "scalar"];

/// The most rows that a matrix read by rows may have: each is a plane of its own.
const MOST_ROWS: u32 = 64;

/// Declares the tables of a score.
pub(super) fn declare(context: &mut Context<'_>, score: &ast::Score, usage: &Usage) {
    for statement in &score.statements {
        if let Statement::Tables(tables) = statement {
            for slot in &tables.slots {
                declare_slot(context, tables.owner, slot, usage);
            }
        }
    }
}

fn declare_slot(context: &mut Context<'_>, owner: Owner, slot: &ast::Slot, usage: &Usage) {
    let key = (owner, slot.name.text.clone());
    if context.slots.contains_key(&key) {
        context.report(twice(&slot.name, &format!("a table of the {}", owner_name(owner))));
        return;
    }
    let uses = usage.get(&key).copied().unwrap_or_default();
    let storage = storage(context, owner, slot, uses).ok();
    context.slots.insert(key, SlotInfo { span: slot.name.span, storage });
}

fn storage(context: &mut Context<'_>, owner: Owner, slot: &ast::Slot, uses: Uses) -> Result<Storage, Reported> {
    let ty = slot_type(context, &slot.ty)?;
    let constraints = rules::constraints(context, slot, &ty);
    let initializer = rules::initializer(context, slot, &ty);
    check_uses(context, slot, &ty, uses)?;
    let declared = Slot {
        owner,
        name: slot.name.text.clone(),
        ty: ty.clone(),
        constraints: constraints?,
        initializer: initializer?,
    };
    let id = context.builder.declarations().slots.push(declared);
    let planes = planes(context, slot, id, &ty, uses)?;
    Ok(Storage { phase: matches!(ty, SlotType::Phase(_)), planes })
}

/// `entity` or `relation`, as in declarations.
pub(super) fn owner_name(owner: Owner) -> &'static str {
    match owner {
        Owner::Entity => "entity",
        Owner::Relation => "relation",
    }
}

fn slot_type(context: &mut Context<'_>, ty: &ast::SlotType) -> Result<SlotType, Reported> {
    let (name, dims) = (ty.name.text.as_str(), ty.dims.as_slice());
    match (name, dims) {
        ("real", [d]) => Ok(SlotType::Real(dim(context, d))),
        ("real", [k, d]) => Ok(SlotType::Matrix(dim(context, k), dim(context, d))),
        ("complex", [d]) => Ok(SlotType::Complex(dim(context, d))),
        ("phase", [d]) => Ok(SlotType::Phase(dim(context, d))),
        ("unit", [d]) => Ok(SlotType::Unit(dim(context, d))),
        ("scalar", []) => Ok(SlotType::Scalar),
        _ => Err(context.report(wrong_type(ty))),
    }
}

fn wrong_type(ty: &ast::SlotType) -> Diagnostic {
    let name = ty.name.text.as_str();
    match name {
        "scalar" => Diagnostic::new(ty.span, "a scalar has no dimension").help("write `scalar`, or `real[d]`"),
        "real" if ty.dims.is_empty() => Diagnostic::new(ty.span, "`real` lacks its dimension")
            .help("write `real[d]` for a vector, `scalar` for one number"),
        "real" => {
            Diagnostic::new(ty.span, "a table has at most two dimensions").help("write `real[d]` or `real[k, d]`")
        }
        known if TYPES.contains(&known) => {
            Diagnostic::new(ty.span, format!("`{known}` takes one dimension")).help(format!("write `{known}[d]`"))
        }
        unknown => {
            Diagnostic::new(ty.name.span, format!("there is no type `{unknown}`")).help(did_you_mean(unknown, TYPES))
        }
    }
}

/// The handle of a dimension, declared at its first use.
fn dim(context: &mut Context<'_>, dim: &ast::Dim) -> DimId {
    match dim {
        ast::Dim::Symbol(name) => intern(context, name.text.clone(), DimSize::Symbol),
        ast::Dim::Literal(size, _) => intern(context, size.to_string(), DimSize::Literal(*size)),
    }
}

fn intern(context: &mut Context<'_>, name: String, size: DimSize) -> DimId {
    let dims = &mut context.builder.declarations().dims;
    dims.find(|known| known.name == name).unwrap_or_else(|| dims.push(Dim { name, size }))
}

/// One table is read in one manner.
fn check_uses(context: &mut Context<'_>, slot: &ast::Slot, ty: &SlotType, uses: Uses) -> Result<(), Reported> {
    let name = &slot.name.text;
    let error = match (uses.whole, uses.halves, uses.rows) {
        (Some(whole), Some(_), _) => {
            Diagnostic::new(whole, format!("`{name}` is read whole here, and by halves elsewhere")).help(format!(
                "a table is stored in one manner: declare its halves as two tables, `{name}_lower` and `{name}_upper`"
            ))
        }
        (Some(whole), _, Some(_)) => {
            Diagnostic::new(whole, format!("`{name}` is read whole here, and by rows elsewhere"))
                .help("a table is stored in one manner: read it by rows everywhere, or declare two tables")
        }
        (_, Some(halves), Some(_)) => {
            Diagnostic::new(halves, format!("`{name}` is read by halves here, and by rows elsewhere"))
                .help("a table is stored in one manner: read it by rows everywhere, or declare two tables")
        }
        (_, Some(halves), None) => match ty {
            SlotType::Real(_) | SlotType::Complex(_) | SlotType::Phase(_) | SlotType::Unit(_) => return Ok(()),
            SlotType::Matrix(..) | SlotType::Scalar => {
                Diagnostic::new(halves, format!("`{name}` has no halves")).help("only a vector has: declare `real[d]`")
            }
        },
        (None, None, Some(rows)) => match ty {
            SlotType::Matrix(..) => return Ok(()),
            SlotType::Real(_) | SlotType::Complex(_) | SlotType::Phase(_) | SlotType::Unit(_) | SlotType::Scalar => {
                Diagnostic::new(rows, format!("`{name}` has no rows")).help("only a matrix has: declare `real[4, d]`")
            }
        },
        (_, None, None) => return Ok(()),
    };
    Err(context.report(error))
}

fn planes(
    context: &mut Context<'_>,
    slot: &ast::Slot,
    id: SlotId,
    ty: &SlotType,
    uses: Uses,
) -> Result<Planes, Reported> {
    let (element, shape) = stored(ty);
    match shape {
        Shape::Vector(d) if uses.halves.is_some() => {
            let half = Shape::Vector(half(context, slot, d)?);
            Ok(Planes::Halves(["lower", "upper"].map(|part| push(context, id, part, element, half))))
        }
        Shape::Matrix(rows, columns) if uses.rows.is_some() => {
            let count = row_count(context, slot, rows)?;
            let row = |index: u32| push(context, id, &index.to_string(), element, Shape::Vector(columns));
            Ok(Planes::Rows((0..count).map(row).collect()))
        }
        Shape::Scalar | Shape::Vector(_) | Shape::Matrix(..) => {
            Ok(Planes::Whole(push(context, id, "", element, shape)))
        }
    }
}

/// What a table's elements are in storage: a phase is an angle.
fn stored(ty: &SlotType) -> (Element, Shape) {
    match ty {
        SlotType::Real(d) | SlotType::Unit(d) | SlotType::Phase(d) => (Element::Real, Shape::Vector(*d)),
        SlotType::Complex(d) => (Element::Complex, Shape::Vector(*d)),
        SlotType::Matrix(k, d) => (Element::Real, Shape::Matrix(*k, *d)),
        SlotType::Scalar => (Element::Real, Shape::Scalar),
    }
}

fn push(context: &mut Context<'_>, slot: SlotId, part: &str, element: Element, shape: Shape) -> PlaneId {
    let plane = Plane { slot, part: part.to_owned(), element, shape };
    context.builder.declarations().planes.push(plane)
}

fn half(context: &mut Context<'_>, slot: &ast::Slot, dim: DimId) -> Result<DimId, Reported> {
    let whole = context.builder.score().dims[dim].clone();
    match whole.size {
        DimSize::Literal(size) if size % 2 == 0 => {
            Ok(intern(context, (size / 2).to_string(), DimSize::Literal(size / 2)))
        }
        DimSize::Literal(size) => {
            let error = Diagnostic::new(slot.ty.span, format!("{size} elements have no halves"));
            Err(context.report(error.help("give the table an even dimension")))
        }
        DimSize::Symbol | DimSize::Half(_) => Ok(intern(context, format!("{}/2", whole.name), DimSize::Half(dim))),
    }
}

fn row_count(context: &mut Context<'_>, slot: &ast::Slot, rows: DimId) -> Result<u32, Reported> {
    let dim = &context.builder.score().dims[rows];
    let error = match dim.size {
        DimSize::Literal(count) if count <= MOST_ROWS => return Ok(count),
        DimSize::Literal(count) => {
            Diagnostic::new(slot.ty.span, format!("{count} rows are too many to read one by one"))
                .help(format!("keep to {MOST_ROWS}: each row is stored as a table of its own"))
        }
        DimSize::Symbol | DimSize::Half(_) => {
            let message = format!("`{}` is read by rows, but their number `{}` is not known", slot.name.text, dim.name);
            Diagnostic::new(slot.ty.span, message).help("write the number of rows: `real[4, d]`")
        }
    };
    Err(context.report(error))
}
