//! The charts of a run: its loss, and the metrics that validation saw.

use maud::{Markup, html};

use super::Material;
use super::line_chart::{Series, draw};
use crate::config::MetricName;
use crate::trainer::{EpochRecord, Validation};

/// The section of charts.
pub(super) fn section(material: &Material<'_>) -> Markup {
    let epochs = &material.epochs;
    let validations: Vec<(f64, &Validation)> = epochs.iter().filter_map(validation).collect();
    let best = validations.iter().rfind(|(_, validation)| validation.best).map(|(epoch, _)| *epoch);
    html! {
        section {
            h2 { "Training" }
            @if epochs.is_empty() { p.note { "No epoch has ended yet." } } @else {
                div.charts {
                    (draw("Loss, mean of its terms", &[loss(epochs)], None))
                    @if !validations.is_empty() {
                        (draw("Validation, filtered", &shares(&validations), best))
                        (draw("Validation, mean rank", &[metric(&validations, MetricName::MeanRank)], best))
                    }
                }
                p.note {
                    (note(epochs, &validations))
                    @if let Some(epoch) = best {
                        " A dashed line marks epoch " (epoch) ", the best by " (short(material.config.validation.metric)) "."
                    }
                }
            }
        }
    }
}

fn validation(record: &EpochRecord) -> Option<(f64, &Validation)> {
    record.validation.as_ref().map(|validation| (f64::from(record.epoch), validation))
}

fn loss(epochs: &[EpochRecord]) -> Series {
    let points = epochs.iter().map(|record| (f64::from(record.epoch), record.loss)).collect();
    Series { name: "loss", points }
}

fn shares(validations: &[(f64, &Validation)]) -> Vec<Series> {
    [MetricName::MeanReciprocalRank, MetricName::HitsAt1, MetricName::HitsAt3, MetricName::HitsAt10]
        .map(|name| metric(validations, name))
        .into()
}

fn metric(validations: &[(f64, &Validation)], name: MetricName) -> Series {
    let points = validations.iter().map(|(epoch, validation)| (*epoch, name.among(&validation.metrics))).collect();
    Series { name: short(name), points }
}

/// What a metric is called where there is little room.
fn short(name: MetricName) -> &'static str {
    match name {
        MetricName::MeanRank => "mean rank",
        MetricName::MeanReciprocalRank => "MRR",
        MetricName::HitsAt1 => "Hits@1",
        MetricName::HitsAt3 => "Hits@3",
        MetricName::HitsAt10 => "Hits@10",
    }
}

fn note(epochs: &[EpochRecord], validations: &[(f64, &Validation)]) -> String {
    let seconds: f64 = epochs.iter().map(|record| record.seconds).sum();
    let mut note = format!("{} epochs in {seconds:.1} s of training.", epochs.len());
    if let Some((_, last)) = validations.last() {
        let sampled = if last.sampled { ", evenly taken from the split" } else { "" };
        note += &format!(" Validation ranks {} triples{sampled}.", last.triples);
    }
    note
}
