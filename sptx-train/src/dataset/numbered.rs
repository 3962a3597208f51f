//! Triples of ids, as OpenKE and LibKGE write them.

use super::dictionary::{check_count, parse_id};
use super::text::{Line, Text};
use super::triple::Triple;
use crate::error::{Columns, IdHint, Kind, Result};

/// How a file of ids is laid out.
#[derive(Clone, Copy)]
pub(super) enum Layout {
    /// A line with the count, then `head tail relation`.
    OpenKe,
    /// `head relation tail` from the first line on.
    LibKge,
}

impl Layout {
    fn columns(self) -> Columns {
        match self {
            Layout::OpenKe => Columns::IdTriple,
            Layout::LibKge => Columns::IdTripleInOrder,
        }
    }

    fn has_header(self) -> bool {
        match self {
            Layout::OpenKe => true,
            Layout::LibKge => false,
        }
    }

    /// Head, relation, tail out of the columns of a line.
    fn arrange<T>(self, [first, second, third]: [T; 3]) -> [T; 3] {
        match self {
            Layout::OpenKe => [first, third, second],
            Layout::LibKge => [first, second, third],
        }
    }
}

/// Reads the triples of one file, whose ids must be below `entities` and `relations`.
pub(super) fn read(text: &Text, layout: Layout, entities: usize, relations: usize) -> Result<Vec<Triple>> {
    let mut lines = text.lines();
    let header = if layout.has_header() { lines.next() } else { None };
    let triples = lines.map(|line| read_line(&line, layout, entities, relations)).collect::<Result<Vec<_>>>()?;
    if layout.has_header() {
        check_count(text, header, triples.len())?;
    }
    Ok(triples)
}

fn read_line(line: &Line<'_>, layout: Layout, entities: usize, relations: usize) -> Result<Triple> {
    let [head, relation, tail] = layout.arrange(line.spaced(layout.columns())?);
    let swapped_fits = fits(relation, entities) && fits(tail, relations);
    let hint = swapped_fits.then_some(IdHint::ColumnOrder);
    Ok(Triple {
        head: parse_id(line, head, Kind::Entity, entities, None)?,
        relation: parse_id(line, relation, Kind::Relation, relations, hint)?,
        tail: parse_id(line, tail, Kind::Entity, entities, hint)?,
    })
}

fn fits(column: &str, count: usize) -> bool {
    column.parse::<usize>().is_ok_and(|id| id < count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(content: &str, layout: Layout) -> Result<Vec<Triple>> {
        read(&Text::decode("train2id.txt".into(), content.into())?, layout, 10, 3)
    }

    fn message(content: &str) -> String {
        parse(content, Layout::OpenKe).expect_err("a bad file").to_string()
    }

    #[test]
    fn both_orders() {
        let triples = [Triple::new(5, 1, 9), Triple::new(0, 2, 4)];
        assert_eq!(parse("2\r\n5 9 1\r\n0\t4\t2\r\n\r\n", Layout::OpenKe).expect("OpenKE"), triples);
        assert_eq!(parse("5\t1\t9\n0\t2\t4\n", Layout::LibKge).expect("LibKGE"), triples);
        assert_eq!(parse("0\n", Layout::OpenKe).expect("none"), []);
    }

    #[test]
    fn mistakes_have_a_place() {
        assert!(message("1\n5 10 1\n").starts_with("train2id.txt:2:3: id 10 of an entity is out of range"));
        assert!(message("1\n5 1 9\n").ends_with("are the last two columns swapped?"));
        assert!(message("2\n5 1 1\n").starts_with("train2id.txt:1: the header says 2 lines follow, the file has 1"));
        assert!(message("1\n5 1\n").starts_with("train2id.txt:2: expected 3 columns of ids `head tail relation`"));
        assert!(message("1\n5 -1 1\n").contains("expected the id of an entity, found `-1`"));
        assert!(message("5 1 1\n").contains("expected the number of lines that follow, found `5 1 1`"));
    }
}
