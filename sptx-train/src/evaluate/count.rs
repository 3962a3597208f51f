//! Counting the scores of a tile that are greater than, or equal to, those of true answers.

use sptx_runtime::simd::{Simd, Task, dispatch};

use super::rank::Rank;

/// Adds to each of `ranks` how the scores of its row compare with its truth.
///
/// `scores` are rows of `width`, and `rows` says which of them belongs to which rank: a query with several answers is
/// scored once. What is not less or equal counts as greater: so does NaN, on either side.
pub(super) fn count(scores: &[f32], width: usize, rows: &[u32], truths: &[f32], ranks: &mut [Rank]) {
    dispatch(Count { scores, width, rows, truths, ranks });
}

/// Takes one score back out of what [`count`] has counted.
pub(super) fn take_back(score: f32, truth: f32, rank: &mut Rank) {
    let (not_greater, equal) = compare(&[score], truth);
    rank.greater -= 1 - not_greater;
    rank.equal -= equal;
}

struct Count<'a> {
    scores: &'a [f32],
    width: usize,
    rows: &'a [u32],
    truths: &'a [f32],
    ranks: &'a mut [Rank],
}

impl Task for Count<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let Count { scores, width, rows, truths, ranks } = self;
        for ((&row, &truth), rank) in rows.iter().zip(truths).zip(ranks) {
            let row = &scores[row as usize * width..][..width];
            let (not_greater, equal) = compare(row, truth);
            // A row is a tile of candidates, whose ids have 32 bits.
            rank.greater += row.len() as u32 - not_greater;
            rank.equal += equal;
        }
    }
}

/// How many scores are less or equal, and how many are equal. The compiler makes vectors of this loop, as wide as the
/// instruction set of the task that it is inlined into.
#[inline(always)]
fn compare(row: &[f32], truth: f32) -> (u32, u32) {
    let (mut not_greater, mut equal) = (0, 0);
    for &score in row {
        not_greater += u32::from(score <= truth);
        equal += u32::from(score == truth);
    }
    (not_greater, equal)
}

#[cfg(test)]
mod tests {
    use sptx_runtime::simd::{InstructionSet, dispatch_on};

    use super::*;

    #[test]
    fn every_instruction_set_and_length_agrees_with_a_scan() {
        const VALUES: [f32; 7] = [0.0, -0.0, 1.0, -1.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
        let widths = [1, 2, 15, 16, 17, 64, 100];
        for (set, width) in InstructionSet::available().flat_map(|set| widths.map(|width| (set, width))) {
            let scores: Vec<f32> = (0..3 * width).map(|i| VALUES[(i * i + i / 3) % 7]).collect();
            for truth in VALUES {
                let mut ranks = [Rank { greater: 10, equal: 20 }; 4];
                let task =
                    Count { scores: &scores, width, rows: &[0, 1, 1, 2], truths: &[truth; 4], ranks: &mut ranks };
                dispatch_on(set, task).expect("an available instruction set");
                for (row, rank) in [0, 1, 1, 2].into_iter().zip(ranks) {
                    let row = &scores[row * width..][..width];
                    let greater =
                        row.iter().filter(|&&score| score > truth || score.is_nan() || truth.is_nan()).count();
                    let equal = row.iter().filter(|&&score| score == truth).count();
                    assert_eq!((rank.greater as usize, rank.equal as usize), (10 + greater, 20 + equal));
                    let mut rank = rank;
                    row.iter().for_each(|&score| take_back(score, truth, &mut rank));
                    assert_eq!(rank, Rank { greater: 10, equal: 20 });
                }
            }
        }
    }
}
