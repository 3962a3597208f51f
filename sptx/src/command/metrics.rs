//! Metrics as a table.

use comfy_table::Table;
use sptx::train::{Metrics, RankMetrics};

use super::output;

const HEADINGS: [&str; 9] = ["", "", "triples", "MRR", "Hits@1", "Hits@3", "Hits@10", "mean rank", ""];

/// A table of metrics, with the row's first two cells named so.
pub(super) fn table(first: &str, second: &str) -> Table {
    let mut headings = HEADINGS;
    (headings[0], headings[1]) = (first, second);
    output::table(&headings[..8], 2)
}

/// Adds the metrics of both sides together and of each.
pub(super) fn add(table: &mut Table, name: &str, metrics: &Metrics) {
    let sides = [("both", &metrics.both), ("heads", &metrics.head), ("tails", &metrics.tail)];
    for (position, (side, ties)) in sides.into_iter().enumerate() {
        let name = if position == 0 { name } else { "" };
        add_row(table, name, side, metrics.count, &ties.realistic);
    }
}

/// Adds one row.
pub(super) fn add_row(table: &mut Table, name: &str, side: &str, count: usize, metrics: &RankMetrics) {
    let shares = [metrics.mean_reciprocal_rank, metrics.hits_at_1, metrics.hits_at_3, metrics.hits_at_10];
    let [mrr, one, three, ten] = shares.map(|share| format!("{share:.3}"));
    let (count, mean_rank) = (count.to_string(), format!("{:.1}", metrics.mean_rank));
    table.add_row([name, side, &count, &mrr, &one, &three, &ten, &mean_rank]);
}
