use expect_test::{Expect, expect};

use super::*;
use crate::compile;
use crate::testing::Sketch;

fn report(declared: Score) -> Report {
    let compiled = compile(declared);
    let sizes = compiled.lowered.bind_all_dims(8).unwrap();
    explain(&compiled, &sizes)
}

fn check(declared: Score, expected: Expect) {
    expected.assert_eq(&report(declared).to_string());
}

#[test]
fn transh() {
    check(
        Sketch::transh(),
        expect![[r#"
            TransH
              d = 8
            tables
              entity v: 8 elements, 32 bytes a row
              relation d: 8 elements, 32 bytes a row
              relation w: 8 elements, 32 bytes a row
            declared
              x1 = h.v − Σ(r.w·h.v)·r.w + r.d − (t.v − Σ(r.w·t.v)·r.w)
              score = −Σ(x1²)
            factored
              x1 = h.v − t.v
              x2 = x1 + r.d − Σ(x1·r.w)·r.w
              score = −Σ(x2²)
            incidence rows
              x1 = +h.v −t.v   (plus_times)
            comparators
              h as candidate: squared L2, candidates transformed by the query
              t as candidate: squared L2, candidates transformed by the query
            gradient
              x1 = h.v − t.v
              x2 = Σ(x1·r.w)
              x3 = x1 + r.d − x2·r.w
              x4 = −2·g
              x5 = x4·x3
              x6 = Σ(x5·r.w)
              x7 = x5 − x6·r.w
              h.v += x7
              r.d += x5
              r.w += −(x4·x2·x3 + x6·x1)
              t.v += −x7
            cost of a triple
              forward: 128 bytes read, 4 written, 63 FLOPs
              backward: 260 bytes read, 128 written, 81 FLOPs
        "#]],
    );
}

#[test]
fn transr() {
    check(
        Sketch::transr(),
        expect![[r#"
            TransR
              d = 8
              k = 8
            tables
              entity v: 8 elements, 32 bytes a row
              relation v: 8 elements, 32 bytes a row
              relation m: 64 elements, 256 bytes a row
            declared
              x1 = r.m·h.v + r.v − r.m·t.v
              score = −Σ(x1²)
            factored
              x1 = h.v − t.v
              x2 = r.m·x1 + r.v
              score = −Σ(x2²)
            incidence rows
              x1 = +h.v −t.v   (plus_times)
            comparators
              h as candidate: squared L2, candidates transformed by the query
              t as candidate: squared L2, candidates transformed by the query
            gradient
              x1 = h.v − t.v
              x2 = −2·g·(r.m·x1 + r.v)
              x3 = r.mᵀ·x2
              h.v += x3
              r.v += x2
              r.m += x2 ⊗ x1
              t.v += −x3
            cost of a triple
              forward: 352 bytes read, 4 written, 152 FLOPs
              backward: 708 bytes read, 352 written, 201 FLOPs
        "#]],
    );
}

#[test]
fn rotate() {
    check(
        Sketch::rotate(),
        expect![[r#"
            RotatE
              d = 8
            tables
              entity v.re: 8 elements, 32 bytes a row
              entity v.im: 8 elements, 32 bytes a row
              relation v: 8 elements, 32 bytes a row
            declared
              score = −Σ(|h.v·e^(i·r.v) − t.v|)
            factored
              x1 = h.v·e^(i·r.v)
              score = −Σ(|x1 − t.v|)
            incidence rows
              x1 = h.v e^(i·r.v)   (hadamard)
            comparators
              h as candidate: L1 of complex moduli, candidates transformed by the query
              t as candidate: L1 of complex moduli, candidates as stored
            gradient
              x1 = cos(r.v)
              x2 = sin(r.v)
              x3 = h.v.re·x1 − h.v.im·x2 − t.v.re
              x4 = h.v.re·x2 + h.v.im·x1 − t.v.im
              x5 = g·reciprocal_or_zero(√(x3² + x4²))
              x6 = x5·x4
              x7 = x5·x3
              h.v.re += −(x6·x2 + x7·x1)
              h.v.im += x7·x2 − x6·x1
              r.v += x1·(x7·h.v.im − x6·h.v.re) + x2·(x6·h.v.im + x7·h.v.re)
              t.v.re += x7
              t.v.im += x6
            cost of a triple
              forward: 160 bytes read, 4 written, 120 FLOPs
              backward: 324 bytes read, 160 written, 160 FLOPs
        "#]],
    );
}

#[test]
fn a_report_serialises() {
    let json = serde_json::to_value(report(Sketch::transe())).unwrap();
    assert_eq!(json["rows"][0]["terms"][2]["coefficient"], -1.0);
    assert_eq!(json["factored"]["expression"], "−√Σ(x1²)");
}
