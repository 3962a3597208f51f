//! Which values cannot be positive, or negative: a score that is never positive is a negative distance, and losses that
//! ask for positive scores need an offset for it.

use crate::ir::{BinaryOp, Constraint, Op, Score, UnaryOp, Value};

/// What is known of the sign of every element of a value, whatever the tables hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    /// At least 0.
    NonNegative,
    /// At most 0.
    NonPositive,
    /// Either.
    Unknown,
}

/// Whether the score is at most 0 whatever the tables hold. Needs a real score without folds.
pub fn is_never_positive(score: &Score) -> bool {
    sign(score, score.root) == Sign::NonPositive
}

fn sign(score: &Score, value: Value) -> Sign {
    match &score.nodes[value].op {
        Op::Const(number) if *number >= 0.0 => Sign::NonNegative,
        Op::Const(number) if *number <= 0.0 => Sign::NonPositive,
        Op::Gather { plane, .. } => {
            let slot = &score.slots[score.planes[*plane].slot];
            if slot.constraints.contains(&Constraint::NonNegative) { Sign::NonNegative } else { Sign::Unknown }
        }
        Op::Unary(op, a) => unary(*op, sign(score, *a)),
        Op::Binary(op, a, b) => binary(*op, *a == *b, sign(score, *a), sign(score, *b)),
        Op::Reduce(_, a) => sign(score, *a),
        Op::MatVec { matrix, vector, .. } => times(sign(score, *matrix), sign(score, *vector)),
        Op::Outer(a, b) => times(sign(score, *a), sign(score, *b)),
        Op::Modulus(_) => Sign::NonNegative,
        Op::Const(_)
        | Op::Parameter(_)
        | Op::Upstream
        | Op::Fold { .. }
        | Op::Complex(..)
        | Op::Cis(_)
        | Op::Re(_)
        | Op::Im(_)
        | Op::Conj(_) => Sign::Unknown,
    }
}

fn unary(op: UnaryOp, a: Sign) -> Sign {
    match op {
        UnaryOp::Neg => negated(a),
        UnaryOp::Sign | UnaryOp::ReciprocalOrZero | UnaryOp::Tanh => a,
        UnaryOp::Abs | UnaryOp::Sqrt | UnaryOp::Exp | UnaryOp::Sigmoid | UnaryOp::Softplus | UnaryOp::Frac => {
            Sign::NonNegative
        }
        UnaryOp::Floor | UnaryOp::Log | UnaryOp::Sin | UnaryOp::Cos => Sign::Unknown,
    }
}

fn negated(a: Sign) -> Sign {
    match a {
        Sign::NonNegative => Sign::NonPositive,
        Sign::NonPositive => Sign::NonNegative,
        Sign::Unknown => Sign::Unknown,
    }
}

fn times(a: Sign, b: Sign) -> Sign {
    match (a, b) {
        (Sign::Unknown, _) | (_, Sign::Unknown) => Sign::Unknown,
        (a, b) if a == b => Sign::NonNegative,
        _ => Sign::NonPositive,
    }
}

fn plus(a: Sign, b: Sign) -> Sign {
    if a == b { a } else { Sign::Unknown }
}

fn binary(op: BinaryOp, same: bool, a: Sign, b: Sign) -> Sign {
    match op {
        BinaryOp::Add => plus(a, b),
        BinaryOp::Sub => plus(a, negated(b)),
        BinaryOp::Mul if same => Sign::NonNegative,
        BinaryOp::Mul | BinaryOp::Div => times(a, b),
        BinaryOp::Max if a == Sign::NonNegative || b == Sign::NonNegative => Sign::NonNegative,
        BinaryOp::Min if a == Sign::NonPositive || b == Sign::NonPositive => Sign::NonPositive,
        BinaryOp::Max | BinaryOp::Min => plus(a, b),
        BinaryOp::Greater | BinaryOp::Equal => Sign::NonNegative,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{compile, sema, syntax};

    fn check(score: &str, never_positive: bool) {
        let text = format!(
            "score! {{ pub M {{ entity {{ v: real[d], b: scalar }} relation {{ v: real[d], w: scalar where nonneg }} \
             score = {score}; }} }}"
        );
        let text = if score.contains("r.w") { text } else { text.replace(", w: scalar where nonneg", "") };
        let text = if score.contains(".b") { text } else { text.replace(", b: scalar", "") };
        let file = syntax::parse_str("test", &text).unwrap_or_else(|errors| panic!("{errors}"));
        let scores = sema::analyze(&file, &sema::Choices::new()).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(is_never_positive(&compile(scores[0].clone()).lowered), never_positive, "{score}");
    }

    #[test]
    fn distances_are_told_from_products() {
        check("-norm1(h.v + r.v - t.v)", true);
        check("-norm2(h.v + r.v - t.v)", true);
        check("-sq_norm2(h.v + r.v - t.v)", true);
        check("-r.w * norm1(h.v + r.v - t.v)", true);
        check("-norm1(h.v * r.v) - 0.5 * norm1(sin(h.v - t.v))", true);
        check("-sq_norm2(h.v + r.v - t.v) + h.b + t.b", false);
        check("sum(h.v * r.v * t.v)", false);
        check("norm1(h.v + r.v - t.v)", false);
        check("2 - norm1(h.v + r.v - t.v)", false);
    }
}
