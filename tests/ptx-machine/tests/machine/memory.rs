use sptx_ptx_machine::{Machine, Statistics};

use crate::support::{launch, output};

fn statistics(threads: u32, body: &str) -> Statistics {
    let mut buffers = [vec![0; 1024], (0..1024).collect()];
    launch(Machine::default(), (1, threads), body, &mut buffers).unwrap_or_else(|fault| panic!("{fault}"))
}

#[test]
fn vectors_go_in_the_order_of_their_lanes() {
    let body = "ld.global.nc.v4.u32 {%r0, %r1, %r2, %r3}, [%rd15+16];
        st.global.v4.u32 [%rd14], {%r3, %r2, %r1, %r0};
        ld.global.v2.u64 {%rd0, %rd1}, [%rd15];
        st.global.v2.b64 [%rd14+16], {%rd1, %rd0};
        ld.global.v2.b32 {%f0, %b1}, [%rd15+24];
        st.global.v2.f32 [%rd14+32], {%f0, 0f3F800000};
        add.u64 %rd2, %rd15, 32; ld.global.u32 %r4, [%rd2+-4]; ld.global.u32 %r5, [%rd2+-8];
        st.global.cs.u32 [%rd14+40], %r4; st.global.u32 [%rd14+44], %r5;";
    let expected = [7, 6, 5, 4, 2, 3, 0, 1, 6, 0x3f80_0000, 7, 6];
    assert_eq!(output((1, 1), body, 12, &[0, 1, 2, 3, 4, 5, 6, 7]), expected);
}

#[test]
fn shared_memory_is_a_workgroups_own() {
    let body = ".shared .align 16 .b32 turned[64]; .shared .align 4 .f32 other[4];
        mov.u32 %r0, turned; mad.lo.u32 %r1, %r15, 4, %r0; add.u32 %r2, %r15, %r14; st.shared.u32 [%r1], %r2;
        bar.sync 0;
        sub.u32 %r3, 63, %r15; mad.lo.u32 %r3, %r3, 4, %r0; ld.shared.u32 %r4, [%r3];
        mad.lo.u32 %r5, %r14, 64, %r15; mad.wide.u32 %rd0, %r5, 4, %rd14; st.global.u32 [%rd0], %r4;
        setp.ne.u32 %p0, %r15, 0; @!%p0 st.shared.f32 [other+4], 0f3F800000;";
    let found = output((2, 64), body, 128, &[]);
    let expected: Vec<u32> = (0..2).flat_map(|group| (0..64).map(move |thread| 63 - thread + group)).collect();
    assert_eq!(found, expected);
}

#[test]
fn atomic_operations_return_what_was_there() {
    let body = "atom.global.add.u32 %r0, [%rd14], 1; atom.global.max.u32 %r1, [%rd14+4], %r15;
        red.global.add.u32 [%rd14+8], %r15; red.global.min.s32 [%rd14+12], -3; red.global.or.b32 [%rd14+16], %r15;
        red.global.max.u32 [%rd14+20], %r15; red.global.inc.u32 [%rd14+24], 9; red.relaxed.gpu.global.add.u64 [%rd14+32], 1;";
    assert_eq!(output((1, 40), body, 10, &[]), [40, 39, 780, u32::MAX - 2, 63, 39, 0, 0, 40, 0]);
}

#[test]
fn exchanges_and_comparisons_are_atomic() {
    let body = "atom.global.cas.b32 %r0, [%rd14], 0, 5; atom.global.cas.b32 %r1, [%rd14], 4, 6;
        atom.global.exch.b32 %r2, [%rd14+4], 7; atom.global.exch.b64 %rd2, [%rd14+8], %rd14;
        atom.global.dec.u32 _, [%rd14+4], 3;
        st.global.v2.u32 [%rd14+16], {%r1, %r2};";
    let found = output((1, 1), body, 6, &[]);
    assert_eq!([found[0], found[1], found[4], found[5]], [5, 3, 5, 0]);
}

#[test]
fn floats_are_added_atomically_and_global_memory_flushes() {
    let body = ".shared .align 4 .f32 sum; 
        mov.u32 %r0, sum; st.shared.f32 [%r0], 0f00000000; red.shared.add.f32 [%r0], 0f000116C2; ld.shared.f32 %f0, [%r0];
        st.global.f32 [%rd14], %f0; red.global.add.f32 [%rd14+4], 0f000116C2; red.global.add.f32 [%rd14+8], 0f40200000;
        red.global.add.f32 [%rd14+8], 0f3F800000; atom.global.add.f32 %f1, [%rd14+8], 0f3F800000; st.global.f32 [%rd14+12], %f1;
        red.global.add.v4.f32 [%rd14+16], {0f3F800000, 0f40000000, %f1, %f1}; red.global.add.v2.f32 [%rd14+16], {%f1, %f1};";
    let found = output((1, 1), body, 8, &[]);
    assert_eq!(found[..2], [0x0001_16c2, 0]);
    let numbers: Vec<f32> = found[2..].iter().map(|bits| f32::from_bits(*bits)).collect();
    assert_eq!(numbers, [4.5, 3.5, 4.5, 5.5, 3.5, 3.5]);
}

#[test]
fn accesses_are_counted() {
    let side_by_side = statistics(64, "mad.wide.u32 %rd0, %r15, 4, %rd15; ld.global.u32 %r0, [%rd0];");
    assert_eq!((side_by_side.loads, side_by_side.sectors), (2, 8));
    let far = statistics(32, "mad.wide.u32 %rd0, %r15, 128, %rd15; ld.global.u32 %r0, [%rd0];");
    assert_eq!((far.loads, far.sectors), (1, 32));
    let vectors =
        statistics(32, "mad.wide.u32 %rd0, %r15, 16, %rd14; st.global.v4.u32 [%rd0], {%r15, %r15, %r15, %r15};");
    assert_eq!((vectors.stores, vectors.sectors), (1, 16));
    let added = statistics(32, "red.global.add.u32 [%rd14], 1;");
    assert_eq!((added.atomics, added.sectors, added.instructions), (1, 1, 6));
}

#[test]
fn conflicts_of_banks_are_counted() {
    let conflicts = |stride: u32, width: &str, values: &str| {
        let body = format!(
            ".shared .align 16 .b32 words[1056]; mov.u32 %r0, words; mad.lo.u32 %r0, %r15, {stride}, %r0;
             st.shared{width}.u32 [%r0], {values};"
        );
        let statistics = statistics(32, &body);
        assert_eq!(statistics.shared, 1);
        statistics.conflicts
    };
    assert_eq!(conflicts(4, "", "%r15"), 0);
    assert_eq!(conflicts(8, "", "%r15"), 1);
    assert_eq!(conflicts(128, "", "%r15"), 31);
    assert_eq!(conflicts(132, "", "%r15"), 0);
    assert_eq!(conflicts(16, ".v4", "{%r15, %r15, %r15, %r15}"), 0);
    assert_eq!(conflicts(32, ".v4", "{%r15, %r15, %r15, %r15}"), 4);
}
