//! What hosts and the kernels of ranks and best candidates agree on.

/// The most candidates that one launch counts: as many as an f32 counts exactly.
pub const MOST_COUNTED: u32 = 1 << 24;

/// The score of a candidate in a list of the best; none of an entry of no candidate. Both zeros are 0.
///
/// ```
/// use sptx_runtime::gpu::score_of_merit;
/// assert_eq!(score_of_merit(0x8000_0000 + 1.5_f32.to_bits()), Some(1.5));
/// assert_eq!(score_of_merit(0x8000_0000 - 1.5_f32.to_bits()), Some(-1.5));
/// assert_eq!(score_of_merit(0), None);
/// ```
pub fn score_of_merit(merit: u32) -> Option<f32> {
    const ZERO: u32 = 1 << 31;
    let magnitude = f32::from_bits(merit.abs_diff(ZERO));
    (merit > 0).then_some(if merit < ZERO { -magnitude } else { magnitude })
}
