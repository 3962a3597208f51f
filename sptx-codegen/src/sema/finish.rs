//! The last checks of a score: what it is, and what it depends on.

use super::context::{Context, Operand};
use super::tables::{Planes, owner_name};
use super::{Reported, twice};
use crate::ast;
use crate::diagnostics::Diagnostic;
use crate::ir::{self, Builder, Element, Op, Owner, PlaneId, Shape, Side, Type, Value};

/// Ends the analysis of a score, given its `score` statements and what they were lowered to.
pub(super) fn finish(
    mut context: Context<'_>,
    score: &ast::Score,
    roots: &[(&ast::Root, Result<Operand, Reported>)],
) -> Result<ir::Score, Vec<Diagnostic>> {
    let root = root(&mut context, score, roots);
    if let Ok(root) = root {
        // What depends on something broken is not held against the tables.
        if context.errors.is_empty() {
            check_dependence(&mut context, score, root);
        }
    }
    match root {
        Ok(root) if context.errors.is_empty() => Ok(without_dead_nodes(&context.builder.finish(root))),
        Ok(_) | Err(Reported) => Err(context.errors),
    }
}

fn root(
    context: &mut Context<'_>,
    score: &ast::Score,
    roots: &[(&ast::Root, Result<Operand, Reported>)],
) -> Result<Value, Reported> {
    for (extra, _) in roots.iter().skip(1) {
        let name = ast::Name { text: "score".to_owned(), span: extra.keyword };
        context.report(twice(&name, "a `score`").help("keep one `score = …;`, and name parts with `let`"));
    }
    match roots.first() {
        Some((root, operand)) => scalar(context, &root.value, (*operand)?),
        None => {
            let error = Diagnostic::new(score.name.span, format!("`{}` has no score", score.name.text));
            Err(context
                .report(error.help("end it with `score = …;`, a number that is higher for more plausible triples")))
        }
    }
}

/// Checks that the score is a real scalar.
fn scalar(context: &mut Context<'_>, expr: &ast::Expr, operand: Operand) -> Result<Value, Reported> {
    let (value, help) = match operand {
        Operand::Value(value) => match context.builder.ty(value) {
            Type::SCALAR => return Ok(value),
            Type { element: Element::Complex, shape: Shape::Scalar } => (value, "take its real part: `re(…)`"),
            Type { element: Element::Complex, .. } => (value, "fold it to a number: `re(sum(…))`, `-norm1(…)`"),
            Type { element: Element::Real, .. } => (value, "fold it to a number: `sum(…)`, `-norm1(…)`, `-norm2(…)`"),
        },
        Operand::Matrix(matrix) => (matrix.value, "multiply it by vectors: `bilinear(h.v, r.m, t.v)`"),
    };
    let message = format!("a score is one real number, this is {}", context.type_of(value));
    Err(context.report(Diagnostic::new(expr.span, message).help(help)))
}

/// Checks that a score reads the head or the tail, and every plane of every table.
fn check_dependence(context: &mut Context<'_>, score: &ast::Score, root: Value) {
    let gathers = gathers(context.builder.score(), root);
    if !gathers.iter().any(|(side, _)| side.owner() == Owner::Entity) {
        let message = format!("`{}` depends on neither the head nor the tail", score.name.text);
        context.report(Diagnostic::new(score.name.span, message).help("read a table of the entity: `h.v` or `t.v`"));
        return;
    }
    let read = |plane: PlaneId| gathers.iter().any(|(_, known)| *known == plane);
    let mut errors = Vec::new();
    for ((owner, name), info) in &context.slots {
        let planes = info.storage.as_ref().map(|storage| &storage.planes);
        errors.extend(
            planes
                .and_then(|planes| unused(*owner, name, planes, &read))
                .map(|(message, help)| Diagnostic::new(info.span, message).help(help)),
        );
    }
    context.errors.extend(errors);
}

/// The message and the help for a table of which something is not read.
fn unused(owner: Owner, name: &str, planes: &Planes, read: &dyn Fn(PlaneId) -> bool) -> Option<(String, String)> {
    let remove = "use it, or remove it: it would take memory and never learn";
    let owner = owner_name(owner);
    match planes {
        Planes::Whole(plane) if read(*plane) => None,
        Planes::Whole(_) => {
            Some((format!("the score does not depend on the {owner}'s table `{name}`"), remove.to_owned()))
        }
        Planes::Halves(planes) => {
            let index = planes.iter().position(|plane| !read(*plane))?;
            let half = ["lower", "upper"][index];
            Some((
                format!("the score does not depend on the {half} half of the {owner}'s table `{name}`"),
                remove.to_owned(),
            ))
        }
        Planes::Rows(planes) => {
            let index = planes.iter().position(|plane| !read(*plane))?;
            let message = format!("the score does not depend on row {index} of the {owner}'s table `{name}`");
            Some((message, "use the row, or declare fewer".to_owned()))
        }
    }
}

/// The gathers that a value depends on.
fn gathers(score: &ir::Score, root: Value) -> Vec<(Side, PlaneId)> {
    let needed = needed(score, root);
    let live = score.nodes.iter().filter(|(value, _)| needed[value.index()]);
    live.filter_map(|(_, node)| match node.op {
        Op::Gather { side, plane } => Some((side, plane)),
        _ => None,
    })
    .collect()
}

/// Which nodes a value depends on.
fn needed(score: &ir::Score, root: Value) -> Vec<bool> {
    let mut needed = vec![false; score.nodes.len()];
    needed[root.index()] = true;
    // Operands stand before their users, so one pass from the end sees every user first.
    for (value, node) in score.nodes.iter().rev() {
        if needed[value.index()] {
            for operand in node.op.operands() {
                needed[operand.index()] = true;
            }
        }
    }
    needed
}

/// The same score without what only an unused `let` or an alternative of `choose` that was not chosen depends on.
fn without_dead_nodes(score: &ir::Score) -> ir::Score {
    let needed = needed(score, score.root);
    let mut builder = Builder::with_declarations_of(score);
    let mut kept: Vec<Option<Value>> = vec![None; score.nodes.len()];
    for (value, node) in score.nodes.iter().filter(|(value, _)| needed[value.index()]) {
        // The operands of a needed node are needed, and stand before it.
        let op = node.op.map_operands(|operand| kept[operand.index()].unwrap_or(operand));
        kept[value.index()] = Some(builder.push(op));
    }
    let names = score.names.iter().filter_map(|(value, name)| Some((kept[value.index()]?, name.clone())));
    builder.declarations().names = names.collect();
    let root = kept[score.root.index()].unwrap_or(score.root);
    builder.finish(root)
}
