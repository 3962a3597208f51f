//! Some of the entities, as points of a plane.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::principal;
use crate::dataset::Dataset;
use crate::error::Result;
use crate::manifest::Manifest;
use crate::run_error::RunError;
use crate::run_folder::RunFolder;
use crate::tensor_file::{TensorEntry, TensorFile};

/// The most entities that are shown.
const MOST_POINTS: usize = 2000;

/// The most entities that have their names beside them.
const MOST_LABELS: usize = 40;

/// Entities as points of the plane in which their embeddings vary most.
pub(super) struct Projection {
    /// In the order of ids.
    pub(super) points: Vec<Point>,
    /// The shares of the variance that the two directions have.
    pub(super) shares: [f64; 2],
    /// The entities that there are, of which the points may be a sample.
    pub(super) entities: usize,
    /// Numbers in an entity's embedding.
    pub(super) row_len: usize,
}

/// An entity in the plane.
pub(super) struct Point {
    pub(super) name: String,
    pub(super) at: [f32; 2],
    /// Training triples that it is in, where the dataset is known.
    pub(super) degree: Option<u32>,
    /// Whether its name is shown.
    pub(super) labelled: bool,
}

/// The tables of entities in a file.
struct Embeddings {
    file: TensorFile,
    tensors: Vec<TensorEntry>,
}

/// Projects the embeddings of a run: those it ended with, or those of its last checkpoint; `None` where it has neither,
/// or no entity has an embedding, or one is not finite.
pub(super) fn project(run: &RunFolder, manifest: &Manifest, dataset: Option<&Dataset>) -> Result<Option<Projection>> {
    let Some(embeddings) = newest(run, manifest)? else { return Ok(None) };
    let names = run.entities()?;
    let degrees = dataset.map(degrees);
    let labelled = labelled(names.len(), degrees.as_deref());
    let sample: BTreeSet<usize> = evenly(names.len(), MOST_POINTS).chain(labelled.iter().copied()).collect();
    let row_len = embeddings.tensors.iter().map(TensorEntry::row_len).sum();
    let rows = embeddings.rows(&sample, row_len)?;
    let Some(plane) = principal::project(rows, row_len) else { return Ok(None) };
    let point = |(&id, at): (&usize, &[f32; 2])| Point {
        // The ids of a vocabulary are below 2^32.
        name: names.name(id as u32).unwrap_or_default().to_owned(),
        at: *at,
        degree: degrees.as_ref().and_then(|degrees| degrees.get(id).copied()),
        labelled: labelled.contains(&id),
    };
    let points = sample.iter().zip(&plane.points).map(point).collect();
    Ok(Some(Projection { points, shares: plane.shares, entities: names.len(), row_len }))
}

/// The embeddings that a run ended with, or those of its last checkpoint.
fn newest(run: &RunFolder, manifest: &Manifest) -> Result<Option<Embeddings>> {
    let checkpoint = run.file(RunFolder::CHECKPOINT);
    let (path, prefix) = match manifest.ended {
        Some(_) => (run.embeddings()?, "entity."),
        None if checkpoint.is_file() => (checkpoint, "table.entity."),
        None => return Ok(None),
    };
    let file = TensorFile::open(&path)?;
    let tensors: Vec<TensorEntry> =
        file.tensors().iter().filter(|tensor| tensor.name.starts_with(prefix)).cloned().collect();
    let entities = manifest.dataset.entities;
    if let Some(tensor) = tensors.iter().find(|tensor| tensor.rows() != entities) {
        let what = format!("`{}` has {} rows for {entities} entities", tensor.name, tensor.rows());
        return Err(RunError::Damaged { path, what }.into());
    }
    Ok((entities > 0 && !tensors.is_empty()).then_some(Embeddings { file, tensors }))
}

impl Embeddings {
    /// Some of the rows, each with all of its tables.
    fn rows(&self, ids: &BTreeSet<usize>, row_len: usize) -> Result<Vec<f32>> {
        let mut rows = vec![0.0; ids.len() * row_len];
        for (id, mut row) in ids.iter().zip(rows.chunks_exact_mut(row_len)) {
            for tensor in &self.tensors {
                let (part, rest) = row.split_at_mut(tensor.row_len());
                self.file.read_rows(tensor, *id, part)?;
                row = rest;
            }
        }
        Ok(rows)
    }
}

/// Training triples that each entity is in; one that leads to itself counts twice.
fn degrees(dataset: &Dataset) -> Vec<u32> {
    let mut degrees = vec![0; dataset.entities().len()];
    for triple in dataset.train() {
        degrees[triple.head as usize] += 1;
        degrees[triple.tail as usize] += 1;
    }
    degrees
}

/// The entities of the highest degrees; some from everywhere, where the degrees are not known.
fn labelled(entities: usize, degrees: Option<&[u32]>) -> BTreeSet<usize> {
    let Some(degrees) = degrees else { return evenly(entities, MOST_LABELS).collect() };
    let mut ids: Vec<usize> = (0..entities.min(degrees.len())).collect();
    ids.sort_by_key(|id| Reverse(degrees[*id]));
    ids.truncate(MOST_LABELS);
    ids.into_iter().collect()
}

/// At most `most` of the numbers below `count`, evenly spread.
fn evenly(count: usize, most: usize) -> impl Iterator<Item = usize> {
    let taken = count.min(most);
    (0..taken).map(move |index| index * count / taken)
}
