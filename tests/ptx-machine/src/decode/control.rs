//! Control flow, barriers, and what the threads of a warp do together.

use super::operands::Operands;
use super::{Result, Words};
use crate::functions::integer;
use crate::instruction::{Ballot, Branch, Mode, OfBits, Operation, Shuffle, Vote};
use crate::types::Type;

const MODES: [(&str, Mode); 4] =
    [("up", Mode::Up), ("down", Mode::Down), ("bfly", Mode::Butterfly), ("idx", Mode::Index)];

fn synchronous(words: &mut Words<'_>) -> Result<()> {
    if words.takes("sync") { Ok(()) } else { Err(words.unknown()) }
}

/// Decodes `shfl.sync`.
pub(super) fn shuffle(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    synchronous(words)?;
    let mode = words.one_of(&MODES)?;
    let ty = words.ty_of(&[Type::B32])?;
    let (to, inside) = operands.pair(ty, Type::Predicate)?;
    let value = operands.source(ty)?;
    let [by, clamp, mask] = operands.sources(&[Type::U32; 3])?;
    Ok(Operation::Shuffle(Shuffle { mode, to, inside, value, by, clamp, mask }))
}

const BALLOTS: [(&str, Ballot); 4] =
    [("all", Ballot::All), ("any", Ballot::Any), ("uni", Ballot::Uniform), ("ballot", Ballot::Which)];

/// Decodes `vote.sync`.
pub(super) fn vote(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    synchronous(words)?;
    let ballot = words.one_of(&BALLOTS)?;
    let ty = words.ty_of(&[if ballot == Ballot::Which { Type::B32 } else { Type::Predicate }])?;
    let to = operands.target(ty)?;
    let (predicate, negated) = operands.predicate()?;
    Ok(Operation::Vote(Vote { ballot, to, predicate, negated, mask: operands.source(Type::U32)? }))
}

/// Decodes `activemask`.
pub(super) fn active(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    let ty = words.ty_of(&[Type::B32])?;
    Ok(Operation::Active { to: operands.target(ty)? })
}

/// Decodes `redux.sync`.
pub(super) fn reduce(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    synchronous(words)?;
    let name = words.next();
    let ty = words.ty_of(&[Type::B32, Type::U32, Type::S32])?;
    let function: OfBits = match (name, ty) {
        ("add", Type::U32 | Type::S32) => integer::add::<u32>,
        ("min", Type::U32) => integer::minimum::<u32>,
        ("min", Type::S32) => integer::minimum::<i32>,
        ("max", Type::U32) => integer::maximum::<u32>,
        ("max", Type::S32) => integer::maximum::<i32>,
        ("and", Type::B32) => |[a, b, _]| a & b,
        ("or", Type::B32) => |[a, b, _]| a | b,
        ("xor", Type::B32) => |[a, b, _]| a ^ b,
        _ => return Err(words.unknown()),
    };
    let to = operands.target(ty)?;
    Ok(Operation::Reduce { function, to, value: operands.source(ty)?, mask: operands.source(Type::U32)? })
}

/// Decodes `bar.sync`, `barrier.sync` and `bar.warp.sync`.
pub(super) fn barrier(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    let aligned = words.first() == "bar";
    if aligned && words.takes("warp") {
        synchronous(words)?;
        return Ok(Operation::WarpBarrier { mask: operands.source(Type::U32)? });
    }
    words.takes("cta");
    synchronous(words)?;
    if !aligned {
        words.takes("aligned");
    }
    let number = operands.immediate()?;
    if number < 16 { Ok(Operation::Barrier { number }) } else { Err(words.unknown()) }
}

/// Decodes `membar` and `fence`.
pub(super) fn fence(words: &mut Words<'_>) -> Result<Operation> {
    let scopes: &[&str] = if words.first() == "membar" {
        &["cta", "gl", "sys"]
    } else {
        words.any_of(&[("sc", ()), ("acq_rel", ()), ("acquire", ()), ("release", ())]);
        &["cta", "gpu", "sys"]
    };
    if scopes.contains(&words.next()) { Ok(Operation::Fence) } else { Err(words.unknown()) }
}

/// Decodes `bra`. Where its threads come together is found when all instructions are known.
pub(super) fn branch(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    let uniform = words.takes("uni");
    Ok(Operation::Branch(Branch { to: operands.label()?, uniform, join: usize::MAX }))
}
