//! Files of tensors read a few rows at a time.
//!
//! [`tensors::load`](crate::tensors::load) reads a whole file, as an engine needs it. Exports and reports only pass over
//! the rows, so they read them as they go, and a table larger than the memory is no hindrance to them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use safetensors::Dtype;
use safetensors::tensor::Metadata;
use sptx_runtime::program::Owner;

use crate::run_error::RunError;

/// The longest header that is believed; the format's own bound.
const LONGEST_HEADER: u64 = 100_000_000;

/// An open file of tensors of 32-bit floats. It stays the file that was opened, even where another takes its place.
#[derive(Debug)]
pub(crate) struct TensorFile {
    path: PathBuf,
    file: File,
    tensors: Vec<TensorEntry>,
}

/// Where a tensor is in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TensorEntry {
    /// Its name, as the model names the plane: `entity.v`, `relation.m.re`.
    pub(crate) name: String,
    /// Rows, then a row's own shape.
    pub(crate) shape: Vec<usize>,
    /// The position of its first byte in the file.
    start: u64,
}

impl TensorEntry {
    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Numbers in a row.
    pub(crate) fn row_len(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// Whose rows they are, and the name of slot and part without it: `v.re`.
    pub(crate) fn owner(&self) -> Option<(Owner, &str)> {
        match self.name.split_once('.')? {
            ("entity", slot) => Some((Owner::Entity, slot)),
            ("relation", slot) => Some((Owner::Relation, slot)),
            _ => None,
        }
    }
}

impl TensorFile {
    /// Opens a file and reads its header.
    pub(crate) fn open(path: &Path) -> Result<Self, RunError> {
        let cannot_read = |source| RunError::Read { path: path.to_owned(), source };
        let damaged = |what: String| RunError::Damaged { path: path.to_owned(), what };
        let mut file = File::open(path).map_err(cannot_read)?;
        let whole = file.metadata().map_err(cannot_read)?.len();
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(cannot_read)?;
        let length = u64::from_le_bytes(length);
        if length > LONGEST_HEADER.min(whole) {
            return Err(damaged(format!("its header is said to have {length} bytes")));
        }
        // The bound above is far below what a `usize` holds.
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(cannot_read)?;
        let metadata: Metadata = serde_json::from_slice(&header).map_err(|error| damaged(error.to_string()))?;
        let data = 8 + length;
        if data + metadata.data_len() as u64 != whole {
            return Err(damaged("it is not as long as its header says".to_owned()));
        }
        let tensors = entries(&metadata, data).map_err(damaged)?;
        Ok(Self { path: path.to_owned(), file, tensors })
    }

    /// The tensors, in the order of the file.
    pub(crate) fn tensors(&self) -> &[TensorEntry] {
        &self.tensors
    }

    /// Fills `out` with whole rows of a tensor, the first of them being row `first`.
    pub(crate) fn read_rows(&self, tensor: &TensorEntry, first: usize, out: &mut [f32]) -> Result<(), RunError> {
        let start = tensor.start + 4 * (first * tensor.row_len()) as u64;
        self.read_floats(start, out).map_err(|source| RunError::Read { path: self.path.clone(), source })
    }

    fn read_floats(&self, start: u64, out: &mut [f32]) -> io::Result<()> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = vec![0; 4 * out.len().min(1 << 14)];
        for floats in out.chunks_mut(1 << 14) {
            let bytes = &mut bytes[..4 * floats.len()];
            file.read_exact(bytes)?;
            for (float, bytes) in floats.iter_mut().zip(bytes.as_chunks().0) {
                *float = f32::from_le_bytes(*bytes);
            }
        }
        Ok(())
    }
}

fn entries(metadata: &Metadata, data: u64) -> Result<Vec<TensorEntry>, String> {
    let mut entries = Vec::new();
    for name in metadata.offset_keys() {
        let Some(info) = metadata.info(&name) else { continue };
        if info.dtype != Dtype::F32 {
            return Err(format!("`{name}` has elements of {:?} where F32 is expected", info.dtype));
        }
        entries.push(TensorEntry { shape: info.shape.clone(), start: data + info.data_offsets.0 as u64, name });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::tensors::{Tensor, save};

    fn saved(folder: &Path) -> PathBuf {
        let path = folder.join("x.safetensors");
        let tensor = |name: &str, shape: Vec<usize>| {
            let count = shape.iter().product::<usize>();
            let values: Vec<f32> = (0..count).map(|index| index as f32).collect();
            Tensor { name: name.to_owned(), shape, values: Box::new(move || values.clone().into()) }
        };
        save(&path, &BTreeMap::new(), &[tensor("relation.m.re", vec![3, 2, 2]), tensor("entity.w", vec![5])])
            .expect("saved");
        path
    }

    #[test]
    fn rows_come_from_anywhere() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = TensorFile::open(&saved(folder.path())).expect("opened");
        let [matrices, scalars] = file.tensors() else { panic!("{:?}", file.tensors()) };
        assert_eq!((matrices.owner(), matrices.rows(), matrices.row_len()), (Some((Owner::Relation, "m.re")), 3, 4));
        assert_eq!((scalars.owner(), scalars.rows(), scalars.row_len()), (Some((Owner::Entity, "w")), 5, 1));
        let mut out = [0.0; 8];
        file.read_rows(matrices, 1, &mut out).expect("read");
        assert_eq!(out, [4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
        file.read_rows(scalars, 3, &mut out[..2]).expect("read");
        assert_eq!(out[..2], [3.0, 4.0]);
    }

    #[test]
    fn a_file_cut_short_is_not_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = saved(folder.path());
        let bytes = std::fs::read(&path).expect("bytes");
        for length in [0, 4, 8, 20, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..length]).expect("cut");
            assert!(TensorFile::open(&path).is_err(), "{length} bytes of {}", bytes.len());
        }
    }
}
