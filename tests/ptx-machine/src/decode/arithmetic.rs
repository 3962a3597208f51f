//! Arithmetic on numbers and on bits.

use super::operands::Operands;
use super::{Result, Words};
use crate::functions::{float, integer};
use crate::instruction::{Floats, OfBits, OfFloats, Operation};
use crate::types::Type;

/// Decodes what may be on integers or on floats.
pub(super) fn numbers(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    if words.name.ends_with(".f32") || words.name.ends_with(".f32x2") {
        floats(words, operands)
    } else {
        integers(words, operands)
    }
}

/// How exact a function is, or how it rounds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Nearest,
    Approximate,
    Full,
}

const STYLES: [(&str, Style); 3] = [("rn", Style::Nearest), ("approx", Style::Approximate), ("full", Style::Full)];

fn floats(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    use Style::{Approximate, Full, Nearest, Plain};
    let style = words.any_of(&STYLES).unwrap_or(Plain);
    let flush = words.takes("ftz");
    let (function, count, styles): (OfFloats, usize, &[Style]) = match words.first() {
        "add" => (|[a, b, _]| a + b, 2, &[Plain, Nearest]),
        "sub" => (|[a, b, _]| a - b, 2, &[Plain, Nearest]),
        "mul" => (|[a, b, _]| a * b, 2, &[Plain, Nearest]),
        "fma" | "mad" => (|[a, b, c]| a.mul_add(b, c), 3, &[Nearest]),
        "div" => (|[a, b, _]| a / b, 2, &[Nearest, Approximate, Full]),
        "min" if words.takes("NaN") => (float::minimum_or_nan, 2, &[Plain]),
        "min" => (float::minimum, 2, &[Plain]),
        "max" if words.takes("NaN") => (float::maximum_or_nan, 2, &[Plain]),
        "max" => (float::maximum, 2, &[Plain]),
        "neg" => (|[a, ..]| -a, 1, &[Plain]),
        "abs" => (|[a, ..]| a.abs(), 1, &[Plain]),
        "copysign" => (|[a, b, _]| b.copysign(a), 2, &[Plain]),
        "sqrt" => (|[a, ..]| a.sqrt(), 1, &[Nearest, Approximate]),
        "rcp" => (|[a, ..]| 1.0 / a, 1, &[Nearest, Approximate]),
        "rsqrt" => (|[a, ..]| f64::from(a).sqrt().recip() as f32, 1, &[Approximate]),
        "ex2" => (|[a, ..]| f64::from(a).exp2() as f32, 1, &[Approximate]),
        "lg2" => (|[a, ..]| f64::from(a).log2() as f32, 1, &[Approximate]),
        "sin" => (|[a, ..]| f64::from(a).sin() as f32, 1, &[Approximate]),
        "cos" => (|[a, ..]| f64::from(a).cos() as f32, 1, &[Approximate]),
        "tanh" => (|[a, ..]| f64::from(a).tanh() as f32, 1, &[Approximate]),
        _ => return Err(words.unknown()),
    };
    let saturates = matches!(words.first(), "add" | "sub" | "mul" | "fma" | "mad");
    let saturate = saturates && words.takes("sat");
    if !styles.contains(&style) {
        return Err(words.unknown());
    }
    let paired = matches!(words.first(), "add" | "sub" | "mul" | "fma") && !saturate && words.takes("f32x2");
    let ty = if paired { Type::F32x2 } else { words.ty_of(&[Type::F32])? };
    let (to, from) = (operands.target(ty)?, operands.sources(&[ty; 3][..count])?);
    Ok(Operation::Floats(Floats { function, to, from, flush, saturate, paired }))
}

/// Which half of a product is kept.
#[derive(Clone, Copy)]
enum Half {
    Low,
    High,
    Both,
}

const HALVES: [(&str, Half); 3] = [("lo", Half::Low), ("hi", Half::High), ("wide", Half::Both)];
const INTEGERS: [Type; 4] = [Type::U32, Type::S32, Type::U64, Type::S64];

/// The instance of a generic function for a type of integers.
macro_rules! instance {
    ($ty:expr, $function:path) => {{
        use $function as function;
        match $ty {
            Type::S32 => function::<i32> as OfBits,
            Type::U64 => function::<u64>,
            Type::S64 => function::<i64>,
            _ => function::<u32>,
        }
    }};
}

fn integers(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    let first = words.first();
    if matches!(first, "mul" | "mad") {
        return products(words, operands);
    }
    let ty = words.ty_of(&INTEGERS)?;
    let (function, count) = match first {
        "add" => (instance!(ty, integer::add), 2),
        "sub" => (instance!(ty, integer::sub), 2),
        "div" => (instance!(ty, integer::divide), 2),
        "rem" => (instance!(ty, integer::remainder), 2),
        "min" => (instance!(ty, integer::minimum), 2),
        "max" => (instance!(ty, integer::maximum), 2),
        "neg" if matches!(ty, Type::S32 | Type::S64) => (instance!(ty, integer::negate), 1),
        "abs" if matches!(ty, Type::S32 | Type::S64) => (instance!(ty, integer::absolute), 1),
        _ => return Err(words.unknown()),
    };
    let (to, from) = (operands.target(ty)?, operands.sources(&[ty; 3][..count])?);
    Ok(match first {
        "div" | "rem" => Operation::Divide { function, to, from },
        _ => Operation::Bits { function, to, from },
    })
}

fn products(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    let half = words.one_of(&HALVES)?;
    let ty = words.ty_of(&INTEGERS)?;
    let (function, result): (OfBits, Type) = match (half, ty) {
        (Half::Low, _) => (instance!(ty, integer::multiply_low), ty),
        (Half::High, _) => (instance!(ty, integer::multiply_high), ty),
        (Half::Both, Type::U32) => (integer::multiply_wide::<u32>, Type::U64),
        (Half::Both, Type::S32) => (integer::multiply_wide::<i32>, Type::S64),
        (Half::Both, _) => return Err(words.unknown()),
    };
    let types = [ty, ty, result];
    let count = if words.first() == "mad" { 3 } else { 2 };
    Ok(Operation::Bits { function, to: operands.target(result)?, from: operands.sources(&types[..count])? })
}

/// Decodes what is on bits.
pub(super) fn bits(words: &mut Words<'_>, operands: &mut Operands<'_, '_>) -> Result<Operation> {
    use Type::{B16, B32, B64, Predicate, S32, S64, U16, U32, U64};
    let first = words.first();
    let types: &[Type] = match first {
        "and" | "or" | "xor" | "not" => &[Predicate, B16, B32, B64],
        "shl" => &[B16, B32, B64],
        "shr" => &[B16, U16, B32, U32, S32, B64, U64, S64],
        _ => &[B32, B64],
    };
    let ty = words.ty_of(types)?;
    let function: OfBits = match (first, ty) {
        ("and", _) => |[a, b, _]| a & b,
        ("or", _) => |[a, b, _]| a | b,
        ("xor", _) => |[a, b, _]| a ^ b,
        ("not", Predicate) => |[a, ..]| a ^ 1,
        ("not", B16) => |[a, ..]| a ^ 0xffff,
        ("not", B32) => |[a, ..]| a ^ 0xffff_ffff,
        ("not", _) => |[a, ..]| !a,
        ("shl", B16) => |[a, by, _]| integer::shift_left(a, by, 16),
        ("shl", B32) => |[a, by, _]| integer::shift_left(a, by, 32),
        ("shl", _) => |[a, by, _]| integer::shift_left(a, by, 64),
        ("shr", S32) => |[a, by, _]| u64::from((a as i32 >> by.min(31)) as u32),
        ("shr", S64) => |[a, by, _]| (a as i64 >> by.min(63)) as u64,
        ("shr", _) => |[a, by, _]| if by < 64 { a >> by } else { 0 },
        ("popc", _) => |[a, ..]| u64::from(a.count_ones()),
        ("clz", B32) => |[a, ..]| u64::from((a as u32).leading_zeros()),
        _ => |[a, ..]| u64::from(a.leading_zeros()),
    };
    let (result, sources): (Type, &[Type]) = match first {
        "and" | "or" | "xor" => (ty, &[ty, ty]),
        "not" => (ty, &[ty]),
        "shl" | "shr" => (ty, &[ty, U32]),
        _ => (U32, &[ty]),
    };
    Ok(Operation::Bits { function, to: operands.target(result)?, from: operands.sources(sources)? })
}
