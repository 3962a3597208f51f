//! Which end of a triple each value depends on.

use crate::ir::{Op, Score, Side, Value};

/// What a value depends on, where one end is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum End {
    /// Numbers and parameters only.
    Neither,
    /// The query.
    Known,
    /// The candidate.
    Candidate,
    /// Both.
    Both,
}

/// The rows that a value is computed from.
#[derive(Clone, Copy, Debug, Default)]
struct Reads {
    known: bool,
    relation: bool,
    candidate: bool,
}

/// The ends of a score's values; grows with the score.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    missing: Side,
    by_relation: bool,
    reads: Vec<Reads>,
}

impl Ends {
    pub(super) fn new(missing: Side, by_relation: bool) -> Self {
        Self { missing, by_relation, reads: Vec::new() }
    }

    /// The end of a value of a score that has only grown since the last call.
    pub(super) fn of(&mut self, score: &Score, value: Value) -> End {
        self.read(score);
        let Reads { known, relation, candidate } = self.reads[value.index()];
        match (candidate, known || (relation && !self.by_relation)) {
            (true, true) => End::Both,
            (true, false) => End::Candidate,
            (false, _) if known || relation => End::Known,
            (false, _) => End::Neither,
        }
    }

    /// Whether a value depends on the relation.
    pub(super) fn reads_relation(&mut self, score: &Score, value: Value) -> bool {
        self.read(score);
        self.reads[value.index()].relation
    }

    fn read(&mut self, score: &Score) {
        for (_, node) in score.nodes.iter().skip(self.reads.len()) {
            let mut reads = Reads::default();
            if let Op::Gather { side, .. } = node.op {
                reads.candidate = side == self.missing;
                reads.relation = side == Side::Relation;
                reads.known = !reads.candidate && !reads.relation;
            }
            for operand in node.op.operands() {
                let of_operand = self.reads[operand.index()];
                reads.known |= of_operand.known;
                reads.relation |= of_operand.relation;
                reads.candidate |= of_operand.candidate;
            }
            self.reads.push(reads);
        }
    }
}
