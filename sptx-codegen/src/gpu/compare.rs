//! Many queries against many candidates: a tile of pairs for each row's threads, which share the columns.

use sptx_runtime::gpu::{Role, Schedule};
use sptx_runtime::program::{Model, PairProduct, PairProductKind, ReduceOp, Split};

use super::body::{At, Item, Kept};
use super::rows::{Rows, across, size};
use super::run::run;
use super::{Plan, kernel_name, missing_name};
use crate::lir::{Access, Binary, Builder, Place, Scalar, Value};

/// The scores of every query with every candidate.
pub(super) fn compare(model: &Model, schedule: &Schedule, split: &Split) -> Plan {
    let missing = missing_name(split.missing);
    let doc = format!("{}: the scores of queries with candidates where a {missing} is missing.", model.name);
    let mut k = Builder::new(kernel_name(model, &format!("compare_{missing}")), doc, schedule.workgroup);
    let mut buffer = |name, lanes, access| Place::Buffer(k.buffer(name, Scalar::F32, lanes, access));
    let vector = schedule.vector;
    let [query_scalars, query_vectors, candidate_scalars, candidate_vectors] = [
        buffer("query_scalars", 1, Access::Read),
        buffer("query_vectors", vector, Access::Read),
        buffer("candidate_scalars", 1, Access::Read),
        buffer("candidate_vectors", vector, Access::Read),
    ];
    let scores = buffer("scores", 1, Access::ReadWrite);
    let rows = Rows::new(&mut k, model, schedule);
    let [queries, candidates] = ["queries", "candidates"].map(|name| k.parameter(name, Scalar::U32, 1));
    let tile = schedule.tile;
    let tiles = tiles(&mut k, candidates, tile);
    let (across_tile, down_tile) = (k.rem(rows.row, tiles), k.div(rows.row, tiles));
    let (query_numbers, candidate_numbers) =
        (numbers(&mut k, down_tile, tile, queries), numbers(&mut k, across_tile, tile, candidates));
    let pairs: Vec<[Number; 2]> =
        query_numbers.iter().flat_map(|query| candidate_numbers.iter().map(|candidate| [*query, *candidate])).collect();
    let kept =
        |scalars, vectors, dims, number: Number, count| Kept { scalars, vectors, dims, number: number.at, count };
    let ends: Vec<[Kept<'_>; 2]> = pairs
        .iter()
        .map(|[query, candidate]| {
            [
                kept(query_scalars, query_vectors, &split.query.forward.vectors[..], *query, queries),
                kept(candidate_scalars, candidate_vectors, &split.candidate.forward.vectors, *candidate, candidates),
            ]
        })
        .collect();
    let products = products(&mut k, &rows, split, &ends);
    let mut items: Vec<Item<'_>> = ends
        .into_iter()
        .zip(products)
        .map(|([query, candidate], products)| {
            let ends = [(&split.query.outputs[..], query), (&split.candidate.outputs[..], candidate)];
            Item::pair(model, ends, products, split.comparison.scalars)
        })
        .collect();
    run(&mut k, &rows, &split.comparison.forward, None, &mut items);
    let writes = rows.writes(&mut k);
    for ([query, candidate], item) in pairs.into_iter().zip(items) {
        let score = item.scalars[split.comparison.score].expect("a comparison ends in the score");
        let both = k.binary(Binary::And, query.inside, candidate.inside);
        let writes = k.binary(Binary::And, writes, both);
        k.when(writes, |k| {
            let row = k.mul(query.at, candidates);
            let index = k.add(row, candidate.at);
            k.store(scores, index, score);
        });
    }
    rows.plan(Role::Compare(split.missing), k)
}

/// A query or a candidate of a tile.
#[derive(Clone, Copy)]
struct Number {
    /// Its number; beyond the last, the last.
    at: Value,
    /// Whether it is one.
    inside: Value,
}

fn numbers(k: &mut Builder, tile: Value, size: u32, count: Value) -> Vec<Number> {
    let first = k.mul_u32(tile, size);
    let one = k.u32(1);
    let last = k.sub(count, one);
    let number = |part| {
        let at = k.add_u32(first, part);
        let inside = k.less(at, count);
        Number { at: k.binary(Binary::Min, at, last), inside }
    };
    (0..size).map(number).collect()
}

/// Number of tiles that hold `count`.
fn tiles(k: &mut Builder, count: Value, tile: u32) -> Value {
    let (above, tile) = (k.add_u32(count, tile - 1), k.u32(tile));
    k.div(above, tile)
}

/// For each pair the reductions that elsewhere are matrix products. Here they are sums like any other: a squared distance
/// is one of differences, and nothing cancels.
fn products(k: &mut Builder, rows: &Rows<'_>, split: &Split, ends: &[[Kept<'_>; 2]]) -> Vec<Vec<Value>> {
    let mut found: Vec<Vec<Value>> = ends.iter().map(|_| Vec::new()).collect();
    for PairProduct { kind, vectors } in &split.comparison.products {
        let none = k.f32s(0.0, rows.schedule.vector);
        let sums: Vec<_> = ends.iter().map(|_| k.variable(none)).collect();
        for (query, candidate) in vectors {
            let (query, candidate) = (split.query.outputs[*query], split.candidate.outputs[*candidate]);
            let size = size(k, split.query.forward.vectors[query.source]);
            rows.columns(k, size, |k, columns| {
                for column in columns {
                    let at = At { column: Some(column.column), lanes: rows.schedule.vector };
                    for (ends, sum) in ends.iter().zip(&sums) {
                        let (q, c) = (ends[0].output(k, query, at), ends[1].output(k, candidate, at));
                        let [a, b] = match kind {
                            PairProductKind::Dot => [q, c],
                            PairProductKind::SquaredDistance => [k.sub(q, c); 2],
                        };
                        let so_far = k.get(*sum);
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
