//! Right kernels give what they should; each fault is found where it was planted.

use expect_test::{Expect, expect};

use super::super::testing::{Wait, butterfly, copy, global_thread, histogram, quads, scatter, transpose, tree};
use super::super::{
    Access, Atomic, Barrier, Binary, Builder, Builtin, Expression, Kernel, Launch, Place, Scalar, Type, Unary, Value,
    execute,
};
use super::Fault;

fn run(kernel: &Kernel, workgroups: u32, parameters: &[u32], buffers: &mut [Vec<u32>]) -> Result<(), Fault> {
    execute(kernel, Launch { workgroups, subgroup: 8, parameters }, buffers)
}

fn runs(kernel: &Kernel, workgroups: u32, parameters: &[u32], buffers: &mut [Vec<u32>]) {
    if let Err(fault) = run(kernel, workgroups, parameters, buffers) {
        panic!("{fault}\n{kernel}");
    }
}

fn floats(numbers: impl IntoIterator<Item = f32>) -> Vec<u32> {
    numbers.into_iter().map(f32::to_bits).collect()
}

#[test]
fn copies() {
    for (workgroups, count) in [(1, 4), (3, 1024), (2, 0), (5, 300)] {
        let mut buffers = [(0..count).collect(), vec![0; count as usize]];
        runs(&copy(), workgroups, &[count], &mut buffers);
        assert_eq!(buffers[0], buffers[1]);
    }
}

#[test]
fn sums_by_halves() {
    let mut buffers = [floats((0..192_u8).map(f32::from)), vec![0; 3]];
    runs(&tree(), 3, &[], &mut buffers);
    assert_eq!(buffers[1], floats([2016.0, 6112.0, 10208.0]));
}

#[test]
fn sums_of_subgroups_of_every_size() {
    for subgroup in [1, 2, 4, 8, 16, 32] {
        let mut buffers = [(0..64).collect(), vec![0; 64]];
        execute(&butterfly(), Launch { workgroups: 2, subgroup, parameters: &[] }, &mut buffers).expect("no fault");
        for (thread, sum) in (0_u32..).zip(&buffers[1]) {
            let first = thread / subgroup * subgroup;
            assert_eq!(*sum, (first..first + subgroup).sum::<u32>(), "thread {thread}, subgroups of {subgroup}");
        }
    }
}

#[test]
fn transposes_matrices_of_every_size() {
    for size in [1, 7, 8, 20_u32] {
        let mut buffers = [(0..size * size).collect(), vec![0; (size * size) as usize]];
        runs(&transpose(), size.div_ceil(8).pow(2), &[size], &mut buffers);
        for (index, word) in (0..).zip(&buffers[1]) {
            assert_eq!(*word, index % size * size + index / size, "word {index} of {size} × {size}");
        }
    }
}

#[test]
fn copies_are_there_after_both_waits() {
    let mut buffers = [(0..64).collect(), vec![0; 64]];
    runs(&quads(Wait::Both), 2, &[], &mut buffers);
    for (index, word) in (0..).zip(&buffers[1]) {
        let (group, quad, lane) = (index / 32, index / 4 % 8, index % 4);
        assert_eq!(*word, 32 * group + 4 * (7 - quad) + lane, "word {index}");
    }
}

#[test]
fn copies_under_way_are_not_touched() {
    let faults = [Wait::Copies, Wait::Threads, Wait::Nothing].map(|wait| {
        let fault = run(&quads(wait), 1, &[], &mut [(0..32).collect(), vec![0; 32]]);
        format!("{wait:?}: {}", fault.expect_err("a wait is left out"))
    });
    expect![[r#"
        Copies: kernel `quads`, workgroup 0, thread 0, at `v10: f32x4 = tile[v9; 4]`: word 28 of `tile`: a race with thread 7
        Threads: kernel `quads`, workgroup 0, thread 0, at `v10: f32x4 = tile[v9; 4]`: word 28 of `tile` is touched, and a copy to it is under way
        Nothing: kernel `quads`, workgroup 0, thread 0, at `v8: f32x4 = tile[v6; 4]`: word 0 of `tile` is touched, and a copy to it is under way"#]].assert_eq(&faults.join("\n"));
    let short = run(&quads(Wait::Both), 1, &[], &mut [(0..31).collect(), vec![0; 32]]);
    expect!["kernel `quads`, workgroup 0, thread 7, at `copy tile[v6; 4] from numbers[v7; 4]`: `numbers[28; 4]`, and `numbers` has 28 words"].assert_eq(&short.expect_err("a word is missing").to_string());
}

#[test]
fn counts_atomically() {
    let numbers: Vec<u32> = (0..48).map(|number| number * number % 7).collect();
    let mut buffers = [numbers.clone(), vec![0; 8], vec![0]];
    runs(&histogram(), 3, &[], &mut buffers);
    for (number, count) in (0..).zip(&buffers[1]) {
        assert_eq!(*count as usize, numbers.iter().filter(|it| **it == number).count(), "{number}");
    }
    assert_eq!(buffers[2], [4]);
}

#[test]
fn adds_and_changes_in_one_step() {
    let places: Vec<u32> = (0..48).map(|number| number * number % 7).collect();
    let mut buffers = [places.clone(), floats((0..48_u8).map(f32::from)), vec![0; 8], vec![1 << 31]];
    runs(&scatter(), 3, &[], &mut buffers);
    for (place, sum) in (0..).zip(&buffers[2]) {
        let numbers = (0..48_u8).zip(&places).filter(|(_, it)| **it == place).map(|(number, _)| f32::from(number));
        assert_eq!(f32::from_bits(*sum), numbers.sum::<f32>(), "{place}");
    }
    assert_eq!(buffers[3], [(1 << 31) | 0b1_0111]);
}

/// A kernel of four threads, of which two at a time add the same numbers, four at once, from a word on.
fn adds_vectors(first: u32) -> Kernel {
    let mut k = Builder::new("adds", "", 4);
    let sums = k.buffer("sums", Scalar::F32, 4, Access::Atomic);
    let (thread, two) = (k.builtin(Builtin::Thread), k.u32(2));
    let numbers = [1.0, 2.0, 3.0, 4.0].map(|number| k.f32(number));
    let (pair, numbers) = (k.div(thread, two), k.join(&numbers));
    let index = k.mul_u32(pair, 4);
    let index = k.add_u32(index, first);
    k.atomic(Atomic::Add, sums, index, numbers);
    k.finish()
}

#[test]
fn adds_vectors_lane_by_lane() {
    let mut buffers = [floats((0..8_u8).map(f32::from))];
    runs(&adds_vectors(0), 3, &[], &mut buffers);
    let expected = [6.0, 13.0, 20.0, 27.0, 10.0, 17.0, 24.0, 31.0];
    assert_eq!(buffers[0].iter().map(|bits| f32::from_bits(*bits)).collect::<Vec<_>>(), expected);
}

#[test]
fn vectors_are_added_to_whole_vectors() {
    let faults = [(2, 16), (0, 7)].map(|(first, words)| {
        let fault = run(&adds_vectors(first), 1, &[], &mut [vec![0; words]]);
        fault.expect_err("a vector is not there").to_string()
    });
    expect![[r#"
        kernel `adds`, workgroup 0, thread 0, at `atomic add sums[v10; 4], v7`: `sums[2; 4]`, and 2 is no multiple of 4
        kernel `adds`, workgroup 0, thread 2, at `atomic add sums[v9; 4], v7`: `sums[4; 4]`, and `sums` has 4 words"#]]
    .assert_eq(&faults.join("\n"));
}

#[test]
fn changes_beyond_the_end() {
    let mut k = Builder::new("planted", "", 4);
    let counts = k.buffer("counts", Scalar::U32, 1, Access::Atomic);
    let thread = k.builtin(Builtin::Thread);
    k.change(counts, thread, |k, held| k.add(held, thread));
    let fault = run(&k.finish(), 1, &[], &mut [vec![0; 3]]).expect_err("a word is missing");
    let expected = expect![
        "kernel `planted`, workgroup 0, thread 3, at `change counts[v0] from v1 to v2`: `counts[3; 1]`, and `counts` has 3 words"
    ];
    expected.assert_eq(&fault.to_string());
}

/// What one thread computes of two words.
fn of_two(scalar: Scalar, a: u32, b: u32, compute: impl FnOnce(&mut Builder, Value, Value) -> Value) -> u32 {
    let mut k = Builder::new("of_two", "", 1);
    let operands = Place::Buffer(k.buffer("operands", scalar, 2, Access::Read));
    let zero = k.u32(0);
    let both = k.load(operands, zero, 2);
    let (a_value, b_value) = (k.lane(both, 0), k.lane(both, 1));
    let value = compute(&mut k, a_value, b_value);
    let value = match k.ty(value).scalar {
        Scalar::Bool => k.define(Expression::Convert(Scalar::U32, value)),
        Scalar::U32 | Scalar::F32 => value,
    };
    let result = k.ty(value).scalar;
    let result = Place::Buffer(k.buffer("result", result, 1, Access::ReadWrite));
    k.store(result, zero, value);
    let mut buffers = [vec![a, b], vec![0]];
    runs(&k.finish(), 1, &[], &mut buffers);
    buffers[1][0]
}

#[test]
fn arithmetic_of_u32() {
    for (op, a, b, expected) in [
        (Binary::Add, u32::MAX, 2, 1),
        (Binary::Sub, 1, 2, u32::MAX),
        (Binary::Mul, 1 << 31, 2, 0),
        (Binary::Div, 7, 2, 3),
        (Binary::Rem, 7, 4, 3),
        (Binary::MulHigh, 1 << 31, 6, 3),
        (Binary::ShiftLeft, 3, 31, 1 << 31),
        (Binary::ShiftRight, 1 << 31, 30, 2),
        (Binary::Xor, 6, 3, 5),
        (Binary::Less, 1, u32::MAX, 1),
        (Binary::GreaterEqual, 1, u32::MAX, 0),
        (Binary::NotEqual, 1, 1, 0),
    ] {
        let found = of_two(Scalar::U32, a, b, |k, a, b| k.binary(op, a, b));
        assert_eq!(found, expected, "{op} {a}, {b}");
    }
}

#[test]
fn arithmetic_of_f32() {
    for (op, a, b, expected) in [
        (Binary::Add, 1.0_f32, 2.5_f32, 3.5),
        (Binary::Sub, 1.0, 2.5, -1.5),
        (Binary::Mul, 2.0, 2.5, 5.0),
        (Binary::Div, 1.0, 0.0, f32::INFINITY),
        (Binary::Min, -0.5, 2.0, -0.5),
        (Binary::Max, -0.5, 2.0, 2.0),
    ] {
        let found = of_two(Scalar::F32, a.to_bits(), b.to_bits(), |k, a, b| k.binary(op, a, b));
        assert_eq!(f32::from_bits(found), expected, "{op} {a}, {b}");
    }
    for (op, a, expected) in [
        (Unary::Neg, 2.0_f32, -2.0),
        (Unary::Abs, -2.0, 2.0),
        (Unary::Sqrt, 9.0, 3.0),
        (Unary::Exp, 1.0, std::f32::consts::E),
        (Unary::Log, 1.0, 0.0),
        (Unary::Sin, 0.0, 0.0),
        (Unary::Cos, 0.0, 1.0),
        (Unary::Tanh, 20.0, 1.0),
        (Unary::Floor, -1.5, -2.0),
    ] {
        let found = of_two(Scalar::F32, a.to_bits(), 0, |k, a, _| k.unary(op, a));
        assert_eq!(f32::from_bits(found), expected, "{op} {a}");
    }
    // With one rounding: 2^-24 is lost in the product of the two, rounded alone.
    let a = 1.0 + f32::EPSILON;
    let found = of_two(Scalar::F32, a.to_bits(), (-1.0_f32).to_bits(), |k, a, b| k.multiply_add(a, a, b));
    assert_eq!(f32::from_bits(found), 2.0 * f32::EPSILON + f32::EPSILON * f32::EPSILON);
}

#[test]
fn vectors_and_conversions() {
    let [a, b] = [1.75_f32, -3.0].map(f32::to_bits);
    let to_u32 = of_two(Scalar::F32, a, b, |k, a, _| k.define(Expression::Convert(Scalar::U32, a)));
    assert_eq!(to_u32, 1);
    let bits = of_two(Scalar::F32, a, b, |k, _, b| k.define(Expression::Bits(Scalar::U32, b)));
    assert_eq!(bits, b);
    let to_f32 = of_two(Scalar::U32, 5, 0, |k, a, _| k.define(Expression::Convert(Scalar::F32, a)));
    assert_eq!(f32::from_bits(to_f32), 5.0);
    let lanes = of_two(Scalar::F32, a, b, |k, a, b| {
        let (forth, back, twice) = (k.join(&[a, b]), k.join(&[b, a]), k.splat(a, 2));
        let less = k.less(forth, back);
        let chosen = k.select(less, twice, back);
        let (first, second) = (k.lane(chosen, 0), k.lane(chosen, 1));
        let hundred = k.f32(100.0);
        k.multiply_add(first, hundred, second)
    });
    assert_eq!(f32::from_bits(lanes), -300.0 + 1.75);
    let truth = of_two(Scalar::U32, 1, 2, |k, a, b| {
        let (less, equal) = (k.less(a, b), k.binary(Binary::Equal, a, b));
        let unequal = k.unary(Unary::Not, equal);
        let both = k.binary(Binary::And, less, unequal);
        k.binary(Binary::Or, both, equal)
    });
    assert_eq!(truth, 1);
}

#[test]
fn variables_and_loops_of_each_thread() {
    let mut k = Builder::new("triangle", "Each thread adds up the numbers up to its own.", 8);
    let sums = Place::Buffer(k.buffer("sums", Scalar::U32, 1, Access::ReadWrite));
    let (thread, zero, one) = (k.builtin(Builtin::Thread), k.u32(0), k.u32(1));
    let sum = k.variable(zero);
    k.repeat(zero, thread, one, |k, index| {
        let (held, next) = (k.get(sum), k.add(index, one));
        let both = k.add(held, next);
        k.set(sum, both);
    });
    let held = k.get(sum);
    k.store(sums, thread, held);
    let mut buffers = [vec![0; 8]];
    runs(&k.finish(), 1, &[], &mut buffers);
    assert_eq!(buffers[0], [0, 1, 3, 6, 10, 15, 21, 28]);
}

/// A kernel of 4 threads with a buffer, an array of 8 words, its number and that in the grid.
fn planted(fill: impl FnOnce(&mut Builder, &Planted)) -> Kernel {
    let mut k = Builder::new("planted", "", 4);
    let planted = Planted {
        words: Place::Buffer(k.buffer("words", Scalar::U32, 4, Access::ReadWrite)),
        tile: Place::Shared(k.shared("tile", Scalar::U32, 8)),
        thread: k.builtin(Builtin::Thread),
        global: global_thread(&mut k),
        zero: k.u32(0),
        one: k.u32(1),
    };
    fill(&mut k, &planted);
    k.finish()
}

struct Planted {
    words: Place,
    tile: Place,
    thread: Value,
    global: Value,
    zero: Value,
    one: Value,
}

/// Runs a kernel in three workgroups on a buffer of 14 words, of which 12 are within whole accesses.
fn outcome(kernel: &Kernel) -> Result<(), Fault> {
    run(kernel, 3, &[], &mut [(0..14).collect()])
}

fn faulty(kernel: &Kernel, expected: Expect) {
    expected.assert_eq(&outcome(kernel).expect_err("a fault is planted").to_string());
}

fn faultless(kernel: &Kernel) {
    if let Err(fault) = outcome(kernel) {
        panic!("{fault}\n{kernel}");
    }
}

#[test]
fn beyond_a_buffer() {
    let kernel = planted(|k, p| {
        let next = k.add(p.global, p.one);
        let word = k.load(p.words, next, 1);
        k.store(p.tile, p.thread, word);
    });
    faulty(
        &kernel,
        expect![
            "kernel `planted`, workgroup 2, thread 3, at `v8: u32 = words[v7]`: `words[12; 1]`, and `words` has 12 words"
        ],
    );
}

#[test]
fn the_last_word_of_a_wide_access() {
    let kernel = planted(|k, p| {
        let vector = k.splat(p.one, 2);
        let index = k.mul_u32(p.thread, 4);
        k.store(p.tile, index, vector);
    });
    faulty(
        &kernel,
        expect!["kernel `planted`, workgroup 0, thread 2, at `tile[v8; 2] = v7`: `tile[8; 2]`, and `tile` has 8 words"],
    );
}

#[test]
fn beside_a_multiple() {
    let kernel = planted(|k, p| {
        let vector = k.splat(p.one, 4);
        let index = k.mul_u32(p.thread, 2);
        k.store(p.words, index, vector);
    });
    faulty(
        &kernel,
        expect![
            "kernel `planted`, workgroup 0, thread 1, at `words[v9; 4] = v7`: `words[2; 4]`, and 2 is no multiple of 4"
        ],
    );
    let kernel = planted(|k, p| {
        let vector = k.splat(p.one, 2);
        k.store(p.tile, p.one, vector);
    });
    faulty(
        &kernel,
        expect![
            "kernel `planted`, workgroup 0, thread 0, at `tile[v6; 2] = v7`: `tile[1; 2]`, and 1 is no multiple of 2"
        ],
    );
}

#[test]
fn undefined_shared_memory() {
    let filled = |limit: u32| {
        planted(|k, p| {
            let limit = k.u32(limit);
            let some = k.less(p.global, limit);
            k.when(some, |k| k.store(p.tile, p.thread, p.one));
            let word = k.load(p.tile, p.thread, 1);
            k.store(p.words, p.global, word);
        })
    };
    faultless(&filled(12));
    // The workgroup before has written the word; that is another's memory.
    faulty(
        &filled(6),
        expect![
            "kernel `planted`, workgroup 1, thread 2, at `v9: u32 = tile[v0]`: word 2 of `tile` is read, which the workgroup has not written"
        ],
    );
}

#[test]
fn races_in_shared_memory() {
    let neighbours = |barrier: Option<Barrier>| {
        planted(|k, p| {
            k.store(p.tile, p.thread, p.one);
            barrier.into_iter().for_each(|barrier| k.barrier(barrier));
            let next = k.binary(Binary::Xor, p.thread, p.one);
            let word = k.load(p.tile, next, 1);
            k.store(p.words, p.global, word);
        })
    };
    faultless(&neighbours(Some(Barrier::Shared)));
    faulty(
        &neighbours(None),
        expect![
            "kernel `planted`, workgroup 0, thread 0, at `v8: u32 = tile[v7]`: word 1 of `tile`: a race with thread 1"
        ],
    );
    // This barrier is not for shared memory.
    faulty(
        &neighbours(Some(Barrier::Buffers)),
        expect![
            "kernel `planted`, workgroup 0, thread 0, at `v8: u32 = tile[v7]`: word 1 of `tile`: a race with thread 1"
        ],
    );
    faulty(
        &planted(|k, p| k.store(p.tile, p.zero, p.thread)),
        expect!["kernel `planted`, workgroup 0, thread 1, at `tile[v5] = v0`: word 0 of `tile`: a race with thread 0"],
    );
    // Several read, and then one of them writes.
    let kernel = planted(|k, p| {
        let first = k.binary(Binary::Equal, p.thread, p.zero);
        k.when(first, |k| k.store(p.tile, p.zero, p.one));
        k.barrier(Barrier::Shared);
        let word = k.load(p.tile, p.zero, 1);
        k.when(first, |k| k.store(p.tile, p.zero, word));
    });
    faulty(
        &kernel,
        expect![
            "kernel `planted`, workgroup 0, thread 0, at `tile[v5] = v8`: word 0 of `tile`: a race with several threads"
        ],
    );
}

#[test]
fn races_in_the_branches_of_one_condition() {
    let kernel = planted(|k, p| {
        let first = k.binary(Binary::Equal, p.thread, p.zero);
        k.choose(
            first,
            |k| k.store(p.tile, p.zero, p.one),
            |k| {
                let index = k.sub(p.thread, p.one);
                k.store(p.tile, index, p.one);
            },
        );
    });
    faulty(
        &kernel,
        expect!["kernel `planted`, workgroup 0, thread 1, at `tile[v8] = v6`: word 0 of `tile`: a race with thread 0"],
    );
}

#[test]
fn races_in_a_buffer_within_a_workgroup() {
    let neighbours = |barrier: Option<Barrier>| {
        planted(|k, p| {
            k.store(p.words, p.global, p.one);
            barrier.into_iter().for_each(|barrier| k.barrier(barrier));
            let next = k.binary(Binary::Xor, p.global, p.one);
            let word = k.load(p.words, next, 1);
            k.store(p.tile, p.thread, word);
        })
    };
    faultless(&neighbours(Some(Barrier::Buffers)));
    faulty(
        &neighbours(None),
        expect![
            "kernel `planted`, workgroup 0, thread 0, at `v8: u32 = words[v7]`: word 1 of `words`: a race with thread 1"
        ],
    );
    faulty(
        &neighbours(Some(Barrier::Shared)),
        expect![
            "kernel `planted`, workgroup 0, thread 0, at `v8: u32 = words[v7]`: word 1 of `words`: a race with thread 1"
        ],
    );
}

#[test]
fn races_between_workgroups() {
    faulty(
        &planted(|k, p| {
            let first = k.binary(Binary::Equal, p.thread, p.zero);
            k.when(first, |k| k.store(p.words, p.zero, p.one));
        }),
        expect![
            "kernel `planted`, workgroup 1, thread 0, at `words[v5] = v6`: word 0 of `words`: a race with workgroup 0"
        ],
    );
    // A workgroup reads what a later one writes, which no order of the two forbids. A barrier is no help.
    faulty(
        &planted(|k, p| {
            let (four, eight) = (k.u32(4), k.u32(8));
            let shifted = k.add(p.global, four);
            let within = k.binary(Binary::Min, shifted, eight);
            let word = k.load(p.words, within, 1);
            k.store(p.tile, p.thread, word);
            k.barrier(Barrier::Buffers);
            k.store(p.words, p.global, word);
        }),
        expect![
            "kernel `planted`, workgroup 1, thread 0, at `words[global.4] = v10`: word 4 of `words`: a race with workgroup 0"
        ],
    );
}

#[test]
fn what_several_workgroups_read_no_one_writes() {
    faulty(
        &planted(|k, p| {
            let word = k.load(p.words, p.zero, 1);
            k.store(p.tile, p.thread, word);
            let (ten, eleven) = (k.u32(10), k.u32(11));
            let last = k.binary(Binary::Greater, p.global, ten);
            k.barrier(Barrier::Buffers);
            k.when(last, |k| k.store(p.words, p.zero, eleven));
        }),
        expect![
            "kernel `planted`, workgroup 2, thread 3, at `words[v5] = v9`: word 0 of `words`: a race with several workgroups"
        ],
    );
}

#[test]
fn barriers_that_some_miss() {
    let kernel = planted(|k, p| {
        let most = k.binary(Binary::Greater, p.thread, p.zero);
        k.when(most, |k| k.barrier(Barrier::Shared));
    });
    faulty(
        &kernel,
        expect![
            "kernel `planted`, workgroup 0, thread 0, at `barrier shared`: others came here, and this thread did not"
        ],
    );
    let kernel = planted(|k, p| k.repeat(p.zero, p.thread, p.one, |k, _| k.barrier(Barrier::Shared)));
    faulty(
        &kernel,
        expect![
            "kernel `planted`, workgroup 0, thread 0, at `barrier shared`: others came here, and this thread did not"
        ],
    );
    // Where all threads choose alike, a condition may stand before a barrier, be it ever so hard to see.
    faultless(&planted(|k, p| {
        let four = k.u32(4);
        let all = k.less(p.thread, four);
        k.when(all, |k| k.barrier(Barrier::Shared));
    }));
}

#[test]
fn exchanges_that_some_miss() {
    let kernel = planted(|k, p| {
        let few = k.less(p.thread, p.one);
        k.when(few, |k| {
            let other = k.exchange(p.thread, 1);
            k.store(p.words, p.global, other);
        });
    });
    faulty(
        &kernel,
        expect![
            "kernel `planted`, workgroup 0, thread 1, at `v8: u32 = exchange v0 by 1`: others came here, and this thread did not"
        ],
    );
}

#[test]
fn exchanges_with_nobody() {
    let exchanged = |mask: u32| {
        planted(|k, p| {
            let other = k.exchange(p.thread, mask);
            k.store(p.words, p.global, other);
        })
    };
    faultless(&exchanged(3));
    // The subgroup has 8 threads, the workgroup 4.
    faulty(
        &exchanged(4),
        expect![
            "kernel `planted`, workgroup 0, thread 0, at `v7: u32 = exchange v0 by 4`: the subgroup has no thread that differs by 4"
        ],
    );
    let launch = Launch { workgroups: 1, subgroup: 2, parameters: &[] };
    let fault = execute(&exchanged(2), launch, &mut [vec![0; 4]]).expect_err("subgroups are too small");
    assert_eq!(fault.what, super::What::NoPartner { mask: 2 });
}

#[test]
fn arithmetic_that_is_not_defined() {
    let computed = |op: Binary| {
        planted(|k, p| {
            let (thirty, word) = (k.u32(30), k.load(p.words, p.global, 1));
            let by = if matches!(op, Binary::ShiftLeft | Binary::ShiftRight) { k.add(word, thirty) } else { word };
            let result = k.binary(op, p.one, by);
            k.store(p.words, p.global, result);
        })
    };
    faulty(
        &computed(Binary::Div),
        expect!["kernel `planted`, workgroup 0, thread 0, at `v9: u32 = div v6, v8`: a u32 is divided by 0"],
    );
    faulty(
        &computed(Binary::Rem),
        expect!["kernel `planted`, workgroup 0, thread 0, at `v9: u32 = rem v6, v8`: a u32 is divided by 0"],
    );
    faulty(
        &computed(Binary::ShiftLeft),
        expect![
            "kernel `planted`, workgroup 0, thread 2, at `v10: u32 = shift_left v6, v9`: a u32 is shifted by 32 bits"
        ],
    );
    faulty(
        &computed(Binary::ShiftRight),
        expect![
            "kernel `planted`, workgroup 0, thread 2, at `v10: u32 = shift_right v6, v9`: a u32 is shifted by 32 bits"
        ],
    );
    // Nobody asks what threads would compute that do not come there.
    faultless(&planted(|k, p| {
        let word = k.load(p.words, p.global, 1);
        let some = k.binary(Binary::NotEqual, word, p.zero);
        k.when(some, |k| {
            let result = k.div(p.one, word);
            k.store(p.words, p.global, result);
        });
    }));
}

#[test]
fn loops_that_do_not_end_well() {
    let looped = |step: u32, until: u32| {
        planted(|k, p| {
            let (step, until) = (k.u32(step), k.u32(until));
            k.repeat(p.zero, until, step, |k, _| k.store(p.words, p.global, p.one));
        })
    };
    faultless(&looped(1 << 31, 1 << 31));
    faulty(
        &looped(1 << 31, u32::MAX),
        expect![
            "kernel `planted`, workgroup 0, thread 0, at `for v9 from v5 until v8 step v7`: the loop's index wraps"
        ],
    );
    faulty(
        &looped(0, 1),
        expect!["kernel `planted`, workgroup 0, thread 0, at `for v7 from v5 until v6 step v5`: the loop goes on by 0"],
    );
}

#[test]
#[should_panic(expected = "size is 6, no multiple of 4")]
fn parameters_that_are_no_multiples() {
    let mut k = Builder::new("sized", "", 1);
    k.parameter("size", Scalar::U32, 4);
    let _ = run(&k.finish(), 1, &[6], &mut []);
}

#[test]
#[should_panic(expected = "only well-formed kernels are executed")]
fn kernels_that_mean_nothing() {
    let mut kernel = planted(|_, _| ());
    let value = kernel.values.push((Type::U32, None));
    kernel.body.push(super::Statement::Let(value, Expression::Unary(Unary::Not, value)));
    let _ = outcome(&kernel);
}
