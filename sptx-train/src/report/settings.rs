//! What a run was made from, by what, on what, when.

use maud::{Markup, html};

use super::Material;

/// The section of the run's origin and settings.
pub(super) fn section(material: &Material<'_>) -> Markup {
    html! {
        section {
            h2 { "Run" }
            div.scroll { table.facts { tbody {
                @for (name, value) in facts(material) { tr { th scope="row" { (name) } td { (value) } } }
            } } }
            // Settings that were read from a file can be written to one.
            @if let Ok(settings) = material.config.to_toml() {
                details { summary { "Every setting" } pre { (settings) } }
            }
        }
    }
}

fn facts(material: &Material<'_>) -> Vec<(&'static str, String)> {
    let manifest = &material.manifest;
    let (model, dataset, machine) = (&manifest.model, &manifest.dataset, &manifest.machine);
    let [train, valid, test] = dataset.triples;
    let threads = machine.threads;
    let absent = || "not yet".to_owned();
    vec![
        ("Model", format!("{}: {} parameters, {} kernels", model.name, grouped(model.parameters), model.kernels)),
        ("Dataset", format!("{}: {} entities, {} relations", dataset.name, dataset.entities, dataset.relations)),
        ("Triples", format!("{train} to train on, {valid} to validate, {test} to test")),
        ("Seed", manifest.seed.to_string()),
        ("Machine", format!("{} on {}, {}, {threads} threads", machine.os, machine.arch, machine.instruction_set)),
        ("sptx", manifest.version.clone()),
        ("Began", manifest.started.clone()),
        ("Ended", manifest.ended.clone().unwrap_or_else(absent)),
        ("Digest of the model", model.digest.clone()),
        ("Digest of the dataset", dataset.digest.clone()),
        ("Digest of the embeddings", manifest.embeddings.clone().unwrap_or_else(absent)),
    ]
}

/// A whole number with its digits in groups of three.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    String::from_utf8_lossy(&groups.join(&b' ')).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_in_threes() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1 000", "1 234 567"]);
    }
}
