//! Questions read from text: triples of names with `?` for the part that is asked for.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::dataset::{Dataset, Line, Vocabulary};
use crate::error::{Columns, Error, Kind, Place, Result};
use crate::predict::Question;

/// What stands for the part that is asked for.
const GAP: &str = "?";

/// The questions of a text, one a line, read as they are asked for: the text may be longer than memory.
///
/// A line is `head TAB relation TAB tail`, names of a dataset, of which one is `?`; so an entity of that name cannot be
/// asked about here. Blank lines are passed over. Each mistake is an error with its line; after a failure to read there is
/// no more.
///
/// ```
/// use sptx_train::{Dataset, Question, Questions};
/// let dataset = Dataset::from_texts("toy", "ann\tlikes\tbob\n", "", "").unwrap();
/// let mut questions = Questions::new("q.tsv", "ann\tlikes\t?\nann\tlieks\t?\n".as_bytes(), &dataset);
/// assert_eq!(questions.next().unwrap().unwrap(), Question::Tail { head: 0, relation: 0 });
/// assert_eq!(
///     questions.next().unwrap().unwrap_err().to_string(),
///     "q.tsv:2:5: no relation is named `lieks`; did you mean `likes`?",
/// );
/// ```
pub struct Questions<'a> {
    dataset: &'a Dataset,
    path: PathBuf,
    text: Box<dyn BufRead + 'a>,
    line: Vec<u8>,
    number: usize,
    bytes: u64,
    failed: bool,
}

impl<'a> Questions<'a> {
    /// The questions of a text that goes by the name `path` in errors.
    pub fn new(path: impl Into<PathBuf>, text: impl BufRead + 'a, dataset: &'a Dataset) -> Self {
        let (path, text) = (path.into(), Box::new(text));
        Questions { dataset, path, text, line: Vec::new(), number: 0, bytes: 0, failed: false }
    }

    /// The questions of a file, decompressed where its name ends in `.gz`.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn open(path: &Path, dataset: &'a Dataset) -> Result<Self> {
        let file = File::open(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        Ok(match path.extension().is_some_and(|extension| extension == "gz") {
            true => Questions::new(path, BufReader::new(MultiGzDecoder::new(file)), dataset),
            false => Questions::new(path, BufReader::new(file), dataset),
        })
    }

    /// The bytes of text read so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes
    }

    /// Reads the next line that is not blank into `self.line`; there may be none.
    fn advance(&mut self) -> Result<bool> {
        loop {
            self.line.clear();
            let read = self.text.read_until(b'\n', &mut self.line);
            let read = read.map_err(|source| Error::Read { path: self.path.clone(), source })?;
            (self.number, self.bytes) = (self.number + 1, self.bytes + read as u64);
            if read == 0 || !self.line.trim_ascii().is_empty() {
                return Ok(read > 0);
            }
        }
    }

    fn question(&self) -> Result<Question> {
        let content = str::from_utf8(&self.line).map_err(|error| self.not_utf8(&error))?;
        let unmarked = content.strip_prefix('\u{feff}').filter(|_| self.number == 1).unwrap_or(content);
        let line = Line::new(&self.path, self.number, unmarked.trim_end_matches(['\n', '\r']));
        let [head, relation, tail] = line.tabbed::<3>(Columns::Question)?;
        let entity = |name| resolve(&line, self.dataset.entities(), name, Kind::Entity);
        let label = |name| resolve(&line, self.dataset.relations(), name, Kind::Relation);
        match [head, relation, tail].map(|name| name == GAP) {
            [true, false, false] => Ok(Question::Head { relation: label(relation)?, tail: entity(tail)? }),
            [false, true, false] => Ok(Question::Relation { head: entity(head)?, tail: entity(tail)? }),
            [false, false, true] => Ok(Question::Tail { head: entity(head)?, relation: label(relation)? }),
            gaps => {
                Err(Error::NotOneGap { place: line.place(), found: gaps.into_iter().filter(|&is_gap| is_gap).count() })
            }
        }
    }

    fn not_utf8(&self, error: &std::str::Utf8Error) -> Error {
        let valid = error.valid_up_to();
        let column = 1 + String::from_utf8_lossy(&self.line[..valid]).chars().count();
        Error::NotUtf8 { place: Place::new(&self.path, self.number).at_column(column), byte: self.line[valid] }
    }
}

impl Iterator for Questions<'_> {
    type Item = Result<Question>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        match self.advance() {
            Ok(more) => more.then(|| self.question()),
            Err(error) => {
                self.failed = true;
                Some(Err(error))
            }
        }
    }
}

fn resolve(line: &Line<'_>, names: &Vocabulary, name: &str, kind: Kind) -> Result<u32> {
    if name.is_empty() {
        return Err(Error::EmptyName { place: line.place_of(name), kind });
    }
    names.id(name).ok_or_else(|| Error::UnknownNameAt {
        place: line.place_of(name),
        kind,
        name: name.to_owned(),
        suggestion: names.nearest(name).map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset() -> Dataset {
        Dataset::from_texts("toy", "ann\tlikes\tbob\nbob\tknows\tcy d\n", "", "").expect("a dataset")
    }

    fn read(text: &[u8]) -> Vec<Result<Question, String>> {
        let dataset = dataset();
        let questions = Questions::new("q.tsv", text, &dataset);
        questions.map(|question| question.map_err(|error| error.to_string())).collect()
    }

    #[test]
    fn gaps_in_any_one_place() {
        let expected = [
            Question::Head { relation: 0, tail: 1 },
            Question::Relation { head: 0, tail: 2 },
            Question::Tail { head: 2, relation: 1 },
        ];
        let text = "\u{feff}?\tlikes\tbob\r\n\n \nann\t?\tcy d\ncy d\tknows\t?";
        assert_eq!(read(text.as_bytes()), expected.map(Ok));
        assert_eq!(read(b"\n\n"), []);
    }

    #[test]
    fn mistakes_have_a_place_and_a_mend() {
        for (text, message) in [
            (
                "ann\tlikes\n",
                "q.tsv:1: expected 3 tab-separated columns `head relation tail`, one of them `?`, found 2",
            ),
            (
                "ann likes ?\n",
                "q.tsv:1: expected 3 tab-separated columns `head relation tail`, one of them `?`, found 1; are the columns separated by spaces?",
            ),
            ("\nann\tlikes\tbob\n", "q.tsv:2: expected one `?`, found 0; write `?` for the one part that is asked for"),
            ("?\tlikes\t?\n", "q.tsv:1: expected one `?`, found 2; write `?` for the one part that is asked for"),
            ("ann\t\t?\n", "q.tsv:1:5: the name of a relation is empty"),
            ("cy e\tlikes\t?\n", "q.tsv:1:1: no entity is named `cy e`; did you mean `cy d`?"),
        ] {
            assert_eq!(read(text.as_bytes()), [Err(message.to_owned())]);
        }
        let errors = read(b"ann\tl\xff\t?\n");
        assert!(errors[0].as_ref().is_err_and(|error| error.starts_with("q.tsv:1:6: byte 0xff is not UTF-8")));
    }

    #[test]
    fn compressed_files_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("q.tsv.gz");
        let mut out = flate2::write::GzEncoder::new(File::create(&path).expect("a file"), Default::default());
        std::io::Write::write_all(&mut out, b"ann\tlikes\t?\n").expect("written");
        out.finish().expect("finished");
        let dataset = dataset();
        let mut questions = Questions::open(&path, &dataset).expect("a file");
        assert!(matches!(questions.next(), Some(Ok(Question::Tail { head: 0, relation: 0 }))));
        assert_eq!((questions.bytes_read(), questions.next().is_none()), (12, true));
        let missing = Questions::open(&folder.path().join("none"), &dataset).err().expect("no file");
        assert!(missing.to_string().contains("none: cannot read"), "{missing}");
    }
}
