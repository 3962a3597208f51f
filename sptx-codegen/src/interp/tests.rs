use super::*;
use crate::testing::{Sketch, rows_of};

fn evaluate(score: &Score, rows: &[(Side, usize, &[f64])]) -> f64 {
    let bindings = Bindings::new(score, score.bind_all_dims(2).unwrap());
    super::score(score, &bindings, &rows_of(rows))
}

#[test]
fn transe_is_the_negated_distance() {
    let rows: [(Side, usize, &[f64]); 3] =
        [(Side::Head, 0, &[1.0, 2.0]), (Side::Relation, 1, &[3.0, 4.0]), (Side::Tail, 0, &[1.0, 2.0])];
    assert_eq!(evaluate(&Sketch::transe(), &rows), -5.0);
}

#[test]
fn complex_is_the_real_part_of_the_triple_product() {
    // (1 + 2i)(3 + 4i)(5 − 6i) = 35 + 80i and (0 + i)(1 + 0i)(2 − 2i) = 2 + 2i.
    let rows: [(Side, usize, &[f64]); 3] = [
        (Side::Head, 0, &[1.0, 0.0, 2.0, 1.0]),
        (Side::Relation, 1, &[3.0, 1.0, 4.0, 0.0]),
        (Side::Tail, 0, &[5.0, 2.0, 6.0, 2.0]),
    ];
    assert_eq!(evaluate(&Sketch::complex(), &rows), 37.0);
}

#[test]
fn transr_projects_by_the_relation() {
    // M (h − t) + r = [1 2; 3 4] [1; −1] + [0; 2] = [−1; 1].
    let rows: [(Side, usize, &[f64]); 4] = [
        (Side::Head, 0, &[2.0, 1.0]),
        (Side::Relation, 1, &[0.0, 2.0]),
        (Side::Relation, 2, &[1.0, 2.0, 3.0, 4.0]),
        (Side::Tail, 0, &[1.0, 2.0]),
    ];
    assert_eq!(evaluate(&Sketch::transr(), &rows), -2.0);
}

#[test]
fn complex_division_undoes_multiplication() {
    let (a, b) = ((1.0, 2.0), (3.0, -4.0));
    assert_eq!(complex_of(BinaryOp::Div, complex_of(BinaryOp::Mul, a, b), b), a);
}

fn complex_of(op: BinaryOp, a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let of = |(re, im): (f64, f64)| Tensor { re: vec![re], im: vec![im] };
    let result = Tensor::binary(op, &of(a), &of(b));
    (result.re[0], result.im[0])
}
