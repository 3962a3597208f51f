use sptx_ptx_machine::{Launch, Machine, What};

use crate::support::{fault, parse, text};

fn uninitialised(register: &str) -> What {
    What::Uninitialised { register: register.to_owned() }
}

fn out_of_bounds(place: &str, offset: i64, bytes: u32, size: u64) -> What {
    What::OutOfBounds { place: place.to_owned(), offset, bytes, size }
}

#[test]
fn registers_are_written_before_they_are_read() {
    assert_eq!(fault((1, 1), "mov.u32 %r0, 1;\nadd.u32 %r0, %r0, %r1;"), (uninitialised("%r1"), 2, 0, 0));
    assert_eq!(fault((2, 1), "st.global.f32 [%rd14], %f3;"), (uninitialised("%f3"), 1, 0, 0));
    assert_eq!(fault((1, 1), "@%p4 ret;"), (uninitialised("%p4"), 1, 0, 0));
    assert_eq!(fault((1, 1), "ld.global.u32 %r0, [%rd3];"), (uninitialised("%rd3"), 1, 0, 0));
    let vector = "mov.u32 %r0, 1;\nst.global.v2.u32 [%rd14], {%r0, %r1};";
    assert_eq!(fault((1, 1), vector), (uninitialised("%r1"), 2, 0, 0));
    assert_eq!(fault((1, 1), "shfl.sync.bfly.b32 %r0, %f1, 1, 31, 0xffffffff;"), (uninitialised("%f1"), 1, 0, 0));
}

#[test]
fn each_thread_writes_for_itself() {
    let body = "setp.ne.u32 %p0, %r15, 37;\n@%p0 mov.u32 %r0, 1;\nadd.u32 %r0, %r0, 1;";
    assert_eq!(fault((1, 64), body), (uninitialised("%r0"), 3, 37, 0));
    // Only those that read must have written, and a second workgroup knows nothing of the first.
    let branch = "setp.eq.u32 %p0, %r14, 0; @!%p0 bra $NOT; mov.u32 %r0, 1;\n$NOT: add.u32 %r0, %r0, 1;";
    assert_eq!(fault((2, 8), branch), (uninitialised("%r0"), 2, 0, 1));
}

#[test]
fn accesses_are_aligned() {
    let misaligned = |place: &str, offset, bytes| What::Misaligned { place: place.to_owned(), offset, bytes };
    assert_eq!(fault((1, 1), "ld.global.u32 %r0, [%rd15+2];"), (misaligned("in", 2, 4), 1, 0, 0));
    let vector = "mad.wide.u32 %rd0, %r15, 4, %rd15;\nld.global.v4.u32 {%r0, %r1, %r2, %r3}, [%rd0];";
    assert_eq!(fault((1, 8), vector), (misaligned("in", 4, 16), 2, 1, 0));
    let wide = "st.global.u64 [%rd14+4], %rd14;";
    assert_eq!(fault((1, 1), wide), (misaligned("out", 4, 8), 1, 0, 0));
    // A shared array is aligned as it is declared, no further.
    let shared =
        ".shared .align 8 .f32 few[8];\nst.shared.v4.f32 [few], {0f00000000, 0f00000000, 0f00000000, 0f00000000};";
    assert_eq!(fault((1, 1), shared), (misaligned("few", 0, 16), 2, 0, 0));
}

#[test]
fn accesses_stay_within() {
    let after = "mad.wide.u32 %rd0, %r15, 4, %rd14;\nst.global.u32 [%rd0], %r15;";
    assert_eq!(fault((1, 96), after), (out_of_bounds("out", 256, 4, 256), 2, 64, 0));
    assert_eq!(fault((1, 1), "ld.global.u32 %r0, [%rd15+-4];"), (out_of_bounds("in", -4, 4, 256), 1, 0, 0));
    let wraps = "sub.u32 %r0, 0, 1; mad.wide.u32 %rd0, %r0, 4, %rd15;\nld.global.u32 %r0, [%rd0];";
    assert_eq!(fault((1, 1), wraps), (out_of_bounds("in", 0x3_ffff_fffc, 4, 256), 2, 0, 0));
    let vector = "ld.global.v4.u32 {%r0, %r1, %r2, %r3}, [%rd15+256];";
    assert_eq!(fault((1, 1), vector), (out_of_bounds("in", 256, 16, 256), 1, 0, 0));
    assert_eq!(fault((1, 1), "red.global.add.u32 [%rd14+256], 1;"), (out_of_bounds("out", 256, 4, 256), 1, 0, 0));
    let shared = ".shared .b32 one[3]; .shared .b32 two[4];\nst.shared.u32 [one+12], 1;";
    assert_eq!(fault((1, 1), shared), (out_of_bounds("one", 12, 4, 12), 2, 0, 0));
    let before = ".shared .b32 one[3]; .shared .b32 two[4]; mov.u32 %r0, two;\nst.shared.u32 [%r0+-4], 1;";
    assert_eq!(fault((1, 1), before), (out_of_bounds("two", -4, 4, 16), 2, 0, 0));
    let copy = ".shared .align 16 .b32 two[4];\ncp.async.cg.shared.global [two], [%rd15+256], 16;";
    assert_eq!(fault((1, 1), copy), (out_of_bounds("in", 256, 16, 256), 2, 0, 0));
}

#[test]
fn addresses_lead_somewhere() {
    let nowhere = "mov.u64 %rd0, 64;\nld.global.u32 %r0, [%rd0];";
    assert_eq!(fault((1, 1), nowhere), (What::Wild { address: 64 }, 2, 0, 0));
    assert_eq!(fault((1, 1), "mov.u32 %r0, 8;\nst.shared.u32 [%r0], %r0;"), (What::Wild { address: 8 }, 2, 0, 0));
}

#[test]
fn shared_memory_is_written_before_it_is_read() {
    let undefined = |word| What::Undefined { place: "some".to_owned(), word };
    let body = ".shared .b32 some[8]; st.shared.u32 [some+4], 1;\nld.shared.u32 %r0, [some+8];";
    assert_eq!(fault((1, 1), body), (undefined(2), 2, 0, 0));
    assert_eq!(fault((1, 1), ".shared .b32 some[8];\nred.shared.add.u32 [some], 1;"), (undefined(0), 2, 0, 0));
    // Of another workgroup's writes nothing is left.
    let groups =
        ".shared .b32 some; setp.eq.u32 %p0, %r14, 0; @%p0 st.shared.u32 [some], 1;\nld.shared.u32 %r0, [some];";
    assert_eq!(fault((2, 1), groups), (undefined(0), 2, 0, 1));
}

#[test]
fn all_threads_come_to_a_barrier() {
    let some = "setp.lt.u32 %p0, %r15, 70;\n@%p0 bar.sync 0;";
    assert_eq!(fault((1, 96), some), (What::Absent, 2, 70, 0));
    let warp = "setp.lt.u32 %p0, %r15, 32;\n@%p0 bar.sync 0;";
    assert_eq!(fault((1, 64), warp), (What::Absent, 2, 32, 0));
    let ended = "setp.eq.u32 %p0, %r15, 9; @%p0 exit;\nbar.sync 0;";
    assert_eq!(fault((1, 32), ended), (What::Absent, 2, 9, 0));
    let branch = "setp.lt.u32 %p0, %r15, 7; @%p0 bra $THERE;\nbar.sync 0;\nbra.uni $END;\n$THERE: bar.sync 0;\n$END:";
    assert_eq!(fault((1, 32), branch), (What::Absent, 4, 7, 0));
    let numbers = "setp.lt.u32 %p0, %r15, 32; @%p0 bra $THERE;\nbar.sync 1; bra.uni $END;\n$THERE: bar.sync 0;\n$END:";
    assert_eq!(fault((1, 64), numbers), (What::OtherBarrier { number: 1, other: 0 }, 2, 32, 0));
}

#[test]
fn a_mask_names_those_that_came() {
    let mask = |mask, active| What::Mask { mask, active };
    let guarded = "setp.lt.u32 %p0, %r15, 16;\n@%p0 shfl.sync.bfly.b32 %r0, %r15, 1, 31, 0xffffffff;";
    assert_eq!(fault((1, 32), guarded), (mask(u32::MAX, 0xffff), 2, 0, 0));
    let outside = "shfl.sync.bfly.b32 %r0, %r15, 1, 31, 0xffff;";
    assert_eq!(fault((1, 32), outside), (mask(0xffff, u32::MAX), 1, 0, 0));
    let branch = "setp.lt.u32 %p0, %r15, 3; @%p0 bra $END;\nvote.sync.any.pred %p1, %p0, 0xffffffff;\n$END:";
    assert_eq!(fault((1, 64), branch), (mask(u32::MAX, 0xffff_fff8), 2, 3, 0));
    assert_eq!(fault((1, 32), "bar.warp.sync 1;"), (mask(1, u32::MAX), 1, 0, 0));
    assert_eq!(fault((1, 32), "redux.sync.add.u32 %r0, %r15, 3;"), (mask(3, u32::MAX), 1, 0, 0));
}

#[test]
fn lanes_that_are_asked_take_part() {
    let few = "shfl.sync.bfly.b32 %r0, %r15, 16, 31, 0xffffffff;";
    assert_eq!(fault((1, 20), few), (What::SilentLane { lane: 20 }, 1, 4, 0));
}

#[test]
fn uniform_branches_are_uniform() {
    let body = "setp.lt.u32 %p0, %r15, 16;\n@%p0 bra.uni $END;\n$END:";
    assert_eq!(fault((1, 32), body), (What::NotUniform, 2, 0, 0));
}

#[test]
fn division_by_nothing() {
    assert_eq!(fault((1, 4), "rem.u32 %r1, 3, %r15;"), (What::DivisionByZero, 1, 0, 0));
    assert_eq!(fault((1, 4), "mov.u64 %rd0, 0;\ndiv.u64 %rd1, %rd14, %rd0;"), (What::DivisionByZero, 2, 0, 0));
}

#[test]
fn launches_end() {
    let (what, line, ..) = fault((1, 4), "$LOOP:\nbra.uni $LOOP;");
    assert_eq!((what, line), (What::Endless { budget: 100_000 }, 2));
    let divergent = "$LOOP: setp.lt.u32 %p0, %r15, 3;\n@%p0 bra $LOOP;";
    assert!(matches!(fault((1, 4), divergent).0, What::Endless { .. }));
    assert_eq!(fault((1, 64), "setp.eq.u32 %p0, %r15, 33;\n@%p0 trap;"), (What::Trap, 2, 33, 0));
}

#[test]
fn a_launch_fits_its_entry_point() {
    let parameters = ".param .u64 .ptr .global .align 16 out, .param .u32 count, .param .f32 by, .param .u64 in";
    let text = text(parameters, "").replace("\n{\n", "\n.reqntid 64, 1, 1 .minnctapersm 2\n{\n");
    let module = parse(&text).expect("a good text");
    let entry = module.entry("test").expect("`text` names it so");
    assert_eq!(entry.buffers().collect::<Vec<_>>(), ["out", "in"]);
    assert_eq!(entry.words().collect::<Vec<_>>(), ["count", "by"]);
    assert_eq!((entry.name(), entry.threads(), entry.shared_bytes()), ("test", Some(64), 0));
    assert!(module.entry("other").is_none());
    let what = |launch: Launch<'_>, buffers: usize| {
        let mut buffers = vec![Vec::new(); buffers];
        let fault = Machine::default().launch(entry, launch, &mut buffers).err()?;
        assert_eq!((fault.kernel.as_str(), fault.at), ("test", None));
        Some(fault.what)
    };
    let launch = Launch { workgroups: 1, threads: 64, parameters: &[1, 2] };
    assert_eq!(what(launch, 2), None);
    assert_eq!(what(launch, 1), Some(What::Buffers { given: 1, wanted: 2 }));
    assert_eq!(what(Launch { threads: 32, ..launch }, 2), Some(What::Threads { given: 32, wanted: 64 }));
    assert_eq!(what(Launch { parameters: &[1], ..launch }, 2), Some(What::Parameters { given: 1, wanted: 2 }));
    assert_eq!(what(Launch { workgroups: u32::MAX, ..launch }, 2), Some(What::Workgroups));
    assert_eq!(what(Launch { workgroups: 1 << 30, ..launch }, 2), Some(What::Endless { budget: 1 << 26 }));
}

#[test]
fn workgroups_have_so_many_threads_at_most() {
    let threads = |text: &str, threads| {
        let module = parse(text).expect("a good text");
        let launch = Launch { workgroups: 1, threads, parameters: &[] };
        Machine::default().launch(&module.entries()[0], launch, &mut []).map_err(|fault| fault.what)
    };
    let (any, few) = (text("", ""), text("", "").replace("\n{\n", "\n.maxntid 48\n{\n"));
    assert_eq!(threads(&any, 1025), Err(What::Threads { given: 1025, wanted: 1024 }));
    assert_eq!(threads(&any, 0), Err(What::Threads { given: 0, wanted: 1024 }));
    assert_eq!(threads(&few, 49), Err(What::Threads { given: 49, wanted: 48 }));
    assert!(threads(&few, 48).is_ok() && threads(&any, 1024).is_ok());
}
