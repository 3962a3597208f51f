//! Blocks whose scores are a product of matrices, on a device that has a library for it.

use super::Engine;
use super::stretch::words_of;
use crate::gpu::{Device, DeviceError, End, MatrixProduct, MatrixRows, padded};
use crate::program::{PairProductKind, Shape, Split};

impl<D: Device> Engine<D> {
    /// Leaves the scores of the queries and candidates at hand, so many, where comparisons leave them: by a product of
    /// their outputs, where scores are dot products and the device has a library. False where a kernel is to do it.
    ///
    /// Squared distances are left to kernels: as norms and dot products they would lose their digits where queries and
    /// candidates come close, which is where ranks are decided.
    pub(super) fn multiply(&self, split: &Split, counts: [usize; 2]) -> Result<bool, DeviceError> {
        let products = &split.comparison.products;
        let product = split.score_product().map(|number| &products[number]);
        let Some(product) = product.filter(|product| product.kind == PairProductKind::Dot) else { return Ok(false) };
        for (number, (query, candidate)) in product.vectors.iter().enumerate() {
            let Shape::Vector(dim) = split.query.outputs[*query].shape else { unreachable!("products are of vectors") };
            let rows = |end: End, output: usize| {
                let (part, count) = (split.parts()[end as usize], counts[end as usize]);
                let before = &part.forward.vectors[..part.outputs[output].source];
                let buffer = self.parts[end as usize].vectors.buffer();
                MatrixRows { buffer, at: count * words_of(before, &self.sizes), count }
            };
            let made = self.device.multiply(&MatrixProduct {
                left: rows(End::Query, *query),
                right: rows(End::Candidate, *candidate),
                width: self.sizes[dim],
                stride: padded(self.sizes[dim]),
                out: self.scores.buffer(),
                adds: number > 0,
            })?;
            if !made {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
