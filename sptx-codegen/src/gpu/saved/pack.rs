//! How saved columns lie in words.
//!
//! A thread saves and reads the columns that it works on anyway. Its *chunk* is as many of them as fill words: one vector
//! where that does, else the vectors of a few rounds of its loop, which then share a word. So a word is one thread's, and
//! a row's chunks lie in the order of rounds and lanes; where a chunk is one vector, that is the order of columns.
//!
//! Of signs in one bit, the last word of a triple's says whether some column had none.

use sptx_runtime::gpu::{Saved, Schedule};

use super::SavedValue;
use crate::gpu::rows::{Columns, Rows};
use crate::lir::{Access, Binary, Builder, Expression, Place, Scalar, Value};

/// Saved columns, in a buffer.
#[derive(Clone, Copy)]
pub(in crate::gpu) struct Packed<'a> {
    values: &'a [SavedValue],
    buffer: Place,
    pub(super) schedule: Schedule,
    /// Columns of a word.
    each: u32,
}

impl<'a> Packed<'a> {
    /// The buffer of what a schedule saves; none where that is nothing.
    pub(in crate::gpu) fn new(
        k: &mut Builder,
        values: &'a [SavedValue],
        schedule: &Schedule,
        access: Access,
    ) -> Option<Self> {
        let each = schedule.saved.columns_of_a_word().filter(|_| !values.is_empty())?;
        let words = u32::from(schedule.vector).max(each) / each;
        let buffer = Place::Buffer(k.buffer("saved", Scalar::U32, words as u8, access));
        Some(Self { values, buffer, schedule: *schedule, each })
    }

    /// Rounds of a thread's loop that make a chunk.
    fn rounds(&self) -> u32 {
        (self.each / u32::from(self.schedule.vector)).max(1)
    }

    /// Vectors of columns that a thread works on at a time: a whole number of chunks.
    pub(in crate::gpu) fn parts(&self) -> u32 {
        if self.rounds() > 1 { self.rounds() } else { self.schedule.unroll.into() }
    }

    /// The values that a stage of the forward program saves, with their numbers.
    pub(in crate::gpu) fn found_in(&self, stage: usize) -> impl Iterator<Item = (usize, &'a SavedValue)> + use<'a> {
        self.values.iter().enumerate().filter(move |(_, value)| value.stage == stage)
    }

    /// Whether what is saved leaves a doubt: a bit says of no sign that it is 0.
    pub(super) fn doubts(&self) -> bool {
        self.schedule.saved == Saved::SignBits
    }

    /// Where a triple's columns of a value begin, and how many words they take.
    fn place(&self, k: &mut Builder, (number, triple): (usize, Value)) -> (Value, Value) {
        let dim = self.values[number].dim;
        let offset = k.parameter(&format!("saved{number}_{dim}"), Scalar::U32, 4);
        let words = k.parameter(&format!("saved_words{dim}"), Scalar::U32, 4);
        let row = k.mul(words, triple);
        (k.add(offset, row), words)
    }

    /// Where it stands whether some column of a triple's has no sign.
    fn doubt_at(&self, k: &mut Builder, place: (usize, Value)) -> Value {
        let ((from, words), one) = (self.place(k, place), k.u32(1));
        let end = k.add(from, words);
        k.sub(end, one)
    }

    /// Saves whether some column of a triple's has no sign: a number that is not 0.
    pub(super) fn store_doubt(&self, k: &mut Builder, rows: &Rows<'_>, place: (usize, Value), doubt: Value) {
        let writes = rows.writes(k);
        k.when(writes, |k| {
            let index = self.doubt_at(k, place);
            let bits = k.define(Expression::Bits(Scalar::U32, doubt));
            k.store(self.buffer, index, bits);
        });
    }

    /// Whether some column of a triple's has no sign.
    pub(super) fn load_doubt(&self, k: &mut Builder, place: (usize, Value)) -> Value {
        let (index, none) = (self.doubt_at(k, place), k.u32(0));
        let bits = k.load(self.buffer, index, 1);
        k.name(bits, "doubt");
        k.binary(Binary::NotEqual, bits, none)
    }

    /// Where a chunk is that begins with these columns.
    fn index(&self, k: &mut Builder, rows: &Rows<'_>, number: usize, triple: Value, columns: &Columns) -> Value {
        let (from, _) = self.place(k, (number, triple));
        let Schedule { lanes, vector, .. } = self.schedule;
        let within = if self.rounds() > 1 {
            let all = k.u32(lanes * u32::from(vector) * self.rounds());
            let round = k.div(columns.column, all);
            let before = k.mul_u32(round, lanes);
            k.add(before, rows.lane)
        } else {
            let each = k.u32(self.each);
            k.div(columns.column, each)
        };
        k.add(from, within)
    }

    /// Saves a triple's columns: a vector of numbers for each of `columns`.
    pub(in crate::gpu) fn store(
        &self,
        k: &mut Builder,
        rows: &Rows<'_>,
        (number, triple): (usize, Value),
        columns: &[Columns],
        numbers: &[Value],
    ) {
        let rounds = self.rounds() as usize;
        for (columns, numbers) in columns.chunks(rounds).zip(numbers.chunks(rounds)) {
            let codes: Vec<_> = numbers.iter().map(|numbers| self.encoded(k, *numbers)).collect();
            let words = self.joined(k, &codes);
            let writes = k.binary(Binary::And, columns[0].any, rows.inside);
            k.when(writes, |k| {
                let index = self.index(k, rows, number, triple, &columns[0]);
                k.store(self.buffer, index, words);
            });
        }
    }

    /// A triple's columns as they were saved: a vector of numbers for each of `columns`.
    pub(super) fn load(
        &self,
        k: &mut Builder,
        rows: &Rows<'_>,
        (number, triple): (usize, Value),
        columns: &[Columns],
    ) -> Vec<Value> {
        let vector = u32::from(self.schedule.vector);
        let mut numbers = Vec::new();
        for chunk in columns.chunks(self.rounds() as usize) {
            let index = self.index(k, rows, number, triple, &chunk[0]);
            let words = k.load(self.buffer, index, (vector.max(self.each) / self.each) as u8);
            for part in 0..chunk.len() as u32 {
                let codes: Vec<_> = (0..vector).map(|lane| self.code(k, words, part * vector + lane)).collect();
                let codes = if self.each == 1 { words } else { k.join(&codes) };
                numbers.push(self.decoded(k, codes));
            }
        }
        numbers
    }

    /// Bits of a column.
    fn bits(&self) -> u32 {
        32 / self.each
    }

    /// The codes of a chunk's columns as words.
    fn joined(&self, k: &mut Builder, codes: &[Value]) -> Value {
        if self.each == 1 {
            return codes[0];
        }
        let columns: Vec<_> = codes
            .iter()
            .flat_map(|codes| (0..k.ty(*codes).lanes).map(|lane| (*codes, lane)).collect::<Vec<_>>())
            .collect();
        let mut words = Vec::new();
        for columns in columns.chunks(self.each as usize) {
            let mut word = k.u32(0);
            for ((codes, lane), place) in columns.iter().zip(0..) {
                let (code, by) = (k.lane(*codes, *lane), k.u32(self.bits() * place));
                let code = k.binary(Binary::ShiftLeft, code, by);
                word = k.binary(Binary::Or, word, code);
            }
            words.push(word);
        }
        k.join(&words)
    }

    /// The code of one of a chunk's columns.
    fn code(&self, k: &mut Builder, words: Value, column: u32) -> Value {
        let word = k.lane(words, (column / self.each) as u8);
        let by = k.u32(self.bits() * (column % self.each));
        let code = k.binary(Binary::ShiftRight, word, by);
        let mask = k.u32(u32::MAX >> (32 - self.bits()));
        k.binary(Binary::And, code, mask)
    }

    /// Numbers as bits, of which the last count.
    fn encoded(&self, k: &mut Builder, numbers: Value) -> Value {
        let lanes = k.ty(numbers).lanes;
        let known = |k: &mut Builder, number| {
            let number = k.u32(number);
            k.splat(number, lanes)
        };
        match self.schedule.saved {
            Saved::Nothing | Saved::F32 => k.define(Expression::Bits(Scalar::U32, numbers)),
            Saved::Bf16 => {
                let bits = k.define(Expression::Bits(Scalar::U32, numbers));
                let [sixteen, one, half] = [16, 1, 0x7fff].map(|number| known(k, number));
                let upper = k.binary(Binary::ShiftRight, bits, sixteen);
                // To the nearest, and halfway to the even one. What is no number stays none.
                let odd = k.binary(Binary::And, upper, one);
                let above = k.add(bits, half);
                let above = k.add(above, odd);
                let rounded = k.binary(Binary::ShiftRight, above, sixteen);
                let [magnitude, infinity, quiet] = [0x7fff_ffff, 0x7f80_0000, 0x40].map(|number| known(k, number));
                let size = k.binary(Binary::And, bits, magnitude);
                let is_none = k.binary(Binary::Greater, size, infinity);
                let none = k.binary(Binary::Or, upper, quiet);
                k.select(is_none, none, rounded)
            }
            Saved::SignBits => {
                let zero = k.f32s(0.0, lanes);
                let negative = k.binary(Binary::Less, numbers, zero);
                k.define(Expression::Convert(Scalar::U32, negative))
            }
            Saved::Signs => {
                let zero = k.f32s(0.0, lanes);
                let [positive, negative] = [Binary::Greater, Binary::Less].map(|op| {
                    let truth = k.binary(op, numbers, zero);
                    k.define(Expression::Convert(Scalar::U32, truth))
                });
                let one = known(k, 1);
                let negative = k.binary(Binary::ShiftLeft, negative, one);
                k.binary(Binary::Or, positive, negative)
            }
        }
    }

    fn decoded(&self, k: &mut Builder, codes: Value) -> Value {
        let lanes = k.ty(codes).lanes;
        let known = |k: &mut Builder, number| {
            let number = k.u32(number);
            k.splat(number, lanes)
        };
        match self.schedule.saved {
            Saved::Nothing | Saved::F32 => k.define(Expression::Bits(Scalar::F32, codes)),
            Saved::Bf16 => {
                let sixteen = known(k, 16);
                let bits = k.binary(Binary::ShiftLeft, codes, sixteen);
                k.define(Expression::Bits(Scalar::F32, bits))
            }
            // The bit is that of the sign of 1.
            Saved::SignBits => {
                let [by, number] = [31, 1_f32.to_bits()].map(|number| known(k, number));
                let sign = k.binary(Binary::ShiftLeft, codes, by);
                let bits = k.binary(Binary::Or, sign, number);
                k.define(Expression::Bits(Scalar::F32, bits))
            }
            Saved::Signs => {
                let one = known(k, 1);
                let positive = k.binary(Binary::And, codes, one);
                let negative = k.binary(Binary::ShiftRight, codes, one);
                let [positive, negative] =
                    [positive, negative].map(|truth| k.define(Expression::Convert(Scalar::F32, truth)));
                k.sub(positive, negative)
            }
        }
    }
}
