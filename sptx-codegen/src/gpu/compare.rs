//! Many queries against many candidates: a tile of pairs for each row's threads, which share the columns.

use sptx_runtime::gpu::{Role, Schedule};
use sptx_runtime::program::{Model, PairProduct, PairProductKind, ReduceOp, Shape, Split};

use super::body::{At, Item};
use super::pairs::{Pair, Pairs};
use super::rows::{Rows, across, size};
use super::run::run;
use super::{Plan, kernel_name, missing_name};
use crate::lir::{Access, Binary, Builder, Place, Scalar, Value};

/// The scores of every query with every candidate of its chunk.
pub(super) fn compare(model: &Model, schedule: &Schedule, split: &Split) -> Plan {
    let missing = missing_name(split.missing);
    let doc = format!("{}: the scores of queries with candidates where a {missing} is missing.", model.name);
    let mut k = Builder::new(kernel_name(model, &format!("compare_{missing}")), doc, schedule.workgroup);
    let pairs = Pairs::new(&mut k, schedule, split, None);
    let scores = Place::Buffer(k.buffer("scores", Scalar::F32, 1, Access::ReadWrite));
    let rows = Rows::new(&mut k, model, schedule);
    let tile = pairs.tile(&mut k, rows.row, schedule.tile);
    let mut items = items(&mut k, &rows, split, &tile);
    run(&mut k, &rows, &split.comparison.forward, None, &mut items);
    let writes = rows.writes(&mut k);
    for (pair, item) in tile.into_iter().zip(items) {
        let score = item.scalars[split.comparison.score].expect("a comparison ends in the score");
        let writes = k.binary(Binary::And, writes, pair.inside);
        k.when(writes, |k| k.store(scores, pair.place, score));
    }
    rows.plan(Role::Compare(split.missing), k)
}

/// Pairs with their products, ready for the comparison's forward program.
pub(super) fn items<'a>(k: &mut Builder, rows: &Rows<'a>, split: &'a Split, tile: &[Pair<'a>]) -> Vec<Item<'a>> {
    let products = products(k, rows, split, tile);
    let item = |(pair, products): (&Pair<'a>, _)| Item::pair(rows.model, pair.ends, products, split.comparison.scalars);
    tile.iter().zip(products).map(item).collect()
}

/// For each pair the reductions that elsewhere are matrix products. Here they are sums like any other: a squared distance
/// is one of differences, and nothing cancels.
fn products(k: &mut Builder, rows: &Rows<'_>, split: &Split, tile: &[Pair<'_>]) -> Vec<Vec<Value>> {
    let mut found: Vec<Vec<Value>> = tile.iter().map(|_| Vec::new()).collect();
    for PairProduct { kind, vectors } in &split.comparison.products {
        let none = k.f32s(0.0, rows.schedule.vector);
        let sums: Vec<_> = tile.iter().map(|_| k.variable(none)).collect();
        for (query, candidate) in vectors {
            let Shape::Vector(dim) = split.query.outputs[*query].shape else { unreachable!("products are of vectors") };
            let size = size(k, dim);
            rows.columns(k, size, |k, columns| {
                for column in columns {
                    let at = At { column: Some(column.column), lanes: rows.schedule.vector };
                    for (Pair { ends, .. }, sum) in tile.iter().zip(&sums) {
                        let (q, c) = (ends[0].output(k, *query, at), ends[1].output(k, *candidate, at));
                        let [a, b] = match kind {
                            PairProductKind::Dot => [q, c],
                            PairProductKind::SquaredDistance => [k.sub(q, c); 2],
                        };
                        let so_far = k.get(*sum);
                        k.name(so_far, "sum");
                        let next = k.multiply_add(a, b, so_far);
                        let next = k.select(column.valid, next, so_far);
                        k.set(*sum, next);
                    }
                }
            });
        }
        for (found, sum) in found.iter_mut().zip(sums) {
            let lanes = k.get(sum);
            let own = across(k, ReduceOp::Sum, lanes);
            found.push(rows.join(k, ReduceOp::Sum, own));
        }
    }
    found
}
