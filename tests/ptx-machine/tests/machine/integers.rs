use crate::support::{output, value};

/// An instruction on 32 bits, its operands and its result.
type Case = (&'static str, [u64; 3], u64);

const BIG: u64 = 0xffff_fff0;

const CASES: &[Case] = &[
    ("add.u32 %r9, %r0, %r1", [BIG, 0x20, 0], 0x10),
    ("add.s32 %s9, %s0, -5", [3, 0, 0], 0xffff_fffe),
    ("add.u64 %rd9, %rd0, %rd1", [u64::MAX, 2, 0], 1),
    ("sub.u32 %r9, %r0, %r1", [1, 2, 0], 0xffff_ffff),
    ("sub.s64 %sd9, %sd0, %sd1", [1, 2, 0], u64::MAX),
    ("mul.lo.u32 %r9, %r0, %r1", [0x1_0001, 0x1_0001, 0], 0x2_0001),
    ("mul.lo.u64 %rd9, %rd0, %rd1", [u64::MAX, 3, 0], u64::MAX - 2),
    ("mul.hi.u32 %r9, %r0, %r1", [0xffff_ffff, 0xffff_ffff, 0], 0xffff_fffe),
    ("mul.hi.s32 %s9, %s0, %s1", [0xffff_ffff, 0xffff_ffff, 0], 0),
    ("mul.hi.u64 %rd9, %rd0, %rd1", [u64::MAX, u64::MAX, 0], u64::MAX - 1),
    ("mul.wide.u32 %rd9, %r0, %r1", [0xffff_ffff, 0xffff_ffff, 0], 0xffff_fffe_0000_0001),
    ("mul.wide.s32 %sd9, %s0, %s1", [0xffff_ffff, 7, 0], (-7_i64) as u64),
    ("mad.lo.u32 %r9, %r0, %r1, %r2", [BIG, 2, 33], 1),
    ("mad.hi.u32 %r9, %r0, %r1, %r2", [0x8000_0000, 4, 5], 7),
    ("mad.wide.u32 %rd9, %r0, 4, %rd2", [0xffff_ffff, 0, 0x1_0000_0000], 0x4_ffff_fffc),
    ("div.u32 %r9, %r0, %r1", [BIG, 16, 0], 0xfff_ffff),
    ("div.s32 %s9, %s0, %s1", [BIG, 5, 0], (-3_i32) as u32 as u64),
    ("div.u64 %rd9, %rd0, %rd1", [1 << 40, 3, 0], (1 << 40) / 3),
    ("rem.u32 %r9, %r0, %r1", [BIG, 7, 0], BIG % 7),
    ("rem.s32 %s9, %s0, %s1", [BIG, 5, 0], (-1_i32) as u32 as u64),
    ("min.u32 %r9, %r0, %r1", [BIG, 3, 0], 3),
    ("min.s32 %s9, %s0, %s1", [BIG, 3, 0], BIG),
    ("max.u32 %r9, %r0, %r1", [BIG, 3, 0], BIG),
    ("max.s64 %sd9, %sd0, %sd1", [u64::MAX, 3, 0], 3),
    ("neg.s32 %s9, %s0", [1, 0, 0], 0xffff_ffff),
    ("abs.s32 %s9, %s0", [BIG, 0, 0], 16),
    ("abs.s64 %sd9, %sd0", [u64::MAX, 0, 0], 1),
    ("and.b32 %r9, %r0, %r1", [0b1100, 0b1010, 0], 0b1000),
    ("or.b32 %b9, %b0, %b1", [0b1100, 0b1010, 0], 0b1110),
    ("xor.b64 %bd9, %bd0, %bd1", [0b1100, 0b1010, 0], 0b0110),
    ("not.b32 %r9, %r0", [0xf, 0, 0], 0xffff_fff0),
    ("not.b16 %h9, %h0", [0xf, 0, 0], 0xfff0),
    ("not.b64 %rd9, %rd0", [0xf, 0, 0], !0xf),
    ("and.pred %p9, %p0, %p1", [1, 0, 0], 0),
    ("or.pred %p9, %p0, %p1", [1, 0, 0], 1),
    ("xor.pred %p9, %p0, %p1", [1, 1, 0], 0),
    ("not.pred %p9, %p0", [1, 0, 0], 0),
    ("shl.b32 %r9, %r0, %r1", [0xffff_ffff, 4, 0], 0xffff_fff0),
    ("shl.b32 %r9, %r0, %r1", [0xffff_ffff, 32, 0], 0),
    ("shl.b16 %h9, %h0, %r1", [0xffff, 4, 0], 0xfff0),
    ("shl.b64 %rd9, %rd0, %r1", [1, 63, 0], 1 << 63),
    ("shr.u32 %r9, %r0, %r1", [0x8000_0000, 31, 0], 1),
    ("shr.u32 %r9, %r0, %r1", [0x8000_0000, 77, 0], 0),
    ("shr.b32 %r9, %r0, %r1", [0x8000_0000, 4, 0], 0x800_0000),
    ("shr.s32 %s9, %s0, %r1", [0x8000_0000, 99, 0], 0xffff_ffff),
    ("shr.u64 %rd9, %rd0, %r1", [1 << 63, 63, 0], 1),
    ("shr.s64 %sd9, %sd0, 63", [1 << 63, 0, 0], u64::MAX),
    ("popc.b32 %r9, %r0", [0xf0f0, 0, 0], 8),
    ("popc.b64 %r9, %rd0", [u64::MAX, 0, 0], 64),
    ("clz.b32 %r9, %r0", [1, 0, 0], 31),
    ("clz.b64 %r9, %rd0", [1, 0, 0], 63),
    ("selp.b32 %r9, %r0, %r1, %p2", [3, 4, 1], 3),
    ("selp.u64 %rd9, %rd0, %rd1, %p2", [3, 1 << 40, 0], 1 << 40),
    ("mov.u32 %r9, 0xFFU", [0, 0, 0], 255),
    ("mov.u32 %r9, %laneid", [0, 0, 0], 0),
    ("cvt.u64.u32 %rd9, %ntid.x", [0, 0, 0], 1),
    ("mul.lo.u32 %r9, %r0, WARP_SZ", [3, 0, 0], 96),
    ("mov.u32 %r9, WARP_SZ", [0, 0, 0], 32),
    ("mov.u32 %r9, %ntid.x", [0, 0, 0], 1),
    ("mov.u32 %r9, %ntid.y", [0, 0, 0], 1),
    ("mov.u32 %r9, %ctaid.z", [0, 0, 0], 0),
    ("mov.b32 %f9, 0f3F800000", [0, 0, 0], 0x3f80_0000),
    ("mov.pred %p9, %p0", [7, 0, 0], 1),
    ("mov.b64 %rd9, {%r0, %r1}", [5, 6, 0], 6 << 32 | 5),
    ("mov.b32 %r9, {%h0, %h1}", [5, 6, 0], 6 << 16 | 5),
];

#[test]
fn instructions_on_integers_give_what_they_should() {
    for (instruction, operands, expected) in CASES {
        assert_eq!(value(instruction, *operands), *expected, "{instruction} of {operands:x?}");
    }
}

#[test]
fn halves_come_apart() {
    let body = "ld.global.v2.u32 {%r0, %r1}, [%rd15];
        mov.b32 {%h0, %h1}, %r0; mov.b32 %r2, {%h1, %h0};
        mov.b64 %rd0, {%r0, %r1}; mov.b64 {%r3, %r4}, %rd0;
        st.global.v4.u32 [%rd14], {%r2, %r3, %r4, %r1};";
    assert_eq!(output((1, 1), body, 4, &[0x1234_5678, 9]), [0x5678_1234, 0x1234_5678, 9, 9]);
}

#[test]
fn places_of_threads() {
    let body = "mov.u32 %r0, %ntid.x; mad.lo.u32 %r1, %r14, %r0, %r15; mad.wide.u32 %rd0, %r1, 16, %rd14;
        mov.u32 %r2, %laneid; mov.u32 %r3, %warpid; mov.u32 %r4, %nctaid.x; mad.lo.u32 %r4, %r4, 100, %r14;
        st.global.v4.u32 [%rd0], {%r15, %r2, %r3, %r4};";
    let output = output((3, 40), body, 480, &[]);
    for (thread, words) in (0..).zip(output.chunks(4)) {
        let place: u32 = thread % 40;
        assert_eq!(words, [place, place % 32, place / 32, 300 + thread / 40]);
    }
}
