//! `trace.jsonl`, read.

use std::fs;
use std::io;

use super::RunFolder;
use crate::error::Result;
use crate::run_error::RunError;
use crate::trainer::EpochRecord;

impl RunFolder {
    /// The epochs that the trace tells of, in order; none where there is no trace yet. A last line without an end, as a
    /// process that was killed leaves it, is not one of them.
    ///
    /// # Errors
    /// When the file cannot be read or has been damaged.
    pub fn epochs(&self) -> Result<Vec<EpochRecord>> {
        let path = self.file(Self::TRACE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(RunError::Read { path, source }.into()),
        };
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let record = |(index, line): (usize, &str)| {
            serde_json::from_str(line).map_err(|error| {
                let what = format!("line {} is no epoch: {error}", index + 1);
                RunError::Damaged { path: path.clone(), what }.into()
            })
        };
        whole.enumerate().map(record).collect()
    }
}
