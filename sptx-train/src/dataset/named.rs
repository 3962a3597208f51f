//! Triples of names: one `head TAB relation TAB tail` a line.

use std::path::PathBuf;

use super::dictionary::Dictionary;
use super::text::{Line, Text};
use super::triple::Triple;
use super::vocabulary::Vocabulary;
use crate::error::{Columns, Error, Kind, Result};

/// The words that the columns of a header line go by.
const HEADERS: [[&str; 3]; 4] =
    [["head", "relation", "tail"], ["subject", "predicate", "object"], ["h", "r", "t"], ["s", "p", "o"]];

/// Names as they gain ids: from a dictionary that is closed, or by first appearance.
pub(super) struct Names {
    kind: Kind,
    known: Vocabulary,
    dictionary: Option<PathBuf>,
}

impl Names {
    /// Names whose ids `dictionary` fixes, or none yet.
    pub(super) fn new(kind: Kind, dictionary: Option<Dictionary>) -> Self {
        match dictionary {
            Some(Dictionary { names, path }) => Names { kind, known: names, dictionary: Some(path) },
            None => Names { kind, known: Vocabulary::default(), dictionary: None },
        }
    }

    /// The names met, in order of id.
    pub(super) fn into_vocabulary(self) -> Vocabulary {
        self.known
    }

    fn resolve(&mut self, line: &Line<'_>, name: &str) -> Result<u32> {
        if name.is_empty() {
            return Err(Error::EmptyName { place: line.place_of(name), kind: self.kind });
        }
        match (self.known.id(name), &self.dictionary) {
            (Some(id), _) => Ok(id),
            (None, None) => self.known.insert(name, self.kind),
            (None, Some(dictionary)) => Err(Error::NotInDictionary {
                place: line.place_of(name),
                kind: self.kind,
                name: name.to_owned(),
                dictionary: dictionary.clone(),
                suggestion: self.known.nearest(name).map(str::to_owned),
            }),
        }
    }
}

/// Reads the triples of one file, and says whether its first line was a header, which is left out.
pub(super) fn read(text: &Text, entities: &mut Names, relations: &mut Names) -> Result<(Vec<Triple>, bool)> {
    let mut triples = Vec::new();
    let mut header = false;
    for line in text.lines() {
        let columns = line.tabbed::<3>(Columns::NamedTriple)?;
        if line.number == 1 && is_header(columns) {
            header = true;
            continue;
        }
        let [head, relation, tail] = columns;
        triples.push(Triple {
            head: entities.resolve(&line, head)?,
            relation: relations.resolve(&line, relation)?,
            tail: entities.resolve(&line, tail)?,
        });
    }
    Ok((triples, header))
}

fn is_header(columns: [&str; 3]) -> bool {
    HEADERS.iter().any(|words| words.iter().zip(columns).all(|(word, column)| column.eq_ignore_ascii_case(word)))
}
