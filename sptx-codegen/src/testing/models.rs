//! Models as their papers print them.

use super::Sketch;
use crate::ir::{Op, Owner, Score, SlotType};

impl Sketch {
    /// `−‖h + r − t‖₂`.
    pub fn transe() -> Score {
        let mut s = Self::new("TransE");
        let (e, r) = (s.reals(Owner::Entity, "v"), s.reals(Owner::Relation, "v"));
        let ((h, t), r) = (s.ends(e), s.relation(r));
        let sum = s.add(h, r);
        let x = s.sub(sum, t);
        let norm = s.norm2(x);
        s.finish_negated(norm)
    }

    /// `−‖h − (w·h) w + d − (t − (w·t) w)‖₂²`.
    pub fn transh() -> Score {
        let mut s = Self::new("TransH");
        let e = s.reals(Owner::Entity, "v");
        let (d, w) = (s.reals(Owner::Relation, "d"), s.reals(Owner::Relation, "w"));
        let ((h, t), d, w) = (s.ends(e), s.relation(d), s.relation(w));
        let mut projected = |x| {
            let dot = s.dot(w, x);
            let along = s.mul(dot, w);
            s.sub(x, along)
        };
        let (h, t) = (projected(h), projected(t));
        let sum = s.add(h, d);
        let x = s.sub(sum, t);
        let norm = s.dot(x, x);
        s.finish_negated(norm)
    }

    /// `−‖M h + r − M t‖₂²`.
    pub fn transr() -> Score {
        let mut s = Self::new("TransR");
        let e = s.reals(Owner::Entity, "v");
        let (d, k) = (s.dim("d"), s.dim("k"));
        let r = s.table(Owner::Relation, "v", SlotType::Real(k));
        let m = s.table(Owner::Relation, "m", SlotType::Matrix(k, d));
        let ((h, t), r, m) = (s.ends(e), s.relation(r), s.relation(m));
        let (h, t) = (s.matvec(m, h), s.matvec(m, t));
        let sum = s.add(h, r);
        let x = s.sub(sum, t);
        let norm = s.dot(x, x);
        s.finish_negated(norm)
    }

    /// `−‖h + (h_p·h) r_p + r − (t + (t_p·t) r_p)‖₂²`.
    pub fn transd() -> Score {
        let mut s = Self::new("TransD");
        let (e, p) = (s.reals(Owner::Entity, "v"), s.reals(Owner::Entity, "p"));
        let (r, q) = (s.reals(Owner::Relation, "v"), s.reals(Owner::Relation, "p"));
        let ((h, t), (h_p, t_p), r, r_p) = (s.ends(e), s.ends(p), s.relation(r), s.relation(q));
        let mut projected = |x, p| {
            let dot = s.dot(p, x);
            let along = s.mul(dot, r_p);
            s.add(x, along)
        };
        let (h, t) = (projected(h, h_p), projected(t, t_p));
        let sum = s.add(h, r);
        let x = s.sub(sum, t);
        let norm = s.dot(x, x);
        s.finish_negated(norm)
    }

    /// `Σ h ⊙ r ⊙ t`.
    pub fn distmult() -> Score {
        let mut s = Self::new("DistMult");
        let (e, r) = (s.reals(Owner::Entity, "v"), s.reals(Owner::Relation, "v"));
        let ((h, t), r) = (s.ends(e), s.relation(r));
        let product = s.mul(h, r);
        let dot = s.dot(product, t);
        s.finish(dot)
    }

    /// `Re Σ h ⊙ r ⊙ conj(t)`.
    pub fn complex() -> Score {
        let mut s = Self::new("ComplEx");
        let d = s.dim("d");
        let e = s.table(Owner::Entity, "v", SlotType::Complex(d));
        let r = s.table(Owner::Relation, "v", SlotType::Complex(d));
        let ((h, t), r) = (s.ends(e), s.relation(r));
        let product = s.mul(h, r);
        let t = s.push(Op::Conj(t));
        let dot = s.dot(product, t);
        let root = s.push(Op::Re(dot));
        s.finish(root)
    }

    /// `−Σ |h ⊙ e^{ir} − t|`.
    pub fn rotate() -> Score {
        let mut s = Self::new("RotatE");
        let d = s.dim("d");
        let e = s.table(Owner::Entity, "v", SlotType::Complex(d));
        let r = s.table(Owner::Relation, "v", SlotType::Phase(d));
        let ((h, t), r) = (s.ends(e), s.relation(r));
        let r = s.push(Op::Cis(r));
        let rotated = s.mul(h, r);
        let x = s.sub(rotated, t);
        let moduli = s.push(Op::Modulus(x));
        let norm = s.sum(moduli);
        s.finish_negated(norm)
    }

    /// Every model of this file.
    pub fn models() -> Vec<Score> {
        vec![
            Self::transe(),
            Self::transh(),
            Self::transr(),
            Self::transd(),
            Self::distmult(),
            Self::complex(),
            Self::rotate(),
        ]
    }
}
