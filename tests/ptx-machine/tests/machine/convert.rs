use crate::support::{number, output, value};

#[test]
fn integers_become_floats() {
    assert_eq!(value("cvt.rn.f32.u32 %f9, %r0", [0xffff_ffff, 0, 0]), u64::from(4_294_967_296_f32.to_bits()));
    assert_eq!(value("cvt.rn.f32.s32 %f9, %s0", [0xffff_ffff, 0, 0]), u64::from((-1_f32).to_bits()));
    assert_eq!(value("cvt.rn.f32.u64 %f9, %rd0", [1 << 40, 0, 0]), u64::from(2_f32.powi(40).to_bits()));
    assert_eq!(value("cvt.rn.f32.u32 %f9, %r0", [16_777_217, 0, 0]), u64::from(16_777_216_f32.to_bits()));
}

#[test]
fn floats_become_the_nearest_integer_that_there_is() {
    let of = |instruction: &str, operand: f32| value(instruction, [operand.to_bits().into(), 0, 0]) as u32;
    assert_eq!(of("cvt.rzi.u32.f32 %r9, %f0", 3.9), 3);
    assert_eq!(of("cvt.rzi.u32.f32 %r9, %f0", -3.9), 0);
    assert_eq!(of("cvt.rzi.u32.f32 %r9, %f0", 1e20), u32::MAX);
    assert_eq!(of("cvt.rzi.u32.f32 %r9, %f0", f32::NAN), 0);
    assert_eq!(of("cvt.rni.u32.f32 %r9, %f0", 2.5), 2);
    assert_eq!(of("cvt.rmi.s32.f32 %s9, %f0", -2.5), -3_i32 as u32);
    assert_eq!(of("cvt.rpi.s32.f32 %s9, %f0", -2.5), -2_i32 as u32);
    assert_eq!(of("cvt.rzi.s32.f32 %s9, %f0", -1e20), i32::MIN as u32);
    assert_eq!(of("cvt.rpi.u32.f32 %r9, %f0", 1e-40), 1);
    assert_eq!(of("cvt.rpi.ftz.u32.f32 %r9, %f0", 1e-40), 0);
}

#[test]
fn integers_change_their_size() {
    assert_eq!(value("cvt.u64.u32 %rd9, %r0", [0xffff_ffff, 0, 0]), 0xffff_ffff);
    assert_eq!(value("cvt.s64.s32 %sd9, %s0", [0xffff_ffff, 0, 0]), u64::MAX);
    assert_eq!(value("cvt.u32.u64 %r9, %rd0", [0x1_2345_6789, 0, 0]), 0x2345_6789);
    assert_eq!(value("cvt.u32.u16 %r9, %uh0", [0xffff, 0, 0]), 0xffff);
    assert_eq!(value("cvt.s32.s16 %s9, %sh0", [0xffff, 0, 0]), 0xffff_ffff);
    assert_eq!(value("cvt.s64.s16 %sd9, %sh0", [0x8000, 0, 0]), 0xffff_ffff_ffff_8000);
    assert_eq!(value("cvt.u16.u32 %uh9, %r0", [0x1_2345, 0, 0]), 0x2345);
    assert_eq!(value("cvta.to.global.u64 %rd9, %rd0", [77, 0, 0]), 77);
}

#[test]
fn half_the_bits_of_a_float() {
    // 1 + 2^-8 lies between two; the even one is 1. So is 1 + 3·2^-8, and the even one is 1 + 2^-6.
    for (bits, expected) in [(0x3f80_8000, 0x3f80), (0x3f81_8000, 0x3f82), (0x3f80_8001, 0x3f81), (0x7fc0_0000, 0x7fff)]
    {
        assert_eq!(value("cvt.rn.bf16.f32 %h9, %f0", [bits, 0, 0]), expected, "{bits:x}");
    }
    assert_eq!(value("cvt.rn.bf16x2.f32 %b9, %f0, %f1", [0x3f80_0000, 0xc000_0000, 0]), 0x3f80_c000);
    assert_eq!(value("cvt.f32.bf16 %f9, %h0", [0xc000, 0, 0]), u64::from((-2_f32).to_bits()));
    assert!(number("cvt.rmi.f32.f32 %f9, %f0", [f32::NAN, 0.0, 0.0]).is_nan());
}

#[test]
fn bits_are_moved_between_classes() {
    let body = "ld.global.f32 %f0, [%rd15]; mov.b32 %r0, %f0; and.b32 %r0, %r0, 0x7fffffff; mov.b32 %f1, %r0;
        st.global.f32 [%rd14], %f1;";
    assert_eq!(output((1, 1), body, 1, &[(-2.5_f32).to_bits()]), [2.5_f32.to_bits()]);
}
