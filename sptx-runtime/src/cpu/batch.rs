//! Batches of triples, and the rows they touch.

use crate::Error;
use crate::program::Owner;
use crate::table::{Rows, Tables};

/// A batch of triples, as columns of row numbers.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Head entities.
    pub heads: &'a [u32],
    /// Relations.
    pub relations: &'a [u32],
    /// Tail entities.
    pub tails: &'a [u32],
}

impl<'a> Batch<'a> {
    /// Number of triples.
    pub fn len(self) -> usize {
        self.heads.len()
    }

    /// Whether there is no triple.
    pub fn is_empty(self) -> bool {
        self.heads.is_empty()
    }

    /// Heads, relations, tails.
    pub fn columns(self) -> [&'a [u32]; 3] {
        [self.heads, self.relations, self.tails]
    }

    /// Checks that the columns are equally long and every number is a row of its table.
    ///
    /// # Errors
    /// When they are not.
    pub fn validate(self, tables: &Tables) -> Result<(), Error> {
        self.check([tables.count(Owner::Entity), tables.count(Owner::Relation)])
    }

    /// [`Batch::validate`] by the numbers of entities and relations.
    pub(crate) fn check(self, [entities, relations]: [usize; 2]) -> Result<(), Error> {
        let lens = self.columns().map(<[u32]>::len);
        if lens[0] != lens[1] || lens[0] != lens[2] {
            return Err(Error::UnequalBatch { heads: lens[0], relations: lens[1], tails: lens[2] });
        }
        let counts = [entities, relations, entities];
        for ((column, count), side) in self.columns().iter().zip(counts).zip(["head", "relation", "tail"]) {
            if let Some(index) = column.iter().copied().max().filter(|index| *index as usize >= count) {
                return Err(Error::IndexOutOfRange { side, index, count });
            }
        }
        Ok(())
    }

    /// The batch in parts of at most `most` triples.
    pub(crate) fn stretches(self, most: usize) -> impl Iterator<Item = Self> {
        let columns = self.heads.chunks(most).zip(self.relations.chunks(most)).zip(self.tails.chunks(most));
        columns.map(|((heads, relations), tails)| Self { heads, relations, tails })
    }
}

/// The rows of one owner that a batch touches, and where each triple finds its own among them.
#[derive(Clone, Debug)]
pub(crate) enum Touched {
    /// All rows: a gradient row has its row's number.
    All(usize),
    /// Some rows, in ascending order.
    Some(Vec<u32>),
}

impl Touched {
    /// Number of gradient rows.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::All(count) => *count,
            Self::Some(rows) => rows.len(),
        }
    }

    /// The rows.
    pub(crate) fn rows(&self) -> Rows<'_> {
        match self {
            Self::All(_) => Rows::All,
            Self::Some(rows) => Rows::Some(rows),
        }
    }
}

/// Which gradient row each triple's head, relation and tail has.
#[derive(Debug, Default)]
pub(crate) struct Targets {
    columns: [Vec<u32>; 3],
    stamps: Vec<u32>,
}

impl Targets {
    /// Finds the rows that the batch touches. `dense` asks for all rows.
    pub(crate) fn assign(&mut self, batch: Batch<'_>, tables: &Tables, dense: bool) -> [Touched; 2] {
        let entities = tables.count(Owner::Entity);
        let relations = tables.count(Owner::Relation);
        if dense {
            return [Touched::All(entities), Touched::All(relations)];
        }
        let [heads, relation_targets, tails] = &mut self.columns;
        let entity_rows = compact(&mut self.stamps, entities, &mut [(batch.heads, heads), (batch.tails, tails)]);
        let relation_rows = compact(&mut self.stamps, relations, &mut [(batch.relations, relation_targets)]);
        [Touched::Some(entity_rows), Touched::Some(relation_rows)]
    }

    /// Marks for [`compact`], kept between calls.
    pub(crate) fn stamps(&mut self) -> &mut Vec<u32> {
        &mut self.stamps
    }

    /// The gradient rows of the batch that was assigned last.
    pub(crate) fn columns<'a>(&'a self, batch: Batch<'a>, touched: &[Touched; 2]) -> [&'a [u32]; 3] {
        match &touched[0] {
            Touched::All(_) => batch.columns(),
            Touched::Some(_) => [&self.columns[0], &self.columns[1], &self.columns[2]],
        }
    }
}

/// The distinct numbers of some columns, ascending; `targets` receive each number's position among them. `stamps` hold
/// `UNSEEN` between calls, so that the work is that of the batch and not of the table.
pub(crate) fn compact(stamps: &mut Vec<u32>, count: usize, columns: &mut [(&[u32], &mut Vec<u32>)]) -> Vec<u32> {
    const UNSEEN: u32 = u32::MAX;
    if stamps.len() < count {
        stamps.resize(count, UNSEEN);
    }
    let mut rows = Vec::new();
    for (column, _) in columns.iter() {
        for row in *column {
            if stamps[*row as usize] == UNSEEN {
                stamps[*row as usize] = 0;
                rows.push(*row);
            }
        }
    }
    rows.sort_unstable();
    for (position, row) in rows.iter().enumerate() {
        stamps[*row as usize] = position as u32;
    }
    for (column, targets) in columns.iter_mut() {
        targets.clear();
        targets.extend(column.iter().map(|row| stamps[*row as usize]));
    }
    for row in &rows {
        stamps[*row as usize] = UNSEEN;
    }
    rows
}
