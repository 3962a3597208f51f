//! Functions of floats.

/// The NaN that arithmetic gives.
const NAN: u32 = 0x7fff_ffff;

/// The value of bits.
pub(crate) fn of(bits: u64) -> f32 {
    f32::from_bits(bits as u32)
}

/// The bits of a result.
pub(crate) fn bits(value: f32) -> u64 {
    u64::from(if value.is_nan() { NAN } else { value.to_bits() })
}

/// 0 with its sign, if it is subnormal.
pub(crate) fn flush(value: f32) -> f32 {
    if value.is_subnormal() { 0.0_f32.copysign(value) } else { value }
}

/// Cut to 0 … 1, NaN being 0.
pub(crate) fn saturate(value: f32) -> f32 {
    if value > 0.0 { value.min(1.0) } else { 0.0 }
}

/// The smaller, -0 being less than 0; the number, if only one is one.
pub(crate) fn minimum([a, b, c]: [f32; 3]) -> f32 {
    -maximum([-a, -b, c])
}

/// The greater, 0 being more than -0; the number, if only one is one.
pub(crate) fn maximum([a, b, _]: [f32; 3]) -> f32 {
    if a.is_nan() || b.is_nan() {
        return if a.is_nan() { b } else { a };
    }
    if a > b || (a == b && a.is_sign_positive()) { a } else { b }
}

/// The smaller, or NaN if one is NaN.
pub(crate) fn minimum_or_nan(operands: [f32; 3]) -> f32 {
    nan_or(operands, minimum)
}

/// The greater, or NaN if one is NaN.
pub(crate) fn maximum_or_nan(operands: [f32; 3]) -> f32 {
    nan_or(operands, maximum)
}

fn nan_or(operands: [f32; 3], function: fn([f32; 3]) -> f32) -> f32 {
    if operands[0].is_nan() || operands[1].is_nan() { f32::NAN } else { function(operands) }
}

/// The bf16 that is nearest, of two the even one.
pub(crate) fn to_bf16(value: f32) -> u64 {
    let bits = u64::from(value.to_bits());
    if value.is_nan() { 0x7fff } else { (bits + 0x7fff + ((bits >> 16) & 1)) >> 16 }
}
