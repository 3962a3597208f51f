//! How much is saved of a triple's columns.

use super::{Saved, Schedule};

/// Words in which a schedule saves so many columns of a triple: a multiple of four. A thread's columns share words with
/// no other thread's, so that it is more than their bits where a row's threads are many and columns few.
pub fn saved_words(schedule: &Schedule, columns: usize) -> usize {
    let Schedule { lanes, vector, saved, .. } = *schedule;
    let Some(each) = saved.columns_of_a_word() else { return 0 };
    let (lanes, vector, each) = (lanes as usize, usize::from(vector), each as usize);
    let chunk = vector.max(each);
    let (full, rest) = (columns / (lanes * chunk), columns % (lanes * chunk));
    let chunks = full * lanes + rest.div_ceil(vector).min(lanes);
    // One more says whether a column has no sign, where that takes a bit of its own.
    let marks = usize::from(saved == Saved::SignBits);
    (chunks * (chunk / each) + marks).next_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use super::saved_words;
    use crate::gpu::{Saved, Schedule};

    #[test]
    fn what_is_saved_takes_the_words_of_its_bits() {
        let words = |saved, lanes, vector, columns| {
            saved_words(&Schedule { saved, lanes, vector, ..Schedule::default() }, columns)
        };
        assert_eq!(words(Saved::Nothing, 8, 4, 1024), 0);
        for (lanes, vector) in [(1, 1), (8, 4), (64, 4), (32, 1)] {
            assert_eq!(words(Saved::F32, lanes, vector, 1024), 1024);
            assert_eq!(words(Saved::Bf16, lanes, vector, 1024), 512);
            assert_eq!(words(Saved::Signs, lanes, vector, 1024), 64);
            assert_eq!(words(Saved::SignBits, lanes, vector, 1024), if lanes == 64 { 64 + 4 } else { 32 + 4 });
        }
        // Seven columns: two vectors of four, of two threads.
        assert_eq!([Saved::F32, Saved::Bf16, Saved::Signs].map(|saved| words(saved, 8, 4, 7)), [8, 4, 4]);
        // A hundred: a word has four rounds of eight threads' vectors, of which the last has one thread's.
        assert_eq!(words(Saved::Signs, 8, 4, 100), 8);
        assert_eq!(words(Saved::Signs, 64, 4, 100), 28, "25 threads have a word each");
        assert_eq!(words(Saved::Bf16, 32, 1, 70), 64 / 2 + 8, "six threads have a second word");
    }
}
