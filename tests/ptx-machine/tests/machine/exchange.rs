use crate::support::output;

/// What a shuffle of the lanes' numbers gives each of 32 lanes, and whether the lane asked was in the segment.
fn shuffled(mode: &str, by: &str, clamp: u32) -> Vec<(u32, u32)> {
    let body = format!(
        "shfl.sync.{mode}.b32 %r0|%p0, %r15, {by}, {clamp}, 0xffffffff; selp.u32 %r1, 1, 0, %p0;
         mad.wide.u32 %rd0, %r15, 8, %rd14; st.global.v2.u32 [%rd0], {{%r0, %r1}};"
    );
    output((1, 32), &body, 64, &[]).chunks(2).map(|pair| (pair[0], pair[1])).collect()
}

fn expected(of: impl Fn(u32) -> Option<u32>) -> Vec<(u32, u32)> {
    (0..32).map(|lane| of(lane).map_or((lane, 0), |asked| (asked, 1))).collect()
}

#[test]
fn butterflies() {
    for by in [1_u32, 2, 4, 8, 16, 31] {
        assert_eq!(shuffled("bfly", &by.to_string(), 31), expected(|lane| Some(lane ^ by)), "by {by}");
    }
}

#[test]
fn up_and_down_end_at_the_segment() {
    assert_eq!(shuffled("up", "3", 0), expected(|lane| lane.checked_sub(3)));
    assert_eq!(shuffled("down", "3", 31), expected(|lane| Some(lane + 3).filter(|lane| *lane < 32)));
    // Segments of eight lanes: 24 in the upper bits of the clamp.
    let eight = 24 << 8;
    assert_eq!(shuffled("up", "3", eight), expected(|lane| (lane % 8 >= 3).then(|| lane - 3)));
    assert_eq!(shuffled("down", "3", eight | 31), expected(|lane| (lane % 8 < 5).then(|| lane + 3)));
}

#[test]
fn lanes_by_their_number() {
    assert_eq!(shuffled("idx", "5", 31), expected(|_| Some(5)));
    assert_eq!(shuffled("idx", "5", (24 << 8) | 31), expected(|lane| Some(lane / 8 * 8 + 5)));
    assert_eq!(shuffled("idx", "%r15", 15), expected(|lane| (lane < 16).then_some(lane)));
}

#[test]
fn sums_by_butterflies() {
    let body = "cvt.rn.f32.u32 %f0, %r15;
        shfl.sync.bfly.b32 %f1, %f0, 16, 31, 0xffffffff; add.rn.f32 %f0, %f0, %f1;
        shfl.sync.bfly.b32 %f1, %f0, 8, 31, -1; add.rn.f32 %f0, %f0, %f1;
        shfl.sync.bfly.b32 %f1, %f0, 4, 31, 0xffffffff; add.rn.f32 %f0, %f0, %f1;
        shfl.sync.bfly.b32 %f1, %f0, 2, 31, 0xffffffff; add.rn.f32 %f0, %f0, %f1;
        shfl.sync.bfly.b32 %f1, %f0, 1, 31, 0xffffffff; add.rn.f32 %f0, %f0, %f1;
        mad.wide.u32 %rd0, %r15, 4, %rd14; st.global.f32 [%rd0], %f0;";
    let sums: Vec<f32> = output((1, 64), body, 64, &[]).iter().map(|bits| f32::from_bits(*bits)).collect();
    assert_eq!(sums, [vec![496.0; 32], vec![1520.0; 32]].concat());
}

#[test]
fn votes() {
    let body = "setp.lt.u32 %p0, %r15, 5;
        vote.sync.all.pred %p1, %p0, 0xffffffff; vote.sync.any.pred %p2, %p0, 0xffffffff;
        vote.sync.uni.pred %p3, %p0, 0xffffffff; vote.sync.ballot.b32 %r0, %p0, 0xffffffff;
        vote.sync.ballot.b32 %r1, !%p0, 0xffffffff; vote.sync.all.pred %p4, !%p1, 0xffffffff; activemask.b32 %r2;
        selp.u32 %r3, 1, 0, %p1; selp.u32 %r4, 2, 0, %p2; selp.u32 %r5, 4, 0, %p3; selp.u32 %r6, 8, 0, %p4;
        or.b32 %r3, %r3, %r4; or.b32 %r5, %r5, %r6; or.b32 %r3, %r3, %r5;
        setp.eq.u32 %p5, %r15, 0; @%p5 st.global.v4.u32 [%rd14], {%r0, %r1, %r2, %r3};";
    assert_eq!(output((1, 32), body, 4, &[]), [0x1f, !0x1f, u32::MAX, 2 | 8]);
    // A warp of 20 threads, with the mask of 32.
    assert_eq!(output((1, 20), body, 4, &[]), [0x1f, 0xf_ffe0, 0xf_ffff, 2 | 8]);
}

#[test]
fn folds_of_a_warp() {
    let body = "redux.sync.add.u32 %r0, %r15, 0xffffffff; redux.sync.max.u32 %r1, %r15, 0xffffffff;
        redux.sync.min.s32 %s2, %r15, 0xffffffff; redux.sync.xor.b32 %r3, %r15, 0xffffffff;
        setp.eq.u32 %p5, %r15, 0; @%p5 st.global.v4.u32 [%rd14], {%r0, %r1, %s2, %r3};";
    assert_eq!(output((1, 32), body, 4, &[]), [496, 31, 0, 0]);
}

#[test]
fn a_part_of_a_warp_by_its_own_mask() {
    let body = "setp.ge.u32 %p0, %r15, 16; mov.u32 %r0, 0; @%p0 bra $AFTER;
        shfl.sync.idx.b32 %r0, %r15, 7, 31, 0x0000ffff; bar.warp.sync 0xffff;
        $AFTER: mad.wide.u32 %rd0, %r15, 4, %rd14; st.global.u32 [%rd0], %r0;";
    assert_eq!(output((1, 32), body, 32, &[]), [vec![7; 16], vec![0; 16]].concat());
}
