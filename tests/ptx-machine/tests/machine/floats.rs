use crate::support::{number, value};

const SUBNORMAL: f32 = 1e-40;

type Case = (&'static str, [f32; 3], f32);

const CASES: &[Case] = &[
    ("add.rn.f32 %f9, %f0, %f1", [0.1, 0.2, 0.0], 0.1 + 0.2),
    ("add.f32 %f9, %f0, 0f3F800000", [0.5, 0.0, 0.0], 1.5),
    ("add.sat.f32 %f9, %f0, %f1", [0.75, 0.75, 0.0], 1.0),
    ("add.ftz.f32 %f9, %f0, %f1", [SUBNORMAL, 0.0, 0.0], 0.0),
    ("add.rn.f32 %f9, %f0, %f1", [SUBNORMAL, 0.0, 0.0], SUBNORMAL),
    ("sub.rn.f32 %f9, %f0, %f1", [0.1, 0.2, 0.0], 0.1 - 0.2),
    ("sub.rn.sat.f32 %f9, %f0, %f1", [0.1, 0.2, 0.0], 0.0),
    ("mul.rn.f32 %f9, %f0, %f1", [0.1, 0.2, 0.0], 0.1 * 0.2),
    ("fma.rn.f32 %f9, %f0, %f1, %f2", [1.000_000_1, 1.000_000_1, -1.0], 2.384_185_9e-7),
    ("mad.rn.f32 %f9, %f0, %f1, %f2", [2.0, 3.0, 4.0], 10.0),
    ("div.rn.f32 %f9, %f0, %f1", [1.0, 3.0, 0.0], 1.0 / 3.0),
    ("div.approx.f32 %f9, %f0, %f1", [1.0, 3.0, 0.0], 1.0 / 3.0),
    ("div.full.f32 %f9, %f0, %f1", [1.0, 0.0, 0.0], f32::INFINITY),
    ("min.f32 %f9, %f0, %f1", [1.0, f32::NAN, 0.0], 1.0),
    ("min.f32 %f9, %f0, %f1", [0.0, -0.0, 0.0], -0.0),
    ("min.f32 %f9, %f0, %f1", [-0.0, 0.0, 0.0], -0.0),
    ("min.f32 %f9, %f0, %f1", [2.0, -3.0, 0.0], -3.0),
    ("max.f32 %f9, %f0, %f1", [f32::NAN, 1.0, 0.0], 1.0),
    ("max.f32 %f9, %f0, %f1", [-0.0, 0.0, 0.0], 0.0),
    ("max.f32 %f9, %f0, %f1", [0.0, -0.0, 0.0], 0.0),
    ("neg.f32 %f9, %f0", [0.0, 0.0, 0.0], -0.0),
    ("abs.f32 %f9, %f0", [-2.5, 0.0, 0.0], 2.5),
    ("copysign.f32 %f9, %f0, %f1", [-0.0, 2.5, 0.0], -2.5),
    ("sqrt.rn.f32 %f9, %f0", [2.0, 0.0, 0.0], std::f32::consts::SQRT_2),
    ("sqrt.approx.f32 %f9, %f0", [9.0, 0.0, 0.0], 3.0),
    ("rsqrt.approx.f32 %f9, %f0", [4.0, 0.0, 0.0], 0.5),
    ("rcp.rn.f32 %f9, %f0", [3.0, 0.0, 0.0], 1.0 / 3.0),
    ("rcp.approx.ftz.f32 %f9, %f0", [-0.5, 0.0, 0.0], -2.0),
    ("ex2.approx.f32 %f9, %f0", [0.5, 0.0, 0.0], std::f32::consts::SQRT_2),
    ("ex2.approx.ftz.f32 %f9, %f0", [-130.0, 0.0, 0.0], 0.0),
    ("lg2.approx.f32 %f9, %f0", [0.125, 0.0, 0.0], -3.0),
    ("sin.approx.f32 %f9, %f0", [std::f32::consts::FRAC_PI_2, 0.0, 0.0], 1.0),
    ("cos.approx.f32 %f9, %f0", [0.0, 0.0, 0.0], 1.0),
    ("tanh.approx.f32 %f9, %f0", [1.0, 0.0, 0.0], 0.761_594_2),
    ("selp.f32 %f9, %f0, %f1, %p2", [1.0, 2.0, 0.0], 2.0),
    ("cvt.rmi.f32.f32 %f9, %f0", [-1.5, 0.0, 0.0], -2.0),
    ("cvt.rpi.f32.f32 %f9, %f0", [-1.5, 0.0, 0.0], -1.0),
    ("cvt.rzi.f32.f32 %f9, %f0", [-1.5, 0.0, 0.0], -1.0),
    ("cvt.rni.f32.f32 %f9, %f0", [2.5, 0.0, 0.0], 2.0),
    ("cvt.sat.f32.f32 %f9, %f0", [2.5, 0.0, 0.0], 1.0),
    ("cvt.ftz.f32.f32 %f9, %f0", [-SUBNORMAL, 0.0, 0.0], -0.0),
];

#[test]
fn instructions_on_floats_give_what_they_should() {
    for (instruction, operands, expected) in CASES {
        let found = number(instruction, *operands);
        assert_eq!(found.to_bits(), expected.to_bits(), "{instruction} of {operands:?}: {found}");
    }
}

/// Two numbers side by side, the first below.
fn pair(numbers: [f32; 2]) -> u64 {
    let [below, above] = numbers.map(|number| u64::from(number.to_bits()));
    below | (above << 32)
}

#[test]
fn instructions_on_pairs_give_what_they_give_of_each() {
    let (a, b, c) = ([1.000_000_1, SUBNORMAL], [1.000_000_1, 0.0], [-1.0, SUBNORMAL]);
    for (instruction, expected) in [
        ("add.rn.f32x2 %bd9, %bd0, %bd1", [2.000_000_2, SUBNORMAL]),
        ("add.ftz.f32x2 %bd9, %bd0, %bd1", [2.000_000_2, 0.0]),
        ("sub.rn.f32x2 %bd9, %bd1, %bd0", [0.0, -SUBNORMAL]),
        ("mul.rn.f32x2 %bd9, %bd1, %bd2", [-1.000_000_1, 0.0]),
        ("fma.rn.f32x2 %bd9, %bd0, %bd1, %bd2", [2.384_185_9e-7, SUBNORMAL]),
    ] {
        assert_eq!(value(instruction, [pair(a), pair(b), pair(c)]), pair(expected), "{instruction}");
    }
    assert_eq!(value("mov.b64 %bd9, {%f0, %f1}", [1, 2, 0]), 1 | (2 << 32));
    assert_eq!(value("mov.f32 %f9, %f0; mov.b64 {%f8, %f9}, %bd1", [0, 1 | (2 << 32), 0]), 2);
    let nan = pair([f32::INFINITY, 1.0]);
    assert_eq!(value("sub.rn.f32x2 %bd9, %bd0, %bd0", [nan, 0, 0]), 0x7fff_ffff);
}

#[test]
fn what_is_no_number_has_the_bits_of_ptx() {
    let nan = [u64::from(f32::NAN.to_bits()); 3];
    for instruction in
        ["add.rn.f32 %f9, %f0, %f1", "max.f32 %f9, %f0, %f1", "min.NaN.f32 %f9, %f0, %f1", "max.NaN.f32 %f9, %f0, %f1"]
    {
        assert_eq!(value(instruction, nan), 0x7fff_ffff, "{instruction}");
    }
    assert_eq!(value("max.NaN.f32 %f9, %f0, %f1", [nan[0], 0, 0]), 0x7fff_ffff);
    assert_eq!(value("add.sat.f32 %f9, %f0, %f1", nan), 0);
}
