//! Matrix products, by the `gemm` crate.

use gemm::Parallelism;

/// A matrix in a slice, stored by rows.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) floats: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Floats from one row to the next.
    pub(super) stride: usize,
    /// Whether the transpose is meant; `rows` and `columns` are those of the stored matrix.
    pub(super) transposed: bool,
}

/// `out = a · b`, or `out += a · b`, where `out` is stored by rows, `stride` floats apart. One thread; the same bits for
/// the same shapes and numbers.
///
/// # Panics
/// When shapes do not fit one another or their slices.
pub(super) fn multiply(a: View<'_>, b: View<'_>, out: &mut [f32], stride: usize, add: bool) {
    let ((rows, inner), (inner_of_b, columns)) = (a.shape(), b.shape());
    assert_eq!(inner, inner_of_b, "the inner dimensions agree");
    a.assert_fits();
    b.assert_fits();
    assert!(rows == 0 || (columns <= stride && (rows - 1) * stride + columns <= out.len()), "the product fits");
    let ((a_row, a_column), (b_row, b_column)) = (a.strides(), b.strides());
    // SAFETY: the assertions above show that every element that the shapes and strides name lies in its slice; `out` is
    // borrowed mutably, so it overlaps neither operand.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            out.as_mut_ptr(),
            1,
            stride as isize,
            add,
            a.floats.as_ptr(),
            a_column,
            a_row,
            b.floats.as_ptr(),
            b_column,
            b_row,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

impl View<'_> {
    fn shape(&self) -> (usize, usize) {
        if self.transposed { (self.columns, self.rows) } else { (self.rows, self.columns) }
    }

    fn strides(&self) -> (isize, isize) {
        if self.transposed { (1, self.stride as isize) } else { (self.stride as isize, 1) }
    }

    fn assert_fits(&self) {
        let end = self.rows.saturating_sub(1) * self.stride + self.columns;
        assert!(self.columns <= self.stride && end <= self.floats.len(), "a matrix lies in its slice");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_every_orientation() {
        for (rows, inner, columns) in [(1, 1, 1), (3, 5, 2), (4, 33, 17), (40, 64, 100)] {
            for transposed_a in [false, true] {
                for transposed_b in [false, true] {
                    for add in [false, true] {
                        check(rows, inner, columns, transposed_a, transposed_b, add);
                    }
                }
            }
        }
    }

    fn check(rows: usize, inner: usize, columns: usize, transposed_a: bool, transposed_b: bool, add: bool) {
        let floats: Vec<f32> = (0..200 * 120).map(|i| (i * 37 % 101) as f32 / 50.0 - 1.0).collect();
        let view = |rows: usize, columns: usize, transposed: bool| {
            let (rows, columns) = if transposed { (columns, rows) } else { (rows, columns) };
            View { floats: &floats, rows, columns, stride: columns + 3, transposed }
        };
        let (a, b) = (view(rows, inner, transposed_a), view(inner, columns, transposed_b));
        let at = |view: &View<'_>, i: usize, j: usize| {
            if view.transposed { floats[j * view.stride + i] } else { floats[i * view.stride + j] }
        };
        let stride = columns + 1;
        let mut out = vec![0.5_f32; rows * stride];
        multiply(a, b, &mut out, stride, add);
        for i in 0..rows {
            for j in 0..columns {
                let product: f32 = (0..inner).map(|l| at(&a, i, l) * at(&b, l, j)).sum();
                let expected = product + if add { 0.5 } else { 0.0 };
                assert!((out[i * stride + j] - expected).abs() < 1e-3, "{rows} {inner} {columns}");
            }
            assert_eq!(out[i * stride + columns], 0.5, "what lies between rows is left alone");
        }
    }
}
