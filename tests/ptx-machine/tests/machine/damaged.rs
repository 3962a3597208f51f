//! Damaged texts: never a panic, neither of the parser nor of the machine.

use sptx_ptx_machine::{Launch, Machine, Module};

use crate::support::on_buffers;

const BODY: &str = ".shared .align 16 .b32 words[64]; mov.u32 %r0, words; mad.lo.u32 %r1, %r15, 4, %r0;
$LOOP: setp.lt.and.u32 %p0|%p1, %r15, 7, !%p2; @%p0 bra $NEXT; st.shared.v2.u32 [%r1+8], {%r1, %r0};
$NEXT: bar.sync 0; ld.global.nc.v4.f32 {%f0, %f1, %f2, %f3}, [%rd15+16]; fma.rn.f32 %f0, %f1, 0f3F800000, %f2;
shfl.sync.bfly.b32 %f3|%p3, %f0, 16, 31, 0xffffffff; cp.async.ca.shared.global [words], [%rd15], 4; cp.async.wait_all;
red.global.add.v2.f32 [%rd14], {%f0, %f3}; atom.global.cas.b32 %r2, [%rd14+8], 1, -1; div.u32 %r3, %r15, 3;
mov.b64 {%r4, %r5}, %rd14; cvt.rzi.u32.f32 %r6, %f0; /* some words */ @!%p0 bra.uni $LOOP; // more";

/// Pieces that are put in.
const PIECES: [&str; 20] = [
    "",
    ";",
    "{",
    "}",
    "[",
    "%r0",
    "%rd15",
    "@",
    "!",
    "|",
    ".v4",
    "0x",
    "-",
    "/*",
    "4294967295",
    "\u{e4}\"",
    "0",
    "3",
    "5",
    "16",
];

#[test]
fn damaged_texts_are_refused_or_run() {
    let good = on_buffers(BODY);
    let (mut state, mut parsed) = (1_u64, 0);
    let mut below = |end: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % end
    };
    for _ in 0..6000 {
        let (from, piece) = (below(good.len()), PIECES[below(PIECES.len())]);
        let until = good.len().min(from + below(3));
        let text = [&good[..from], piece, &good[until..]].concat();
        let Ok(module) = Module::parse(&text) else { continue };
        parsed += 1;
        let machine = Machine { budget: 2000, ..Machine::default() };
        for entry in module.entries() {
            let mut buffers = vec![vec![0; 16]; entry.buffers().count()];
            let parameters = vec![1; entry.words().count()];
            let launch = Launch { workgroups: 2, threads: 40, parameters: &parameters };
            // Faults are as good as results.
            let _ = machine.launch(entry, launch, &mut buffers);
        }
    }
    assert!(parsed > 100, "{parsed} texts parse");
}
