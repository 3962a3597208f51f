//! How the score splits where an end is missing.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Definition;
use super::formulas::Formula;
use crate::ir::{Op, Score, Side, Value};
use crate::notation::{self, print_with_names};
use crate::split::{Half, Product, ProductKind, Split};

/// What compares the candidates of a block to its queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PairKernel {
    /// Matrix products.
    MatrixProduct,
    /// A tiled kernel over pairs; matrix products too, where the score has some.
    Pairwise,
    /// The kernels of triples: the score does not split.
    Triples,
}

/// A score where one end is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SplitReport {
    /// The end that candidates fill: `h` or `t`.
    pub missing: char,
    /// What compares queries to candidates.
    pub kernel: PairKernel,
    /// Whether candidates are worked out for each relation.
    pub by_relation: bool,
    /// What is worked out for each query.
    pub query: Vec<Definition>,
    /// What is worked out for each candidate.
    pub candidate: Vec<Definition>,
    /// The sums that matrix products give.
    pub products: Vec<Definition>,
    /// The score from all of these; `None` where it does not split.
    pub score: Option<Formula>,
}

pub(super) fn of(splits: &[Split], missing: Side) -> SplitReport {
    match splits.iter().find(|split| split.missing == missing) {
        Some(split) => of_split(split),
        None => SplitReport {
            missing: missing.letter(),
            kernel: PairKernel::Triples,
            by_relation: false,
            query: Vec::new(),
            candidate: Vec::new(),
            products: Vec::new(),
            score: None,
        },
    }
}

fn of_split(split: &Split) -> SplitReport {
    let planes = split.comparison.planes.iter();
    let names: Vec<String> = planes.map(|(_, plane)| split.comparison.slots[plane.slot].name.clone()).collect();
    let (queries, rest) = names.split_at(split.query.outputs.len());
    let (candidates, products) = rest.split_at(split.candidate.outputs.len());
    let product = |(name, product): (&String, &Product)| Definition {
        name: name.clone(),
        expression: expression(product, queries, candidates),
    };
    SplitReport {
        missing: split.missing.letter(),
        kernel: if split.is_product() { PairKernel::MatrixProduct } else { PairKernel::Pairwise },
        by_relation: split.by_relation,
        query: outputs(&split.query, queries),
        candidate: outputs(&split.candidate, candidates),
        products: products.iter().zip(&split.products).map(product).collect(),
        score: Some(score(&split.comparison)),
    }
}

fn outputs(half: &Half, names: &[String]) -> Vec<Definition> {
    let score = &half.gradient.score;
    let outputs = names.iter().zip(&half.outputs);
    outputs.map(|(name, value)| Definition { name: name.clone(), expression: notation::print(score, *value) }).collect()
}

fn expression(product: &Product, queries: &[String], candidates: &[String]) -> String {
    let terms = product.vectors.iter().map(|(query, candidate)| {
        let (query, candidate) = (&queries[*query], &candidates[*candidate]);
        match product.kind {
            ProductKind::Dot => format!("{query}·{candidate}"),
            ProductKind::SquaredDistance => format!("({query} − {candidate})²"),
        }
    });
    format!("Σ({})", terms.collect::<Vec<_>>().join(" + "))
}

/// The score over the outputs, which stand by their names.
fn score(comparison: &Score) -> Formula {
    let gathered = |(value, node): (Value, &crate::ir::Node)| match node.op {
        Op::Gather { plane, .. } => Some((value, comparison.slots[comparison.planes[plane].slot].name.clone())),
        _ => None,
    };
    let leaves: BTreeMap<Value, String> = comparison.nodes.iter().filter_map(gathered).collect();
    let mut names = super::formulas::names(comparison, &[comparison.root]);
    names.extend(leaves.clone());
    let definitions = super::formulas::definitions(comparison, &[comparison.root], &names);
    let is_leaf = |definition: &Definition| leaves.values().any(|name| *name == definition.name);
    Formula {
        definitions: definitions.into_iter().filter(|it| !is_leaf(it)).collect(),
        expression: match leaves.get(&comparison.root) {
            Some(name) => name.clone(),
            None => print_with_names(comparison, comparison.root, &names),
        },
    }
}
