//! Which values a program needs, and at which level each is known.

use std::collections::HashMap;

use crate::ir::{Op, Score, Shape, Value};

/// The level of every value that some roots need. Scalars that are known before the program begins are leaves.
pub(super) fn levels(score: &Score, roots: &[Value], known: &HashMap<Value, usize>) -> HashMap<Value, usize> {
    let mut needed = vec![false; score.nodes.len()];
    for root in roots {
        needed[root.index()] = true;
    }
    for (value, node) in score.nodes.iter().rev() {
        if needed[value.index()] && !known.contains_key(&value) {
            node.op.operands().iter().for_each(|operand| needed[operand.index()] = true);
        }
    }
    let mut levels = HashMap::new();
    for (value, node) in score.nodes.iter().filter(|(value, _)| needed[value.index()]) {
        let below = |levels: &HashMap<Value, usize>| {
            node.op.operands().iter().map(|operand| levels[operand]).max().unwrap_or_default()
        };
        let level = if known.contains_key(&value) { 0 } else { below(&levels) + usize::from(is_cut(&node.op)) };
        levels.insert(value, level);
    }
    levels
}

/// Whether an operation's result is known only when a stage over its operand has ended.
fn is_cut(op: &Op) -> bool {
    matches!(op, Op::Reduce(..) | Op::MatVec { .. })
}

/// Whether a value is one number per triple.
pub(super) fn is_scalar(score: &Score, value: Value) -> bool {
    score.nodes[value].ty.shape == Shape::Scalar
}
