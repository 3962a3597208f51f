//! Text files as numbered lines, each of whose columns has a place.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::error::{ColumnHint, Columns, Error, Place, Result};

/// A whole file in memory, known to be UTF-8 and rid of its byte order mark.
pub(super) struct Text {
    path: PathBuf,
    content: String,
}

impl Text {
    /// The file at `path`, decompressed where its name ends in `.gz`.
    pub(super) fn read(path: PathBuf) -> Result<Self> {
        match read_bytes(&path) {
            Ok(bytes) => Text::decode(path, bytes),
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    /// Bytes as if they had been read from `path`.
    pub(super) fn decode(path: PathBuf, bytes: Vec<u8>) -> Result<Self> {
        let mut content = String::from_utf8(bytes).map_err(|error| not_utf8(&path, &error))?;
        if content.starts_with('\u{feff}') {
            content.drain(..'\u{feff}'.len_utf8());
        }
        Ok(Text { path, content })
    }

    /// The file's name, made up for embedded text.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The lines up to the last that is not blank, without their ends, LF or CR LF.
    pub(super) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let content = self.content.as_str();
        let written = content.trim_end().len();
        let end = content[written..].find('\n').map_or(content.len(), |more| written + more);
        let lines = (written > 0).then(|| content[..end].split('\n').enumerate());
        lines.into_iter().flatten().map(|(index, line)| Line {
            path: &self.path,
            number: index + 1,
            content: line.strip_suffix('\r').unwrap_or(line),
        })
    }
}

fn read_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    if path.extension().is_none_or(|extension| extension != "gz") {
        return fs::read(path);
    }
    let mut bytes = Vec::new();
    MultiGzDecoder::new(File::open(path)?).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn not_utf8(path: &Path, error: &std::string::FromUtf8Error) -> Error {
    let valid = error.utf8_error().valid_up_to();
    let bytes = error.as_bytes();
    let start = bytes[..valid].iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    let line = 1 + bytes[..valid].iter().filter(|&&byte| byte == b'\n').count();
    let column = 1 + String::from_utf8_lossy(&bytes[start..valid]).chars().count();
    Error::NotUtf8 { place: Place::new(path, line).at_column(column), byte: bytes[valid] }
}

/// One line of a [`Text`].
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    path: &'a Path,
    /// Counted from one.
    pub(super) number: usize,
    /// Without its end.
    pub(super) content: &'a str,
}

impl<'a> Line<'a> {
    /// A line without its end, counted from one.
    pub(crate) fn new(path: &'a Path, number: usize, content: &'a str) -> Self {
        Line { path, number, content }
    }

    /// The line's place.
    pub(crate) fn place(&self) -> Place {
        Place::new(self.path, self.number)
    }

    /// The place of `column`, which is a part of this line.
    pub(crate) fn place_of(&self, column: &str) -> Place {
        let offset = (column.as_ptr() as usize).saturating_sub(self.content.as_ptr() as usize);
        let before = self.content.get(..offset).unwrap_or_default();
        self.place().at_column(before.chars().count() + 1)
    }

    /// The line's columns between tabs, of which there must be `N`.
    pub(crate) fn tabbed<const N: usize>(&self, expected: Columns) -> Result<[&'a str; N]> {
        exactly(self.content.split('\t')).ok_or_else(|| self.wrong(N, self.content.split('\t').count(), expected))
    }

    /// The line's columns between white space, of which there must be `N`.
    pub(super) fn spaced<const N: usize>(&self, expected: Columns) -> Result<[&'a str; N]> {
        exactly(self.content.split_whitespace())
            .ok_or_else(|| self.wrong(N, self.content.split_whitespace().count(), expected))
    }

    /// The error of a line with `found` columns in place of `wanted`.
    pub(super) fn wrong(&self, wanted: usize, found: usize, expected: Columns) -> Error {
        let blank = self.content.trim().is_empty();
        let found = if blank { 0 } else { found };
        let hint = if blank {
            Some(ColumnHint::Blank)
        } else if found > wanted {
            Some(ColumnHint::Extra)
        } else if self.content.split_whitespace().count() == wanted {
            Some(ColumnHint::Spaces)
        } else if self.content.split(',').count() == wanted {
            Some(ColumnHint::Commas)
        } else {
            None
        };
        Error::WrongColumns { place: self.place(), expected, found, hint }
    }
}

fn exactly<'a, const N: usize>(mut columns: impl Iterator<Item = &'a str>) -> Option<[&'a str; N]> {
    let mut row = [""; N];
    for column in &mut row {
        *column = columns.next()?;
    }
    columns.next().is_none().then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(content: &str) -> Vec<(usize, String)> {
        let text = Text::decode("t".into(), content.into()).expect("UTF-8");
        text.lines().map(|line| (line.number, line.content.to_owned())).collect()
    }

    #[test]
    fn line_ends_marks_and_blank_tails() {
        let two = vec![(1, "a".to_owned()), (2, "b ".to_owned())];
        assert_eq!(lines("a\nb "), two);
        assert_eq!(lines("\u{feff}a\r\nb \r\n"), two);
        assert_eq!(lines("a\nb \n\n \t\r\n\n"), two);
        assert_eq!(lines(""), []);
        assert_eq!(lines("\n \n"), []);
        assert_eq!(lines("a\n\nb").len(), 3);
    }

    #[test]
    fn bytes_that_are_not_text_have_a_place() {
        let error = Text::decode("t".into(), b"ab\n\xc3\xa9\tx\xff\n".to_vec()).err().expect("not UTF-8");
        assert!(error.to_string().starts_with("t:2:4: byte 0xff is not UTF-8"), "{error}");
    }

    #[test]
    fn columns_are_counted_in_characters() {
        let text = Text::decode("t".into(), "é é\tbb\tc".into()).expect("UTF-8");
        let line = text.lines().next().expect("a line");
        let [_, second, third] = line.tabbed(Columns::NamedTriple).expect("three columns");
        assert_eq!(line.place_of(second).column, Some(5));
        assert_eq!(line.place_of(third).column, Some(8));
    }
}
