//! Formulas with names for what occurs more than once.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ir::{Gradient, Op, Score, Value};
use crate::notation::{self, print_with_names};
use crate::passes::live;

/// A name and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Definition {
    /// The name.
    pub name: String,
    /// The expression, over rows and earlier names.
    pub expression: String,
}

/// An expression and the definitions that it refers to, earlier ones first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Formula {
    /// What the expression refers to.
    pub definitions: Vec<Definition>,
    /// The expression.
    pub expression: String,
}

pub(super) fn of_score(score: &Score) -> Formula {
    let names = names(score, &[score.root]);
    Formula {
        definitions: definitions(score, &[score.root], &names),
        expression: print_with_names(score, score.root, &names),
    }
}

pub(super) fn of_gradient(gradient: &Gradient) -> super::GradientFormulas {
    let score = &gradient.score;
    let roots: Vec<_> = gradient.contributions.iter().map(|(_, _, value)| *value).collect();
    let mut names = names(score, &roots);
    // A contribution that another one is made of is printed by its row, and named only if it is used there.
    names.retain(|value, _| !roots.contains(value) || is_operand(score, &roots, *value));
    let mut contributions = Vec::new();
    for &(side, plane, value) in &gradient.contributions {
        let expression = match names.get(&value) {
            Some(name) => name.clone(),
            None => print_with_names(score, value, &names),
        };
        contributions.push((notation::row_name(score, side, plane), expression));
    }
    super::GradientFormulas { definitions: definitions(score, &roots, &names), contributions }
}

fn is_operand(score: &Score, roots: &[Value], value: Value) -> bool {
    let live = live(&score.nodes, roots.iter().copied());
    score.nodes.iter().any(|(user, node)| live[user.index()] && node.op.operands().contains(&value))
}

pub(super) fn definitions(score: &Score, roots: &[Value], names: &BTreeMap<Value, String>) -> Vec<Definition> {
    let live = live(&score.nodes, roots.iter().copied());
    let named = names.iter().filter(|(value, _)| live[value.index()]);
    named
        .map(|(value, name)| Definition { name: name.clone(), expression: print_with_names(score, *value, names) })
        .collect()
}

/// Names for the values that the declaration named, for incidence rows, and for values that are used more than once.
pub(super) fn names(score: &Score, roots: &[Value]) -> BTreeMap<Value, String> {
    let live = live(&score.nodes, roots.iter().copied());
    let mut uses = vec![0; score.nodes.len()];
    for root in roots {
        uses[root.index()] += 1;
    }
    for (_, node) in score.nodes.iter().filter(|(value, _)| live[value.index()]) {
        for operand in node.op.operands() {
            uses[operand.index()] += 1;
        }
    }
    let mut names = BTreeMap::new();
    for (value, name) in &score.names {
        if live[value.index()] && *value != score.root && !is_leaf(&score.nodes[*value].op) {
            names.insert(*value, name.clone());
        }
    }
    let shared = |(value, op): &(Value, &Op)| matches!(op, Op::Fold { .. }) || uses[value.index()] > 1;
    let nodes = score.nodes.iter().map(|(value, node)| (value, &node.op));
    let mut number = 0;
    for (value, _) in nodes.filter(|(value, op)| live[value.index()] && !is_leaf(op)).filter(shared) {
        if value != score.root && !names.contains_key(&value) {
            names.insert(value, unused(&names, &mut number));
        }
    }
    names
}

fn unused(names: &BTreeMap<Value, String>, number: &mut usize) -> String {
    loop {
        *number += 1;
        let name = format!("x{number}");
        if names.values().all(|other| *other != name) {
            return name;
        }
    }
}

/// Whether a value is as short as a name.
fn is_leaf(op: &Op) -> bool {
    match op {
        Op::Gather { .. } | Op::Const(_) | Op::Parameter(_) | Op::Upstream => true,
        Op::Unary(..)
        | Op::Binary(..)
        | Op::Reduce(..)
        | Op::MatVec { .. }
        | Op::Outer(..)
        | Op::Fold { .. }
        | Op::Complex(..)
        | Op::Cis(_)
        | Op::Re(_)
        | Op::Im(_)
        | Op::Conj(_)
        | Op::Modulus(_) => false,
    }
}
