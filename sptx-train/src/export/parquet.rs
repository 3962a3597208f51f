//! Apache Parquet: a file for entities and one for relations, a row for each.
//!
//! | Column | Type |
//! |---|---|
//! | `id` | unsigned, 32 bits |
//! | `name` | text |
//! | `v`, `v.re`, … for vectors and matrices | a list of fixed size of 32-bit floats; a matrix row by row |
//! | the same for single numbers | a 32-bit float |

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, FixedSizeListArray, Float32Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema};
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::files::{Failure, write_from};
use super::tables::{Owned, Tables, rows_at_a_time};
use crate::atomic::Sink;
use crate::run_error::RunError;
use crate::tensor_file::TensorEntry;

/// Bytes of a row group, about: what a writer holds until it is full.
const GROUP: usize = 32 << 20;

/// Writes a file each for entities and relations.
pub(super) fn write(tables: &Tables, folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    let file =
        |owned: Owned<'_>| write_from(folder.join(format!("{}.parquet", owned.title)), |out| write_rows(out, &owned));
    tables.by_owner().map(file).collect()
}

fn write_rows(out: &mut Sink<'_>, owned: &Owned<'_>) -> Result<(), Failure> {
    let row_len: usize = owned.columns.iter().map(|(tensor, _)| tensor.row_len()).sum();
    let schema = Arc::new(schema(owned)?);
    let mut writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties(row_len)))?;
    let (rows, step) = (owned.names.len(), rows_at_a_time(row_len));
    for first in (0..rows).step_by(step) {
        let columns = columns(owned, first, step.min(rows - first))?;
        writer.write(&RecordBatch::try_new(Arc::clone(&schema), columns)?)?;
    }
    writer.close()?;
    Ok(())
}

/// Neither names nor numbers that training made repeat, so dictionaries of them would be a waste.
fn properties(row_len: usize) -> WriterProperties {
    WriterProperties::builder()
        .set_created_by(format!("sptx {}", env!("CARGO_PKG_VERSION")))
        .set_max_row_group_row_count(Some((GROUP / (4 * row_len.max(1))).max(1)))
        .set_dictionary_enabled(false)
        .build()
}

fn schema(owned: &Owned<'_>) -> Result<Schema, Failure> {
    let mut fields = vec![Field::new("id", DataType::UInt32, false), Field::new("name", DataType::Utf8, false)];
    for (tensor, name) in &owned.columns {
        fields.push(Field::new(*name, data_type(tensor)?, false));
    }
    Ok(Schema::new(fields))
}

fn data_type(tensor: &TensorEntry) -> Result<DataType, Failure> {
    if tensor.shape.len() == 1 {
        return Ok(DataType::Float32);
    }
    Ok(DataType::FixedSizeList(item(), list_len(tensor)?))
}

fn item() -> FieldRef {
    Arc::new(Field::new("item", DataType::Float32, false))
}

fn list_len(tensor: &TensorEntry) -> Result<i32, Failure> {
    i32::try_from(tensor.row_len()).map_err(|_| {
        let message = format!("rows of `{}` are longer than a list of Parquet may be", tensor.name);
        Failure::Write(io::Error::other(message))
    })
}

fn columns(owned: &Owned<'_>, first: usize, count: usize) -> Result<Vec<ArrayRef>, Failure> {
    // The ids of a vocabulary are below 2^32.
    let ids = (first..first + count).map(|id| id as u32);
    let names = StringArray::from_iter_values(ids.clone().filter_map(|id| owned.names.name(id)));
    let ids = UInt32Array::from_iter_values(ids);
    let mut columns: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(names)];
    for (tensor, _) in &owned.columns {
        let mut values = vec![0.0; count * tensor.row_len()];
        owned.file.read_rows(tensor, first, &mut values)?;
        let values = Float32Array::from(values);
        columns.push(match tensor.shape.len() {
            1 => Arc::new(values),
            _ => Arc::new(FixedSizeListArray::try_new(item(), list_len(tensor)?, Arc::new(values), None)?),
        });
    }
    Ok(columns)
}

impl From<ParquetError> for Failure {
    /// What the system said is kept as it said it, for messages tell a full disk from other troubles.
    fn from(error: ParquetError) -> Self {
        Self::Write(match error {
            ParquetError::External(cause) => {
                cause.downcast::<io::Error>().map_or_else(io::Error::other, |system| *system)
            }
            other => io::Error::other(other),
        })
    }
}

impl From<ArrowError> for Failure {
    fn from(error: ArrowError) -> Self {
        Self::Write(io::Error::other(error))
    }
}
