use crate::support::{number, value};

const ORDERS: [(&str, [bool; 3]); 6] = [
    ("lt", [true, false, false]),
    ("le", [true, true, false]),
    ("eq", [false, true, false]),
    ("ge", [false, true, true]),
    ("gt", [false, false, true]),
    ("ne", [true, false, true]),
];

#[test]
fn integers_compare_by_their_sign() {
    let minus = u64::from(-1_i32 as u32);
    for (order, expected) in ORDERS {
        for ((a, b), holds) in [(1, 2), (2, 2), (2, 1)].into_iter().zip(expected) {
            for (ty, class) in [("u32", "r"), ("s32", "s"), ("u64", "rd"), ("s64", "sd")] {
                let instruction = format!("setp.{order}.{ty} %p9, %{class}0, %{class}1");
                assert_eq!(value(&instruction, [a, b, 0]) == 1, holds, "{instruction} of {a} and {b}");
            }
        }
        let negative_is_less = value(&format!("setp.{order}.s32 %p9, %s0, %s1"), [minus, 0, 0]) == 1;
        assert_eq!(negative_is_less, expected[0], "{order}");
        let wraps_to_more = value(&format!("setp.{order}.u32 %p9, %r0, %r1"), [minus, 0, 0]) == 1;
        assert_eq!(wraps_to_more, expected[2], "{order}");
    }
    for (alias, holds) in [("lo", 1), ("ls", 1), ("hi", 0), ("hs", 0)] {
        assert_eq!(value(&format!("setp.{alias}.u32 %p9, %r0, %r1"), [1, minus, 0]), holds, "{alias}");
    }
    assert_eq!(value("setp.eq.b32 %p9, %b0, %r1", [5, 5, 0]), 1);
    assert_eq!(value("setp.ne.b64 %p9, %bd0, %rd1", [5, 5, 0]), 0);
}

#[test]
fn floats_compare_with_and_without_order() {
    let pairs = [(1.0, 2.0), (2.0, 2.0), (2.0, 1.0)];
    let holds = |comparison: &str, a: f32, b: f32| {
        let instruction = format!("setp.{comparison}.f32 %p9, %f0, %f1; selp.f32 %f9, 0f3F800000, 0f00000000, %p9");
        let bits = [a, b, 0.0].map(|value| u64::from(value.to_bits()));
        value(&instruction, bits) == 1
    };
    for (order, expected) in ORDERS {
        for ((a, b), expected) in pairs.into_iter().zip(expected) {
            assert_eq!(holds(order, a, b), expected, "{order} of {a} and {b}");
            assert_eq!(holds(&format!("{order}u"), a, b), expected, "{order}u of {a} and {b}");
        }
        for (a, b) in [(f32::NAN, 1.0), (1.0, f32::NAN), (f32::NAN, f32::NAN)] {
            assert!(!holds(order, a, b), "{order} of {a} and {b}");
            assert!(holds(&format!("{order}u"), a, b), "{order}u of {a} and {b}");
        }
    }
    assert!(holds("num", 1.0, 2.0) && !holds("num", f32::NAN, 2.0));
    assert!(!holds("nan", 1.0, 2.0) && holds("nan", 1.0, f32::NAN));
    assert!(holds("gt", 1e-40, 0.0) && !holds("gt.ftz", 1e-40, 0.0));
    assert!(holds("eq", 0.0, -0.0));
}

#[test]
fn comparisons_join_predicates_and_give_both_results() {
    assert_eq!(value("setp.lt.and.u32 %p9, %r0, %r1, %p2", [1, 2, 1]), 1);
    assert_eq!(value("setp.lt.and.u32 %p9, %r0, %r1, !%p2", [1, 2, 1]), 0);
    assert_eq!(value("setp.lt.or.u32 %p9, %r0, %r1, %p2", [2, 1, 1]), 1);
    assert_eq!(value("setp.lt.xor.u32 %p9, %r0, %r1, %p2", [1, 2, 1]), 0);
    let both = "setp.lt.u32 %p9|%p8, %r0, %r1; selp.b32 %r3, 2, 0, %p8; selp.b32 %r4, 1, 0, %p9; or.b32 %r9, %r3, %r4";
    let mixed = format!("mov.u32 %r9, 0; {both}");
    assert_eq!(value(&mixed, [1, 2, 0]), 1);
    assert_eq!(value(&mixed, [2, 1, 0]), 2);
    assert_eq!(number("selp.f32 %f9, %f0, %f1, %p2", [1.0, 2.0, 1.0]), 1.0);
}
