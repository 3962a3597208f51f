//! The metrics of a run that has ended, as tables.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::Material;
use crate::category::{Cardinality, Category};
use crate::dataset::{Dataset, Split};
use crate::evaluate::{Metrics, RankMetrics, SideMetrics, TieMetrics};

/// The headings of the five numbers, with what may be said of them.
const NUMBERS: [(&str, &str); 5] = [
    ("MRR", "the mean of 1 / rank"),
    ("Hits@1", "the share of ranks at most 1"),
    ("Hits@3", "the share of ranks at most 3"),
    ("Hits@10", "the share of ranks at most 10"),
    ("mean rank", "1 is the best"),
];

/// The sections of the metrics: of each split, then by category and relation of the last one.
pub(super) fn sections(material: &Material<'_>) -> Markup {
    let last = material.metrics.last_key_value();
    html! {
        section {
            h2 { "Metrics" }
            @if last.is_none() { p.note { "The run has not ended, so it has no metrics yet." } }
            @for (split, metrics) in &material.metrics { (of_split(*split, metrics)) }
        }
        @if let Some((split, metrics)) = last {
            section { h2 { "Categories of relations, " (split) } (by_category(metrics)) }
            section { h2 { "Relations, " (split) } (by_relation(metrics, material.dataset)) }
        }
    }
}

fn of_split(split: Split, metrics: &Metrics) -> Markup {
    let sides = [("both", &metrics.both), ("heads", &metrics.head), ("tails", &metrics.tail)];
    let (count, kind) = (metrics.count, if metrics.filtered { "filtered" } else { "raw" });
    html! {
        h3 { (split) ", " (kind) ", " (count) " triples" }
        div.scroll { table {
            thead { tr { th { "ranks of" } th { "ties" } (headings()) } }
            tbody { @for (side, ties) in sides { (of_side(side, ties)) } }
        } }
    }
}

fn of_side(side: &str, ties: &TieMetrics) -> Markup {
    html! {
        tr { th scope="row" { (side) } td { "realistic" } (numbers(&ties.realistic)) }
        tr.lesser { td {} td { "optimistic" } (numbers(&ties.optimistic)) }
        tr.lesser { td {} td { "pessimistic" } (numbers(&ties.pessimistic)) }
    }
}

fn headings() -> Markup {
    html! { @for (name, meaning) in NUMBERS { th.number title=(meaning) { (name) } } }
}

fn numbers(metrics: &RankMetrics) -> Markup {
    let shares = [metrics.mean_reciprocal_rank, metrics.hits_at_1, metrics.hits_at_3, metrics.hits_at_10];
    html! {
        @for share in shares { td.number { (format!("{share:.3}")) } }
        td.number { (format!("{:.1}", metrics.mean_rank)) }
    }
}

fn by_category(metrics: &Metrics) -> Markup {
    let sides = |group: &SideMetrics| {
        [("both", group.both.realistic), ("heads", group.head.realistic), ("tails", group.tail.realistic)]
    };
    html! {
        div.scroll { table {
            thead { tr { th { "category" } th.number { "triples" } th { "ranks of" } (headings()) } }
            tbody {
                @for (category, group) in &metrics.by_category {
                    @for (position, (side, numbers)) in sides(group).into_iter().enumerate() {
                        tr {
                            @if position == 0 { th scope="row" { (category) } td.number { (group.count) } }
                            @else { td {} td {} }
                            td { (side) } (self::numbers(&numbers))
                        }
                    }
                }
            }
        } }
    }
}

/// A row for each relation, to be sorted by any column.
fn by_relation(metrics: &Metrics, dataset: Option<&Dataset>) -> Markup {
    let known = dataset.map(of_training);
    let of_training = |name: &str| known.as_ref().and_then(|known| known.get(name));
    html! {
        div.scroll.tall { table.sortable {
            thead { tr {
                th { button { "relation" } }
                @if known.is_some() { th { button { "category" } } th.number { button { "in training" } } }
                @for name in ["triples", "MRR", "MRR of heads", "MRR of tails", "Hits@1", "Hits@10", "mean rank"] {
                    th.number { button { (name) } }
                }
            } }
            tbody { @for (name, group) in &metrics.by_relation {
                tr {
                    th scope="row" { (name) }
                    @if let Some((category, count)) = of_training(name) { td { (category) } td.number { (count) } }
                    @else if known.is_some() { td {} td {} }
                    (of_relation(group))
                }
            } }
        } }
        p.note { "Realistic ties. A heading sorts by its column." }
    }
}

fn of_relation(group: &SideMetrics) -> Markup {
    let (both, mrr) = (group.both.realistic, |ties: TieMetrics| ties.realistic.mean_reciprocal_rank);
    let shares = [mrr(group.both), mrr(group.head), mrr(group.tail), both.hits_at_1, both.hits_at_10];
    html! {
        td.number { (group.count) }
        @for share in shares { td.number { (format!("{share:.3}")) } }
        td.number { (format!("{:.1}", both.mean_rank)) }
    }
}

/// What the training triples tell of each relation: its category, and how many they are.
fn of_training(dataset: &Dataset) -> BTreeMap<&str, (Category, usize)> {
    let cardinalities = Cardinality::of_relations(dataset.train(), dataset.relations().len());
    let mut counts = vec![0; cardinalities.len()];
    dataset.train().iter().for_each(|triple| counts[triple.relation as usize] += 1);
    let categories = cardinalities.iter().map(Cardinality::category);
    dataset.relations().iter().zip(categories.zip(counts)).collect()
}
