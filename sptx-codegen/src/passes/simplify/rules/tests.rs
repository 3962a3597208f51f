use super::*;
use crate::ir::{Owner, SlotType};
use crate::notation::print;
use crate::testing::Sketch;

/// The rows that the rules are tried on.
struct Letters {
    sketch: Sketch,
    x: Value,
    y: Value,
    s: Value,
    t: Value,
    m: Value,
    z: Value,
}

impl Letters {
    fn new() -> Self {
        let mut sketch = Sketch::new("Rule");
        let d = sketch.dim("d");
        let mut row = |name: &str, ty| {
            let plane = sketch.table(Owner::Relation, name, ty);
            sketch.relation(plane)
        };
        let (x, y) = (row("x", SlotType::Real(d)), row("y", SlotType::Real(d)));
        let (s, t) = (row("s", SlotType::Scalar), row("t", SlotType::Scalar));
        let (m, z) = (row("m", SlotType::Matrix(d, d)), row("z", SlotType::Complex(d)));
        Self { sketch, x, y, s, t, m, z }
    }
}

fn check(write: impl Fn(&mut Letters) -> Value, expected: &str) {
    let mut letters = Letters::new();
    let written = write(&mut letters);
    let score = letters.sketch.finish(written);
    let simple = super::super::simplify(&score);
    assert_eq!(print(&simple, simple.root).replace("r.", ""), expected);
    assert_eq!(simple.nodes[simple.root].ty, score.nodes[score.root].ty);
    assert_eq!(super::super::simplify(&simple), simple, "simplifying twice changes nothing");
}

macro_rules! letters {
    ($l:ident: $a:ident $op:ident $b:ident) => {{
        let (a, b) = ($l.$a, $l.$b);
        $l.sketch.$op(a, b)
    }};
}

fn scaled(l: &mut Letters, number: f64, a: Value) -> Value {
    let number = l.sketch.constant(number);
    l.sketch.mul(number, a)
}

fn negative(l: &mut Letters, a: Value) -> Value {
    l.sketch.neg(a)
}

#[test]
fn constants() {
    check(
        |l| {
            let a = l.sketch.constant(2.0);
            l.sketch.unary(UnaryOp::Neg, a)
        },
        "−2",
    );
    check(
        |l| {
            let a = l.sketch.constant(2.0);
            l.sketch.binary(BinaryOp::Max, a, a)
        },
        "2",
    );
    check(
        |l| {
            let a = l.sketch.constant(0.0);
            l.sketch.unary(UnaryOp::Log, a)
        },
        "log(0)",
    );
}

#[test]
fn neutral_elements() {
    check(
        |l| {
            let o = l.sketch.constant(0.0);
            l.sketch.add(l.x, o)
        },
        "x",
    );
    check(
        |l| {
            let o = l.sketch.constant(0.0);
            l.sketch.sub(l.x, o)
        },
        "x",
    );
    check(
        |l| {
            let o = l.sketch.constant(0.0);
            l.sketch.sub(o, l.x)
        },
        "−x",
    );
    check(|l| scaled(l, 1.0, l.x), "x");
    check(|l| scaled(l, -1.0, l.x), "−x");
    check(
        |l| {
            let o = l.sketch.constant(-1.0);
            l.sketch.binary(BinaryOp::Div, l.x, o)
        },
        "−x",
    );
    check(
        |l| {
            let o = l.sketch.constant(4.0);
            l.sketch.binary(BinaryOp::Div, l.x, o)
        },
        "0.25·x",
    );
    check(
        |l| {
            let o = l.sketch.constant(3.0);
            l.sketch.binary(BinaryOp::Div, l.x, o)
        },
        "x / 3",
    );
    check(|l| scaled(l, 0.0, l.x), "0·x");
    check(
        |l| {
            let o = l.sketch.constant(1.0);
            let s = l.sketch.spread(o, l.x);
            l.sketch.add(s, l.x)
        },
        "x + [x = x]",
    );
}

#[test]
fn negations() {
    check(
        |l| {
            let a = negative(l, l.x);
            negative(l, a)
        },
        "x",
    );
    check(
        |l| {
            let a = scaled(l, 3.0, l.x);
            negative(l, a)
        },
        "−3·x",
    );
    check(
        |l| {
            let a = negative(l, l.x);
            l.sketch.add(a, l.y)
        },
        "y − x",
    );
    check(
        |l| {
            let a = negative(l, l.y);
            l.sketch.add(l.x, a)
        },
        "x − y",
    );
    check(
        |l| {
            let a = negative(l, l.y);
            l.sketch.sub(l.x, a)
        },
        "x + y",
    );
    check(
        |l| {
            let a = negative(l, l.x);
            l.sketch.sub(a, l.y)
        },
        "−(x + y)",
    );
    check(
        |l| {
            let a = negative(l, l.x);
            l.sketch.mul(a, l.y)
        },
        "−x·y",
    );
    check(
        |l| {
            let a = negative(l, l.x);
            let b = negative(l, l.y);
            l.sketch.mul(a, b)
        },
        "x·y",
    );
    check(
        |l| {
            let a = negative(l, l.x);
            l.sketch.binary(BinaryOp::Div, l.y, a)
        },
        "−y / x",
    );
    check(
        |l| {
            let a = scaled(l, -3.0, l.y);
            l.sketch.add(l.x, a)
        },
        "x − 3·y",
    );
    check(
        |l| {
            let a = scaled(l, -3.0, l.y);
            l.sketch.sub(l.x, a)
        },
        "x + 3·y",
    );
    check(
        |l| {
            let a = negative(l, l.x);
            l.sketch.sum(a)
        },
        "−Σ(x)",
    );
}

#[test]
fn factors() {
    check(|l| letters!(l: x add x), "2·x");
    check(
        |l| {
            let a = scaled(l, 2.0, l.x);
            scaled(l, 3.0, a)
        },
        "6·x",
    );
    check(
        |l| {
            let a = scaled(l, 0.5, l.x);
            let b = l.sketch.mul(a, l.y);
            scaled(l, 2.0, b)
        },
        "x·y",
    );
    check(
        |l| {
            let a = letters!(l: t mul x);
            l.sketch.mul(l.s, a)
        },
        "s·t·x",
    );
    check(|l| letters!(l: x mul s), "s·x");
}

#[test]
fn functions() {
    check(
        |l| {
            let a = negative(l, l.x);
            l.sketch.unary(UnaryOp::Abs, a)
        },
        "|x|",
    );
    check(
        |l| {
            let a = negative(l, l.x);
            l.sketch.unary(UnaryOp::Cos, a)
        },
        "cos(x)",
    );
    check(
        |l| {
            let a = negative(l, l.x);
            l.sketch.unary(UnaryOp::Sin, a)
        },
        "−sin(x)",
    );
    check(
        |l| {
            let a = l.sketch.unary(UnaryOp::Abs, l.x);
            l.sketch.unary(UnaryOp::Abs, a)
        },
        "|x|",
    );
    check(|l| l.sketch.binary(BinaryOp::Min, l.x, l.x), "x");
    check(
        |l| {
            let z = l.sketch.push(Op::Modulus(l.z));
            l.sketch.unary(UnaryOp::Abs, z)
        },
        "|z|",
    );
    check(
        |l| {
            let norm = l.sketch.norm2(l.x);
            l.sketch.unary(UnaryOp::Abs, norm)
        },
        "√Σ(x²)",
    );
}

#[test]
fn matrices() {
    check(
        |l| {
            let a = negative(l, l.x);
            l.sketch.matvec(l.m, a)
        },
        "−m·x",
    );
    check(
        |l| {
            let a = letters!(l: s mul m);
            l.sketch.matvec(a, l.x)
        },
        "s·m·x",
    );
    check(
        |l| {
            let o = l.sketch.push(Op::Outer(l.x, l.y));
            let a = l.sketch.add(l.m, o);
            l.sketch.matvec(a, l.x)
        },
        "m·x + Σ(x·y)·x",
    );
    check(
        |l| {
            let o = l.sketch.push(Op::Outer(l.x, l.y));
            negative(l, o)
        },
        "(−x) ⊗ y",
    );
    check(
        |l| {
            let o = l.sketch.push(Op::Outer(l.x, l.y));
            l.sketch.mul(l.s, o)
        },
        "(s·x) ⊗ y",
    );
}

#[test]
fn complex_numbers() {
    check(
        |l| {
            let z = l.sketch.push(Op::Complex(l.x, l.y));
            l.sketch.push(Op::Re(z))
        },
        "x",
    );
    check(
        |l| {
            let z = l.sketch.push(Op::Complex(l.x, l.s));
            l.sketch.push(Op::Im(z))
        },
        "Im(x + i·s)",
    );
    check(
        |l| {
            let z = l.sketch.push(Op::Conj(l.z));
            l.sketch.push(Op::Conj(z))
        },
        "z",
    );
    check(
        |l| {
            let z = l.sketch.push(Op::Conj(l.z));
            l.sketch.push(Op::Im(z))
        },
        "−Im(z)",
    );
    check(
        |l| {
            let z = l.sketch.push(Op::Conj(l.z));
            l.sketch.push(Op::Modulus(z))
        },
        "|z|",
    );
    check(
        |l| {
            let a = l.sketch.push(Op::Re(l.z));
            let b = l.sketch.push(Op::Im(l.z));
            l.sketch.push(Op::Complex(a, b))
        },
        "z",
    );
}
