//! Each model of the zoo against its paper's formula, written out once more by hand in plain loops.

use std::collections::BTreeMap;
use std::path::Path;

use sptx_codegen::interp::{self, Bindings, Rows};
use sptx_codegen::ir::{Element, Score, Shape, Side};
use sptx_codegen::{sema, syntax};

const D: usize = 6;
const K: usize = 4;

/// The rows of one triple by `h.v`, `t.v.lower`, `r.m`.
struct Triple(BTreeMap<String, Vec<f64>>);

impl Triple {
    fn at(&self, row: &str) -> &[f64] {
        &self.0[row]
    }

    /// The one number of a scalar table.
    fn one(&self, row: &str) -> f64 {
        self.at(row)[0]
    }

    /// `formula(h, r, t)` for each coordinate of the tables `v`.
    fn each(&self, formula: impl Fn(f64, f64, f64) -> f64) -> Vec<f64> {
        (0..D).map(|i| formula(self.at("h.v")[i], self.at("r.v")[i], self.at("t.v")[i])).collect()
    }

    fn translation(&self) -> Vec<f64> {
        self.each(|h, r, t| h + r - t)
    }

    /// A matrix of a relation times a vector.
    fn times(&self, matrix: &str, vector: &[f64]) -> Vec<f64> {
        self.at(matrix).chunks(vector.len()).map(|row| dot(row, vector)).collect()
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(x: &[f64], p: f64) -> f64 {
    x.iter().map(|x| x.abs().powf(p)).sum::<f64>().powf(1.0 / p)
}

fn zip(a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| f(*a, *b)).collect()
}

/// Checks every variant of a model on many triples; the formula is given the values of the choices, in order.
#[track_caller]
fn check(model: &str, formula: impl Fn(&Triple, &[f64]) -> f64) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../kernels-generated/models/{model}.sptx"));
    let text = std::fs::read_to_string(path).expect("the model is there");
    let file = syntax::parse_str(model, &text).unwrap_or_else(|errors| panic!("{errors}"));
    let variants = sema::analyze_every_choice(&file).unwrap_or_else(|errors| panic!("{errors}"));
    for score in variants.iter().flatten() {
        let choices: Vec<f64> = score.choices.iter().map(|choice| choice.chosen).collect();
        for seed in 1..50 {
            let (rows, triple) = random_triple(score, seed);
            let sizes = BTreeMap::from([("d".to_owned(), D), ("k".to_owned(), K)]);
            let bindings = Bindings::new(score, score.bind_dims(&sizes).expect("the dimensions are d and k"));
            let (found, expected) = (interp::score(score, &bindings, &rows), formula(&triple, &choices));
            let scale = expected.abs().max(1.0);
            assert!((found - expected).abs() < 1e-9 * scale, "{model} {choices:?}: {found} is not {expected}");
        }
    }
}

/// Rows with elements in [−2, 2], not negative where the declaration says so.
fn random_triple(score: &Score, seed: u64) -> (Rows, Triple) {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let (mut rows, mut triple) = (Rows::default(), BTreeMap::new());
    for (id, plane) in score.planes.iter() {
        let slot = &score.slots[plane.slot];
        let positive = slot.constraints.contains(&sptx_codegen::ir::Constraint::NonNegative);
        for side in Side::ALL.into_iter().filter(|side| side.owner() == slot.owner) {
            let row: Vec<f64> = (0..length(score, plane.shape, plane.element))
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let value = (state >> 11) as f64 / (1_u64 << 51) as f64 - 2.0;
                    if positive { value.abs() } else { value }
                })
                .collect();
            let part = if plane.part.is_empty() { String::new() } else { format!(".{}", plane.part) };
            triple.insert(format!("{}.{}{part}", side.letter(), slot.name), row.clone());
            rows.insert(side, id, row);
        }
    }
    (rows, Triple(triple))
}

fn length(score: &Score, shape: Shape, element: Element) -> usize {
    let size = |dim| match score.dims[dim].name.as_str() {
        "d" => D,
        "d/2" => D / 2,
        "k" => K,
        other => panic!("no size is known for the dimension {other}"),
    };
    let elements = match shape {
        Shape::Scalar => 1,
        Shape::Vector(d) => size(d),
        Shape::Matrix(k, d) => size(k) * size(d),
    };
    match element {
        Element::Real => elements,
        Element::Complex => 2 * elements,
    }
}

#[test]
fn translations() {
    check("transe", |x, choices| -norm(&x.translation(), choices[0]).powf(choices[1]));
    check("transm", |x, choices| -x.one("r.w") * norm(&x.translation(), choices[0]));
    check("transf", |x, _| x.each(|h, r, t| (h + r) * t + h * (t - r)).iter().sum());
    check("transa", |x, _| {
        let apart: Vec<f64> = x.translation().iter().map(|x| x.abs()).collect();
        -dot(&apart, &x.times("r.w", &apart))
    });
    check("toruse", |x, choices| {
        let fractions = x.translation().into_iter().map(f64::fract).map(|f| if f < 0.0 { f + 1.0 } else { f });
        let term = |f: f64| match choices[0] {
            1.0 => f.min(1.0 - f),
            2.0 => f.min(1.0 - f).powi(2),
            _ => (std::f64::consts::PI * f).sin().powi(2),
        };
        -fractions.map(term).sum::<f64>()
    });
}

#[test]
fn projections() {
    check("transh", |x, _| {
        let project = |e: &[f64]| zip(e, x.at("r.w"), |e_i, w_i| e_i - dot(x.at("r.w"), e) * w_i);
        let apart = zip(&project(x.at("h.v")), &project(x.at("t.v")), |h, t| h - t);
        -norm(&zip(&apart, x.at("r.v"), |x, r| x + r), 2.0).powi(2)
    });
    check("transr", |x, _| {
        let apart = zip(x.at("h.v"), x.at("t.v"), |h, t| h - t);
        -norm(&zip(&x.times("r.m", &apart), x.at("r.v"), |x, r| x + r), 2.0).powi(2)
    });
    check("transd", |x, _| {
        let project = |e: &str, p: &str| zip(x.at(e), x.at("r.p"), |e_i, r_i| e_i + dot(x.at(p), x.at(e)) * r_i);
        let apart = zip(&project("h.v", "h.p"), &project("t.v", "t.p"), |h, t| h - t);
        -norm(&zip(&apart, x.at("r.v"), |x, r| x + r), 2.0).powi(2)
    });
}

#[test]
fn concepts() {
    check("transc", |x, _| {
        let apart = norm(&zip(x.at("h.v"), x.at("t.v"), |h, t| h - t), 2.0);
        let (instance, subclass) = (x.one("r.instance"), x.one("r.subclass"));
        let instance_of = apart - x.one("t.radius");
        let subclass_of = apart + x.one("h.radius") - x.one("t.radius");
        let relational = norm(&x.translation(), 2.0).powi(2);
        -(instance * instance_of + subclass * subclass_of + (1.0 - instance - subclass) * relational)
    });
}

#[test]
fn products() {
    check("distmult", |x, _| x.each(|h, r, t| h * r * t).iter().sum());
    check("rescal", |x, _| dot(x.at("h.v"), &x.times("r.m", x.at("t.v"))));
    check("complex", |x, _| {
        let (h, r, t) = (x.at("h.v"), x.at("r.v"), x.at("t.v"));
        let term = |i: usize| {
            let (re, im) = (h[i] * r[i] - h[D + i] * r[D + i], h[i] * r[D + i] + h[D + i] * r[i]);
            re * t[i] + im * t[D + i]
        };
        (0..D).map(term).sum()
    });
    check("simple", |x, _| {
        let triple = |a: &str, b: &str, c: &str| dot(&zip(x.at(a), x.at(b), |a, b| a * b), x.at(c));
        let forward = triple("h.v.lower", "r.v.lower", "t.v.upper");
        0.5 * (forward + triple("t.v.lower", "r.v.upper", "h.v.upper"))
    });
    check("quate", |x, _| {
        let part = |side: &str, i: usize| [0, 1, 2, 3].map(|row| x.at(&format!("{side}.v.{row}"))[i]);
        let term = |i: usize| {
            let (h, r, t) = (part("h", i), part("r", i), part("t", i));
            let length = norm(&r, 2.0);
            dot(&hamilton(h, r.map(|r| r / length)), &t)
        };
        (0..D).map(term).sum()
    });
}

/// The product of two quaternions, from i² = j² = k² = ijk = −1.
fn hamilton(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
    // `UNIT[m][n]` is the product of the units m and n: its sign and its index.
    const UNIT: [[(f64, usize); 4]; 4] = [
        [(1.0, 0), (1.0, 1), (1.0, 2), (1.0, 3)],
        [(1.0, 1), (-1.0, 0), (1.0, 3), (-1.0, 2)],
        [(1.0, 2), (-1.0, 3), (-1.0, 0), (1.0, 1)],
        [(1.0, 3), (1.0, 2), (-1.0, 1), (-1.0, 0)],
    ];
    let mut product = [0.0; 4];
    for (m, row) in UNIT.iter().enumerate() {
        for (n, (sign, index)) in row.iter().enumerate() {
            product[*index] += sign * a[m] * b[n];
        }
    }
    product
}

#[test]
fn rotations_and_scalings() {
    check("rotate", |x, _| {
        let (h, r, t) = (x.at("h.v"), x.at("r.v"), x.at("t.v"));
        let term = |i: usize| {
            let (sin, cos) = r[i].sin_cos();
            (h[i] * cos - h[D + i] * sin - t[i]).hypot(h[i] * sin + h[D + i] * cos - t[D + i])
        };
        -(0..D).map(term).sum::<f64>()
    });
    check("pairre", |x, _| {
        let scaled = |e: &str, r: &str| zip(x.at(e), x.at(r), |e, r| e * r);
        -norm(&zip(&scaled("h.v", "r.head"), &scaled("t.v", "r.tail"), |h, t| h - t), 1.0)
    });
    check("mure", |x, _| {
        let turned = zip(x.at("h.v"), x.at("r.diagonal"), |h, r| h * r);
        let moved = zip(x.at("t.v"), x.at("r.v"), |t, r| t + r);
        x.one("h.head_bias") + x.one("t.tail_bias") - norm(&zip(&turned, &moved, |h, t| h - t), 2.0).powi(2)
    });
    check("hake", |x, _| {
        let moduli = (0..D).map(|i| x.at("h.m")[i] * x.at("r.m")[i] - x.at("t.m")[i]).collect::<Vec<_>>();
        let phases = (0..D).map(|i| ((x.at("h.p")[i] + x.at("r.p")[i] - x.at("t.p")[i]) / 2.0).sin());
        -norm(&moduli, 2.0) - 0.5 * norm(&phases.collect::<Vec<_>>(), 1.0)
    });
}

#[test]
fn boxes() {
    check("boxe", |x, choices| {
        let distance = |end: &str, bump: &str, which: &str| {
            let coordinate = |i: usize| {
                let (centre, width) = (x.at(&format!("r.{which}_centre"))[i], x.at(&format!("r.{which}_width"))[i]);
                let apart = (x.at(end)[i] + x.at(bump)[i] - centre).abs();
                let plus = width + 1.0;
                // The paper's two cases.
                if apart <= width / 2.0 { apart / plus } else { apart * plus - 0.5 * width * (plus - 1.0 / plus) }
            };
            norm(&(0..D).map(coordinate).collect::<Vec<_>>(), choices[0])
        };
        -distance("h.v", "t.bump", "head") - distance("t.v", "h.bump", "tail")
    });
}
