//! How a score reads each of its tables, which decides how the table is stored.

use std::collections::BTreeMap;

use crate::ast::{Expr, ExprKind, Score, Statement};
use crate::diagnostics::Span;
use crate::ir::Owner;

/// The first place where a table is read in each manner.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Uses {
    /// `h.v`.
    pub(super) whole: Option<Span>,
    /// `lower(h.v)`, `upper(h.v)`.
    pub(super) halves: Option<Span>,
    /// `h.v[0]`.
    pub(super) rows: Option<Span>,
}

/// The uses of each table of a score.
pub(super) type Usage = BTreeMap<(Owner, String), Uses>;

/// The uses in all expressions of a score.
pub(super) fn of(score: &Score) -> Usage {
    let mut usage = Usage::new();
    for statement in &score.statements {
        match statement {
            Statement::Parameter(_) | Statement::Tables(_) => {}
            Statement::Incidence(row) => walk(&row.value, &mut usage),
            Statement::Let(binding) => walk(&binding.value, &mut usage),
            Statement::Score(root) => walk(&root.value, &mut usage),
        }
    }
    usage
}

fn walk(expr: &Expr, usage: &mut Usage) {
    if let ExprKind::Slot(..) = &expr.kind {
        record(expr, usage, |uses| &mut uses.whole);
    }
    for part in expr.parts() {
        match &expr.kind {
            ExprKind::Row(..) if is_slot(part) => record(part, usage, |uses| &mut uses.rows),
            ExprKind::Call(function, _) if ["lower", "upper"].contains(&function.text.as_str()) && is_slot(part) => {
                record(part, usage, |uses| &mut uses.halves);
            }
            _ => walk(part, usage),
        }
    }
}

fn is_slot(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Slot(..))
}

fn record(slot: &Expr, usage: &mut Usage, manner: fn(&mut Uses) -> &mut Option<Span>) {
    if let ExprKind::Slot(side, name) = &slot.kind {
        let uses = usage.entry((side.owner(), name.text.clone())).or_default();
        manner(uses).get_or_insert(slot.span);
    }
}
