//! What passes share: which nodes are live, and rebuilding them in order.

use crate::ir::{Arena, Builder, Op, Score, Value};

/// For each node of a score, whether one of `roots` depends on it.
pub(crate) fn live(nodes: &Arena<Value, crate::ir::Node>, roots: impl IntoIterator<Item = Value>) -> Vec<bool> {
    let mut live = vec![false; nodes.len()];
    for root in roots {
        live[root.index()] = true;
    }
    for (value, node) in nodes.iter().rev() {
        if live[value.index()] {
            for operand in node.op.operands() {
                live[operand.index()] = true;
            }
        }
    }
    live
}

/// Rebuilds the live nodes of a score in order: `push` appends each operation, its operands already replaced.
pub(crate) fn rebuild(score: &Score, mut push: impl FnMut(&mut Builder, Op) -> Value) -> Score {
    let mut builder = Builder::with_declarations_of(score);
    let live = live(&score.nodes, [score.root]);
    let mut replaced: Vec<Option<Value>> = vec![None; score.nodes.len()];
    for (value, node) in score.nodes.iter().filter(|(value, _)| live[value.index()]) {
        let op = node.op.map_operands(|operand| replaced[operand.index()].expect("operands stand before their users"));
        replaced[value.index()] = Some(push(&mut builder, op));
    }
    let root = replaced[score.root.index()].expect("the root is live");
    let names = renamed(&score.names, |value| replaced[value.index()]);
    builder.declarations().names = names;
    builder.finish(root)
}

/// The names of the values that still exist, each name at its new value. A value keeps its first name.
pub(crate) fn renamed(names: &[(Value, String)], replaced: impl Fn(Value) -> Option<Value>) -> Vec<(Value, String)> {
    let mut kept: Vec<(Value, String)> = Vec::new();
    for (value, name) in names {
        if let Some(value) = replaced(*value)
            && kept.iter().all(|(other, _)| *other != value)
        {
            kept.push((value, name.clone()));
        }
    }
    kept
}
