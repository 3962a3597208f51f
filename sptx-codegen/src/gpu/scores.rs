//! Rows of scores that a device holds, and the order of scores as an order of whole numbers.
//!
//! Targets may take it that no number is NaN, so what NaN is worth is decided by the bits of a score alone.

use sptx_runtime::gpu::Schedule;

use crate::lir::{Access, Binary, Builder, Builtin, Place, Scalar, Value};

/// The bits of an f32 without its sign.
const MAGNITUDE: u32 = 0x7FFF_FFFF;

/// The bits of infinity: what is above, but for the sign, is NaN.
const INFINITY: u32 = 0x7F80_0000;

/// What stands for both zeros among the [`merit`]s.
const ZERO: u32 = 0x8000_0000;

/// The merit of NaN where no score is worse.
pub(super) const WORST: u32 = 0;

/// The merit of NaN where no score is better.
pub(super) const BEST: u32 = u32::MAX;

/// A number that is greater for a greater score, and equal for an equal one. Of NaN it is `of_nan`; that of infinities is
/// neither [`WORST`] nor [`BEST`].
pub(super) fn merit(k: &mut Builder, bits: Value, of_nan: u32) -> Value {
    let (without_sign, infinity) = (k.u32(MAGNITUDE), k.u32(INFINITY));
    let magnitude = k.binary(Binary::And, bits, without_sign);
    let (zero, of_nan) = (k.u32(ZERO), k.u32(of_nan));
    let (above, below) = (k.add(zero, magnitude), k.sub(zero, magnitude));
    let is_negative = k.binary(Binary::Greater, bits, without_sign);
    let number = k.select(is_negative, below, above);
    let is_nan = k.binary(Binary::Greater, magnitude, infinity);
    k.select(is_nan, of_nan, number)
}

/// The scores of some queries with some candidates, row by row.
#[derive(Clone, Copy)]
pub(super) struct Scores {
    pub(super) place: Place,
    /// The word where they begin.
    from: Value,
    /// Candidates of a row.
    candidates: Value,
    /// The number of the first query, and that of the first candidate.
    first_query: Value,
    first_candidate: Value,
}

impl Scores {
    pub(super) fn new(k: &mut Builder, access: Access) -> Self {
        let place = Place::Buffer(k.buffer("scores", Scalar::U32, 1, access));
        let [from, candidates, first_query, first_candidate] =
            ["scores0", "candidates", "first_query", "first_candidate"].map(|name| k.parameter(name, Scalar::U32, 1));
        Self { place, from, candidates, first_query, first_candidate }
    }

    /// The number of the query whose scores are in a row.
    pub(super) fn query(&self, k: &mut Builder, row: Value) -> Value {
        k.add(self.first_query, row)
    }

    /// Where the scores of a query begin.
    pub(super) fn row(&self, k: &mut Builder, query: Value) -> Value {
        let row = k.sub(query, self.first_query);
        let before = k.mul(row, self.candidates);
        k.add(self.from, before)
    }

    /// Whether the rows have a candidate.
    pub(super) fn have(&self, k: &mut Builder, candidate: Value) -> Value {
        // What comes before the first wraps to a number beyond the last.
        let place = k.sub(candidate, self.first_candidate);
        k.less(place, self.candidates)
    }

    /// Where the score of a candidate is, in a row that begins at `row`.
    pub(super) fn at(&self, k: &mut Builder, row: Value, candidate: Value) -> Value {
        let place = k.sub(candidate, self.first_candidate);
        k.add(row, place)
    }
}

/// The thread's number, of one thread for each of so many, and whether it is one of them.
pub(super) fn each(k: &mut Builder, schedule: &Schedule) -> [Value; 2] {
    let count = k.parameter("count", Scalar::U32, 1);
    let (thread, group) = (k.builtin(Builtin::Thread), k.builtin(Builtin::Workgroup));
    let before = k.mul_u32(group, schedule.workgroup);
    let number = k.add(before, thread);
    [number, k.less(number, count)]
}
