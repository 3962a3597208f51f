//! Knowledge graphs: names, ids and the three splits of triples.

mod vocabulary;

mod triple;

mod text;

mod folder;

mod dictionary;

mod named;

mod numbered;

mod load;

mod summary;

use std::path::Path;

pub(crate) use text::Line;

pub use summary::{SplitSummary, Summary, Warning};
pub use triple::{Split, Triple};
pub use vocabulary::Vocabulary;

use crate::error::{Error, Kind, Result};

/// A knowledge graph, split into triples to train on, to choose settings by and to test with.
///
/// Every id of a triple is below the number of names, however the dataset was made.
#[derive(Clone, Debug)]
pub struct Dataset {
    name: String,
    entities: Vocabulary,
    relations: Vocabulary,
    splits: [Vec<Triple>; 3],
    notes: Vec<Warning>,
}

impl Dataset {
    /// Reads the dataset in a folder.
    ///
    /// Three layouts are known, and the first whose training file is there is read. Every file may end in `.gz`.
    ///
    /// | Layout | Triples | Names |
    /// |---|---|---|
    /// | names | `train`, `valid` (or `dev`), `test` as `.txt` or `.tsv`: head, relation, tail between tabs | `entities.dict`, `relations.dict`, both optional: id TAB name |
    /// | OpenKE | `train2id.txt`, `valid2id.txt`, `test2id.txt`: a line with the count, then ids of head, tail, relation | `entity2id.txt`, `relation2id.txt`: a line with the count, then name and id |
    /// | LibKGE | `train.del`, `valid.del`, `test.del`: ids of head, relation, tail | `entity_ids.del`, `relation_ids.del`: id TAB name |
    ///
    /// Only the training file must be there. Without dictionaries, ids are given in order of first appearance over
    /// train, valid and test. With one, a name that it lacks is an error. A dictionary may have its columns the other
    /// way round where only the second column numbers the lines from 0. Lines may end in CR LF, blank lines may end a
    /// file, and a byte order mark may begin it. A first line that reads `head relation tail` (or subject, predicate,
    /// object, or the initials) is left out, with a [`Warning`].
    ///
    /// Entities and triples are never dropped: see [`Dataset::warnings`].
    ///
    /// # Errors
    /// [`Error::MissingFile`], [`Error::Read`], or the first mistake in a file, with its line.
    ///
    /// ```
    /// let folder = tempfile::tempdir().unwrap();
    /// std::fs::write(folder.path().join("train.txt"), "ann\tlikes\tbob\nbob\tlikes\tcy\n").unwrap();
    /// let dataset = sptx_train::Dataset::load(folder.path()).unwrap();
    /// assert_eq!((dataset.entities().len(), dataset.relations().len(), dataset.train().len()), (3, 1, 2));
    /// ```
    pub fn load(folder: impl AsRef<Path>) -> Result<Self> {
        load::folder(folder.as_ref())
    }

    /// Builds a dataset from the texts of its files of names, for graphs that a program carries within itself.
    ///
    /// The same rules hold as for [`Dataset::load`]; `valid` and `test` may be empty. In errors the texts go by
    /// `name/train.txt` and so on.
    ///
    /// # Errors
    /// The first mistake in a text, with its line.
    ///
    /// ```
    /// let dataset = sptx_train::Dataset::from_texts("toy", "a\tr\tb\n", "", "b\tr\tc\n").unwrap();
    /// assert_eq!(dataset.unseen_entities(), [2]);
    /// ```
    pub fn from_texts(name: &str, train: &str, valid: &str, test: &str) -> Result<Self> {
        load::texts(name, [train, valid, test])
    }

    /// Puts a dataset together from its parts: names, and the triples of train, valid and test.
    ///
    /// # Errors
    /// [`Error::TripleOutOfRange`] where a triple has an id that has no name.
    pub fn new(
        name: impl Into<String>,
        entities: Vocabulary,
        relations: Vocabulary,
        splits: [Vec<Triple>; 3],
    ) -> Result<Self> {
        for triples in &splits {
            check_ids(triples, entities.len(), relations.len())?;
        }
        Ok(Dataset { name: name.into(), entities, relations, splits, notes: Vec::new() })
    }

    fn with_notes(self, notes: Vec<Warning>) -> Self {
        Dataset { notes, ..self }
    }

    /// The name of the folder, or the name given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the entities.
    pub fn entities(&self) -> &Vocabulary {
        &self.entities
    }

    /// The names of the relations.
    pub fn relations(&self) -> &Vocabulary {
        &self.relations
    }

    /// The training triples.
    pub fn train(&self) -> &[Triple] {
        self.split(Split::Train)
    }

    /// The validation triples.
    pub fn valid(&self) -> &[Triple] {
        self.split(Split::Valid)
    }

    /// The test triples.
    pub fn test(&self) -> &[Triple] {
        self.split(Split::Test)
    }

    /// The triples of one split, in the order of the file.
    pub fn split(&self, split: Split) -> &[Triple] {
        &self.splits[split as usize]
    }

    /// The triples of all splits.
    pub fn triples(&self) -> impl Iterator<Item = Triple> + Clone {
        self.splits.iter().flatten().copied()
    }

    /// The ids of the entities that no training triple has, in order.
    pub fn unseen_entities(&self) -> Vec<u32> {
        unseen(self.entities.len(), self.train().iter().flat_map(|triple| [triple.head, triple.tail]))
    }

    /// The ids of the relations that no training triple has, in order.
    pub fn unseen_relations(&self) -> Vec<u32> {
        unseen(self.relations.len(), self.train().iter().map(|triple| triple.relation))
    }

    /// Counts of names, triples, duplicates and strangers.
    pub fn summary(&self) -> Summary {
        summary::summarize(self)
    }

    /// What deserves a second look; nothing has been dropped or changed because of it, but for header lines.
    ///
    /// ```
    /// let dataset = sptx_train::Dataset::from_texts("toy", "a\tr\tb\na\tr\tb\n", "", "").unwrap();
    /// assert_eq!(dataset.warnings()[0].to_string(), "train: 1 lines repeat an earlier one: kept, each counts");
    /// ```
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.notes.clone();
        warnings.extend(summary::warn(self));
        warnings
    }

    /// A digest (BLAKE3, in hexadecimal) of the names, ids and triples, in order; not of the dataset's own name.
    ///
    /// Two datasets with one digest mean the same tables and the same epochs, whatever files they came from.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"sptx dataset 1\n");
        for names in [&self.entities, &self.relations] {
            hasher.update(&(names.len() as u64).to_le_bytes());
            for name in names.iter() {
                hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
            }
        }
        for triples in &self.splits {
            hasher.update(&(triples.len() as u64).to_le_bytes());
            let ids = triples.iter().flat_map(|triple| [triple.head, triple.relation, triple.tail]);
            hasher.update(&ids.flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// Checks that every id of `triples` is below the number of entities or relations.
pub(crate) fn check_ids(triples: &[Triple], entities: usize, relations: usize) -> Result<()> {
    for (index, triple) in triples.iter().enumerate() {
        let ids = [(triple.head, Kind::Entity), (triple.relation, Kind::Relation), (triple.tail, Kind::Entity)];
        for (id, kind) in ids {
            let count = match kind {
                Kind::Entity => entities,
                Kind::Relation => relations,
            };
            if id as usize >= count {
                return Err(Error::TripleOutOfRange { index, kind, id, count });
            }
        }
    }
    Ok(())
}

fn unseen(count: usize, seen: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut absent = vec![true; count];
    for id in seen {
        absent[id as usize] = false;
    }
    // The ids of a vocabulary are below 2^32.
    absent.iter().enumerate().filter(|&(_, &absent)| absent).map(|(id, _)| id as u32).collect()
}
