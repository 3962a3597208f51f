//! Complex values split into real and imaginary parts.
//!
//! Needs a score without `Fold`; afterwards no complex type and no complex plane remains. A complex plane becomes two
//! real ones that stand in its place, first the real part: the part `""` becomes `re` and `im`, the part `0` becomes
//! `0.re` and `0.im`. A named complex value `x` becomes `x.re` and `x.im`.

use super::rebuild::live;
use crate::ir::{Arena, BinaryOp, Builder, Element, Op, Plane, PlaneId, Score, Side, Type, UnaryOp, Value};

/// Replaces every complex value by two real ones.
pub fn realify(score: &Score) -> Score {
    let mut builder = Builder::with_declarations_of(score);
    let planes = split_planes(score, &mut builder);
    let live = live(&score.nodes, [score.root]);
    let mut pass = Realify { builder, planes, parts: vec![None; score.nodes.len()] };
    for (value, node) in score.nodes.iter().filter(|(value, _)| live[value.index()]) {
        let parts = pass.split(&node.op, node.ty);
        pass.parts[value.index()] = Some(parts);
    }
    for (value, name) in &score.names {
        pass.name(*value, name);
    }
    let Parts { re, .. } = pass.parts(score.root);
    pass.builder.finish(re)
}

/// The real part, and the imaginary part of a complex value.
#[derive(Clone, Copy)]
struct Parts {
    re: Value,
    im: Option<Value>,
}

impl Parts {
    fn real(re: Value) -> Self {
        Self { re, im: None }
    }

    fn complex(re: Value, im: Value) -> Self {
        Self { re, im: Some(im) }
    }
}

struct Realify {
    builder: Builder,
    planes: Vec<Vec<PlaneId>>,
    parts: Vec<Option<Parts>>,
}

fn split_planes(score: &Score, builder: &mut Builder) -> Vec<Vec<PlaneId>> {
    let mut planes: Arena<PlaneId, Plane> = Arena::default();
    let mut map = Vec::new();
    for (_, plane) in score.planes.iter() {
        let mut push = |part: String| planes.push(Plane { part, element: Element::Real, ..plane.clone() });
        let suffixed = |suffix: &str| match plane.part.as_str() {
            "" => suffix.to_owned(),
            part => format!("{part}.{suffix}"),
        };
        map.push(match plane.element {
            Element::Real => vec![push(plane.part.clone())],
            Element::Complex => vec![push(suffixed("re")), push(suffixed("im"))],
        });
    }
    builder.declarations().planes = planes;
    map
}

impl Realify {
    fn parts(&self, value: Value) -> Parts {
        self.parts[value.index()].expect("operands stand before their users")
    }

    fn re(&self, value: Value) -> Value {
        self.parts(value).re
    }

    fn im(&self, value: Value) -> Value {
        self.parts(value).im.expect("`infer` has ruled out the imaginary part of a real value")
    }

    fn name(&mut self, value: Value, name: &str) {
        let Some(Parts { re, im }) = self.parts[value.index()] else { return };
        let mut push = |value: Value, name: String| {
            let names = &mut self.builder.declarations().names;
            if names.iter().all(|(other, _)| *other != value) {
                names.push((value, name));
            }
        };
        match im {
            None => push(re, name.to_owned()),
            Some(im) => {
                push(re, format!("{name}.re"));
                push(im, format!("{name}.im"));
            }
        }
    }

    fn split(&mut self, op: &Op, ty: Type) -> Parts {
        match op {
            Op::Gather { side, plane } => self.gather(*side, *plane),
            Op::Const(_) | Op::Parameter(_) | Op::Upstream => Parts::real(self.builder.push(op.clone())),
            Op::Unary(unary, a) => self.linear(self.parts(*a), |builder, part| builder.unary(*unary, part)),
            Op::Reduce(reduce, a) => {
                self.linear(self.parts(*a), |builder, part| builder.push(Op::Reduce(*reduce, part)))
            }
            Op::Binary(binary, a, b) => self.binary(*binary, self.parts(*a), self.parts(*b)),
            Op::MatVec { .. } | Op::Outer(..) => {
                let op = op.map_operands(|operand| self.re(operand));
                Parts::real(self.builder.push(op))
            }
            Op::Fold { .. } => panic!("`expand_folds` has ruled out incidence rows"),
            Op::Complex(a, b) => {
                let (a, b) = (self.re(*a), self.re(*b));
                self.spread(ty, a, b)
            }
            Op::Cis(a) => {
                let a = self.re(*a);
                let (cos, sin) = (self.builder.unary(UnaryOp::Cos, a), self.builder.unary(UnaryOp::Sin, a));
                Parts::complex(cos, sin)
            }
            Op::Re(a) => Parts::real(self.re(*a)),
            Op::Im(a) => Parts::real(self.im(*a)),
            Op::Conj(a) => {
                let (re, im) = (self.re(*a), self.im(*a));
                Parts::complex(re, self.builder.neg(im))
            }
            Op::Modulus(a) => {
                let squared = self.squared_modulus(self.re(*a), self.im(*a));
                Parts::real(self.builder.unary(UnaryOp::Sqrt, squared))
            }
        }
    }

    fn gather(&mut self, side: Side, plane: PlaneId) -> Parts {
        let mut gather = |plane: &PlaneId| self.builder.push(Op::Gather { side, plane: *plane });
        match self.planes[plane.index()].as_slice() {
            [whole] => Parts::real(gather(whole)),
            [re, im] => Parts::complex(gather(re), gather(im)),
            _ => unreachable!("a plane becomes one or two"),
        }
    }

    /// Applies to each part a map that is linear, or that takes real values only.
    fn linear(&mut self, a: Parts, mut map: impl FnMut(&mut Builder, Value) -> Value) -> Parts {
        Parts { re: map(&mut self.builder, a.re), im: a.im.map(|im| map(&mut self.builder, im)) }
    }

    /// Parts of one shape, where one of them may be a scalar that stands for a vector.
    fn spread(&mut self, ty: Type, re: Value, im: Value) -> Parts {
        debug_assert_eq!(ty.element, Element::Complex);
        Parts::complex(self.builder.spread_beside(re, im), self.builder.spread_beside(im, re))
    }

    fn squared_modulus(&mut self, re: Value, im: Value) -> Value {
        let (re, im) = (self.builder.mul(re, re), self.builder.mul(im, im));
        self.builder.add(re, im)
    }

    fn binary(&mut self, op: BinaryOp, a: Parts, b: Parts) -> Parts {
        match (a.im, b.im) {
            (None, None) => Parts::real(self.builder.binary(op, a.re, b.re)),
            (Some(_), _) | (_, Some(_)) => match op {
                BinaryOp::Add | BinaryOp::Sub => self.sum(op, a, b),
                BinaryOp::Mul => self.product(a, b),
                BinaryOp::Div => self.quotient(a, b),
                BinaryOp::Min | BinaryOp::Max | BinaryOp::Greater | BinaryOp::Equal => {
                    panic!("`infer` has ruled out `{}` of complex operands", op.name())
                }
            },
        }
    }

    fn sum(&mut self, op: BinaryOp, a: Parts, b: Parts) -> Parts {
        let re = self.builder.binary(op, a.re, b.re);
        let im = match (a.im, b.im, op) {
            (Some(a), Some(b), _) => self.builder.binary(op, a, b),
            (Some(a), None, _) => a,
            (None, Some(b), BinaryOp::Sub) => self.builder.neg(b),
            (None, Some(b), _) => b,
            (None, None, _) => unreachable!("one operand is complex"),
        };
        Parts::complex(re, self.builder.spread_beside(im, re))
    }

    /// `(a + bi)(c + di) = (ac − bd) + (ad + bc)i`.
    fn product(&mut self, a: Parts, b: Parts) -> Parts {
        let builder = &mut self.builder;
        match (a.im, b.im) {
            (Some(a_im), Some(b_im)) => {
                let (ac, bd) = (builder.mul(a.re, b.re), builder.mul(a_im, b_im));
                let (ad, bc) = (builder.mul(a.re, b_im), builder.mul(a_im, b.re));
                let re = builder.sub(ac, bd);
                Parts::complex(re, builder.add(ad, bc))
            }
            (Some(_), None) => self.linear(a, |builder, part| builder.mul(part, b.re)),
            (None, _) => self.linear(b, |builder, part| builder.mul(a.re, part)),
        }
    }

    /// `a / b = a · conj(b) / |b|²`.
    fn quotient(&mut self, a: Parts, b: Parts) -> Parts {
        let Some(b_im) = b.im else {
            return self.linear(a, |builder, part| builder.binary(BinaryOp::Div, part, b.re));
        };
        let squared = self.squared_modulus(b.re, b_im);
        let conjugate = Parts::complex(b.re, self.builder.neg(b_im));
        let product = self.product(a, conjugate);
        self.linear(product, |builder, part| builder.binary(BinaryOp::Div, part, squared))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notation::print;
    use crate::testing::Sketch;

    #[test]
    fn complex_planes_become_two() {
        let real = realify(&Sketch::complex());
        let parts: Vec<_> = real.planes.iter().map(|(_, plane)| (plane.part.as_str(), plane.element)).collect();
        assert_eq!(parts, [("re", Element::Real), ("im", Element::Real), ("re", Element::Real), ("im", Element::Real)]);
        assert!(real.nodes.iter().all(|(_, node)| node.ty.element == Element::Real));
    }

    #[test]
    fn a_modulus_is_a_root_of_squares() {
        let real = realify(&Sketch::rotate());
        let (re, im) = ("h.v.re·cos(r.v) − h.v.im·sin(r.v) − t.v.re", "h.v.re·sin(r.v) + h.v.im·cos(r.v) − t.v.im");
        assert_eq!(print(&real, real.root), format!("−Σ(√(({re})² + ({im})²))"));
    }
}
