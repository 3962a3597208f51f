//! Sparse incidence matrices of batches, in and out, as [`sprs`] matrices.
//!
//! Row *i* is triple *i*; columns are the rows of the stacked table: entities first, relations after them.

use sprs::{CsMat, TriMat};

use crate::cpu::Batch;
use crate::program::{IncidenceRow, Side};

/// The incidence matrix of a batch for one of a model's rows, under the usual arithmetic: `A · E` is the row's value.
///
/// ```
/// use sptx_runtime::cpu::Batch;
/// use sptx_runtime::incidence::to_csr;
/// use sptx_runtime::program::{IncidenceRow, IncidenceTerm, Side};
///
/// let term = |side, coefficient| IncidenceTerm { side, slot: 0, part: String::new(), coefficient, conjugate: false };
/// let terms = vec![term(Side::Head, 1.0), term(Side::Relation, 1.0), term(Side::Tail, -1.0)];
/// let row = IncidenceRow { semiring: "plus_times".to_owned(), terms };
/// let batch = Batch { heads: &[0], relations: &[1], tails: &[2] };
/// let matrix = to_csr(&row, batch, 3, 2);
/// assert_eq!((matrix.get(0, 0), matrix.get(0, 4), matrix.get(0, 2)), (Some(&1.0), Some(&1.0), Some(&-1.0)));
/// ```
pub fn to_csr(row: &IncidenceRow, batch: Batch<'_>, entities: usize, relations: usize) -> CsMat<f32> {
    let mut triplets = TriMat::with_capacity((batch.len(), entities + relations), batch.len() * row.terms.len());
    for triple in 0..batch.len() {
        for term in &row.terms {
            let id = batch.columns()[term.side.index()][triple] as usize;
            let column = match term.side {
                Side::Head | Side::Tail => id,
                Side::Relation => entities + id,
            };
            triplets.add_triplet(triple, column, term.coefficient as f32);
        }
    }
    triplets.to_csr()
}

/// Why a matrix is not the incidence matrix of a batch of triples.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FromCsrError {
    /// A matrix stored by columns.
    #[error("the matrix is stored by columns; convert it with `to_csr()`")]
    NotByRows,
    /// Another number of columns.
    #[error("the matrix has {columns} columns; {entities} entities and {relations} relations make {}", entities + relations)]
    Columns {
        /// Columns of the matrix.
        columns: usize,
        /// Entities.
        entities: usize,
        /// Relations.
        relations: usize,
    },
    /// A row that is no triple.
    #[error("row {row} has no head (+1), relation (+1) and tail (−1)")]
    Row {
        /// Which row.
        row: usize,
    },
}

/// Heads, relations and tails of the triples whose `+h +r −t` incidence matrix this is. The head of a triple that is its
/// own tail is an explicit zero, as [`to_csr`] leaves it.
///
/// # Errors
/// When the matrix is not stored by rows, has another number of columns, or has a row that is no triple.
pub fn from_csr(matrix: &CsMat<f32>, entities: usize, relations: usize) -> Result<[Vec<u32>; 3], FromCsrError> {
    if !matrix.is_csr() {
        return Err(FromCsrError::NotByRows);
    }
    if matrix.cols() != entities + relations {
        return Err(FromCsrError::Columns { columns: matrix.cols(), entities, relations });
    }
    let mut columns = [const { Vec::new() }; 3];
    for (number, row) in matrix.outer_iterator().enumerate() {
        let find = |wanted: f32, of_entities: bool| {
            let mut found =
                row.iter().filter(|(column, value)| **value == wanted && (*column < entities) == of_entities);
            found.next().map(|(column, _)| column)
        };
        // A loop (head = tail) sums to an explicit zero.
        let loop_at = find(0.0, true);
        let parts = [find(1.0, true).or(loop_at), find(1.0, false), find(-1.0, true).or(loop_at)];
        let [Some(head), Some(relation), Some(tail)] = parts else { return Err(FromCsrError::Row { row: number }) };
        for (column, id) in columns.iter_mut().zip([head, relation - entities, tail]) {
            column.push(id as u32);
        }
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::IncidenceTerm;

    fn translation() -> IncidenceRow {
        let term =
            |side, coefficient| IncidenceTerm { side, slot: 0, part: String::new(), coefficient, conjugate: false };
        let terms = vec![term(Side::Head, 1.0), term(Side::Relation, 1.0), term(Side::Tail, -1.0)];
        IncidenceRow { semiring: "plus_times".to_owned(), terms }
    }

    #[test]
    fn from_csr_undoes_to_csr() {
        let batch = Batch { heads: &[0, 2, 1], relations: &[1, 0, 0], tails: &[2, 0, 1] };
        let matrix = to_csr(&translation(), batch, 3, 2);
        let [heads, relations, tails] = from_csr(&matrix, 3, 2).unwrap();
        assert_eq!((heads, relations, tails), (vec![0, 2, 1], vec![1, 0, 0], vec![2, 0, 1]));
    }

    #[test]
    fn other_matrices_are_refused() {
        let batch = Batch { heads: &[0], relations: &[1], tails: &[2] };
        let matrix = to_csr(&translation(), batch, 3, 2);
        assert_eq!(from_csr(&matrix.to_csc(), 3, 2), Err(FromCsrError::NotByRows));
        assert!(matches!(from_csr(&matrix, 3, 3), Err(FromCsrError::Columns { .. })));
        assert_eq!(from_csr(&CsMat::zero((1, 5)), 3, 2), Err(FromCsrError::Row { row: 0 }));
    }
}
