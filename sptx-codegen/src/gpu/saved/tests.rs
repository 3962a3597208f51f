//! Columns that are saved and read back, by the executor.

use sptx_runtime::gpu::{Saved, Schedule, padded, saved_words};
use sptx_runtime::program::Model;

use super::{Packed, SavedValue};
use crate::compile;
use crate::gpu::rows::{Rows, padded as padded_words, size};
use crate::lir::{Access, Builder, Kernel, Launch, Place, Scalar, Value, execute};
use crate::testing::{Random, Sketch};

const ROWS: usize = 5;

/// A kernel over the columns of rows: `work` is given where a vector of them is in `numbers`, and what it stores it
/// stores there.
fn kernel(model: &Model, schedule: &Schedule, values: &[SavedValue], saves: bool) -> Kernel {
    let (numbers, saved) = if saves { (Access::Read, Access::ReadWrite) } else { (Access::ReadWrite, Access::Read) };
    let mut k = Builder::new("saving", "", schedule.workgroup);
    let numbers = Place::Buffer(k.buffer("numbers", Scalar::F32, schedule.vector, numbers));
    let packed = Packed::new(&mut k, values, schedule, saved).expect("something is saved");
    let rows = Rows::new(&mut k, model, schedule);
    let place = |k: &mut Builder, column: Value| {
        let words = padded_words(k, 0);
        let row = k.mul(words, rows.row);
        k.add(row, column)
    };
    let size = size(&mut k, 0);
    let size = rows.until(&mut k, size);
    rows.columns_by(&mut k, size, packed.parts(), |k, columns| {
        let triple = (1, rows.row);
        if saves {
            let load = |k: &mut Builder, column| {
                let index = place(k, column);
                k.load(numbers, index, schedule.vector)
            };
            let loaded: Vec<_> = columns.iter().map(|it| load(k, it.column)).collect();
            return packed.store(k, &rows, triple, columns, &loaded);
        }
        let loaded = packed.load(k, &rows, triple, columns);
        for (at, loaded) in columns.iter().zip(loaded) {
            k.when(at.any, |k| {
                let index = place(k, at.column);
                k.store(numbers, index, loaded);
            });
        }
    });
    k.finish()
}

/// What is read of numbers that were saved.
fn read_back(schedule: &Schedule, numbers: &[f32], columns: usize) -> Vec<f32> {
    let model = compile(Sketch::models()[0].clone()).program();
    // The second of two values: what lies before it is another's.
    let value = || SavedValue { dim: 0, stage: 0, body: Vec::new(), register: 0 };
    let values = [value(), value()];
    let words = saved_words(schedule, columns);
    let mut memory: Vec<u32> = numbers.iter().map(|number| number.to_bits()).collect();
    let mut saved = vec![u32::MAX; 2 * ROWS * words];
    for saves in [true, false] {
        let kernel = kernel(&model, schedule, &values, saves);
        let word = |name: &str| match name {
            "count" => ROWS,
            "dim0" => columns,
            "saved1_0" => ROWS * words,
            "saved_words0" => words,
            other => panic!("a parameter `{other}`"),
        };
        let parameters: Vec<u32> = kernel.parameters.iter().map(|(_, it)| word(&it.name) as u32).collect();
        let workgroups = (ROWS as u32).div_ceil(schedule.workgroup / schedule.lanes);
        let mut buffers = [memory.clone(), saved.clone()];
        let launch = Launch { workgroups, subgroup: 8, parameters: &parameters };
        if let Err(fault) = execute(&kernel, launch, &mut buffers) {
            panic!("{schedule}, {columns} columns: {fault}\n{kernel}");
        }
        let [numbers, words] = buffers;
        (memory, saved) = (numbers, words);
        assert!(saved[..saved.len() / 2].iter().all(|word| *word == u32::MAX), "{schedule}: another value's words");
        // What was read is none of what was there before.
        if saves {
            memory.fill(0);
        }
    }
    memory.into_iter().map(f32::from_bits).collect()
}

fn rounded(number: f32) -> f32 {
    if !number.is_finite() {
        return number;
    }
    let below = f32::from_bits(number.to_bits() & 0xffff_0000);
    let above = f32::from_bits((number.to_bits() & 0xffff_0000).wrapping_add(1 << 16));
    let above_size = if above.is_infinite() { 2_f64.powi(128) } else { f64::from(above).abs() };
    let size = f64::from(number).abs();
    let (down, up) = (size - f64::from(below).abs(), above_size - size);
    let is_odd = below.to_bits() & (1 << 16) != 0;
    if down < up || (down == up && !is_odd) { below } else { above }
}

fn sign(number: f32) -> f32 {
    if number > 0.0 {
        1.0
    } else if number < 0.0 {
        -1.0
    } else {
        0.0
    }
}

#[test]
fn what_is_read_is_what_was_saved() {
    let mut random = Random::new(7);
    let odd = [0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, f32::MIN_POSITIVE, 1e-42, -1e-42];
    let halfway = [0x3f80_8000, 0x3f81_8000, 0x3f80_8001, 0x3f80_7fff, 0xbf81_8000].map(f32::from_bits);
    for (workgroup, lanes, vector, unroll) in
        [(64, 8, 4, 1), (32, 1, 4, 2), (32, 32, 1, 1), (64, 16, 2, 3), (1, 1, 1, 1)]
    {
        for (saved, columns) in [Saved::F32, Saved::Bf16, Saved::Signs, Saved::SignBits]
            .into_iter()
            .flat_map(|it| [1, 3, 7, 64, 100, 257].map(|d| (it, d)))
        {
            let schedule = Schedule { workgroup, lanes, vector, unroll, saved, ..Schedule::default() };
            let mut number = |_| match random.below(8) {
                0 => random.pick(&odd),
                1 => random.pick(&halfway),
                _ => f32::from_bits((random.below(1 << 16) << 16 | random.below(1 << 16)) as u32),
            };
            let numbers: Vec<f32> = (0..ROWS * padded(columns)).map(&mut number).collect();
            let read = read_back(&schedule, &numbers, columns);
            for (at, (number, read)) in numbers.iter().zip(&read).enumerate() {
                if at % padded(columns) >= columns {
                    continue;
                }
                let wanted = match saved {
                    Saved::Nothing | Saved::F32 => *number,
                    Saved::Bf16 => rounded(*number),
                    Saved::Signs => sign(*number),
                    // The kernels mark it where that is not so.
                    Saved::SignBits if *number < 0.0 => -1.0,
                    Saved::SignBits => 1.0,
                };
                let same = wanted.to_bits() == read.to_bits()
                    || (wanted.is_nan() && read.is_nan())
                    || (saved == Saved::Signs && wanted == *read);
                assert!(same, "{schedule}, column {at} of {columns}: {number:e} is read as {read:e}, not {wanted:e}");
            }
        }
    }
}
