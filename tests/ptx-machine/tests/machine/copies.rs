use sptx_ptx_machine::What;

use crate::support::{fault, output};

const ARRAY: &str = ".shared .align 16 .b32 staged[128]; mov.u32 %r0, staged; mad.lo.u32 %r1, %r15, 16, %r0; ";
const COPY: &str = "mad.wide.u32 %rd0, %r15, 16, %rd15; cp.async.cg.shared.global [%r1], [%rd0], 16;";

#[test]
fn copies_are_there_after_the_wait() {
    let body = format!(
        "{ARRAY} {COPY} cp.async.commit_group; cp.async.wait_group 0; bar.sync 0;
         mad.lo.u32 %r2, %r15, 4, %r0; ld.shared.u32 %r3, [%r2+16];
         mad.lo.u32 %r4, %r14, 32, %r15; mad.wide.u32 %rd0, %r4, 4, %rd14; st.global.u32 [%rd0], %r3;"
    );
    let input: Vec<u32> = (0..128).collect();
    assert_eq!(output((2, 32), &body, 64, &input), [&input[4..36], &input[4..36]].concat());
}

#[test]
fn groups_end_in_their_order() {
    let body = format!(
        "{ARRAY} cp.async.ca.shared.global [%r1], [%rd15], 4; cp.async.commit_group;
         cp.async.ca.shared.global [%r1+8], [%rd15+8], 8; cp.async.commit_group;
         cp.async.wait_group 1; ld.shared.u32 %r2, [%r1]; st.global.u32 [%rd14], %r2;
         cp.async.ca.shared.global [%r1+4], [%rd15+4], 4;
         cp.async.wait_all; ld.shared.v4.u32 {{%r3, %r4, %r5, %r6}}, [%r1]; st.global.v2.u32 [%rd14+8], {{%r4, %r6}};"
    );
    assert_eq!(output((1, 1), &body, 4, &[10, 11, 12, 13]), [10, 0, 11, 13]);
}

#[test]
fn what_is_not_read_is_zero() {
    let body = format!(
        "{ARRAY} cp.async.cg.shared.global [%r1], [%rd15], 16, 6; cp.async.cg.shared.global [%r1+16], [%rd15+4096], 16, 0;
         cp.async.wait_all; ld.shared.v4.u32 {{%r3, %r4, %r5, %r6}}, [%r1]; st.global.v4.u32 [%rd14], {{%r3, %r4, %r5, %r6}};
         ld.shared.u32 %r3, [%r1+28]; st.global.u32 [%rd14+16], %r3;"
    );
    assert_eq!(output((1, 1), &body, 5, &[0x1111_1111, 0x2222_2222, 3, 4]), [0x1111_1111, 0x2222, 0, 0, 0]);
}

#[test]
fn copies_under_way_are_not_touched() {
    let under_way = |word| What::CopyUnderWay { place: "staged".to_owned(), word };
    let reads = format!("{ARRAY} {COPY}\nld.shared.u32 %r2, [%r1];");
    assert_eq!(fault((1, 4), &reads), (under_way(0), 2, 0, 0));
    let commits = format!("{ARRAY} {COPY} cp.async.commit_group; cp.async.wait_group 1;\nst.shared.u32 [%r1+4], %r1;");
    assert_eq!(fault((1, 1), &commits), (under_way(1), 2, 0, 0));
    let twice = format!("{ARRAY} {COPY}\ncp.async.ca.shared.global [%r1+8], [%rd15], 4;");
    assert_eq!(fault((1, 1), &twice), (under_way(2), 2, 0, 0));
}

#[test]
fn other_threads_see_copies_after_a_barrier() {
    let body = format!("{ARRAY} {COPY} cp.async.wait_all;\nld.shared.u32 %r2, [%r0];");
    let race = What::Race { place: "staged".to_owned(), word: 0, other: Some(0) };
    assert_eq!(fault((1, 2), &body), (race, 2, 1, 0));
}
