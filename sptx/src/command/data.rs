//! Which graph is meant.

use std::path::Path;

use sptx::bundled;
use sptx::train::Dataset;

use super::failure::Failure;
use super::output;

/// What stands for the bundled graph where a folder is expected.
pub(super) const BUNDLED: &str = "bundled:countries";

/// Loads the graph in a folder, or the bundled one.
pub(super) fn load(folder: &Path) -> Result<Dataset, Failure> {
    if folder == Path::new(BUNDLED) {
        return Ok(bundled::countries()?);
    }
    if !folder.exists() {
        return Err(Failure::new(format!("{}: there is no such folder", folder.display())).help(
            "`--data` takes a folder with train.txt, valid.txt and test.txt: a line a triple, head, relation and tail \
             between tabs",
        ));
    }
    Ok(Dataset::load(folder)?)
}

/// Says on standard error what a graph holds, and what about it deserves a second look.
pub(super) fn describe(dataset: &Dataset) {
    let [train, valid, test] = [dataset.train(), dataset.valid(), dataset.test()].map(<[_]>::len);
    let (entities, relations) = (dataset.entities().len(), dataset.relations().len());
    output::note(&format!(
        "data    {}: {entities} entities, {relations} relation{}, {train} triples to train on, {valid} to validate, \
         {test} to test",
        dataset.name(),
        output::plural(relations)
    ));
    for warning in dataset.warnings() {
        output::warn(&warning.to_string());
    }
}
