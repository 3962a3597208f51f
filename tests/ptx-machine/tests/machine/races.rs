use sptx_ptx_machine::{Machine, What};

use crate::support::{fault, launch};

fn race(place: &str, word: usize, other: Option<u32>) -> What {
    What::Race { place: place.to_owned(), word, other }
}

fn passes(grid: (u32, u32), body: &str) {
    let mut buffers = [vec![0; 64], vec![0; 64]];
    launch(Machine::default(), grid, body, &mut buffers).unwrap_or_else(|fault| panic!("{fault}\n{body}"));
}

#[test]
fn two_threads_write_one_word() {
    assert_eq!(fault((1, 2), "st.global.u32 [%rd14+8], %r15;"), (race("out", 2, Some(0)), 1, 1, 0));
    let shared = ".shared .b32 word;\nst.shared.u32 [word], 1;";
    assert_eq!(fault((1, 2), shared), (race("word", 0, Some(0)), 2, 1, 0));
}

#[test]
fn one_thread_reads_what_another_writes() {
    let body = "setp.eq.u32 %p0, %r15, 40;\n@!%p0 ld.global.u32 %r0, [%rd14];\n@%p0 st.global.u32 [%rd14], %r15;";
    assert_eq!(fault((1, 64), body), (race("out", 0, None), 3, 40, 0));
    let turned = "setp.eq.u32 %p0, %r15, 4;\n@%p0 st.global.u32 [%rd14], %r15;\n@!%p0 ld.global.u32 %r0, [%rd14];";
    assert_eq!(fault((1, 64), turned), (race("out", 0, Some(4)), 3, 0, 0));
}

#[test]
fn a_barrier_orders() {
    let body = "setp.eq.u32 %p0, %r15, 40; @%p0 st.global.u32 [%rd14], %r15;\nbar.sync 0; ld.global.u32 %r0, [%rd14];";
    passes((1, 64), body);
    let raced = body.replace("bar.sync 0;", "membar.gl;");
    assert_eq!(fault((1, 64), &raced), (race("out", 0, None), 1, 40, 0));
}

#[test]
fn nothing_orders_workgroups() {
    let body = "mov.u32 %r1, 0; bar.sync 0;\nst.global.u32 [%rd14], %r1;";
    let by_groups = |other| What::RaceOfWorkgroups { place: "out".to_owned(), word: 0, other };
    assert_eq!(fault((2, 1), body), (by_groups(Some(0)), 2, 0, 1));
    let read = "setp.eq.u32 %p0, %r14, 2;\n@%p0 st.global.u32 [%rd14], 1;\n@!%p0 ld.global.u32 %r0, [%rd14];";
    assert_eq!(fault((3, 1), read), (by_groups(None), 2, 0, 2));
}

#[test]
fn atomic_operations_race_with_others_only() {
    passes(
        (3, 64),
        "red.global.add.u32 [%rd14], 1; atom.global.add.u32 %r0, [%rd14], 1; ld.relaxed.gpu.global.u32 %r1, [%rd14];",
    );
    let body = "red.global.add.u32 [%rd14], 1;\nld.global.u32 %r1, [%rd14];";
    assert_eq!(fault((1, 2), body), (race("out", 0, None), 2, 0, 0));
    let turned = "setp.eq.u32 %p0, %r15, 0; @%p0 ld.global.u32 %r1, [%rd14];\nred.global.add.u32 [%rd14], 1;";
    assert_eq!(fault((1, 2), turned), (race("out", 0, Some(0)), 2, 1, 0));
    let store = "setp.eq.u32 %p0, %r15, 0; @%p0 st.global.u32 [%rd14], 1;\nred.global.add.u32 [%rd14], 1;";
    assert_eq!(fault((1, 2), store), (race("out", 0, Some(0)), 2, 1, 0));
}

#[test]
fn a_vector_races_in_each_word() {
    let body = "mad.wide.u32 %rd0, %r15, 16, %rd14;\nst.global.v4.u32 [%rd0], {%r15, %r15, %r15, %r15};\nld.global.u32 %r0, [%rd14+28];";
    assert_eq!(fault((1, 2), body), (race("out", 7, Some(1)), 3, 0, 0));
}

#[test]
fn constant_words_are_not_written() {
    let body = "ld.global.nc.u32 %r0, [%rd14];\nst.global.u32 [%rd14], %r0;";
    let constant = What::NotConstant { place: "out".to_owned(), word: 0 };
    assert_eq!(fault((1, 1), body), (constant.clone(), 2, 0, 0));
    let turned = "mov.u32 %r0, 0; red.global.add.u32 [%rd14], %r0;\nld.global.nc.u32 %r0, [%rd14];";
    assert_eq!(fault((1, 1), turned), (constant, 2, 0, 0));
    passes((2, 64), "ld.global.nc.u32 %r0, [%rd15]; ld.global.u32 %r1, [%rd15];");
}
