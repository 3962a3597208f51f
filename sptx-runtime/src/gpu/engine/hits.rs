//! Where the rows of one owner are hit by a batch, cut into pieces.

use crate::cpu::compact;
use crate::gpu::PIECE;

/// The hits of one owner's rows, as the buffers of the same names have them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Hits {
    /// The rows that are hit, ascending.
    pub(super) touched: Vec<u32>,
    /// The hits, row by row, a row's in the order of the batch.
    pub(super) hits: Vec<u32>,
    /// Where each piece's hits begin and of which touched row they are; then where the last one's end, and how many rows
    /// there are.
    pub(super) pieces: Vec<u32>,
    /// How many rows and pieces there are; then of each row its number, its first piece and its first hit, and where the
    /// last one's end.
    pub(super) runs: Vec<u32>,
    /// Which of the touched rows each hit is of, in the order of the batch, where hits are not sorted.
    pub(super) positions: Vec<u32>,
}

impl Hits {
    /// Finds them. `columns` are the rows that each triple hits; triple t hits that of column c by number
    /// `columns.len() · t + c`. `count` is the number of rows of the table, `stamps` memory to keep between calls.
    pub(super) fn new<const N: usize>(columns: [&[u32]; N], count: usize, stamps: &mut Vec<u32>) -> Self {
        let (touched, targets) = rows_of(columns, count, stamps);
        let starts = starts(&targets, touched.len());
        let (pieces, runs) = cut(&starts, &touched);
        Self { hits: sort(&targets, starts), touched, pieces, runs, positions: Vec::new() }
    }

    /// The same, not sorted, and so without pieces.
    pub(super) fn unsorted<const N: usize>(columns: [&[u32]; N], count: usize, stamps: &mut Vec<u32>) -> Self {
        let (touched, targets) = rows_of(columns, count, stamps);
        let triples = 0..targets[0].len();
        let positions = triples.flat_map(|triple| targets.iter().map(move |column| column[triple])).collect();
        Self { touched, positions, pieces: vec![0; 2], ..Self::default() }
    }

    /// Number of pieces.
    pub(super) fn piece_count(&self) -> usize {
        self.pieces.len() / 2 - 1
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
fn cut(starts: &[usize], touched: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let (mut pieces, mut runs) = (Vec::new(), vec![touched.len() as u32, 0]);
    for (row, (run, number)) in starts.windows(2).zip(touched).enumerate() {
        runs.extend([*number, pieces.len() as u32 / 2, run[0] as u32]);
        pieces.extend((run[0]..run[1]).step_by(PIECE).flat_map(|from| [from as u32, row as u32]));
    }
    let (hits, count) = (starts[touched.len()] as u32, pieces.len() as u32 / 2);
    runs[1] = count;
    runs.extend([u32::MAX, count, hits]);
    pieces.extend([hits, touched.len() as u32]);
    (pieces, runs)
}
