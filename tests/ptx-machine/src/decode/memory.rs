//! Loads, stores, atomic operations and asynchronous copies.

use super::operands::Operands;
use super::{Result, Words};
use crate::functions::{float, integer};
use crate::instruction::{Atomic, Copy, Load, OfBits, Operand, Operation, Space, Store, Strength};
use crate::types::Type;

/// What is said of an access before its type.
struct Access {
    space: Space,
    strength: Strength,
}

/// Hints to caches, which change nothing.
const HINTS: [&str; 15] = [
    "ca",
    "cg",
    "cs",
    "lu",
    "cv",
    "wb",
    "wt",
    "L1::evict_normal",
    "L1::evict_unchanged",
    "L1::evict_first",
    "L1::evict_last",
    "L1::no_allocate",
    "L2::64B",
    "L2::128B",
    "L2::256B",
];

fn access(words: &mut Words<'_>) -> Result<Access> {
    let (mut space, mut strength) = (None, Strength::Weak);
    loop {
        match words.peek() {
            "global" if space.is_none() => space = Some(Space::Global),
            "shared" | "shared::cta" if space.is_none() => space = Some(Space::Shared),
            "nc" if space == Some(Space::Global) && strength == Strength::Weak => strength = Strength::Constant,
            "relaxed" | "acquire" | "release" | "acq_rel" | "volatile" if strength == Strength::Weak => {
                strength = Strength::Atomic;
            }
            "weak" | "gpu" | "sys" => {}
            hint if HINTS.contains(&hint) => {}
            _ => break,
        }
        words.next();
    }
    let space = space.ok_or_else(|| words.unknown())?;
    Ok(Access { space, strength })
}

const WORDS: [Type; 7] = [Type::B32, Type::U32, Type::S32, Type::F32, Type::B64, Type::U64, Type::S64];

/// How many lanes of which type, 16 bytes at most.
fn shape(words: &mut Words<'_>) -> Result<(usize, Type)> {
    let lanes = words.any_of(&[("v2", 2), ("v4", 4)]).unwrap_or(1);
    let ty = words.ty_of(&WORDS)?;
    if lanes * ty.bytes() as usize > 16 { Err(words.unknown()) } else { Ok((lanes, ty)) }
}

/// Decodes `ld`.
pub(super) fn load(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    if words.takes("param") {
        let ty = words.ty_of(&WORDS)?;
        return Ok(Operation::Parameter { to: operands.target(ty)?, index: operands.parameter(ty)? });
    }
    let Access { space, strength } = access(words)?;
    let (lanes, ty) = shape(words)?;
    let to = operands.targets(lanes, ty)?;
    Ok(Operation::Load(Load { space, strength, address: operands.address(space)?, to }))
}

/// Decodes `st`.
pub(super) fn store(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    let Access { space, strength } = access(words)?;
    if strength == Strength::Constant {
        return Err(words.unknown());
    }
    let (lanes, ty) = shape(words)?;
    let address = operands.address(space)?;
    Ok(Operation::Store(Store { space, strength, address, from: operands.vector(lanes, ty)? }))
}

/// Decodes `atom`.
pub(super) fn atom(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    let Access { space, .. } = access(words)?;
    let name = words.next();
    let ty = words.ty_of(&WORDS)?;
    let function = match name {
        "exch" if matches!(ty, Type::B32 | Type::B64) => |[_, new, _]: [u64; 3]| new,
        "cas" if matches!(ty, Type::B32 | Type::B64) => {
            |[old, compare, new]: [u64; 3]| if old == compare { new } else { old }
        }
        other => change(other, ty, space).ok_or_else(|| words.unknown())?,
    };
    let to = operands.sink(ty)?;
    let (address, from) = (operands.address(space)?, operands.vector(1, ty)?);
    let third = if name == "cas" { operands.source(ty)? } else { Operand::Constant(0) };
    Ok(Operation::Atomic(Atomic { space, function, to, address, from, third }))
}

/// Decodes `red`.
pub(super) fn red(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    let Access { space, .. } = access(words)?;
    let name = words.next();
    let (lanes, ty) = shape(words)?;
    let vector_fits = (name, ty, space) == ("add", Type::F32, Space::Global);
    let function = change(name, ty, space).filter(|_| lanes == 1 || vector_fits).ok_or_else(|| words.unknown())?;
    let (address, from) = (operands.address(space)?, operands.vector(lanes, ty)?);
    Ok(Operation::Atomic(Atomic { space, function, to: None, address, from, third: Operand::Constant(0) }))
}

/// What an atomic operation makes of the old value and its operand.
fn change(name: &str, ty: Type, space: Space) -> Option<OfBits> {
    use Type::{B32, B64, F32, S32, S64, U32, U64};
    Some(match (name, ty) {
        ("add", U32 | S32) => integer::add::<u32>,
        ("add", U64) => integer::add::<u64>,
        // Global memory flushes, shared memory does not.
        ("add", F32) if space == Space::Global => {
            |[old, by, _]| float::bits(float::flush(float::flush(float::of(old)) + float::flush(float::of(by))))
        }
        ("add", F32) => |[old, by, _]| float::bits(float::of(old) + float::of(by)),
        ("min", U32) => integer::minimum::<u32>,
        ("min", S32) => integer::minimum::<i32>,
        ("min", U64) => integer::minimum::<u64>,
        ("min", S64) => integer::minimum::<i64>,
        ("max", U32) => integer::maximum::<u32>,
        ("max", S32) => integer::maximum::<i32>,
        ("max", U64) => integer::maximum::<u64>,
        ("max", S64) => integer::maximum::<i64>,
        ("and", B32 | B64) => |[old, by, _]| old & by,
        ("or", B32 | B64) => |[old, by, _]| old | by,
        ("xor", B32 | B64) => |[old, by, _]| old ^ by,
        ("inc", U32) => |[old, by, _]| if old >= by { 0 } else { old + 1 },
        ("dec", U32) => |[old, by, _]| if old == 0 || old > by { by } else { old - 1 },
        _ => return None,
    })
}

/// Decodes `cp.async`.
pub(super) fn copy(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    if !words.takes("async") {
        return Err(words.unknown());
    }
    match words.next() {
        "commit_group" => Ok(Operation::Commit),
        "wait_group" => Ok(Operation::Wait(Some(operands.immediate()?))),
        "wait_all" => Ok(Operation::Wait(None)),
        cache @ ("ca" | "cg") => {
            let shared = words.takes("shared") || words.takes("shared::cta");
            if !shared || !words.takes("global") {
                return Err(words.unknown());
            }
            words.any_of(&[("L2::64B", ()), ("L2::128B", ()), ("L2::256B", ())]);
            let (to, from) = (operands.address(Space::Shared)?, operands.address(Space::Global)?);
            let bytes = operands.immediate()?;
            if !matches!((cache, bytes), (_, 16) | ("ca", 4 | 8)) {
                return Err(words.unknown());
            }
            let read = if operands.more() { Some(operands.source(Type::U32)?) } else { None };
            Ok(Operation::Copy(Copy { to, from, bytes, read }))
        }
        _ => Err(words.unknown()),
    }
}
