//! What the compiler makes of the zoo, readable: the factored score as textual IR, and the report of `explain`.
//!
//! `cargo xtask bless` writes the files anew; read what it wrote.

use std::collections::BTreeSet;

use expect_test::expect_file;
use sptx_codegen::explain::explain;
use sptx_codegen::ir::Op;
use sptx_codegen::{Compiled, compile, text};
use sptx_tests::zoo;

fn compiled_zoo() -> Vec<Compiled> {
    let mut seen = BTreeSet::new();
    zoo().into_iter().filter(|score| seen.insert(score.name.clone())).map(compile).collect()
}

#[test]
fn factored_scores() {
    for compiled in compiled_zoo() {
        let name = compiled.declared.name.to_lowercase();
        expect_file![format!("../golden/{name}.ir")].assert_eq(&text::print(&compiled.factored));
    }
}

#[test]
fn reports() {
    for compiled in compiled_zoo() {
        let sizes = compiled.gradient.score.bind_all_dims(64).expect("64 is even");
        let name = compiled.declared.name.to_lowercase();
        expect_file![format!("../golden/{name}.explain")].assert_eq(&explain(&compiled, &sizes).to_string());
    }
}

#[test]
fn textual_ir_reads_back() {
    for compiled in compiled_zoo() {
        for score in [&compiled.declared, &compiled.factored, &compiled.lowered] {
            let printed = text::print(score);
            let read = text::parse(&printed).unwrap_or_else(|error| panic!("{}: {error}\n{printed}", score.name));
            assert_eq!(&read, score, "{}", score.name);
        }
    }
}

/// The rows that textbook forms are factored to, as `side.slot` with coefficients.
#[test]
fn incidence_rows() {
    let expected = [
        ("TransE", vec!["+h.v +r.v -t.v"]),
        ("TransH", vec!["+h.v -t.v"]),
        ("TransR", vec!["+h.v -t.v"]),
        ("TransD", vec!["+h.v +r.v -t.v"]),
    ];
    let zoo = compiled_zoo();
    for (name, rows) in expected {
        let compiled = zoo.iter().find(|compiled| compiled.declared.name == name).expect("it is in the zoo");
        assert_eq!(self::rows(compiled), rows, "{name}");
    }
}

fn rows(compiled: &Compiled) -> Vec<String> {
    let score = &compiled.factored;
    let folds = score.nodes.iter().filter_map(|(_, node)| match &node.op {
        Op::Fold { terms, .. } => Some(terms),
        _ => None,
    });
    folds
        .map(|terms| {
            let terms = terms.iter().map(|term| {
                let Op::Gather { side, plane } = score.nodes[term.value].op else { return "?".to_owned() };
                let sign = if term.coefficient == 1.0 { "+" } else { "-" };
                format!("{sign}{}.{}", side.letter(), score.slots[score.planes[plane].slot].name)
            });
            terms.collect::<Vec<_>>().join(" ")
        })
        .collect()
}
