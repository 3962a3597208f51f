//! What a device and the kernels of a training step agree on: sizes of stretches, and of the arrays for them.

/// Most hits of a piece. A row with no more hits than that, all of one source, has one piece.
pub const PIECE: usize = 32;

/// Pieces of one row that are joined ahead of the others: those from a multiple of this number on.
pub const GROUP: usize = 32;

/// Words of `runs` before those of the first row.
pub const RUNS_HEAD: usize = 2;

/// Words that `runs` has of each row.
pub const RUN_WORDS: usize = 3;

/// Hits that a workgroup works on when hits are sorted and cut.
pub const BLOCK: usize = 1024;

/// Bits of a row's number that one round of sorting looks at.
pub const DIGIT_BITS: u32 = 4;

/// The lowest of the bits of a hit that say of which source it is. Those below number it among the source's.
pub const SOURCE_BIT: u32 = 28;

/// Rounds of sorting that hits of the rows `0..rows` take, and those of no row beside them.
///
/// ```
/// use sptx_runtime::gpu::sort_rounds;
/// assert_eq!([sort_rounds(15), sort_rounds(16), sort_rounds(14_541)], [1, 2, 4]);
/// ```
pub fn sort_rounds(rows: u32) -> u32 {
    // What is of no row has the number `rows`.
    (u32::BITS - rows.leading_zeros()).div_ceil(DIGIT_BITS)
}

/// Words of the array `histogram` for so many hits.
pub fn histogram_words(hits: usize) -> usize {
    // Hits are cut together with the end behind the last.
    (hits + 1).div_ceil(BLOCK) << DIGIT_BITS
}

/// Words of the array `runs` for so many rows.
pub fn runs_words(rows: usize) -> usize {
    RUNS_HEAD + (rows + 1) * RUN_WORDS
}

/// Words of the array `pieces` for so many pieces.
pub fn pieces_words(pieces: usize) -> usize {
    2 * (pieces + 1)
}

/// Most pieces that so many hits of so many rows are cut into.
///
/// ```
/// use sptx_runtime::gpu::most_pieces;
/// assert_eq!(most_pieces(64, 1), 3);
/// ```
pub fn most_pieces(hits: usize, rows: usize) -> usize {
    // A piece begins where a row's hits do, and at each multiple of its length.
    hits.div_ceil(PIECE) + rows.min(hits)
}
