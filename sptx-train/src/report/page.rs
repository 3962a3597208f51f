//! The page around the sections.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::settings::grouped;
use super::{Material, curves, scatter, settings, tables};
use crate::dataset::Split;

/// What the page may load: nothing. It has its style and its script within.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

const STYLE: PreEscaped<&str> = PreEscaped(include_str!("style.css"));
const SORT: PreEscaped<&str> = PreEscaped(include_str!("sort.js"));

/// The whole page.
pub(super) fn page(material: &Material<'_>) -> Markup {
    let (model, dataset) = (&material.manifest.model.name, &material.manifest.dataset.name);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (model) " on " (dataset) }
                style { (STYLE) }
            }
            body {
                main {
                    h1 { (model) " on " (dataset) }
                    p.note { (state(material)) }
                    (headline(material))
                    (curves::section(material))
                    (tables::sections(material))
                    @if let Some(projection) = &material.projection { (scatter::section(projection)) }
                    (settings::section(material))
                }
                script { (SORT) }
            }
        }
    }
}

/// How far the run is.
fn state(material: &Material<'_>) -> String {
    let (done, asked) = (material.epochs.len(), material.config.epochs);
    match &material.manifest.ended {
        Some(ended) => format!("{done} epochs, ended {ended}"),
        None => format!("Not ended: {done} of {asked} epochs so far, begun {}", material.manifest.started),
    }
}

/// The numbers that one looks for first.
fn headline(material: &Material<'_>) -> Markup {
    let mut tiles = Vec::new();
    if let Some((split, metrics)) = material.metrics.get_key_value(&Split::Test).or(material.metrics.last_key_value()) {
        let numbers = metrics.both.realistic;
        tiles.extend([
            (format!("MRR, {split}"), format!("{:.3}", numbers.mean_reciprocal_rank)),
            (format!("Hits@1, {split}"), format!("{:.3}", numbers.hits_at_1)),
            (format!("Hits@10, {split}"), format!("{:.3}", numbers.hits_at_10)),
        ]);
    } else if let Some(last) = material.epochs.last() {
        tiles.push(("loss".to_owned(), format!("{:.4}", last.loss)));
    }
    tiles.push(("parameters".to_owned(), grouped(material.manifest.model.parameters)));
    html! {
        div.tiles { @for (name, value) in tiles { div { strong { (value) } span { (name) } } } }
    }
}
