//! Arrays of NumPy: a text header, then the numbers.
//!
//! Version 1.0 of the format, which every reader knows: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::files::{Failure, copy_names, write_from};
use super::tables::rows_at_a_time;
use crate::run_error::RunError;
use crate::run_folder::RunFolder;
use crate::tensor_file::{TensorEntry, TensorFile};

/// The data begins at a multiple of this.
const ALIGNMENT: usize = 64;

/// Writes an array for each tensor, and the names of the rows.
pub(super) fn write(run: &RunFolder, file: &TensorFile, folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    let array = |tensor: &TensorEntry| {
        write_from(folder.join(format!("{}.npy", tensor.name)), |out| write_array(out, file, tensor))
    };
    let arrays: Vec<PathBuf> = file.tensors().iter().map(array).collect::<Result<_, _>>()?;
    Ok([arrays, copy_names(run, folder)?].concat())
}

fn write_array(out: &mut dyn Write, file: &TensorFile, tensor: &TensorEntry) -> Result<(), Failure> {
    out.write_all(&header(&tensor.shape))?;
    let (rows, row_len) = (tensor.rows(), tensor.row_len());
    let step = rows_at_a_time(row_len);
    let mut values = vec![0.0; step.min(rows) * row_len];
    let mut bytes = Vec::with_capacity(4 * values.len());
    for first in (0..rows).step_by(step) {
        let values = &mut values[..step.min(rows - first) * row_len];
        file.read_rows(tensor, first, values)?;
        bytes.clear();
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        out.write_all(&bytes)?;
    }
    Ok(())
}

/// The magic string, the version, and a dictionary of Python in a field whose length is in two bytes.
fn header(shape: &[usize]) -> Vec<u8> {
    let shape: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let dictionary = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", shape.trim_end());
    let begin = b"\x93NUMPY\x01\x00";
    let unpadded = begin.len() + 2 + dictionary.len() + 1;
    let padding = unpadded.next_multiple_of(ALIGNMENT) - unpadded;
    // A shape has a few numbers, so the dictionary is far shorter than two bytes can count.
    let length = (dictionary.len() + padding + 1) as u16;
    let mut header = begin.to_vec();
    header.extend(length.to_le_bytes());
    header.extend(dictionary.bytes());
    header.extend(std::iter::repeat_n(b' ', padding));
    header.push(b'\n');
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_aligned_tuples() {
        for (shape, tuple) in [(vec![7], "(7,)"), (vec![3, 4], "(3, 4,)"), (vec![1, 20, 20], "(1, 20, 20,)")] {
            let header = header(&shape);
            assert_eq!(header.len() % ALIGNMENT, 0);
            assert_eq!(usize::from(header[8]) + 256 * usize::from(header[9]), header.len() - 10);
            let text = std::str::from_utf8(&header[10..]).expect("text");
            assert!(text.contains(&format!("'shape': {tuple}, ")) && text.ends_with('\n'), "{text}");
        }
    }
}
