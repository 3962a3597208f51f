//! Files that give names their ids.

use std::path::PathBuf;

use rustc_hash::FxHashMap;

use super::text::{Line, Text};
use super::vocabulary::Vocabulary;
use crate::error::{Columns, Error, IdHint, Kind, Number, Place, Result};

/// A vocabulary whose ids a file fixes.
pub(super) struct Dictionary {
    /// The names in order of id.
    pub(super) names: Vocabulary,
    /// The file.
    pub(super) path: PathBuf,
}

struct Entry<'a> {
    line: Line<'a>,
    id: &'a str,
    name: &'a str,
}

impl<'a> Entry<'a> {
    fn swapped(self) -> Self {
        Entry { id: self.name, name: self.id, ..self }
    }
}

/// Reads `id TAB name` lines, in any order; or `name TAB id` lines, where only the second column numbers the lines.
pub(super) fn read_tabbed(text: &Text, kind: Kind) -> Result<Dictionary> {
    let mut entries = Vec::new();
    for line in text.lines() {
        let [id, name] = line.tabbed(Columns::Dictionary)?;
        entries.push(Entry { line, id, name });
    }
    let count = entries.len();
    let ids_first = entries.iter().all(|entry| is_id(entry.id, count));
    let ids_second = entries.iter().all(|entry| is_id(entry.name, count));
    if ids_second && !ids_first {
        entries = entries.into_iter().map(Entry::swapped).collect();
    }
    build(text, &entries, kind)
}

/// Reads OpenKE's form: a line with the count, then `name id` lines, in any order.
///
/// The last column is the id: names may contain spaces.
pub(super) fn read_counted(text: &Text, kind: Kind) -> Result<Dictionary> {
    let mut lines = text.lines();
    let header = lines.next();
    let mut entries = Vec::new();
    for line in lines {
        let content = line.content.trim_end();
        let split = content.rsplit_once(char::is_whitespace);
        let (name, id) = split.ok_or_else(|| line.wrong(2, 1, Columns::IdOfName))?;
        entries.push(Entry { line, id, name: name.trim() });
    }
    check_count(text, header, entries.len())?;
    build(text, &entries, kind)
}

/// Checks that a file's first line counts the lines that follow.
pub(super) fn check_count(text: &Text, header: Option<Line<'_>>, found: usize) -> Result<()> {
    let place = header.map_or_else(|| Place::new(text.path(), 1), |line| line.place());
    let content = header.map_or("", |line| line.content.trim());
    match content.parse::<u64>() {
        Ok(declared) if declared == found as u64 => Ok(()),
        Ok(declared) => Err(Error::CountMismatch { place, declared, found }),
        Err(_) => Err(Error::NotANumber { place, expected: Number::LineCount, found: content.to_owned() }),
    }
}

/// The id in `column` of `line`, which must be below `count`.
pub(super) fn parse_id(line: &Line<'_>, column: &str, kind: Kind, count: usize, hint: Option<IdHint>) -> Result<u32> {
    let number = column.trim().parse::<u64>();
    let id = number.map_err(|_| Error::NotANumber {
        place: line.place_of(column),
        expected: Number::Id(kind),
        found: column.to_owned(),
    })?;
    let fits = u32::try_from(id).ok().filter(|&small| (small as usize) < count);
    fits.ok_or_else(|| Error::IdOutOfRange { place: line.place_of(column), kind, id, count, hint })
}

fn is_id(column: &str, count: usize) -> bool {
    column.trim().parse::<usize>().is_ok_and(|id| id < count)
}

fn build(text: &Text, entries: &[Entry<'_>], kind: Kind) -> Result<Dictionary> {
    let mut by_id: Vec<Option<&Entry<'_>>> = vec![None; entries.len()];
    let mut by_name: FxHashMap<&str, usize> = FxHashMap::default();
    for entry in entries {
        let line = entry.line;
        let id = parse_id(&line, entry.id, kind, entries.len(), Some(IdHint::Dense))?;
        if entry.name.is_empty() {
            return Err(Error::EmptyName { place: line.place_of(entry.name), kind });
        }
        if let Some(first) = by_id[id as usize].replace(entry) {
            let first_line = first.line.number;
            return Err(Error::DuplicateId { place: line.place_of(entry.id), id: id.into(), first_line });
        }
        if let Some(first_line) = by_name.insert(entry.name, line.number) {
            let place = line.place_of(entry.name);
            return Err(Error::DuplicateName { place, name: entry.name.to_owned(), first_line });
        }
    }
    // As many distinct ids as lines, all below their number: every id is taken.
    let names = by_id.into_iter().flatten().map(|entry| entry.name).collect();
    Ok(Dictionary { names, path: text.path().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Result<Vec<String>> {
        let text = Text::decode("entities.dict".into(), content.into())?;
        let dictionary = read_tabbed(&text, Kind::Entity)?;
        Ok(dictionary.names.iter().map(str::to_owned).collect())
    }

    fn message(content: &str) -> String {
        read(content).expect_err("a bad dictionary").to_string()
    }

    #[test]
    fn either_order_of_columns() {
        assert_eq!(read("1\tb\n0\ta\n").expect("id name"), ["a", "b"]);
        assert_eq!(read("b\t1\na\t0\n").expect("name id"), ["a", "b"]);
        assert_eq!(read("0392\t1\n0111\t0\n").expect("numbers for names"), ["0111", "0392"]);
        assert_eq!(read("0\t1\n1\t0\n").expect("either way: id name"), ["1", "0"]);
    }

    #[test]
    fn mistakes_have_a_place() {
        assert_eq!(message("0\ta\n0\tb\n"), "entities.dict:2:1: id 0 is already given on line 1");
        assert_eq!(message("0\ta\n1\ta\n"), "entities.dict:2:3: name `a` is already given on line 1");
        assert_eq!(message("0\ta\nx\tb\n"), "entities.dict:2:1: expected the id of an entity, found `x`");
        assert_eq!(message("0\ta\n1\t\n"), "entities.dict:2:3: the name of an entity is empty");
        assert!(message("1\ta\n2\tb\n").contains("ids start at 0 and leave no gaps"));
        assert!(message("0 a\n").contains("are the columns separated by spaces?"));
    }

    #[test]
    fn counted_names_may_contain_spaces() {
        let text = Text::decode("entity2id.txt".into(), "2\nnew york\t1\nrome 0\n".into()).expect("UTF-8");
        let names = read_counted(&text, Kind::Entity).expect("a dictionary").names;
        assert_eq!(names.iter().collect::<Vec<_>>(), ["rome", "new york"]);
    }

    #[test]
    fn counts_are_checked() {
        let check = |content: &str| {
            let text = Text::decode("entity2id.txt".into(), content.into()).expect("UTF-8");
            read_counted(&text, Kind::Entity).err().expect("a bad count").to_string()
        };
        assert!(check("3\na 0\n").starts_with("entity2id.txt:1: the header says 3 lines follow, the file has 1"));
        assert!(check("a 0\nb 1\n").contains("expected the number of lines that follow, found `a 0`"));
        assert!(check("").contains("expected the number of lines that follow"));
    }
}
