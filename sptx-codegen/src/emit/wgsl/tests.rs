//! Texts to read.

use expect_test::{Expect, expect};
use sptx_runtime::gpu::{Direction, Role, WordKind};

use super::*;
use crate::lir::{Atomic, Barrier, Binary, Builder, Builtin, Scalar, Unary};

fn check(k: Builder, expected: Expect) {
    expected.assert_eq(&module(&k.finish(), &Options::default()));
}

/// What stands between the braces of the entry point.
fn body_of(k: Builder) -> String {
    let text = module(&k.finish(), &Options::default());
    let (_, body) = text.split_once(") {\n").expect("an entry point");
    body.strip_suffix("}\n").expect("its end").replace("\n    ", "\n").trim_start().to_owned()
}

#[test]
fn sums_of_rows() {
    let mut k = Builder::new("lengths", "The squared length of each row.\nEight threads a row.", 64);
    let table = Place::Buffer(k.buffer("table", Scalar::F32, 4, Access::Read));
    let out = Place::Buffer(k.buffer("lengths", Scalar::F32, 1, Access::ReadWrite));
    let parts = Place::Shared(k.shared("parts", Scalar::F32, 64));
    let (count, columns) = (k.parameter("count", Scalar::U32, 1), k.parameter("columns", Scalar::U32, 4));
    let (thread, group) = (k.builtin(Builtin::Thread), k.builtin(Builtin::Workgroup));
    let (eight, four, zeros) = (k.u32(8), k.u32(4), k.f32s(0.0, 4));
    let lane = k.rem(thread, eight);
    k.name(lane, "lane");
    let first = k.mul(group, eight);
    let within = k.div(thread, eight);
    let row = k.add(first, within);
    k.name(row, "row");
    let sums = k.variable(zeros);
    let inside = k.less(row, count);
    k.when(inside, |k| {
        let start = k.mul(row, columns);
        let (from, step) = (k.mul(lane, four), k.u32(32));
        k.repeat(from, columns, step, |k, column| {
            k.name(column, "column");
            let at = k.add(start, column);
            let four = k.load(table, at, 4);
            let held = k.get(sums);
            k.name(held, "sums");
            let sum = k.multiply_add(four, four, held);
            k.set(sums, sum);
        });
    });
    let held = k.get(sums);
    let [x, y, z, w] = [0, 1, 2, 3].map(|lane| k.lane(held, lane));
    let (left, right) = (k.add(x, y), k.add(z, w));
    let sum = k.add(left, right);
    k.store(parts, thread, sum);
    for distance in [4, 2, 1] {
        k.barrier(Barrier::Shared);
        let limit = k.u32(distance);
        let joins = k.less(lane, limit);
        k.when(joins, |k| {
            let other = k.add_u32(thread, distance);
            let (mine, other) = (k.load(parts, thread, 1), k.load(parts, other, 1));
            let sum = k.add(mine, other);
            k.store(parts, thread, sum);
        });
    }
    let zero = k.u32(0);
    let is_first = k.binary(Binary::Equal, lane, zero);
    let writes = k.binary(Binary::And, is_first, inside);
    k.when(writes, |k| {
        let sum = k.load(parts, thread, 1);
        k.store(out, row, sum);
    });
    check(
        k,
        expect![[r#"
            // The squared length of each row.
            // Eight threads a row.

            struct Parameters {
                count: u32,
                columns: u32,
            }

            @group(0) @binding(0) var<storage, read> table: array<vec4<f32>>;
            @group(0) @binding(1) var<storage, read_write> lengths_1: array<f32>;
            @group(0) @binding(2) var<uniform> parameters: Parameters;

            var<workgroup> parts: array<f32, 64>;

            @compute @workgroup_size(64)
            fn lengths(
                @builtin(local_invocation_index) thread: u32,
                @builtin(workgroup_id) group: vec3<u32>,
                @builtin(num_workgroups) groups: vec3<u32>,
            ) {
                let lane = thread % 8u;
                let row = (group.y * groups.x + group.x) * 8u + thread / 8u;
                var sums = vec4<f32>(0.0f);
                let v0 = row < parameters.count;
                if v0 {
                    let v1 = row * parameters.columns;
                    for (var column = lane * 4u; column < parameters.columns; column += 32u) {
                        let v2 = table[(v1 + column) >> 2u];
                        sums = fma(v2, v2, sums);
                    }
                }
                let v3 = sums;
                parts[thread] = v3.x + v3.y + (v3.z + v3.w);
                workgroupBarrier();
                if lane < 4u {
                    parts[thread] += parts[thread + 4u];
                }
                workgroupBarrier();
                if lane < 2u {
                    parts[thread] += parts[thread + 2u];
                }
                workgroupBarrier();
                if lane < 1u {
                    parts[thread] += parts[thread + 1u];
                }
                if lane == 0u && v0 {
                    lengths_1[row] = parts[thread];
                }
            }
        "#]],
    );
}

/// What a value reads may change before the value is used.
#[test]
fn reads_stay_before_what_changes_them() {
    let mut k = Builder::new("swap", "", 1);
    let words = Place::Buffer(k.buffer("words", Scalar::U32, 1, Access::ReadWrite));
    let fixed = Place::Buffer(k.buffer("fixed", Scalar::U32, 1, Access::Read));
    let (zero, one, thread) = (k.u32(0), k.u32(1), k.builtin(Builtin::Thread));
    let x = k.variable(zero);
    let (a, b, c) = (k.load(words, zero, 1), k.load(words, one, 1), k.load(fixed, one, 1));
    k.store(words, zero, b);
    let before = k.get(x);
    k.set(x, thread);
    let sum = k.add(a, c);
    k.barrier(Barrier::Buffers);
    let after = k.get(x);
    let both = k.add(before, after);
    let all = k.add(both, sum);
    k.store(words, one, all);
    let again = k.load(words, one, 1);
    let is_first = k.binary(Binary::Equal, thread, zero);
    k.when(is_first, |k| k.store(words, zero, again));
    expect![[r#"
        var x0 = 0u;
        let v0 = words[0u];
        words[0u] = words[1u];
        let v1 = x0;
        x0 = thread;
        storageBarrier();
        words[1u] = v1 + x0 + (v0 + fixed[1u]);
        let v2 = words[1u];
        if thread == 0u {
            words[0u] = v2;
        }
    "#]]
    .assert_eq(&body_of(k));
}

/// What is used in a loop is not computed there if it was computed before it.
#[test]
fn nothing_moves_into_loops() {
    let mut k = Builder::new("fill", "", 1);
    let words = Place::Buffer(k.buffer("words", Scalar::U32, 1, Access::ReadWrite));
    let fixed = Place::Buffer(k.buffer("fixed", Scalar::U32, 1, Access::Read));
    let (count, thread, one) = (k.parameter("count", Scalar::U32, 1), k.builtin(Builtin::Thread), k.u32(1));
    let square = k.mul(thread, thread);
    let until = k.add(count, thread);
    let step = k.load(fixed, one, 1);
    k.repeat(thread, until, step, |k, index| {
        k.store(words, index, square);
        k.repeat(index, count, one, |k, inner| {
            let both = k.add(index, inner);
            k.store(words, inner, both);
        });
    });
    expect![[r#"
        let v0 = thread * thread;
        let v1 = parameters.count + thread;
        let v2 = fixed[1u];
        for (var i = thread; i < v1; i += v2) {
            words[i] = v0;
            for (var i_1 = i; i_1 < parameters.count; i_1 += 1u) {
                words[i_1] = i + i_1;
            }
        }
    "#]]
    .assert_eq(&body_of(k));
}

#[test]
fn variables_are_declared_where_they_are_seen_by_all() {
    let mut k = Builder::new("choose", "", 1);
    let words = Place::Buffer(k.buffer("words", Scalar::U32, 1, Access::ReadWrite));
    let (zero, one, ten, thread) = (k.u32(0), k.u32(1), k.u32(10), k.builtin(Builtin::Thread));
    let [chosen, carried] = [(); 2].map(|()| k.declare(crate::lir::Type::U32));
    let is_zero = k.binary(Binary::Equal, thread, zero);
    k.choose(is_zero, |k| k.set(chosen, one), |k| k.set(chosen, ten));
    k.repeat(zero, ten, one, |k, index| {
        let is_first = k.binary(Binary::Equal, index, zero);
        k.when(is_first, |k| k.set(carried, thread));
        let local = k.variable(index);
        let (held, local) = (k.get(carried), k.get(local));
        let sum = k.add(held, local);
        k.set(carried, sum);
    });
    let (chosen, carried) = (k.get(chosen), k.get(carried));
    k.store(words, chosen, carried);
    expect![[r#"
        var x0: u32;
        if thread == 0u {
            x0 = 1u;
        } else {
            x0 = 10u;
        }
        var x1: u32;
        for (var i = 0u; i < 10u; i += 1u) {
            if i == 0u {
                x1 = thread;
            }
            var x2 = i;
            x1 += x2;
        }
        words[x0] = x1;
    "#]]
    .assert_eq(&body_of(k));
}

#[test]
fn parentheses_stand_where_they_must() {
    use Binary::{Add, And, Div, Less, Mul, Or, ShiftLeft, ShiftRight, Sub, Xor};
    let mut k = Builder::new("brackets", "", 1);
    let words = Place::Buffer(k.buffer("words", Scalar::U32, 1, Access::ReadWrite));
    let numbers = Place::Buffer(k.buffer("numbers", Scalar::F32, 1, Access::ReadWrite));
    let [a, b, c] = ["a", "b", "c"].map(|name| k.parameter(name, Scalar::U32, 1));
    let pairs = [
        (Add, Mul),
        (Mul, Add),
        (Sub, Sub),
        (Div, Mul),
        (ShiftLeft, Add),
        (Add, ShiftLeft),
        (ShiftRight, ShiftLeft),
        (And, Or),
        (Xor, Xor),
        (And, Add),
        (Add, And),
    ];
    for (at, (outer, inner)) in pairs.into_iter().enumerate() {
        // Numbers of its own keep an operation from being another's.
        let (at, number) = (k.u32(at as u32), k.u32(at as u32 + 2));
        let inside = k.binary(inner, b, number);
        let left = k.binary(outer, inside, a);
        k.store(words, at, left);
        let inside = k.binary(inner, c, number);
        let right = k.binary(outer, a, inside);
        k.store(words, at, right);
    }
    let shifted = k.binary(ShiftRight, a, b);
    let compared = k.binary(Less, c, shifted);
    let (more, less) = (k.less(a, b), k.less(b, c));
    let both = k.binary(And, more, less);
    let either = k.binary(Or, both, compared);
    let zero = k.u32(0);
    let chosen = k.select(either, a, zero);
    k.store(words, zero, chosen);
    let (less, other) = (k.less(a, c), k.less(c, a));
    let chosen = k.select(other, other, less);
    let not = k.unary(Unary::Not, chosen);
    let number = k.define(Expression::Convert(Scalar::F32, not));
    let minus = k.unary(Unary::Neg, number);
    let minus = k.unary(Unary::Neg, minus);
    let two = k.f32(-2.0);
    let sum = k.sub(minus, two);
    k.store(numbers, zero, sum);
    expect![[r#"
        words[0u] = parameters.b * 2u + parameters.a;
        words[0u] = parameters.a + parameters.c * 2u;
        words[1u] = (parameters.b + 3u) * parameters.a;
        words[1u] = parameters.a * (parameters.c + 3u);
        words[2u] = parameters.b - 4u - parameters.a;
        words[2u] = parameters.a - (parameters.c - 4u);
        words[3u] = parameters.b * 5u / parameters.a;
        words[3u] = parameters.a / (parameters.c * 5u);
        words[4u] = (parameters.b + 6u) << parameters.a;
        words[4u] = parameters.a << (parameters.c + 6u);
        words[5u] = (parameters.b << 7u) + parameters.a;
        words[5u] = parameters.a + (parameters.c << 7u);
        words[6u] = (parameters.b << 8u) >> parameters.a;
        words[6u] = parameters.a >> (parameters.c << 8u);
        words[7u] = (parameters.b | 9u) & parameters.a;
        words[7u] = parameters.a & (parameters.c | 9u);
        words[8u] = (parameters.b ^ 10u) ^ parameters.a;
        words[8u] = parameters.a ^ (parameters.c ^ 10u);
        words[9u] = (parameters.b + 11u) & parameters.a;
        words[9u] = parameters.a & (parameters.c + 11u);
        words[10u] = (parameters.b & 12u) + parameters.a;
        words[10u] = parameters.a + (parameters.c & 12u);
        words[0u] = select(0u, parameters.a, ((parameters.a < parameters.b && parameters.b < parameters.c) || parameters.c < (parameters.a >> parameters.b)));
        let v0 = parameters.c < parameters.a;
        numbers[0u] = -(-f32(!select((parameters.a < parameters.c), v0, v0))) - -2.0f;
    "#]].assert_eq(&body_of(k));
}

#[test]
fn numbers_read_back_to_the_same_bits() {
    let mut k = Builder::new("numbers", "", 1);
    let numbers = Place::Buffer(k.buffer("all", Scalar::F32, 1, Access::ReadWrite));
    let values = [
        0.0,
        -0.0,
        1.0,
        0.1,
        -16_777_216.0,
        1e16,
        f32::MAX,
        f32::MIN,
        f32::MIN_POSITIVE,
        1e-45,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
    ];
    for (at, value) in values.into_iter().enumerate() {
        let (at, value) = (k.u32(at as u32), k.f32(value));
        k.store(numbers, at, value);
    }
    let text = body_of(k);
    for (line, value) in text.lines().zip(values).filter(|(_, value)| value.is_finite()) {
        let (_, written) = line.split_once(" = ").expect("a store");
        let read: f32 = written.trim_end_matches("f;").parse().expect("a number");
        assert_eq!(read.to_bits(), value.to_bits(), "{line}");
    }
    expect![[r#"
        all[0u] = 0.0f;
        all[1u] = -0.0f;
        all[2u] = 1.0f;
        all[3u] = 0.1f;
        all[4u] = -16777216.0f;
        all[5u] = 1e16f;
        all[6u] = 3.40282346e38f;
        all[7u] = -3.40282346e38f;
        all[8u] = 1.1754944e-38f;
        all[9u] = 1e-45f;
        var x0 = 2139095040u;
        all[10u] = bitcast<f32>(x0);
        var x1 = 4286578688u;
        all[11u] = bitcast<f32>(x1);
        var x2 = 2143289344u;
        all[12u] = bitcast<f32>(x2);
    "#]]
    .assert_eq(&text);
}

#[test]
fn arrays_of_vectors() {
    let mut k = Builder::new("vectors", "", 32);
    let from = Place::Buffer(k.buffer("from_table", Scalar::F32, 4, Access::Read));
    let to = Place::Buffer(k.buffer("to", Scalar::F32, 2, Access::ReadWrite));
    let kept = Place::Shared(k.shared("kept", Scalar::F32, 64));
    let thread = k.builtin(Builtin::Thread);
    let (first, second) = (k.mul_u32(thread, 4), k.mul_u32(thread, 2));
    let (four, two, one, fixed) = {
        let six = k.u32(6);
        (k.load(from, first, 4), k.load(from, first, 2), k.load(from, thread, 1), k.load(from, six, 1))
    };
    let [x, y] = [0, 1].map(|lane| k.lane(four, lane));
    let pair = k.join(&[x, y]);
    let both = k.binary(Binary::Max, pair, two);
    let ones = k.splat(one, 2);
    let scaled = k.mul(both, ones);
    k.store(kept, second, scaled);
    k.barrier(Barrier::Shared);
    let kept_one = k.load(kept, thread, 1);
    let sum = k.add(kept_one, fixed);
    let sums = k.splat(sum, 2);
    k.store(to, second, sums);
    check(
        k,
        expect![[r#"

        @group(0) @binding(0) var<storage, read> from_table: array<vec4<f32>>;
        @group(0) @binding(1) var<storage, read_write> to: array<vec2<f32>>;

        var<workgroup> kept: array<vec2<f32>, 32>;

        @compute @workgroup_size(32)
        fn vectors(
            @builtin(local_invocation_index) thread: u32,
        ) {
            let v0 = thread * 4u;
            let v1 = thread * 2u;
            let v2 = from_table[v0 >> 2u];
            let v3 = v0 + 1u;
            let v4 = vec2<f32>(from_table[v0 >> 2u][v0 & 3u], from_table[v3 >> 2u][v3 & 3u]);
            kept[v1 >> 1u] = max(vec2<f32>(v2.x, v2.y), v4) * vec2<f32>(from_table[thread >> 2u][thread & 3u]);
            workgroupBarrier();
            to[v1 >> 1u] = vec2<f32>(kept[thread >> 1u][thread & 1u] + from_table[1u][2u]);
        }
    "#]],
    );
}

fn butterfly() -> Builder {
    let mut k = Builder::new("butterfly", "Adds up over pairs of threads.", 64);
    let words = Place::Buffer(k.buffer("words", Scalar::U32, 1, Access::ReadWrite));
    let total = k.buffer("total", Scalar::U32, 1, Access::Atomic);
    let places = [Builtin::Thread, Builtin::Subgroup, Builtin::SubgroupSize, Builtin::SubgroupThread];
    let [thread, subgroup, size, lane] = places.map(|place| k.builtin(place));
    let word = k.load(words, thread, 1);
    let other = k.exchange(word, 1);
    let sum = k.add(word, other);
    let before = k.mul(subgroup, size);
    let at = k.add(before, lane);
    k.store(words, at, sum);
    k.atomic(Atomic::Max, total, subgroup, sum);
    let groups = k.builtin(Builtin::Workgroups);
    k.atomic(Atomic::Add, total, groups, size);
    k
}

#[test]
fn subgroups_and_atomics() {
    check(
        butterfly(),
        expect![[r#"
        // Adds up over pairs of threads.

        @group(0) @binding(0) var<storage, read_write> words: array<u32>;
        @group(0) @binding(1) var<storage, read_write> total: array<atomic<u32>>;

        @compute @workgroup_size(64)
        fn butterfly(
            @builtin(local_invocation_index) thread: u32,
            @builtin(num_workgroups) groups: vec3<u32>,
            @builtin(subgroup_invocation_id) subgroup_thread: u32,
            @builtin(subgroup_id) subgroup: u32,
            @builtin(subgroup_size) subgroup_size: u32,
        ) {
            let v0 = words[thread];
            let v1 = subgroupShuffleXor(v0, 1u);
            let v2 = v0 + v1;
            words[subgroup * subgroup_size + subgroup_thread] = v2;
            atomicMax(&total[subgroup], v2);
            atomicAdd(&total[groups.x * groups.y], subgroup_size);
        }
    "#]],
    );
    let text = module(&butterfly().finish(), &Options { browser: true, ..Options::default() });
    assert!(text.contains("\nenable subgroups;\n"), "{text}");
}

/// One adds a number, in one instruction where there is one, and one does something else.
#[test]
fn changes_are_tried_until_no_other_comes_between() {
    let mut k = Builder::new("scatter", "Adds numbers to sums.", 64);
    let numbers = Place::Buffer(k.buffer("numbers", Scalar::F32, 1, Access::Read));
    let sums = k.buffer("sums", Scalar::F32, 1, Access::Atomic);
    let most = k.buffer("most", Scalar::U32, 1, Access::Atomic);
    let thread = k.builtin(Builtin::Thread);
    let number = k.load(numbers, thread, 1);
    let index = k.mul_u32(thread, 2);
    k.atomic(Atomic::Add, sums, index, number);
    let (zero, one) = (k.u32(0), k.u32(1));
    k.change(most, zero, |k, held| {
        let doubled = k.add(held, held);
        let more = k.binary(Binary::Xor, thread, one);
        k.name(held, "most_yet");
        k.binary(Binary::Max, doubled, more)
    });
    let kernel = k.finish();
    expect![[r#"
        // Adds numbers to sums.

        @group(0) @binding(0) var<storage, read> numbers: array<f32>;
        @group(0) @binding(1) var<storage, read_write> sums: array<atomic<u32>>;
        @group(0) @binding(2) var<storage, read_write> most: array<atomic<u32>>;

        @compute @workgroup_size(64)
        fn scatter(
            @builtin(local_invocation_index) thread: u32,
        ) {
            let v0 = numbers[thread];
            let v1 = thread * 2u;
            var held = atomicLoad(&sums[v1]);
            loop {
                let tried = atomicCompareExchangeWeak(&sums[v1], held, bitcast<u32>(bitcast<f32>(held) + v0));
                if tried.exchanged {
                    break;
                }
                held = tried.old_value;
            }
            var most_yet = atomicLoad(&most[0u]);
            loop {
                let tried_1 = atomicCompareExchangeWeak(&most[0u], most_yet, max(most_yet + most_yet, (thread ^ 1u)));
                if tried_1.exchanged {
                    break;
                }
                most_yet = tried_1.old_value;
            }
        }
    "#]]
    .assert_eq(&module(&kernel, &Options::default()));
    let native = module(&kernel, &Options { float_atomics: true, ..Options::default() });
    assert!(native.contains("sums: array<atomic<f32>>;"), "{native}");
    assert!(native.contains("atomicAdd(&sums[thread * 2u], numbers[thread]);"), "{native}");
}

#[test]
fn words_of_wgsl_are_no_names() {
    let mut k = Builder::new("words", "", 1);
    let buffer = Place::Buffer(k.buffer("array", Scalar::U32, 1, Access::ReadWrite));
    let shared = Place::Shared(k.shared("vec4", Scalar::U32, 4));
    let (a, b) = (k.parameter("fn", Scalar::U32, 1), k.parameter("thread", Scalar::U32, 1));
    let thread = k.builtin(Builtin::Thread);
    let named = k.add(a, b);
    k.name(named, "min");
    let again = k.mul(a, b);
    k.name(again, "min");
    k.store(shared, thread, named);
    k.store(buffer, named, again);
    k.repeat(named, again, thread, |k, index| {
        k.name(index, "loop");
        let loaded = k.load(shared, index, 1);
        let least = k.binary(Binary::Min, loaded, a);
        k.store(buffer, index, least);
    });
    check(
        k,
        expect![[r#"

        struct Parameters {
            fn_1: u32,
            thread: u32,
        }

        @group(0) @binding(0) var<storage, read_write> array_1: array<u32>;
        @group(0) @binding(1) var<uniform> parameters: Parameters;

        var<workgroup> vec4_1: array<u32, 4>;

        @compute @workgroup_size(1)
        fn words(
            @builtin(local_invocation_index) thread: u32,
        ) {
            let min_1 = parameters.fn_1 + parameters.thread;
            let min_2 = parameters.fn_1 * parameters.thread;
            vec4_1[thread] = min_1;
            array_1[min_1] = min_2;
            for (var loop_1 = min_1; loop_1 < min_2; loop_1 += thread) {
                array_1[loop_1] = min(vec4_1[loop_1], parameters.fn_1);
            }
        }
    "#]],
    );
}

#[test]
fn artifacts_list_what_kernels_have() {
    let mut k = butterfly();
    k.parameter("count", Scalar::U32, 1);
    k.parameter("parameter0", Scalar::F32, 1);
    let plan = Plan { role: Role::Forward, rows: 8, kernel: k.finish() };
    let artifact = artifacts(&[plan], Schedule::default(), &Options::default()).remove(0);
    assert_eq!((artifact.entry.as_str(), artifact.workgroup, artifact.rows), ("butterfly", 64, 8));
    let kinds: Vec<_> = artifact.parameters.iter().map(|it| (it.name.as_str(), it.kind)).collect();
    assert_eq!(kinds, [("count", WordKind::U32), ("parameter0", WordKind::F32)]);
    let directions: Vec<_> = artifact.buffers.iter().map(|it| (it.name.as_str(), it.direction)).collect();
    assert_eq!(directions, [("words", Direction::Write), ("total", Direction::Write)]);
    assert!(artifact.text.contains("@binding(2) var<uniform>"), "{}", artifact.text);
}
