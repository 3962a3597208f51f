//! Each rule, broken by a kernel of its own; and what is proved, held against the executor.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};

use super::super::testing::{Wait, butterfly, copy, histogram, quads, random_kernel, scatter, transpose, tree};
use super::super::{
    Access, Atomic, Barrier, Binary, BufferId, Builder, Builtin, Constant, Expression, Kernel, Launch, Place, Scalar,
    SharedId, Statement, Type, Unary, Value, VariableId, What, execute,
};
use super::{Rule, verify};
use crate::testing::Random;

/// What is said of a kernel that breaks rules.
fn refused(kernel: &Kernel, expected: Expect) {
    let mistakes = verify(kernel).expect_err("a rule is broken");
    let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    expected.assert_eq(&lines.join("\n"));
}

fn accepted(kernel: &Kernel) {
    if let Err(mistakes) = verify(kernel) {
        panic!("{mistakes:#?}\n{kernel}");
    }
}

/// A kernel of 64 threads with a buffer to read, one to write, an atomic one, an array of 64 words, and a body.
fn sample(fill: impl FnOnce(&mut Builder, &Sample)) -> Kernel {
    let mut k = Builder::new("sample", "", 64);
    let sample = Sample {
        read: k.buffer("numbers", Scalar::F32, 4, Access::Read),
        written: k.buffer("sums", Scalar::F32, 2, Access::ReadWrite),
        atomic: k.buffer("counts", Scalar::U32, 1, Access::Atomic),
        shared: k.shared("tile", Scalar::F32, 64),
        thread: k.builtin(Builtin::Thread),
        one: k.f32(1.0),
    };
    fill(&mut k, &sample);
    k.finish()
}

struct Sample {
    read: BufferId,
    written: BufferId,
    atomic: BufferId,
    shared: SharedId,
    thread: Value,
    one: Value,
}

#[test]
fn right_kernels_are_accepted() {
    for kernel in [copy(), tree(), butterfly(), transpose(), histogram(), scatter(), quads(Wait::Both)] {
        accepted(&kernel);
    }
}

#[test]
fn names() {
    let mut kernel = copy();
    kernel.name = "__copy".to_owned();
    refused(&kernel, expect!["kernel `__copy`, in its declarations: `__copy` is not an identifier"]);
    let mut k = Builder::new("copy", "", 1);
    k.buffer("copy", Scalar::F32, 1, Access::Read);
    let parameter = k.parameter("a-b", Scalar::U32, 1);
    k.name(parameter, "");
    refused(
        &k.finish(),
        expect![[r#"
        kernel `copy`, in its declarations: `a-b` is not an identifier
        kernel `copy`, in its declarations: the name `copy` is given twice
        kernel `copy`, in its declarations: `` is not an identifier"#]],
    );
}

#[test]
fn declarations() {
    let mut k = Builder::new("sample", "", 0);
    k.buffer("wide", Scalar::F32, 3, Access::Read);
    k.buffer("truth", Scalar::Bool, 1, Access::Read);
    k.shared("empty", Scalar::F32, 0);
    k.parameter("size", Scalar::U32, 0);
    refused(
        &k.finish(),
        expect![[r#"
        kernel `sample`, in its declarations: a workgroup has no thread
        kernel `sample`, in its declarations: `size` is a multiple of 0
        kernel `sample`, in its declarations: `wide` has 3 lanes, which is not 1, 2 or 4
        kernel `sample`, in its declarations: `truth` holds truth values
        kernel `sample`, in its declarations: `empty` has no word"#]],
    );
}

#[test]
fn handles_that_do_not_exist() {
    let mut kernel = copy();
    let index = kernel.values.push((Type::U32, None));
    let load = Expression::Load { place: Place::Shared(SharedId::new(7)), index, lanes: 1 };
    kernel.body = vec![
        Statement::Let(index, Expression::Constant(Constant::U32(0))),
        Statement::Let(Value::new(1000), load),
        Statement::Set(VariableId::new(3), index),
        Statement::Atomic { op: Atomic::Add, buffer: BufferId::new(9), index, value: index },
    ];
    refused(
        &kernel,
        expect![[r#"
            kernel `copy`, at `v1000 = s7[v14]`: there is no s7
            kernel `copy`, at `v1000 = s7[v14]`: there is no v1000
            kernel `copy`, at `x3 = v14`: there is no x3
            kernel `copy`, at `atomic add b9[v14], v14`: there is no b9"#]],
    );
}

#[test]
fn a_value_defined_twice() {
    let mut kernel = copy();
    kernel.body.push(kernel.body[0].clone());
    refused(&kernel, expect!["kernel `copy`, at `v0: u32 = parameter count`: `v0` is defined twice"]);
}

#[test]
fn a_value_read_outside_its_block() {
    let mut kernel = tree();
    let Some(Statement::If { then, .. }) = kernel.body.last() else { panic!("an `if`") };
    let Some(Statement::Let(value, _)) = then.first() else { panic!("a load") };
    let value = *value;
    let index = Value::new(0);
    kernel.body.push(Statement::Store { place: Place::Shared(SharedId::new(0)), index, value });
    refused(&kernel, expect!["kernel `tree`, at `partial[v0] = v18`: `v18` is not defined here"]);
}

#[test]
fn a_loop_reads_its_index_after_it() {
    let mut kernel = sample(|k, s| {
        let (zero, one) = (k.u32(0), k.u32(1));
        k.repeat(zero, one, one, |k, index| k.store(Place::Buffer(s.written), index, s.one));
    });
    let Some(Statement::For { index, .. }) = kernel.body.last() else { panic!("a loop") };
    let (index, one) = (*index, Value::new(1));
    kernel.body.push(Statement::Store { place: Place::Buffer(BufferId::new(1)), index, value: one });
    refused(&kernel, expect!["kernel `sample`, at `sums[v4] = v1`: `v4` is not defined here"]);
}

#[test]
fn a_variable_that_only_one_branch_sets() {
    let set_in = |both: bool| {
        let mut kernel = sample(|k, s| {
            let variable = k.variable(s.one);
            let (zero, held) = (k.u32(0), k.get(variable));
            k.store(Place::Buffer(s.written), zero, held);
        });
        let set = kernel.body.iter().position(|it| matches!(it, Statement::Set(..))).expect("a variable is set");
        let set = kernel.body.remove(set);
        let condition = kernel.values.push((Type::BOOL, None));
        let otherwise = if both { vec![set.clone()] } else { vec![] };
        let get = kernel.body.iter().position(|it| matches!(it, Statement::Let(_, Expression::Get(_)))).expect("a get");
        kernel.body.insert(get, Statement::If { condition, then: vec![set], otherwise });
        kernel.body.insert(0, Statement::Let(condition, Expression::Constant(Constant::Bool(true))));
        kernel
    };
    accepted(&set_in(true));
    refused(&set_in(false), expect!["kernel `sample`, at `v3: f32 = x0`: x0 is read where it may not be set"]);
}

#[test]
fn types() {
    let mut kernel = sample(|k, s| k.store(Place::Buffer(s.written), s.thread, s.one));
    let (thread, one) = (Value::new(0), Value::new(1));
    let mut define = |ty: Type, expression: Expression| {
        let value = kernel.values.push((ty, None));
        kernel.body.push(Statement::Let(value, expression));
    };
    define(Type::U32, Expression::Binary(Binary::Add, thread, one));
    define(Type::U32, Expression::Unary(Unary::Exp, one));
    define(Type::F32, Expression::Lane(one, 1));
    define(Type::F32, Expression::Select { condition: thread, yes: one, no: one });
    define(Type::F32, Expression::Load { place: Place::Shared(SharedId::new(0)), index: thread, lanes: 3 });
    define(Type::F32, Expression::Exchange { value: one, mask: 128 });
    kernel.body.push(Statement::If { condition: thread, then: vec![], otherwise: vec![] });
    kernel.body.push(Statement::Store { place: Place::Buffer(BufferId::new(1)), index: one, value: thread });
    let (buffer, index) = (BufferId::new(2), thread);
    kernel.body.push(Statement::Atomic { op: Atomic::Add, buffer, index, value: one });
    refused(
        &kernel,
        expect![[r#"
        kernel `sample`, at `v2: u32 = add v0, v1`: the operands have the wrong types
        kernel `sample`, at `v3: u32 = exp v1`: `v3` is u32, and should be f32
        kernel `sample`, at `v4: f32 = lane1 v1`: the operands have the wrong types
        kernel `sample`, at `v5: f32 = select v0, v1, v1`: the operands have the wrong types
        kernel `sample`, at `v6: f32 = tile[v0; 3]`: the operands have the wrong types
        kernel `sample`, at `v7: f32 = exchange v1 by 128`: no subgroup has threads that differ by 128
        kernel `sample`, at `if v0`: `v0` is u32, and should be bool
        kernel `sample`, at `sums[v1] = v0`: `v1` is f32, and should be u32
        kernel `sample`, at `sums[v1] = v0`: `v0` is u32, and should be f32
        kernel `sample`, at `atomic add counts[v0], v1`: `v1` is f32, and should be u32"#]],
    );
}

#[test]
fn what_buffers_are_for() {
    let kernel = sample(|k, s| {
        k.store(Place::Buffer(s.read), s.thread, s.one);
        let (zero, count) = (k.u32(0), k.u32(1));
        k.atomic(Atomic::Add, s.written, zero, s.one);
        k.store(Place::Buffer(s.atomic), zero, count);
        let wide = k.f32s(1.0, 4);
        k.store(Place::Buffer(s.written), zero, wide);
    });
    refused(
        &kernel,
        expect![[r#"
        kernel `sample`, at `numbers[v0] = v1`: `numbers` is only read
        kernel `sample`, at `atomic add sums[v2], v1`: `sums` is not atomic
        kernel `sample`, at `counts[v2] = v3`: `counts` is atomic, and accessed otherwise
        kernel `sample`, at `sums[v2; 4] = v4`: `sums` allows accesses of 2 lanes, and not of 4"#]],
    );
}

#[test]
fn what_is_added_as_vectors() {
    let mut k = Builder::new("sample", "", 8);
    let sums = k.buffer("sums", Scalar::F32, 4, Access::Atomic);
    let pairs = k.buffer("pairs", Scalar::F32, 2, Access::Atomic);
    let counts = k.buffer("counts", Scalar::U32, 4, Access::Atomic);
    let (thread, four) = (k.builtin(Builtin::Thread), k.f32s(1.0, 4));
    let numbers = k.define(Expression::Bits(Scalar::U32, four));
    let index = k.mul_u32(thread, 4);
    k.atomic(Atomic::Add, sums, index, four);
    k.atomic(Atomic::Add, sums, thread, four);
    k.atomic(Atomic::Add, pairs, index, four);
    k.atomic(Atomic::Add, counts, index, numbers);
    k.atomic(Atomic::Max, counts, index, numbers);
    refused(
        &k.finish(),
        expect![[r#"
        kernel `sample`, at `atomic add pairs[v5; 4], v2`: `pairs` allows accesses of 2 lanes, and not of 4
        kernel `sample`, at `atomic add counts[v5; 4], v3`: `v3` is u32x4, and should be u32
        kernel `sample`, at `atomic max counts[v5; 4], v3`: `v3` is u32x4, and should be u32"#]],
    );
    let mut k = Builder::new("sample", "", 8);
    let sums = k.buffer("sums", Scalar::F32, 4, Access::Atomic);
    let (thread, four) = (k.builtin(Builtin::Thread), k.f32s(1.0, 4));
    k.atomic(Atomic::Add, sums, thread, four);
    refused(
        &k.finish(),
        expect![
            "kernel `sample`, at `atomic add sums[v0; 4], v2`: 4 lanes at `v0`, which is known to be a multiple of 1 only"
        ],
    );
}

#[test]
fn what_is_copied() {
    let mut k = Builder::new("sample", "", 8);
    let numbers = k.buffer("numbers", Scalar::U32, 2, Access::Read);
    let written = k.buffer("written", Scalar::U32, 4, Access::ReadWrite);
    let floats = k.buffer("floats", Scalar::F32, 4, Access::Read);
    let tile = k.shared("tile", Scalar::U32, 32);
    let thread = k.builtin(Builtin::Thread);
    let index = k.mul_u32(thread, 4);
    for (buffer, lanes) in [(numbers, 2), (numbers, 4), (written, 4), (floats, 4), (numbers, 3)] {
        k.copy(tile, index, buffer, index, lanes);
    }
    refused(
        &k.finish(),
        expect![[r#"
        kernel `sample`, at `copy tile[v2; 4] from numbers[v2; 4]`: `numbers` allows accesses of 2 lanes, and not of 4
        kernel `sample`, at `copy tile[v2; 4] from written[v2; 4]`: `written` may be written, and is copied meanwhile
        kernel `sample`, at `copy tile[v2; 4] from floats[v2; 4]`: the operands have the wrong types
        kernel `sample`, at `copy tile[v2; 3] from numbers[v2; 3]`: the operands have the wrong types
        kernel `sample`, at `copy tile[v2; 3] from numbers[v2; 3]`: `numbers` allows accesses of 2 lanes, and not of 3"#]],
    );
    let mut k = Builder::new("sample", "", 8);
    let numbers = k.buffer("numbers", Scalar::U32, 4, Access::Read);
    let tile = k.shared("tile", Scalar::U32, 28);
    let thread = k.builtin(Builtin::Thread);
    let index = k.mul_u32(thread, 4);
    k.copy(tile, index, numbers, index, 4);
    k.copy(tile, thread, numbers, index, 2);
    k.copy(tile, thread, numbers, thread, 1);
    refused(
        &k.finish(),
        expect![[r#"
        kernel `sample`, at `copy tile[v0; 2] from numbers[v2; 2]`: 2 lanes at `v0`, which is known to be a multiple of 1 only
        kernel `sample`, at `copy tile[v2; 4] from numbers[v2; 4]`: `v2` may be up to 31, and `tile` ends after 28 words"#]],
    );
}

#[test]
fn what_changes_are_made_of() {
    let kernel = sample(|k, s| {
        let zero = k.u32(0);
        k.change(s.written, zero, |_, held| held);
        k.change(s.atomic, zero, |k, held| {
            let number = k.load(Place::Buffer(s.read), s.thread, 1);
            let bits = k.define(Expression::Bits(Scalar::U32, number));
            k.barrier(Barrier::Buffers);
            k.add(held, bits)
        });
        k.change(s.atomic, zero, |_, _| s.one);
    });
    refused(
        &kernel,
        expect![[r#"
        kernel `sample`, at `change sums[v2] from v3 to v3`: `sums` is not atomic
        kernel `sample`, at `v5: f32 = numbers[v0]`: a change is made by operations alone
        kernel `sample`, at `barrier buffers`: a change is made by operations alone
        kernel `sample`, at `change counts[v2] from v8 to v1`: `v1` is f32, and should be u32"#]],
    );
    let mut kernel = sample(|k, s| {
        k.change(s.atomic, s.thread, |_, held| held);
        k.store(Place::Buffer(s.written), s.thread, s.one);
    });
    // What a word holds is known to its change alone.
    let Some(Statement::Change { held, .. }) = kernel.body.iter().find(|it| matches!(it, Statement::Change { .. }))
    else {
        panic!("a change")
    };
    let (buffer, index, value) = (BufferId::new(2), *held, *held);
    kernel.body.push(Statement::Atomic { op: Atomic::Add, buffer, index, value });
    let later = kernel.values.push((Type::U32, None));
    let change = Statement::Change { buffer, index: Value::new(0), held: later, body: vec![], value };
    kernel.body.push(change);
    refused(
        &kernel,
        expect![[r#"
        kernel `sample`, at `atomic add counts[v2], v2`: `v2` is not defined here
        kernel `sample`, at `atomic add counts[v2], v2`: `v2` is not defined here
        kernel `sample`, at `change counts[v0] from v3 to v2`: `v2` is not defined here"#]],
    );
}

#[test]
fn the_greatest_of_f32() {
    let mut k = Builder::new("sample", "", 1);
    let sums = k.buffer("sums", Scalar::F32, 1, Access::Atomic);
    let zero = k.u32(0);
    k.atomic(Atomic::Max, sums, zero, zero);
    refused(&k.finish(), expect!["kernel `sample`, at `atomic max sums[v0], v0`: the operands have the wrong types"]);
}

/// A kernel that stores `lanes` words of a buffer at an index.
fn wide(lanes: u8, index: impl FnOnce(&mut Builder) -> Value) -> Kernel {
    let mut k = Builder::new("wide", "", 64);
    let buffer = k.buffer("words", Scalar::U32, 4, Access::ReadWrite);
    let index = index(&mut k);
    let one = k.u32(1);
    let value = k.splat(one, lanes);
    k.store(Place::Buffer(buffer), index, value);
    k.finish()
}

#[test]
fn indices_that_are_multiples() {
    fn parameter(k: &mut Builder, multiple: u32) -> Value {
        k.parameter("size", Scalar::U32, multiple)
    }
    fn thread(k: &mut Builder) -> Value {
        k.builtin(Builtin::Thread)
    }
    let by = |op: Binary, known: u32| {
        move |k: &mut Builder| {
            let (thread, known) = (thread(k), k.u32(known));
            k.binary(op, thread, known)
        }
    };
    accepted(&wide(4, |k| k.u32(12)));
    accepted(&wide(4, |k| parameter(k, 12)));
    accepted(&wide(4, by(Binary::Mul, 12)));
    accepted(&wide(4, by(Binary::ShiftLeft, 2)));
    accepted(&wide(4, by(Binary::And, !3)));
    accepted(&wide(2, by(Binary::Mul, 6)));
    accepted(&wide(4, |k| {
        let (row, size) = (thread(k), parameter(k, 4));
        let (first, eight) = (k.mul(row, size), k.u32(8));
        let last = k.add_u32(first, 8);
        let less = k.less(first, eight);
        let chosen = k.select(less, first, last);
        let half = k.mul_u32(chosen, 2);
        let two = k.u32(2);
        let whole = k.div(half, two);
        k.sub(whole, first)
    }));
    accepted(&wide(2, |k| {
        let (thread, pitch) = (thread(k), k.u32(16));
        let number = k.mul_u32(thread, 6);
        k.rem(number, pitch)
    }));
    refused(
        &wide(4, thread),
        expect!["kernel `wide`, at `words[v0; 4] = v2`: 4 lanes at `v0`, which is known to be a multiple of 1 only"],
    );
    refused(
        &wide(4, |k| parameter(k, 2)),
        expect!["kernel `wide`, at `words[v0; 4] = v2`: 4 lanes at `v0`, which is known to be a multiple of 2 only"],
    );
    refused(
        &wide(2, by(Binary::Add, 4)),
        expect!["kernel `wide`, at `words[v2; 2] = v4`: 2 lanes at `v2`, which is known to be a multiple of 1 only"],
    );
    refused(
        &wide(4, by(Binary::Mul, 6)),
        expect!["kernel `wide`, at `words[v2; 4] = v4`: 4 lanes at `v2`, which is known to be a multiple of 2 only"],
    );
    refused(
        &wide(4, by(Binary::Div, 4)),
        expect!["kernel `wide`, at `words[v2; 4] = v4`: 4 lanes at `v2`, which is known to be a multiple of 1 only"],
    );
    refused(
        &wide(4, by(Binary::ShiftRight, 2)),
        expect!["kernel `wide`, at `words[v2; 4] = v4`: 4 lanes at `v2`, which is known to be a multiple of 1 only"],
    );
}

#[test]
fn multiples_in_loops_and_variables() {
    let looped = |step: u32, bump: u32| {
        let mut k = Builder::new("wide", "", 64);
        let buffer = Place::Buffer(k.buffer("words", Scalar::U32, 4, Access::ReadWrite));
        let (zero, until, step) = (k.u32(0), k.u32(64), k.u32(step));
        let vector = k.splat(zero, 4);
        let offset = k.variable(zero);
        k.repeat(zero, until, step, |k, index| {
            let held = k.get(offset);
            let at = k.add(index, held);
            k.store(buffer, at, vector);
            let next = k.add_u32(held, bump);
            k.set(offset, next);
        });
        k.finish()
    };
    accepted(&looped(4, 8));
    refused(
        &looped(6, 8),
        expect!["kernel `wide`, at `words[v6; 4] = v3`: 4 lanes at `v6`, which is known to be a multiple of 2 only"],
    );
    refused(
        &looped(4, 2),
        expect!["kernel `wide`, at `words[v6; 4] = v3`: 4 lanes at `v6`, which is known to be a multiple of 2 only"],
    );
}

/// A kernel of 64 threads that loads from 64 words of shared memory at an index, and may do more.
fn bounded(fill: impl FnOnce(&mut Builder, &mut dyn FnMut(&mut Builder, Value))) -> Kernel {
    let mut k = Builder::new("bounded", "", 64);
    let (words, zero) = (Place::Shared(k.shared("tile", Scalar::U32, 64)), k.u32(0));
    let sums = Place::Buffer(k.buffer("sums", Scalar::U32, 1, Access::ReadWrite));
    fill(&mut k, &mut |k, index| {
        let word = k.load(words, index, 1);
        k.store(sums, zero, word);
    });
    k.finish()
}

#[test]
fn indices_within_shared_memory() {
    let thread_by = |op: Binary, known: u32| {
        bounded(|k, load| {
            let (thread, known) = (k.builtin(Builtin::Thread), k.u32(known));
            let index = k.binary(op, thread, known);
            load(k, index);
        })
    };
    accepted(&thread_by(Binary::Add, 0));
    accepted(&thread_by(Binary::Min, 70));
    accepted(&thread_by(Binary::Xor, 63));
    accepted(&thread_by(Binary::Or, 5));
    accepted(&thread_by(Binary::ShiftRight, 3));
    refused(
        &thread_by(Binary::Add, 1),
        expect!["kernel `bounded`, at `v4: u32 = tile[v3]`: `v3` may be up to 64, and `tile` ends after 64 words"],
    );
    refused(
        &thread_by(Binary::Sub, 1),
        expect![
            "kernel `bounded`, at `v4: u32 = tile[v3]`: `v3` may be up to 4294967295, and `tile` ends after 64 words"
        ],
    );
    refused(
        &thread_by(Binary::Mul, 2),
        expect!["kernel `bounded`, at `v4: u32 = tile[v3]`: `v3` may be up to 126, and `tile` ends after 64 words"],
    );
    refused(
        &thread_by(Binary::Max, 64),
        expect!["kernel `bounded`, at `v4: u32 = tile[v3]`: `v3` may be up to 64, and `tile` ends after 64 words"],
    );
    let of_parameter = |op: Binary, known: u32| {
        bounded(|k, load| {
            let (size, known) = (k.parameter("size", Scalar::U32, 1), k.u32(known));
            let index = k.binary(op, size, known);
            load(k, index);
        })
    };
    accepted(&of_parameter(Binary::Rem, 64));
    accepted(&of_parameter(Binary::And, 63));
    accepted(&of_parameter(Binary::Div, 1 << 26));
    accepted(&of_parameter(Binary::ShiftRight, 26));
    accepted(&of_parameter(Binary::MulHigh, 64));
    refused(
        &of_parameter(Binary::Rem, 65),
        expect!["kernel `bounded`, at `v4: u32 = tile[v3]`: `v3` may be up to 64, and `tile` ends after 64 words"],
    );
    refused(
        &of_parameter(Binary::ShiftRight, 25),
        expect!["kernel `bounded`, at `v4: u32 = tile[v3]`: `v3` may be up to 127, and `tile` ends after 64 words"],
    );
    refused(
        &of_parameter(Binary::MulHigh, 66),
        expect!["kernel `bounded`, at `v4: u32 = tile[v3]`: `v3` may be up to 65, and `tile` ends after 64 words"],
    );
}

#[test]
fn conditions_narrow_what_was_computed_before() {
    let guarded = |op: Binary, known: u32, truth: bool| {
        bounded(|k, load| {
            let (size, known) = (k.parameter("size", Scalar::U32, 1), k.u32(known));
            let index = k.mul_u32(size, 2);
            let holds = k.binary(op, size, known);
            if truth {
                k.when(holds, |k| load(k, index));
            } else {
                k.choose(holds, |_| (), |k| load(k, index));
            }
        })
    };
    accepted(&guarded(Binary::Less, 32, true));
    refused(
        &guarded(Binary::Less, 33, true),
        expect!["kernel `bounded`, at `v6: u32 = tile[v4]`: `v4` may be up to 64, and `tile` ends after 64 words"],
    );
    accepted(&guarded(Binary::LessEqual, 31, true));
    accepted(&guarded(Binary::Equal, 31, true));
    accepted(&guarded(Binary::GreaterEqual, 32, false));
    accepted(&guarded(Binary::Greater, 31, false));
    accepted(&guarded(Binary::NotEqual, 31, false));
    refused(
        &guarded(Binary::Less, 32, false),
        expect![
            "kernel `bounded`, at `v6: u32 = tile[v4]`: `v4` may be up to 4294967295, and `tile` ends after 64 words"
        ],
    );
    accepted(&bounded(|k, load| {
        let (a, b) = (k.parameter("a", Scalar::U32, 1), k.parameter("b", Scalar::U32, 1));
        let (eight, seven) = (k.u32(8), k.u32(7));
        let (first, second) = (k.less(a, eight), k.binary(Binary::LessEqual, b, seven));
        let both = k.binary(Binary::And, first, second);
        let row = k.mul(a, eight);
        let index = k.add(row, b);
        k.when(both, |k| load(k, index));
    }));
    // Rows of 8 threads: the first of each read what those further on have.
    let folded = |op: Binary, known: u32, far: u32| {
        bounded(|k, load| {
            let (thread, known, four) = (k.builtin(Builtin::Thread), k.u32(known), k.u32(4));
            let lane = k.binary(op, thread, known);
            let few = k.less(lane, four);
            let index = k.add_u32(thread, far);
            k.when(few, |k| load(k, index));
        })
    };
    accepted(&folded(Binary::Rem, 8, 4));
    accepted(&folded(Binary::And, 7, 4));
    refused(
        &folded(Binary::Rem, 8, 5),
        expect!["kernel `bounded`, at `v8: u32 = tile[v7]`: `v7` may be up to 64, and `tile` ends after 64 words"],
    );
    refused(
        &folded(Binary::And, 6, 4),
        expect!["kernel `bounded`, at `v7: u32 = tile[v6]`: `v6` may be up to 67, and `tile` ends after 64 words"],
    );
    accepted(&bounded(|k, load| {
        let (thread, lane) = (k.builtin(Builtin::Thread), k.u32(8));
        let (lane, five) = (k.rem(thread, lane), k.u32(5));
        let many = k.binary(Binary::GreaterEqual, lane, five);
        let index = k.sub(thread, five);
        k.when(many, |k| load(k, index));
    }));
    accepted(&bounded(|k, load| {
        let (a, last, many) = (k.parameter("a", Scalar::U32, 1), k.u32(63), k.u32(64));
        let less = k.less(a, many);
        let index = k.select(less, a, last);
        load(k, index);
    }));
}

#[test]
fn what_a_comparison_says_and_no_more() {
    let ops = [Binary::Less, Binary::LessEqual, Binary::Greater, Binary::GreaterEqual, Binary::Equal, Binary::NotEqual];
    let compare = |op: Binary, a: u32, b: u32| match op {
        Binary::Less => a < b,
        Binary::LessEqual => a <= b,
        Binary::Greater => a > b,
        Binary::GreaterEqual => a >= b,
        Binary::Equal => a == b,
        _ => a != b,
    };
    let offsets = [-64, -33, -32, -31, -30, -1, 0, 1, 30, 31, 32, 33, 64];
    for (op, truth, swapped) in ops
        .into_iter()
        .flat_map(|op| [(op, true), (op, false)])
        .flat_map(|(op, truth)| [(op, truth, false), (op, truth, true)])
    {
        for offset in offsets {
            let kernel = bounded(|k, load| {
                let (thread, limit) = (k.builtin(Builtin::Thread), k.u32(32));
                let holds = if swapped { k.binary(op, limit, thread) } else { k.binary(op, thread, limit) };
                let far = k.u32(i32::unsigned_abs(offset));
                let index = if offset < 0 { k.sub(thread, far) } else { k.add(thread, far) };
                if truth {
                    k.when(holds, |k| load(k, index));
                } else {
                    k.choose(holds, |_| (), |k| load(k, index));
                }
            });
            let comes = |thread: u32| {
                let holds = if swapped { compare(op, 32, thread) } else { compare(op, thread, 32) };
                holds == truth
            };
            let within =
                (0..64).filter(|thread| comes(*thread)).all(|thread| (0..64).contains(&(thread as i32 + offset)));
            assert_eq!(verify(&kernel).is_ok(), within, "{op} {truth} {swapped} {offset}\n{kernel}");
        }
    }
}

#[test]
fn loops_in_shared_memory() {
    let looped = |until: u32| {
        bounded(|k, load| {
            let (thread, until, step) = (k.builtin(Builtin::Thread), k.u32(until), k.u32(64));
            k.repeat(thread, until, step, load);
        })
    };
    accepted(&looped(64));
    refused(
        &looped(65),
        expect!["kernel `bounded`, at `v5: u32 = tile[v4]`: `v4` may be up to 64, and `tile` ends after 64 words"],
    );
    // What a variable grows to over the rounds of a loop is not known; what it is cut off to is.
    let counted = |cut: u32| {
        bounded(|k, load| {
            let (zero, ten, one, cut) = (k.u32(0), k.u32(10), k.u32(1), k.u32(cut));
            let count = k.variable(zero);
            k.repeat(zero, ten, one, |k, _| {
                let held = k.get(count);
                load(k, held);
                let next = k.add(held, one);
                let next = k.rem(next, cut);
                k.set(count, next);
            });
        })
    };
    accepted(&counted(64));
    refused(
        &counted(80),
        expect!["kernel `bounded`, at `v6: u32 = tile[v5]`: `v5` may be up to 79, and `tile` ends after 64 words"],
    );
}

#[test]
fn steps() {
    let stepped = |step: fn(&mut Builder) -> Value| {
        bounded(|k, load| {
            let (zero, until) = (k.u32(0), k.u32(64));
            let step = step(k);
            k.repeat(zero, until, step, load);
        })
    };
    accepted(&stepped(|k| k.builtin(Builtin::SubgroupSize)));
    accepted(&stepped(|k| {
        let workgroups = k.builtin(Builtin::Workgroups);
        k.mul_u32(workgroups, 64)
    }));
    refused(
        &stepped(|k| k.parameter("size", Scalar::U32, 4)),
        expect!["kernel `bounded`, at `for v3 from v0 until v1 step v2`: the step `v2` may be 0"],
    );
    refused(
        &stepped(|k| {
            let workgroups = k.builtin(Builtin::Workgroups);
            k.mul_u32(workgroups, 65)
        }),
        expect!["kernel `bounded`, at `for v5 from v0 until v1 step v4`: the step `v4` may be 0"],
    );
}

/// A kernel with a barrier where a condition is true.
fn parted(condition: impl FnOnce(&mut Builder, &Sample) -> Value) -> Kernel {
    sample(|k, s| {
        let condition = condition(k, s);
        k.when(condition, |k| k.barrier(Barrier::Shared));
    })
}

#[test]
fn barriers_where_all_threads_come() {
    fn below(k: &mut Builder, value: Value) -> Value {
        let limit = k.u32(8);
        k.less(value, limit)
    }
    for builtin in [Builtin::Workgroup, Builtin::Workgroups, Builtin::SubgroupSize] {
        accepted(&parted(|k, _| {
            let place = k.builtin(builtin);
            below(k, place)
        }));
    }
    accepted(&parted(|k, s| {
        let workgroup = k.builtin(Builtin::Workgroup);
        let number = k.load(Place::Buffer(s.read), workgroup, 1);
        k.less(number, s.one)
    }));
    refused(
        &parted(|k, s| below(k, s.thread)),
        expect!["kernel `sample`, at `barrier shared`: not all threads of the workgroup may come here"],
    );
    for builtin in [Builtin::Subgroup, Builtin::SubgroupThread] {
        let kernel = parted(|k, _| {
            let place = k.builtin(builtin);
            below(k, place)
        });
        assert_eq!(verify(&kernel).expect_err("not uniform")[0].rule, Rule::NotUniform);
    }
    let loads = |place: fn(&Sample) -> Place, at_thread: bool| {
        parted(|k, s| {
            let index = if at_thread { s.thread } else { k.u32(0) };
            let number = k.load(place(s), index, 1);
            k.less(number, s.one)
        })
    };
    accepted(&loads(|s| Place::Buffer(s.read), false));
    refused(
        &loads(|s| Place::Buffer(s.read), true),
        expect!["kernel `sample`, at `barrier shared`: not all threads of the workgroup may come here"],
    );
    refused(
        &loads(|s| Place::Buffer(s.written), false),
        expect!["kernel `sample`, at `barrier shared`: not all threads of the workgroup may come here"],
    );
    refused(
        &loads(|s| Place::Shared(s.shared), false),
        expect!["kernel `sample`, at `barrier shared`: not all threads of the workgroup may come here"],
    );
    refused(
        &parted(|k, _| {
            let workgroup = k.builtin(Builtin::Workgroup);
            let other = k.exchange(workgroup, 1);
            below(k, other)
        }),
        expect!["kernel `sample`, at `barrier shared`: not all threads of the workgroup may come here"],
    );
}

#[test]
fn an_exchange_that_some_miss() {
    let kernel = sample(|k, s| {
        let limit = k.u32(8);
        let few = k.less(s.thread, limit);
        k.when(few, |k| {
            let other = k.exchange(s.one, 1);
            k.store(Place::Buffer(s.written), s.thread, other);
        });
    });
    refused(
        &kernel,
        expect!["kernel `sample`, at `v4: f32 = exchange v1 by 1`: not all threads of the workgroup may come here"],
    );
}

#[test]
fn barriers_in_loops() {
    let looped = |until: fn(&mut Builder) -> Value| {
        sample(|k, _| {
            let (zero, one, until) = (k.u32(0), k.u32(1), until(k));
            k.repeat(zero, until, one, |k, _| k.barrier(Barrier::Buffers));
        })
    };
    accepted(&looped(|k| k.parameter("size", Scalar::U32, 1)));
    refused(
        &looped(|k| k.builtin(Builtin::Thread)),
        expect!["kernel `sample`, at `barrier buffers`: not all threads of the workgroup may come here"],
    );
}

#[test]
fn barriers_after_variables() {
    // The variable is set where not all threads come, or to what not all agree on, in a round before.
    let held = |under: fn(&mut Builder) -> Value, to: fn(&mut Builder) -> Value| {
        sample(|k, _| {
            let (zero, four, one) = (k.u32(0), k.u32(4), k.u32(1));
            let count = k.variable(zero);
            k.repeat(zero, four, one, |k, _| {
                let held = k.get(count);
                let few = k.less(held, four);
                k.when(few, |k| k.barrier(Barrier::Shared));
                let (condition, value) = (under(k), to(k));
                k.when(condition, |k| k.set(count, value));
            });
        })
    };
    fn by(k: &mut Builder, builtin: Builtin) -> Value {
        let (place, eight) = (k.builtin(builtin), k.u32(8));
        k.less(place, eight)
    }
    let group: fn(&mut Builder) -> Value = |k| by(k, Builtin::Workgroup);
    accepted(&held(group, |k| k.builtin(Builtin::Workgroup)));
    refused(
        &held(group, |k| k.builtin(Builtin::Thread)),
        expect!["kernel `sample`, at `barrier shared`: not all threads of the workgroup may come here"],
    );
    refused(
        &held(|k| by(k, Builtin::Thread), |k| k.builtin(Builtin::Workgroup)),
        expect!["kernel `sample`, at `barrier shared`: not all threads of the workgroup may come here"],
    );
}

/// What comes of a random kernel: what the verifier says, and what the executor finds of what is to be proved.
fn hold_against_executor(seed: u64, counts: &mut BTreeMap<&'static str, usize>) {
    let threads = if seed.is_multiple_of(2) { 1 } else { 8 };
    let kernel = random_kernel(seed, threads);
    let verdict = verify(&kernel);
    let mut count = |what| *counts.entry(what).or_default() += 1;
    for mistake in verdict.as_ref().err().into_iter().flatten() {
        count(match mistake.rule {
            Rule::StepOfNothing { .. } => "step",
            Rule::Misaligned { .. } => "alignment",
            Rule::OutOfBounds { .. } => "bounds",
            Rule::NotUniform => "uniformity",
            _ => panic!("{mistake}\n{kernel}"),
        });
    }
    count(if verdict.is_ok() { "accepted" } else { "refused" });
    let mut random = Random::new(!seed);
    for subgroup in [2, 4, 8] {
        let parameters = [random.pick(&[0, 1, 5, 31, 100, u32::MAX]), random.pick(&[0, 4, 28, u32::MAX - 3])];
        let data = (0..16).map(|_| random.below(40) as u32).collect();
        let mut buffers = [data, vec![0; 16], vec![0; 8]];
        match execute(&kernel, Launch { workgroups: 2, subgroup, parameters: &parameters }, &mut buffers) {
            Ok(()) => count(if verdict.is_ok() { "ran, accepted" } else { "ran, refused" }),
            Err(fault) => {
                let broken = match fault.what {
                    What::OutOfBounds { .. } => "out of bounds",
                    What::Misaligned { .. } => "misaligned",
                    What::Absent => "absent",
                    What::StepOfNothing => "step of nothing",
                    What::LoopWraps => {
                        count("loop wraps");
                        continue;
                    }
                    _ => panic!("{fault}\n{kernel}"),
                };
                assert!(verdict.is_err(), "seed {seed}: {fault}\n{kernel}");
                count(broken);
            }
        }
    }
}

#[test]
fn what_is_accepted_runs_without_the_faults_that_are_ruled_out() {
    let mut counts = BTreeMap::new();
    for seed in 0..6000 {
        hold_against_executor(seed, &mut counts);
    }
    // Each verdict and each fault occurs often enough for the assertion above to mean something.
    for (what, least) in [
        ("accepted", 300),
        ("ran, accepted", 500),
        ("step", 100),
        ("alignment", 300),
        ("bounds", 300),
        ("uniformity", 300),
        ("out of bounds", 300),
        ("misaligned", 300),
        ("absent", 300),
        ("step of nothing", 20),
    ] {
        let found = counts.get(what).copied().unwrap_or(0);
        assert!(found >= least, "`{what}` occurs {found} times, of {counts:?}");
    }
}
