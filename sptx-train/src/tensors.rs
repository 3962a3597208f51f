//! Files of tensors: safetensors, 32-bit floats, text in the metadata.
//!
//! Written from one tensor at a time, so that a file of several times a model's size costs no more memory than the model.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value, json};
use sptx_runtime::cpu::Engine;

use crate::atomic;
use crate::run_error::RunError;

/// One tensor to write.
pub(crate) struct Tensor<'a> {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    /// Its elements, asked for once.
    pub(crate) values: Box<dyn Fn() -> Cow<'a, [f32]> + 'a>,
}

/// The shape of a plane in a file: rows, then a row's own.
pub(crate) fn shape(engine: &Engine, plane: usize) -> Vec<usize> {
    let layout = &engine.tables().planes()[plane].layout;
    let mut shape = vec![layout.rows()];
    shape.extend(layout.row_shape());
    shape
}

/// Writes a file whole or not at all.
pub(crate) fn save(path: &Path, metadata: &BTreeMap<String, String>, tensors: &[Tensor<'_>]) -> Result<(), RunError> {
    atomic::write(path, |out| write(out, metadata, tensors))
}

fn write(out: &mut dyn Write, metadata: &BTreeMap<String, String>, tensors: &[Tensor<'_>]) -> io::Result<()> {
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), json!(metadata));
    let mut end = 0;
    for Tensor { name, shape, .. } in tensors {
        let start = end;
        end += 4 * shape.iter().product::<usize>();
        header.insert(name.clone(), json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, end] }));
    }
    let mut header = Value::Object(header).to_string();
    // The format aligns the data to 8 bytes by spaces after the header.
    header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    tensors.iter().try_for_each(|tensor| write_floats(out, &(tensor.values)()))
}

fn write_floats(out: &mut dyn Write, values: &[f32]) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(1 << 16);
    for values in values.chunks(1 << 14) {
        bytes.clear();
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        out.write_all(&bytes)?;
    }
    Ok(())
}

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) metadata: BTreeMap<String, String>,
    /// The elements of each tensor, by name.
    pub(crate) tensors: BTreeMap<String, Vec<f32>>,
}

/// Reads a file that [`save`] wrote.
pub(crate) fn load(path: &Path) -> Result<Loaded, RunError> {
    let bytes = std::fs::read(path).map_err(|source| RunError::Read { path: path.to_owned(), source })?;
    parse(&bytes).map_err(|what| RunError::Damaged { path: path.to_owned(), what })
}

fn parse(bytes: &[u8]) -> Result<Loaded, String> {
    let damaged = |error: safetensors::SafeTensorError| error.to_string();
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let metadata = header.metadata().clone().unwrap_or_default().into_iter().collect();
    let mut tensors = BTreeMap::new();
    for (name, view) in SafeTensors::deserialize(bytes).map_err(damaged)?.iter() {
        if view.dtype() != Dtype::F32 {
            return Err(format!("`{name}` has elements of {:?} where F32 is expected", view.dtype()));
        }
        let floats = view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        tensors.insert(name.to_owned(), floats);
    }
    Ok(Loaded { metadata, tensors })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_loaded_bit_by_bit() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.safetensors");
        let values: Vec<f32> = vec![1.5, -0.0, f32::MIN_POSITIVE / 4.0, f32::NAN, f32::INFINITY, 7.0];
        let tensors = [("b", vec![2, 3]), ("a", vec![6]), ("empty", vec![0, 4])].map(|(name, shape)| {
            let values = if name == "empty" { Vec::new() } else { values.clone() };
            Tensor { name: name.to_owned(), shape, values: Box::new(move || values.clone().into()) }
        });
        let metadata = BTreeMap::from([("key".to_owned(), "\"quoted\"\nlines".to_owned())]);
        save(&path, &metadata, &tensors).expect("saved");
        let loaded = load(&path).expect("loaded");
        assert_eq!(loaded.metadata, metadata);
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&loaded.tensors["b"]), bits(&values));
        assert_eq!(bits(&loaded.tensors["a"]), bits(&values));
        assert!(loaded.tensors["empty"].is_empty());
    }

    #[test]
    fn a_file_cut_short_is_damaged() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.safetensors");
        let tensor = Tensor { name: "a".to_owned(), shape: vec![8], values: Box::new(|| vec![1.0; 8].into()) };
        save(&path, &BTreeMap::new(), &[tensor]).expect("saved");
        let bytes = std::fs::read(&path).expect("bytes");
        for length in [0, 4, 8, 20, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..length]).expect("cut");
            let error = load(&path).expect_err("damaged").to_string();
            assert!(error.contains("damaged"), "{error}");
        }
    }
}
