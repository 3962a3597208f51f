//! Products of matrices that a device may have a library for.

/// Rows of numbers in a buffer.
#[derive(Debug)]
pub struct MatrixRows<'a, B> {
    /// The buffer.
    pub buffer: &'a B,
    /// The word where the first row begins.
    pub at: usize,
    /// How many rows there are.
    pub count: usize,
}

/// `out[i, j] = Σₖ left[i, k] · right[j, k]`: every row of one matrix with every row of another.
#[derive(Debug)]
pub struct MatrixProduct<'a, B> {
    /// The rows i.
    pub left: MatrixRows<'a, B>,
    /// The rows j.
    pub right: MatrixRows<'a, B>,
    /// How many numbers of a row count.
    pub width: usize,
    /// Words from one row to the next, of either matrix; what lies behind a row's numbers is of no account.
    pub stride: usize,
    /// Where the product goes, row by row, without gaps.
    pub out: &'a B,
    /// Whether it is added to what is there.
    pub adds: bool,
}
