//! What is known after [`bind`] is worked out, so that a rewrite is held against its meaning, number by number.

use proptest::prelude::*;

use super::*;
use crate::lir::{
    Access, Atomic, Barrier, Binary, BufferId, Builder, Builtin, Constant, Expression, Fault, Launch, Place, Scalar,
    Statement, Unary, Value, What, execute, verify,
};

const POOR: Target = Target {
    upper_products: false,
    non_finite_numbers: false,
    operations_on_numbers: false,
    mixed_widths: false,
    float_atomics: false,
    vector_atomics: false,
    copies: false,
};

/// A kernel that stores what `make` gives of the parameters `a` and `b`.
fn stores(make: impl FnOnce(&mut Builder, Value, Value) -> Value) -> Kernel {
    let mut k = Builder::new("stores", "", 1);
    let [a, b] = ["a", "b"].map(|name| k.parameter(name, Scalar::U32, 1));
    let value = make(&mut k, a, b);
    let scalar = k.ty(value).scalar;
    let out = Place::Buffer(k.buffer("out", scalar, 1, Access::ReadWrite));
    let zero = k.u32(0);
    k.store(out, zero, value);
    k.finish()
}

/// The definition of a value.
fn definition(kernel: &Kernel, wanted: Value) -> Expression {
    let mut found = None;
    kernel.for_each(|statement| match statement {
        Statement::Let(value, expression) if *value == wanted => found = Some(expression.clone()),
        _ => {}
    });
    found.expect("it is defined")
}

fn known(kernel: &Kernel, value: Value) -> Option<Constant> {
    match definition(kernel, value) {
        Expression::Constant(constant) => Some(constant),
        _ => None,
    }
}

/// What a kernel is known to store, one word after another.
fn stored(kernel: &Kernel) -> Vec<(Place, Option<Constant>, Option<Constant>)> {
    let mut stored = Vec::new();
    kernel.for_each(|statement| {
        if let Statement::Store { place, index, value } = statement {
            stored.push((*place, known(kernel, *index), known(kernel, *value)));
        }
    });
    stored
}

fn has(kernel: &Kernel, wanted: impl Fn(&Expression) -> bool) -> bool {
    let mut found = false;
    kernel.for_each(|statement| {
        if let Statement::Let(_, expression) = statement {
            found |= wanted(expression);
        }
    });
    found
}

proptest! {
    #[test]
    fn upper_products_are_those_of_u64(a: u32, b: u32) {
        let kernel = stores(|k, a, b| k.binary(Binary::MulHigh, a, b));
        let legal = legalize(&kernel, &POOR);
        prop_assert!(!has(&legal, |it| matches!(it, Expression::Binary(Binary::MulHigh, ..))));
        let upper = ((u64::from(a) * u64::from(b)) >> 32) as u32;
        let bound = bind(&legal, &[("a", a), ("b", b)]);
        prop_assert_eq!(stored(&bound)[0].2, Some(Constant::U32(upper)));
    }

    #[test]
    fn shards_hold_each_word_once(word in 0..400_u32, shards in 1..5_u32) {
        let mut k = Builder::new("scale", "", 1);
        let before = k.buffer("before", Scalar::F32, 1, Access::Read);
        let table = k.buffer("table", Scalar::F32, 4, Access::ReadWrite);
        let counts = k.buffer("counts", Scalar::U32, 1, Access::Atomic);
        let index = k.parameter("index", Scalar::U32, 1);
        let (loaded, one) = (k.load(Place::Buffer(before), index, 1), k.u32(1));
        k.store(Place::Buffer(table), index, loaded);
        k.atomic(Atomic::Add, counts, index, one);
        let sharded = shard(&shard(&k.finish(), "table", shards), "counts", shards);
        prop_assert_eq!(sharded.buffers.len() as u32, 1 + 2 * shards);
        let bound = bind(&sharded, &[("index", word), ("table_shard", 100), ("counts_shard", 100)]);
        // The last shard has what the others do not.
        let shard = (word / 100).min(shards - 1);
        let rest = Some(Constant::U32(word - 100 * shard));
        let place = |first: u32| BufferId::new((first + shard) as usize);
        let stores = stored(&bound);
        prop_assert_eq!(stores.len(), 1);
        prop_assert_eq!((stores[0].0, stores[0].1), (Place::Buffer(place(1)), rest));
        let mut added = Vec::new();
        bound.for_each(|statement| if let Statement::Atomic { buffer, index, .. } = statement {
            added.push((*buffer, known(&bound, *index)));
        });
        prop_assert_eq!(added, vec![(place(1 + shards), rest)]);
        prop_assert_eq!(&bound.buffers[place(1)].name, &format!("table_{shard}"));
    }
}

/// Vectors are added as their lanes are, by shards as well, and become changes of bits like these.
#[test]
fn additions_of_vectors_become_additions_of_lanes() {
    let mut k = Builder::new("scatter", "", 8);
    let sums = k.buffer("sums", Scalar::F32, 4, Access::Atomic);
    let thread = k.builtin(Builtin::Thread);
    let number = k.define(Expression::Convert(Scalar::F32, thread));
    let half = k.f32(0.5);
    let four = k.u32(4);
    // Threads by pairs add to the same words.
    let (pair, numbers) = (k.div(thread, four), k.join(&[number, half, number, number]));
    let index = k.mul(pair, four);
    k.atomic(Atomic::Add, sums, index, numbers);
    let kernel = k.finish();
    assert!(kernel.uses_vector_atomics());
    assert_eq!(legalize(&kernel, &Target { float_atomics: true, vector_atomics: true, ..POOR }).body, kernel.body);
    let run = |kernel: &Kernel, shards: usize| {
        let mut buffers = vec![vec![0; 8 / shards]; shards];
        let parameters = if shards > 1 { vec![4] } else { vec![] };
        let launch = Launch { workgroups: 1, subgroup: 8, parameters: &parameters };
        execute(kernel, launch, &mut buffers).expect("no fault");
        buffers.concat().into_iter().map(f32::from_bits).collect::<Vec<_>>()
    };
    let expected = [6.0, 2.0, 6.0, 6.0, 22.0, 2.0, 22.0, 22.0];
    assert_eq!(run(&kernel, 1), expected);
    for float_atomics in [true, false] {
        let legal = legalize(&kernel, &Target { float_atomics, ..POOR });
        assert!(!legal.uses_vector_atomics());
        verify(&legal).expect("it keeps the rules");
        assert_eq!(run(&legal, 1), expected);
        let sharded = legalize(&shard(&kernel, "sums", 2), &Target { float_atomics, ..POOR });
        verify(&sharded).expect("it keeps the rules");
        assert_eq!(run(&sharded, 2), expected);
    }
}

/// What is copied is loaded and stored where a target has no copies, from each shard of a buffer.
#[test]
fn copies_become_loads_and_stores() {
    let mut k = Builder::new("turns", "", 4);
    let numbers = k.buffer("numbers", Scalar::U32, 2, Access::Read);
    let turned = Place::Buffer(k.buffer("turned", Scalar::U32, 2, Access::ReadWrite));
    let tile = k.shared("tile", Scalar::U32, 8);
    let (thread, last) = (k.builtin(Builtin::Thread), k.u32(3));
    let own = k.mul_u32(thread, 2);
    k.copy(tile, own, numbers, own, 2);
    k.await_copies();
    k.barrier(Barrier::Shared);
    let other = k.sub(last, thread);
    let other = k.mul_u32(other, 2);
    let pair = k.load(Place::Shared(tile), other, 2);
    k.store(turned, own, pair);
    let kernel = k.finish();
    let rich = Target { copies: true, mixed_widths: true, ..POOR };
    for (shards, target) in [(1, rich), (1, POOR), (2, rich), (2, POOR)] {
        let legal = legalize(&shard(&kernel, "numbers", shards), &target);
        verify(&legal).expect("it keeps the rules");
        assert_eq!(legal.uses_copies(), target.copies);
        let (parameters, half) = (&[4][..shards as usize - 1], 8 / shards);
        let mut buffers: Vec<Vec<u32>> =
            (0..shards).map(|shard| (shard * half..(shard + 1) * half).collect()).collect();
        buffers.push(vec![0; 8]);
        execute(&legal, Launch { workgroups: 1, subgroup: 4, parameters }, &mut buffers).expect("no fault");
        assert_eq!(buffers.last(), Some(&vec![6, 7, 4, 5, 2, 3, 0, 1]), "{shards} {target:?}");
    }
}

/// A kernel that adds numbers to sums, by shards of these, is the same with changes of bits instead.
#[test]
fn additions_of_numbers_become_changes() {
    let mut k = Builder::new("scatter", "", 8);
    let places = Place::Buffer(k.buffer("places", Scalar::U32, 1, Access::Read));
    let sums = k.buffer("sums", Scalar::F32, 1, Access::Atomic);
    let counts = k.buffer("counts", Scalar::U32, 1, Access::Atomic);
    let (thread, one, half) = (k.builtin(Builtin::Thread), k.u32(1), k.f32(0.5));
    let place = k.load(places, thread, 1);
    let number = k.define(Expression::Convert(Scalar::F32, thread));
    let number = k.add(number, half);
    k.atomic(Atomic::Add, sums, place, number);
    k.atomic(Atomic::Add, counts, place, one);
    let kernel = k.finish();
    assert_eq!(legalize(&kernel, &Target { float_atomics: true, ..POOR }), kernel);
    let legal = legalize(&kernel, &POOR);
    assert!(!legal.uses_float_atomics());
    let run = |kernel: &Kernel, shards: usize| {
        let places = vec![0, 3, 7, 3, 3, 0, 5, 4];
        let mut buffers = vec![places];
        buffers.extend((0..shards).map(|_| vec![0; 8 / shards]));
        buffers.push(vec![0; 8]);
        let parameters = if shards > 1 { vec![4] } else { vec![] };
        let launch = Launch { workgroups: 1, subgroup: 8, parameters: &parameters };
        execute(kernel, launch, &mut buffers).expect("no fault");
        (buffers[1..=shards].concat(), buffers[shards + 1].clone())
    };
    let expected = [6.0, 0.0, 0.0, 9.5, 7.5, 6.5, 0.0, 2.5].map(f32::to_bits).to_vec();
    let counts = vec![2, 0, 0, 3, 1, 1, 0, 1];
    // Sharded before or after, as changes or not.
    assert_eq!(run(&kernel, 1), (expected.clone(), counts.clone()));
    assert_eq!(run(&legal, 1), (expected.clone(), counts.clone()));
    assert_eq!(run(&legalize(&shard(&kernel, "sums", 2), &POOR), 2), (expected.clone(), counts.clone()));
    assert_eq!(run(&shard(&legal, "sums", 2), 2), (expected, counts));
}

#[test]
fn loads_of_shards_are_one_value() {
    let mut k = Builder::new("copy", "", 1);
    let from = Place::Buffer(k.buffer("from", Scalar::F32, 4, Access::Read));
    let to = Place::Buffer(k.buffer("to", Scalar::F32, 4, Access::ReadWrite));
    let index = k.parameter("index", Scalar::U32, 4);
    let four = k.load(from, index, 4);
    k.store(to, index, four);
    let sharded = shard(&k.finish(), "from", 3);
    let bound = bind(&sharded, &[("index", 24), ("from_shard", 16)]);
    let mut loads = Vec::new();
    bound.for_each(|statement| {
        if let Statement::Let(_, Expression::Load { place, index, lanes }) = statement {
            loads.push((*place, known(&bound, *index), *lanes));
        }
    });
    assert_eq!(loads, [(Place::Buffer(BufferId::new(1)), Some(Constant::U32(8)), 4)]);
    assert_eq!(sharded.parameters.iter().map(|(_, it)| it.multiple_of).collect::<Vec<_>>(), [4, 4]);
}

#[test]
fn what_follows_from_parameters_is_worked_out() {
    let kernel = stores(|k, a, b| {
        let (three, one) = (k.u32(3), k.u32(1));
        let larger = k.less(a, b);
        let sum = k.variable(three);
        k.when(larger, |k| {
            let held = k.get(sum);
            let more = k.mul(held, b);
            k.set(sum, more);
        });
        k.repeat(b, a, one, |k, index| k.set(sum, index));
        k.get(sum)
    });
    let statements = |kernel: &Kernel| {
        let (mut choices, mut loops, mut sets) = (0, 0, 0);
        kernel.for_each(|statement| match statement {
            Statement::If { .. } => choices += 1,
            Statement::For { .. } => loops += 1,
            Statement::Set(..) => sets += 1,
            _ => {}
        });
        (choices, loops, sets)
    };
    assert_eq!(statements(&kernel), (1, 1, 3));
    let less = bind(&kernel, &[("a", 2), ("b", 5), ("unknown", 1)]);
    assert_eq!(statements(&less), (0, 0, 2), "the choice is made, the loop is empty");
    let greater = bind(&kernel, &[("a", 5), ("b", 2)]);
    assert_eq!(statements(&greater), (0, 1, 2), "what is not done is left out");
    assert_eq!(statements(&bind(&kernel, &[("b", 5)])), (1, 1, 3));
    assert_eq!(bind(&kernel, &[("b", 5)]).parameters.iter().map(|(_, it)| it.name.as_str()).collect::<Vec<_>>(), ["a"]);
}

#[test]
fn numbers_are_worked_out() {
    type Case = (fn(&mut Builder) -> Value, Constant);
    let cases: [Case; 6] = [
        (
            |k| {
                let x = k.f32(1.5);
                let y = k.f32(2.0);
                let z = k.f32(0.25);
                k.multiply_add(x, y, z)
            },
            Constant::f32(3.25),
        ),
        (
            |k| {
                let x = k.f32(-2.5);
                k.unary(Unary::Abs, x)
            },
            Constant::f32(2.5),
        ),
        (
            |k| {
                let x = k.f32(-2.5);
                let x = k.unary(Unary::Floor, x);
                k.unary(Unary::Neg, x)
            },
            Constant::f32(3.0),
        ),
        (
            |k| {
                let x = k.u32(7);
                k.define(Expression::Convert(Scalar::F32, x))
            },
            Constant::f32(7.0),
        ),
        (
            |k| {
                let x = k.f32(7.9);
                k.define(Expression::Convert(Scalar::U32, x))
            },
            Constant::U32(7),
        ),
        (
            |k| {
                let x = k.f32(1.0);
                k.define(Expression::Bits(Scalar::U32, x))
            },
            Constant::U32(0x3f80_0000),
        ),
    ];
    for (make, wanted) in cases {
        let kernel = stores(|k, _, _| make(k));
        assert_eq!(stored(&bind(&kernel, &[]))[0].2, Some(wanted));
    }
}

#[test]
#[should_panic(expected = "`stride` is 6, no multiple of 4")]
fn words_keep_what_is_promised_of_them() {
    let mut k = Builder::new("strided", "", 1);
    k.parameter("stride", Scalar::U32, 4);
    bind(&k.finish(), &[("stride", 6)]);
}

/// What WGSL would refuse goes through variables: infinities, functions of numbers, division by 0.
#[test]
fn targets_do_not_see_what_they_would_refuse() {
    let infinite = stores(|k, _, _| k.f32(f32::INFINITY));
    assert!(has(&infinite, |it| *it == Expression::Constant(Constant::f32(f32::INFINITY))));
    let legal = legalize(&infinite, &POOR);
    assert!(!has(&legal, |it| *it == Expression::Constant(Constant::f32(f32::INFINITY))));
    assert!(has(&legal, |it| *it == Expression::Constant(Constant::U32(0x7f80_0000))));
    assert_eq!(legal.variables.len(), 1);

    let worked_out = stores(|k, _, _| {
        let (one, zero) = (k.f32(-1.0), k.f32(0.0));
        k.div(one, zero)
    });
    let legal = legalize(&worked_out, &POOR);
    assert!(has(&legal, |it| *it == Expression::Constant(Constant::U32(0xff80_0000))));

    let hidden: [fn(&mut Builder, Value) -> Value; 3] = [
        |k, _| {
            let x = k.f32(1e9);
            k.unary(Unary::Exp, x)
        },
        |k, a| {
            let x = k.u32(0);
            k.div(a, x)
        },
        |k, a| {
            let x = k.u32(32);
            k.binary(Binary::ShiftLeft, a, x)
        },
    ];
    for make in hidden {
        let kernel = stores(|k, a, _| make(k, a));
        let legal = legalize(&kernel, &POOR);
        assert_eq!(legal.variables.len(), 1);
        assert!(has(&legal, |it| matches!(it, Expression::Get(_))));
        let rich = Target { operations_on_numbers: true, ..POOR };
        assert_eq!(legalize(&kernel, &rich).variables.len(), 0);
    }
}

/// A kernel with stores of 1 and 4 lanes to one buffer, and loads of 4.
fn mixed() -> Kernel {
    let mut k = Builder::new("mixed", "", 4);
    let wide = Place::Buffer(k.buffer("wide", Scalar::F32, 4, Access::ReadWrite));
    let narrow = Place::Buffer(k.buffer("narrow", Scalar::F32, 4, Access::ReadWrite));
    let read = Place::Buffer(k.buffer("read", Scalar::F32, 4, Access::Read));
    let thread = k.builtin(Builtin::Thread);
    let first = k.mul_u32(thread, 4);
    let (four, two, one) = (k.load(read, first, 4), k.load(read, first, 2), k.load(read, first, 1));
    k.store(wide, first, four);
    k.store(narrow, first, four);
    k.store(narrow, first, one);
    let joined = k.splat(one, 2);
    let sum = k.add(two, joined);
    let lane = k.lane(sum, 1);
    k.store(narrow, thread, lane);
    k.finish()
}

#[test]
fn stores_to_a_buffer_get_one_width() {
    let legal = legalize(&mixed(), &POOR);
    let mut stores = vec![Vec::new(); 3];
    let mut loads = Vec::new();
    legal.for_each(|statement| match statement {
        Statement::Store { place: Place::Buffer(buffer), value, .. } => {
            stores[buffer.index()].push(legal.ty(*value).lanes);
        }
        Statement::Let(_, Expression::Load { lanes, .. }) => loads.push(*lanes),
        _ => {}
    });
    assert_eq!(stores, [vec![4], vec![1; 6], vec![]]);
    assert_eq!(loads, [4, 1, 1], "two lanes of an array of four are two lanes, of which one was loaded already");
    assert_eq!(legal.buffers.iter().map(|(_, it)| it.lanes).collect::<Vec<_>>(), [4, 1, 4]);
}

#[test]
fn what_is_legal_stays() {
    let legal = legalize(&mixed(), &POOR);
    assert_eq!(legalize(&legal, &POOR), legal);
    let rich = Target {
        upper_products: true,
        non_finite_numbers: true,
        operations_on_numbers: true,
        mixed_widths: true,
        float_atomics: true,
        vector_atomics: true,
        copies: true,
    };
    assert_eq!(legalize(&mixed(), &rich), mixed());
}

/// A kernel whose workgroups turn round what 8 threads have, by shared memory.
fn turns() -> Kernel {
    let mut k = Builder::new("turns", "", 8);
    let numbers = Place::Buffer(k.buffer("numbers", Scalar::U32, 1, Access::ReadWrite));
    let tile = Place::Shared(k.shared("tile", Scalar::U32, 8));
    let (thread, group) = (k.builtin(Builtin::Thread), k.builtin(Builtin::Workgroup));
    let (groups, last) = (k.builtin(Builtin::Workgroups), k.u32(7));
    let number = k.mul(group, groups);
    let number = k.add(number, thread);
    k.store(tile, thread, number);
    k.barrier(Barrier::Shared);
    let other = k.sub(last, thread);
    let (number, first) = (k.load(tile, other, 1), k.mul_u32(group, 8));
    let index = k.add(first, thread);
    k.store(numbers, index, number);
    k.finish()
}

/// What a kernel of so many workgroups leaves, by so many that are launched.
fn turned(kernel: &Kernel, workgroups: u32, launched: u32) -> Result<Vec<u32>, Fault> {
    let mut buffers = [vec![u32::MAX; 8 * workgroups as usize]];
    let parameters = &[workgroups][..kernel.parameters.len()];
    execute(kernel, Launch { workgroups: launched, subgroup: 8, parameters }, &mut buffers)?;
    let [numbers] = buffers;
    Ok(numbers)
}

#[test]
fn workgroups_that_stay_do_the_work_of_all() {
    let stays = persist(&turns());
    verify(&stays).expect("it keeps the rules");
    for workgroups in [0, 1, 2, 5, 8] {
        let expected = turned(&turns(), workgroups, workgroups).expect("no fault");
        for launched in [1, 2, 3, 8, 20] {
            assert_eq!(turned(&stays, workgroups, launched).expect("no fault"), expected, "{workgroups} {launched}");
        }
    }
}

/// Without the wait between rounds, one thread writes what another still reads.
#[test]
fn rounds_wait_for_one_another() {
    let mut kernel = persist(&turns());
    let Some(Statement::For { body, .. }) = kernel.body.last_mut() else { panic!("a loop") };
    assert_eq!(body.pop(), Some(Statement::Barrier(Barrier::Shared)));
    let fault = turned(&kernel, 2, 1).expect_err("a race");
    assert!(matches!(fault.what, What::Race { .. }), "{fault}");
    turned(&kernel, 2, 2).expect("one round each");
}
