//! Where the rows of one owner are hit by a batch, cut into pieces.

use crate::cpu::compact;

/// Most hits of a piece.
pub(super) const PIECE: usize = 32;

/// The hits of one owner's rows, as the buffers of the same names have them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Hits {
    /// The rows that are hit, ascending.
    pub(super) touched: Vec<u32>,
    /// The hits, row by row, a row's in the order of the batch.
    pub(super) hits: Vec<u32>,
    /// Where each piece's hits begin, and where the last one's end.
    pub(super) pieces: Vec<u32>,
    /// Where each row's pieces begin, and where the last one's end.
    pub(super) rows: Vec<u32>,
    /// Which of the touched rows each hit is of, in the order of the batch, where hits are not sorted.
    pub(super) positions: Vec<u32>,
}

impl Hits {
    /// Finds them. `columns` are the rows that each triple hits; triple t hits that of column c by number
    /// `columns.len() · t + c`. `count` is the number of rows of the table, `stamps` memory to keep between calls.
    pub(super) fn new<const N: usize>(columns: [&[u32]; N], count: usize, stamps: &mut Vec<u32>) -> Self {
        let (touched, targets) = rows_of(columns, count, stamps);
        let starts = starts(&targets, touched.len());
        let (pieces, rows) = cut(&starts);
        Self { hits: sort(&targets, starts), touched, pieces, rows, positions: Vec::new() }
    }

    /// The same, not sorted, and so without pieces.
    pub(super) fn unsorted<const N: usize>(columns: [&[u32]; N], count: usize, stamps: &mut Vec<u32>) -> Self {
        let (touched, targets) = rows_of(columns, count, stamps);
        let triples = 0..targets[0].len();
        let positions = triples.flat_map(|triple| targets.iter().map(move |column| column[triple])).collect();
        Self { touched, positions, pieces: vec![0], rows: vec![0], ..Self::default() }
    }

    /// Number of pieces.
    pub(super) fn piece_count(&self) -> usize {
        self.pieces.len() - 1
    }
}

/// The rows that are hit, ascending, and for each column which of them its triples hit.
fn rows_of<const N: usize>(columns: [&[u32]; N], count: usize, stamps: &mut Vec<u32>) -> (Vec<u32>, [Vec<u32>; N]) {
    let mut targets = [const { Vec::new() }; N];
    let mut pairs: Vec<_> = columns.into_iter().zip(&mut targets).collect();
    let touched = compact(stamps, count, &mut pairs);
    (touched, targets)
}

/// Where each row's hits begin, and where the last one's end.
fn starts(targets: &[Vec<u32>], rows: usize) -> Vec<usize> {
    let mut starts = vec![0; rows + 1];
    for row in targets.iter().flatten() {
        starts[*row as usize + 1] += 1;
    }
    for row in 0..rows {
        starts[row + 1] += starts[row];
    }
    starts
}

/// The hits by row. Their numbers fit: a stretch has far fewer than 2^31 triples.
fn sort(targets: &[Vec<u32>], mut next: Vec<usize>) -> Vec<u32> {
    let triples = targets[0].len();
    let mut hits = vec![0; targets.len() * triples];
    for triple in 0..triples {
        for (side, column) in targets.iter().enumerate() {
            let next = &mut next[column[triple] as usize];
            hits[*next] = (targets.len() * triple + side) as u32;
            *next += 1;
        }
    }
    hits
}

/// The pieces of the runs between `starts`, and which of them each run has.
fn cut(starts: &[usize]) -> (Vec<u32>, Vec<u32>) {
    let (mut pieces, mut rows) = (vec![0], vec![0]);
    for run in starts.windows(2) {
        let ends = (run[0]..run[1]).step_by(PIECE).map(|from| (from + PIECE).min(run[1]) as u32);
        pieces.extend(ends);
        rows.push(pieces.len() as u32 - 1);
    }
    (pieces, rows)
}
