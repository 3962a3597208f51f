//! The text files of TensorFlow's embedding projector: a line of numbers for each point, a line of its name.
//!
//! See <https://projector.tensorflow.org>, "Load". Metadata of one column has no line of headings, by its rules.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::files::{Failure, make_folder, write_from};
use super::tables::{Owned, Tables, rows_at_a_time};
use crate::run_error::RunError;

/// Writes two files each for entities and relations.
pub(super) fn write(tables: &Tables, folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    let mut files = Vec::new();
    for owned in tables.by_owner() {
        let folder = folder.join(owned.title);
        make_folder(&folder)?;
        files.push(write_from(folder.join("vectors.tsv"), |out| write_vectors(out, &owned))?);
        files.push(write_from(folder.join("metadata.tsv"), |out| write_names(out, &owned))?);
    }
    Ok(files)
}

/// All tables of a row on one line, in their order, each number in the fewest digits that give it back.
fn write_vectors(out: &mut dyn Write, owned: &Owned<'_>) -> Result<(), Failure> {
    let rows = owned.names.len();
    let lengths: Vec<usize> = owned.columns.iter().map(|(tensor, _)| tensor.row_len()).collect();
    let step = rows_at_a_time(lengths.iter().sum());
    let mut blocks: Vec<Vec<f32>> = lengths.iter().map(|length| vec![0.0; step.min(rows) * length]).collect();
    for first in (0..rows).step_by(step) {
        let count = step.min(rows - first);
        for ((block, length), (tensor, _)) in blocks.iter_mut().zip(&lengths).zip(&owned.columns) {
            owned.file.read_rows(tensor, first, &mut block[..count * length])?;
        }
        for row in 0..count {
            let parts = blocks.iter().zip(&lengths).map(|(block, length)| &block[row * length..][..*length]);
            write_line(out, parts.flatten())?;
        }
    }
    Ok(())
}

fn write_line<'a>(out: &mut dyn Write, values: impl Iterator<Item = &'a f32>) -> std::io::Result<()> {
    for (position, value) in values.enumerate() {
        let joint = if position == 0 { "" } else { "\t" };
        write!(out, "{joint}{value}")?;
    }
    writeln!(out)
}

fn write_names(out: &mut dyn Write, owned: &Owned<'_>) -> Result<(), Failure> {
    for name in owned.names.iter() {
        // A tab would begin another column.
        writeln!(out, "{}", name.replace('\t', " "))?;
    }
    Ok(())
}
