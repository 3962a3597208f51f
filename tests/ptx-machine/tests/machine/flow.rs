use crate::support::output;

/// All of a warp must have come together: a vote of all would be a fault.
const TOGETHER: &str = "vote.sync.ballot.b32 %r9, 1, 0xffffffff;";
const STORE: &str = "mad.wide.u32 %rd0, %r15, 4, %rd14; st.global.u32 [%rd0], %r0;";

fn of_threads(body: &str) -> Vec<u32> {
    output((1, 64), &format!("{body} {STORE}"), 64, &[])
}

fn expected(of: impl Fn(u32) -> u32) -> Vec<u32> {
    (0..64).map(of).collect()
}

#[test]
fn nested_ifs_come_together() {
    let body = format!(
        "and.b32 %r1, %r15, 1; setp.eq.u32 %p0, %r1, 0; and.b32 %r1, %r15, 2; setp.eq.u32 %p1, %r1, 0;
         @%p0 bra $EVEN;
         mov.u32 %r0, 1; @%p1 bra $JOIN; add.u32 %r0, %r0, 10; bra.uni $JOIN;
         $EVEN: mov.u32 %r0, 2; @!%p1 bra $INNER; add.u32 %r0, %r0, 20;
         $INNER: shl.b32 %r0, %r0, 1;
         $JOIN: {TOGETHER}"
    );
    let of = |thread: u32| match thread % 4 {
        0 => 44,
        1 => 1,
        2 => 4,
        _ => 11,
    };
    assert_eq!(of_threads(&body), expected(of));
}

#[test]
fn loops_of_different_lengths_come_together() {
    let body = format!(
        "mov.u32 %r0, 0; mov.u32 %r1, 0;
         $LOOP: setp.ge.u32 %p0, %r1, %r15; @%p0 bra $DONE;
         mov.u32 %r2, 0;
         $INNER: add.u32 %r0, %r0, 1; add.u32 %r2, %r2, 1; setp.le.u32 %p1, %r2, %r1; @%p1 bra $INNER;
         add.u32 %r1, %r1, 1; bra $LOOP;
         $DONE: {TOGETHER}"
    );
    assert_eq!(of_threads(&body), expected(|thread| thread * (thread + 1) / 2));
}

#[test]
fn loops_are_left_in_their_middle() {
    // The smallest number above 1 that divides the thread's number and 5, or the number itself.
    let body = format!(
        "add.u32 %r1, %r15, 5; mov.u32 %r0, 2;
         $LOOP: setp.ge.u32 %p0, %r0, %r1; @%p0 bra $DONE;
         rem.u32 %r2, %r1, %r0; setp.eq.u32 %p1, %r2, 0; @%p1 bra $DONE;
         add.u32 %r0, %r0, 1; bra.uni $LOOP;
         $DONE: {TOGETHER}"
    );
    let smallest = |number: u32| (2..number).find(|divisor| number.is_multiple_of(*divisor)).unwrap_or(number);
    assert_eq!(of_threads(&body), expected(|thread| smallest(thread + 5)));
}

#[test]
fn threads_that_end_are_not_waited_for() {
    let of = |thread: u32| if thread % 3 == 1 { 0 } else { 7 };
    let guarded = "rem.u32 %r1, %r15, 3; setp.eq.u32 %p0, %r1, 1; @%p0 ret;
        mov.u32 %r0, 7; vote.sync.ballot.b32 %r9, 1, 0xffffffff;";
    assert_eq!(of_threads(guarded), expected(of));
    let branch = "rem.u32 %r1, %r15, 3; setp.ne.u32 %p0, %r1, 1; @%p0 bra $GO; ret;
        $GO: mov.u32 %r0, 7; vote.sync.ballot.b32 %r9, 1, 0xffffffff;";
    assert_eq!(of_threads(branch), expected(of));
}

#[test]
fn an_end_inside_a_branch_does_not_keep_others_apart() {
    let body = format!(
        "rem.u32 %r1, %r15, 4; setp.ge.u32 %p0, %r1, 2; @%p0 bra $OTHER;
         mov.u32 %r0, 1; setp.eq.u32 %p1, %r1, 0; @!%p1 bra $JOIN; exit;
         $OTHER: mov.u32 %r0, 2;
         $JOIN: {TOGETHER}"
    );
    let of = |thread: u32| match thread % 4 {
        0 => 0,
        1 => 1,
        _ => 2,
    };
    assert_eq!(of_threads(&body), expected(of));
}

#[test]
fn any_instruction_may_be_guarded() {
    let body = "mov.u32 %r0, 1; setp.lt.u32 %p0, %r15, 9; @%p0 mov.u32 %r0, 2; @!%p0 add.u32 %r0, %r0, 5;
        setp.gt.u32 %p1, %r15, 100; @%p1 trap; @%p1 bar.sync 0; @%p1 ld.global.u32 %r0, [%rd15+4096];";
    assert_eq!(of_threads(body), expected(|thread| if thread < 9 { 2 } else { 6 }));
}

#[test]
fn barriers_order_warps() {
    let body = ".shared .b32 sums[4]; mov.u32 %r3, 0;
        setp.ge.u32 %p0, %r15, 4; mov.u32 %r1, sums; mad.lo.u32 %r2, %r15, 4, %r1; @!%p0 st.shared.u32 [%r2], %r3;
        bar.sync 0; red.shared.add.u32 [%r1], 1; barrier.sync 1; ld.shared.u32 %r0, [%r1];
        bar.sync 0; red.shared.add.u32 [%r1], 1; bar.cta.sync 0; ld.shared.u32 %r3, [%r1]; add.u32 %r0, %r0, %r3;
        membar.gl; fence.acq_rel.gpu;";
    assert_eq!(of_threads(body), expected(|_| 64 + 128));
}
