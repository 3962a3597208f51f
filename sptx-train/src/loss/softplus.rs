//! The logistic function's integral.

/// `log(1 + eˣ)` without overflow, and its derivative.
pub(super) fn softplus(x: f32) -> (f32, f32) {
    let small = (-x.abs()).exp();
    let value = x.max(0.0) + small.ln_1p();
    // NaN must stay NaN, which `max` would drop.
    let value = if x.is_nan() { x } else { value };
    let slope = if x >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) };
    (value, slope)
}
