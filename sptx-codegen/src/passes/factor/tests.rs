use super::*;
use crate::ir::{Op, Owner};
use crate::notation::print;
use crate::testing::Sketch;

/// The factored score and its incidence rows, in notation.
fn check(score: &Score, expected: &str, rows: &[&str]) {
    let factored = factor(score);
    let is_row = |op: &Op| matches!(op, Op::Fold { .. });
    let found: Vec<_> =
        factored.nodes.iter().filter(|(_, node)| is_row(&node.op)).map(|(value, _)| print(&factored, value)).collect();
    assert_eq!(print(&factored, factored.root), expected);
    assert_eq!(found, rows);
}

#[test]
fn models_have_their_rows() {
    check(&Sketch::transe(), "−√Σ((h.v + r.v − t.v)²)", &["h.v + r.v − t.v"]);
    check(&Sketch::transr(), "−Σ((r.m·(h.v − t.v) + r.v)²)", &["h.v − t.v"]);
    check(&Sketch::transh(), "−Σ((h.v − t.v + r.d − Σ((h.v − t.v)·r.w)·r.w)²)", &["h.v − t.v"]);
    check(&Sketch::transd(), "−Σ((h.v + r.v − t.v + Σ(h.v·h.p − t.v·t.p)·r.p)²)", &["h.v + r.v − t.v"]);
    check(&Sketch::distmult(), "Σ(h.v·r.v·t.v)", &["h.v·r.v·t.v"]);
    check(&Sketch::complex(), "Re(Σ(h.v·r.v·conj(t.v)))", &["h.v·r.v·conj(t.v)"]);
    check(&Sketch::rotate(), "−Σ(|h.v·e^(i·r.v) − t.v|)", &["h.v·e^(i·r.v)"]);
}

#[test]
fn multiples_of_a_row_share_it() {
    let mut s = Sketch::new("Multiples");
    let (e, r) = (s.reals(Owner::Entity, "v"), s.reals(Owner::Relation, "v"));
    let ((h, t), r) = (s.ends(e), s.relation(r));
    let (forth, back) = (s.sub(h, t), s.sub(t, h));
    let (a, b) = (s.unary(crate::ir::UnaryOp::Abs, forth), s.unary(crate::ir::UnaryOp::Tanh, back));
    let (sum, product) = (s.add(a, r), s.mul(b, r));
    let root = s.dot(sum, product);
    check(&s.finish(root), "−Σ(r.v·tanh(h.v − t.v)·(r.v + |h.v − t.v|))", &["h.v − t.v"]);
}

#[test]
fn declared_rows_are_kept() {
    let mut s = Sketch::new("Declared");
    let e = s.reals(Owner::Entity, "v");
    let (h, t) = s.ends(e);
    let row = s.fold("plus_times", &[(-1.0, t), (1.0, h)]);
    let rest = s.sub(h, t);
    let root = s.dot(row, rest);
    check(&s.finish(root), "Σ((−t.v + h.v)²)", &["−t.v + h.v"]);
}

#[test]
fn shared_values_are_not_computed_twice() {
    let mut s = Sketch::new("Shared");
    let e = s.reals(Owner::Entity, "v");
    let (h, t) = s.ends(e);
    let (a, b) = (s.dot(h, h), s.dot(t, h));
    let (sum, product) = (s.add(a, b), s.mul(a, b));
    let root = s.add(sum, product);
    let factored = factor(&s.finish(root));
    assert_eq!(factored.nodes.iter().filter(|(_, node)| matches!(node.op, Op::Reduce(..))).count(), 2);
}
