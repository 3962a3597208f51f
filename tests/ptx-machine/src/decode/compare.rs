//! Comparisons and choices.

use std::cmp::Ordering;

use super::operands::Operands;
use super::{Result, Words};
use crate::functions::{float, integer};
use crate::instruction::{Combine, Compare, Operation};
use crate::types::Type;

type Comparison = fn(u64, u64) -> bool;

type Join = fn(bool, bool) -> bool;

const JOINS: [(&str, Join); 3] = [("and", |a, b| a && b), ("or", |a, b| a || b), ("xor", |a, b| a != b)];

/// Decodes `setp`.
pub(super) fn setp(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    let comparison = words.next();
    let join = words.any_of(&JOINS);
    let flush = words.takes("ftz");
    let ty = words.ty()?;
    let function = match ty {
        Type::F32 => floats(comparison),
        Type::S32 => signed32(comparison),
        Type::S64 => signed64(comparison),
        Type::U32 | Type::U64 => unsigned(comparison),
        Type::B32 | Type::B64 => equality(comparison),
        Type::Predicate | Type::B16 | Type::U16 | Type::S16 | Type::F32x2 => None,
    };
    let function = function.filter(|_| ty == Type::F32 || !flush).ok_or_else(|| words.unknown())?;
    let (yes, no) = operands.pair(Type::Predicate, Type::Predicate)?;
    let from = [operands.source(ty)?, operands.source(ty)?];
    let with = match join {
        Some(function) => {
            let (predicate, negated) = operands.predicate()?;
            Some(Combine { function, predicate, negated })
        }
        None => None,
    };
    Ok(Operation::Compare(Compare { function, yes, no, from, flush, with }))
}

fn equality(comparison: &str) -> Option<Comparison> {
    match comparison {
        "eq" => Some(|a, b| a == b),
        "ne" => Some(|a, b| a != b),
        _ => None,
    }
}

/// A function of each order, by the type that bits are read as.
macro_rules! orders {
    ($name:ident, $ty:ty) => {
        fn $name(comparison: &str) -> Option<Comparison> {
            match comparison {
                "lt" => Some(|a, b| (a as $ty) < b as $ty),
                "le" => Some(|a, b| a as $ty <= b as $ty),
                "gt" => Some(|a, b| a as $ty > b as $ty),
                "ge" => Some(|a, b| a as $ty >= b as $ty),
                other => equality(other),
            }
        }
    };
}

orders!(signed32, i32);
orders!(signed64, i64);
orders!(natural, u64);

/// Unsigned integers have a second name for each order.
fn unsigned(comparison: &str) -> Option<Comparison> {
    natural(match comparison {
        "lo" => "lt",
        "ls" => "le",
        "hi" => "gt",
        "hs" => "ge",
        other => other,
    })
}

/// None where one is NaN.
fn order(a: u64, b: u64) -> Option<Ordering> {
    float::of(a).partial_cmp(&float::of(b))
}

/// Those without `u` are false where one is NaN, those with it true.
fn floats(comparison: &str) -> Option<Comparison> {
    Some(match comparison {
        "eq" => |a, b| order(a, b).is_some_and(Ordering::is_eq),
        "ne" => |a, b| order(a, b).is_some_and(Ordering::is_ne),
        "lt" => |a, b| order(a, b).is_some_and(Ordering::is_lt),
        "le" => |a, b| order(a, b).is_some_and(Ordering::is_le),
        "gt" => |a, b| order(a, b).is_some_and(Ordering::is_gt),
        "ge" => |a, b| order(a, b).is_some_and(Ordering::is_ge),
        "equ" => |a, b| order(a, b).is_none_or(Ordering::is_eq),
        "neu" => |a, b| order(a, b).is_none_or(Ordering::is_ne),
        "ltu" => |a, b| order(a, b).is_none_or(Ordering::is_lt),
        "leu" => |a, b| order(a, b).is_none_or(Ordering::is_le),
        "gtu" => |a, b| order(a, b).is_none_or(Ordering::is_gt),
        "geu" => |a, b| order(a, b).is_none_or(Ordering::is_ge),
        "num" => |a, b| order(a, b).is_some(),
        "nan" => |a, b| order(a, b).is_none(),
        _ => return None,
    })
}

/// Decodes `selp`.
pub(super) fn selp(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    let ty = words.ty()?;
    if ty == Type::Predicate {
        return Err(words.unknown());
    }
    let to = operands.target(ty)?;
    let from = operands.sources(&[ty, ty, Type::Predicate])?;
    Ok(Operation::Bits { function: integer::select, to, from })
}
