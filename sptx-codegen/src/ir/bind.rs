//! Binding dimensions to sizes.

use std::collections::BTreeMap;
use std::ops::Index;

use super::{Arena, DimId, DimSize, Score, Shape};

/// The size of every dimension of a score.
#[derive(Clone, Debug, PartialEq)]
pub struct DimSizes(Arena<DimId, usize>);

/// Why the dimensions of a score have no sizes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what the fields are")]
pub enum DimError {
    #[error("the dimension `{name}` has no size")]
    Missing { name: String },
    #[error("the dimension `{name}` is halved, so its size must be even; it is {size}")]
    Odd { name: String, size: usize },
    #[error("the dimension `{name}` has size 0")]
    Zero { name: String },
}

impl Score {
    /// Finds the size of every dimension from the sizes of the symbols. Names of no symbol are ignored.
    ///
    /// # Errors
    /// When a symbol has no size, a size is 0, or an odd size is halved.
    pub fn bind_dims(&self, symbols: &BTreeMap<String, usize>) -> Result<DimSizes, DimError> {
        let mut sizes = Arena::default();
        for (_, dim) in self.dims.iter() {
            let missing = || DimError::Missing { name: dim.name.clone() };
            let size = match dim.size {
                DimSize::Symbol => *symbols.get(&dim.name).ok_or_else(missing)?,
                DimSize::Half(whole) => half(&self.dims[whole].name, *sizes.get(whole).ok_or_else(missing)?)?,
                DimSize::Literal(size) => size as usize,
            };
            if size == 0 {
                return Err(DimError::Zero { name: dim.name.clone() });
            }
            sizes.push(size);
        }
        Ok(DimSizes(sizes))
    }

    /// Binds every symbol to one size; halves and literals follow.
    ///
    /// # Errors
    /// As [`Score::bind_dims`].
    pub fn bind_all_dims(&self, size: usize) -> Result<DimSizes, DimError> {
        self.bind_dims(&self.dims.iter().map(|(_, dim)| (dim.name.clone(), size)).collect())
    }
}

fn half(name: &str, size: usize) -> Result<usize, DimError> {
    if size.is_multiple_of(2) { Ok(size / 2) } else { Err(DimError::Odd { name: name.to_owned(), size }) }
}

impl DimSizes {
    /// Number of elements of a shape.
    pub fn elements(&self, shape: Shape) -> usize {
        match shape {
            Shape::Scalar => 1,
            Shape::Vector(dim) => self[dim],
            Shape::Matrix(rows, columns) => self[rows] * self[columns],
        }
    }
}

impl Index<DimId> for DimSizes {
    type Output = usize;
    fn index(&self, dim: DimId) -> &usize {
        &self.0[dim]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Dim;
    use crate::testing::Sketch;

    fn bind(size: usize) -> Result<DimSizes, DimError> {
        let mut sketch = Sketch::new("Halves");
        let whole = sketch.dim("d");
        sketch.declarations().dims.push(Dim { name: "d/2".to_owned(), size: DimSize::Half(whole) });
        sketch.declarations().dims.push(Dim { name: "3".to_owned(), size: DimSize::Literal(3) });
        let zero = sketch.constant(0.0);
        sketch.finish(zero).bind_dims(&BTreeMap::from([("d".to_owned(), size)]))
    }

    #[test]
    fn halves_and_literals_follow_the_symbols() {
        let sizes = bind(10).unwrap();
        assert_eq!([sizes[DimId::new(0)], sizes[DimId::new(1)], sizes[DimId::new(2)]], [10, 5, 3]);
    }

    #[test]
    fn bad_sizes_are_refused() {
        assert_eq!(bind(0), Err(DimError::Zero { name: "d".to_owned() }));
        assert_eq!(bind(7), Err(DimError::Odd { name: "d".to_owned(), size: 7 }));
        let sketch = Sketch::transe();
        assert_eq!(sketch.bind_dims(&BTreeMap::new()), Err(DimError::Missing { name: "d".to_owned() }));
    }
}
