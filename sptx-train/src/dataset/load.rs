//! A folder's files, or embedded texts, to a [`Dataset`].

use std::path::{Path, PathBuf};

use super::dictionary::{self, Dictionary};
use super::folder::{Folder, quoted};
use super::named::{self, Names};
use super::numbered::{self, Layout};
use super::text::Text;
use super::triple::{Split, Triple};
use super::vocabulary::Vocabulary;
use super::{Dataset, Warning};
use crate::error::{Error, Kind, Result};

const NAMED: [&[&str]; 3] =
    [&["train.txt", "train.tsv"], &["valid.txt", "valid.tsv", "dev.txt", "dev.tsv"], &["test.txt", "test.tsv"]];
const OPEN_KE: [&[&str]; 3] = [&["train2id.txt"], &["valid2id.txt"], &["test2id.txt"]];
const LIB_KGE: [&[&str]; 3] = [&["train.del"], &["valid.del"], &["test.del"]];

/// Reads the dataset in the folder at `path`.
pub(super) fn folder(path: &Path) -> Result<Dataset> {
    let folder = Folder::open(path)?;
    if folder.find(NAMED[0]).is_some() {
        return named_folder(&folder);
    }
    if folder.find(OPEN_KE[0]).is_some() {
        let read = |candidates: &[&str], kind| {
            dictionary::read_counted(&Text::read(folder.require(candidates)?)?, kind).map(|found| found.names)
        };
        let entities = read(&["entity2id.txt"], Kind::Entity)?;
        let relations = read(&["relation2id.txt"], Kind::Relation)?;
        return numbered_folder(&folder, OPEN_KE, Layout::OpenKe, entities, relations);
    }
    if folder.find(LIB_KGE[0]).is_some() {
        let read = |candidates: &[&str], kind| {
            dictionary::read_tabbed(&Text::read(folder.require(candidates)?)?, kind).map(|found| found.names)
        };
        let entities = read(&["entity_ids.del"], Kind::Entity)?;
        let relations = read(&["relation_ids.del"], Kind::Relation)?;
        return numbered_folder(&folder, LIB_KGE, Layout::LibKge, entities, relations);
    }
    Err(folder.missing(&quoted(&[NAMED[0], OPEN_KE[0], LIB_KGE[0]].concat())))
}

/// Builds a dataset from the contents of three files of named triples.
pub(super) fn texts(name: &str, contents: [&str; 3]) -> Result<Dataset> {
    let mut texts = Vec::new();
    for (split, content) in Split::ALL.into_iter().zip(contents) {
        let path = PathBuf::from(name).join(format!("{split}.txt"));
        texts.push(Some(Text::decode(path, content.as_bytes().to_vec())?));
    }
    named_texts(name.to_owned(), &texts, None, None)
}

fn named_folder(folder: &Folder) -> Result<Dataset> {
    let dictionary = |candidates: &[&str], kind| {
        let text = folder.find(candidates).map(Text::read).transpose()?;
        text.map(|text| dictionary::read_tabbed(&text, kind)).transpose()
    };
    let entities = dictionary(&["entities.dict"], Kind::Entity)?;
    let relations = dictionary(&["relations.dict"], Kind::Relation)?;
    named_texts(folder.name(), &open(folder, NAMED)?, entities, relations)
}

fn named_texts(
    name: String,
    texts: &[Option<Text>],
    entities: Option<Dictionary>,
    relations: Option<Dictionary>,
) -> Result<Dataset> {
    let mut entities = Names::new(Kind::Entity, entities);
    let mut relations = Names::new(Kind::Relation, relations);
    let mut notes = Vec::new();
    let splits = read_splits(texts, |text| {
        let (triples, header) = named::read(text, &mut entities, &mut relations)?;
        notes.extend(header.then(|| Warning::HeaderSkipped { path: text.path().to_owned() }));
        Ok(triples)
    })?;
    let dataset = Dataset::new(name, entities.into_vocabulary(), relations.into_vocabulary(), splits)?;
    Ok(dataset.with_notes(notes))
}

fn numbered_folder(
    folder: &Folder,
    files: [&[&str]; 3],
    layout: Layout,
    entities: Vocabulary,
    relations: Vocabulary,
) -> Result<Dataset> {
    let texts = open(folder, files)?;
    let splits = read_splits(&texts, |text| numbered::read(text, layout, entities.len(), relations.len()))?;
    Dataset::new(folder.name(), entities, relations, splits)
}

/// The texts of train, valid and test; the last two may be absent.
fn open(folder: &Folder, files: [&[&str]; 3]) -> Result<Vec<Option<Text>>> {
    files.into_iter().map(|candidates| folder.find(candidates).map(Text::read).transpose()).collect()
}

fn read_splits(texts: &[Option<Text>], mut read: impl FnMut(&Text) -> Result<Vec<Triple>>) -> Result<[Vec<Triple>; 3]> {
    let mut splits = [Vec::new(), Vec::new(), Vec::new()];
    for ((split, text), triples) in Split::ALL.into_iter().zip(texts).zip(&mut splits) {
        let Some(text) = text else { continue };
        *triples = read(text)?;
        if split == Split::Train && triples.is_empty() {
            return Err(Error::EmptyTrain { path: text.path().to_owned() });
        }
    }
    Ok(splits)
}
