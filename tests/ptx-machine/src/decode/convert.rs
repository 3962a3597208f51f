//! Moves and conversions.

use super::operands::Operands;
use super::{Result, Words};
use crate::functions::{float, integer};
use crate::instruction::{Floats, OfBits, OfFloats, Operand, Operation};
use crate::types::Type;

/// Decodes `mov`, and what takes values apart or joins them.
pub(super) fn mov(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    let ty = words.ty()?;
    let half = match ty {
        Type::B32 => Some((Type::B16, 16)),
        Type::B64 => Some((Type::B32, 32)),
        _ => None,
    };
    if let (Some((part, half)), true) = (half, operands.vector_next()) {
        let [low, high, ..] = operands.targets(2, part)?.items;
        return Ok(Operation::Unpack { to: [low, high], from: operands.source(ty)?, half });
    }
    let to = operands.target(ty)?;
    if let (Some((part, half)), true) = (half, operands.vector_next()) {
        let [low, high, ..] = operands.vector(2, part)?.items;
        let function: OfBits = if half == 16 { |[a, b, _]| a | (b << 16) } else { |[a, b, _]| a | (b << 32) };
        return Ok(Operation::Bits { function, to, from: [low, high, Operand::Constant(0)] });
    }
    Ok(Operation::Bits { function: integer::same, to, from: operands.sources(&[ty])? })
}

/// Decodes `cvta`: generic addresses of global memory are those of global memory.
pub(super) fn cvta(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    words.takes("to");
    if !words.takes("global") {
        return Err(words.unknown());
    }
    let ty = words.ty_of(&[Type::U64])?;
    Ok(Operation::Bits { function: integer::same, to: operands.target(ty)?, from: operands.sources(&[ty])? })
}

const TO_INTEGER: [(&str, OfFloats); 4] = [
    ("rni", |[a, ..]| a.round_ties_even()),
    ("rzi", |[a, ..]| a.trunc()),
    ("rmi", |[a, ..]| a.floor()),
    ("rpi", |[a, ..]| a.ceil()),
];

/// Decodes `cvt`.
pub(super) fn cvt(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    let rounding = TO_INTEGER.iter().position(|(name, _)| words.takes(name));
    let nearest = rounding.is_none() && words.takes("rn");
    let flush = words.takes("ftz");
    let saturate = words.takes("sat");
    match (rounding, nearest, words.peek()) {
        (None, true, "bf16" | "bf16x2") if !flush && !saturate => return to_bf16(words, operands),
        (None, true, "f32") if !flush && !saturate => return from_integer(words, operands),
        _ => {}
    }
    let to = words.ty()?;
    if (to, words.peek()) == (Type::F32, "bf16") && rounding.is_none() && !nearest && !flush && !saturate {
        words.next();
        let target = operands.target(to)?;
        return Ok(Operation::Bits { function: |[a, ..]| a << 16, to: target, from: operands.sources(&[Type::B16])? });
    }
    match (rounding, to, words.ty()?) {
        (Some(rounding), Type::F32, from @ Type::F32) => {
            floats(TO_INTEGER[rounding].1, flush, saturate, from, operands)
        }
        (None, Type::F32, from @ Type::F32) if !nearest => floats(|[a, ..]| a, flush, saturate, from, operands),
        (Some(rounding), to @ (Type::U32 | Type::S32), Type::F32) if !saturate => {
            let function = to_integer(rounding, to, flush);
            let target = operands.target(to)?;
            Ok(Operation::Bits { function, to: target, from: operands.sources(&[Type::F32])? })
        }
        (None, to, from) if !nearest && !flush && !saturate => {
            let function = resize(from, to).ok_or_else(|| words.unknown())?;
            Ok(Operation::Bits { function, to: operands.target(to)?, from: operands.sources(&[from])? })
        }
        _ => Err(words.unknown()),
    }
}

fn floats(
    function: OfFloats,
    flush: bool,
    saturate: bool,
    ty: Type,
    operands: &mut Operands<'_, '_>,
) -> Result<Operation> {
    let (to, from) = (operands.target(ty)?, operands.sources(&[ty])?);
    Ok(Operation::Floats(Floats { function, to, from, flush, saturate, paired: false }))
}

/// Numbers that do not fit become the nearest that does, NaN becomes 0. A subnormal number that is flushed is 0 before it
/// is rounded.
fn to_integer(rounding: usize, to: Type, flush: bool) -> OfBits {
    macro_rules! rounded {
        ($($number:literal),*) => {
            match (rounding, to == Type::S32, flush) {
                $(($number, false, false) => |[a, ..]| u64::from(TO_INTEGER[$number].1([float::of(a); 3]) as u32),
                ($number, true, false) => |[a, ..]| u64::from(TO_INTEGER[$number].1([float::of(a); 3]) as i32 as u32),
                ($number, false, true) =>
                    |[a, ..]| u64::from(TO_INTEGER[$number].1([float::flush(float::of(a)); 3]) as u32),
                ($number, true, true) =>
                    |[a, ..]| u64::from(TO_INTEGER[$number].1([float::flush(float::of(a)); 3]) as i32 as u32),)*
                _ => unreachable!("a place in `TO_INTEGER`"),
            }
        };
    }
    rounded!(0, 1, 2, 3)
}

fn from_integer(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    let to = words.ty_of(&[Type::F32])?;
    let from = words.ty()?;
    let function: OfBits = match from {
        Type::U16 | Type::U32 | Type::U64 => |[a, ..]| float::bits(a as f32),
        Type::S32 => |[a, ..]| float::bits(a as i32 as f32),
        Type::S64 => |[a, ..]| float::bits(a as i64 as f32),
        _ => return Err(words.unknown()),
    };
    Ok(Operation::Bits { function, to: operands.target(to)?, from: operands.sources(&[from])? })
}

fn to_bf16(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    let pair = words.next() == "bf16x2";
    words.ty_of(&[Type::F32])?;
    let from = [Type::F32; 2];
    Ok(if pair {
        // The first operand is the upper half.
        let function: OfBits = |[a, b, _]| (float::to_bf16(float::of(a)) << 16) | float::to_bf16(float::of(b));
        Operation::Bits { function, to: operands.target(Type::B32)?, from: operands.sources(&from)? }
    } else {
        let function: OfBits = |[a, ..]| float::to_bf16(float::of(a));
        Operation::Bits { function, to: operands.target(Type::B16)?, from: operands.sources(&from[..1])? }
    })
}

/// From integer to integer: signed ones keep their sign as they grow.
fn resize(from: Type, to: Type) -> Option<OfBits> {
    let extended: [OfBits; 3] = match from {
        Type::U16 | Type::U32 | Type::U64 => [|[a, ..]| a & 0xffff, |[a, ..]| a & 0xffff_ffff, |[a, ..]| a],
        Type::S16 => [|[a, ..]| a & 0xffff, |[a, ..]| u64::from(a as i16 as u32), |[a, ..]| i64::from(a as i16) as u64],
        Type::S32 => [|[a, ..]| a & 0xffff, |[a, ..]| a & 0xffff_ffff, |[a, ..]| i64::from(a as i32) as u64],
        Type::S64 => [|[a, ..]| a & 0xffff, |[a, ..]| a & 0xffff_ffff, |[a, ..]| a],
        Type::Predicate | Type::B16 | Type::B32 | Type::F32 | Type::F32x2 | Type::B64 => return None,
    };
    match to {
        Type::U16 | Type::S16 => Some(extended[0]),
        Type::U32 | Type::S32 => Some(extended[1]),
        Type::U64 | Type::S64 => Some(extended[2]),
        Type::Predicate | Type::B16 | Type::B32 | Type::F32 | Type::F32x2 | Type::B64 => None,
    }
}
