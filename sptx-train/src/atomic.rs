//! Files that are there whole or not at all.

use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::run_error::RunError;

/// How the names of unfinished files begin and end: what a killed process leaves behind is known by them.
const PREFIX: &str = ".sptx-";
const SUFFIX: &str = ".unfinished";

/// Where an unfinished file's content goes.
pub(crate) type Sink<'a> = dyn Write + Send + 'a;

/// Writes a file beside `path`, flushes it to the disk, and renames it to `path`. When anything fails the unfinished
/// file is removed, and what `path` held before is still there.
pub(crate) fn write(path: &Path, content: impl FnOnce(&mut Sink<'_>) -> io::Result<()>) -> Result<(), RunError> {
    let mut file = AtomicFile::create(path)?;
    content(&mut file).map_err(|source| RunError::Write { path: path.to_owned(), source })?;
    file.finish()
}

/// A file that is written beside its place, and moved there once it is whole.
///
/// Dropped before [`AtomicFile::finish`], it leaves no trace, and what was in its place before is still there.
///
/// ```
/// use std::io::Write;
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("answers.tsv");
/// let mut file = sptx_train::AtomicFile::create(&path).unwrap();
/// file.write_all(b"portugal\tspain\n").unwrap();
/// assert!(!path.exists());
/// file.finish().unwrap();
/// assert!(path.exists());
/// ```
#[derive(Debug)]
pub struct AtomicFile {
    path: PathBuf,
    writer: BufWriter<NamedTempFile>,
}

impl AtomicFile {
    /// Begins to write a file that will be at `path`, in a folder that is there.
    ///
    /// # Errors
    /// [`RunError::Write`].
    pub fn create(path: &Path) -> Result<Self, RunError> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX).suffix(SUFFIX);
        match with_usual_permissions(&mut builder).tempfile_in(folder_of(path)) {
            Ok(file) => Ok(AtomicFile { path: path.to_owned(), writer: BufWriter::with_capacity(1 << 18, file) }),
            Err(source) => Err(RunError::Write { path: path.to_owned(), source }),
        }
    }

    /// Flushes the file to the disk and moves it to its place.
    ///
    /// # Errors
    /// [`RunError::Write`].
    pub fn finish(self) -> Result<(), RunError> {
        let Self { path, writer } = self;
        persist(writer, &path).map_err(|source| RunError::Write { path, source })
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

fn persist(writer: BufWriter<NamedTempFile>, path: &Path) -> io::Result<()> {
    let unfinished = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
    unfinished.as_file().sync_all()?;
    unfinished.persist(path).map_err(|error| error.error)?;
    sync_folder(folder_of(path))
}

/// The folder that a file is in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Temporary files are private; these are to have the permissions that the user's mask gives to any file.
#[cfg(unix)]
fn with_usual_permissions<'a, 'b, 'c>(builder: &'a mut tempfile::Builder<'b, 'c>) -> &'a mut tempfile::Builder<'b, 'c> {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn with_usual_permissions<'a, 'b, 'c>(builder: &'a mut tempfile::Builder<'b, 'c>) -> &'a mut tempfile::Builder<'b, 'c> {
    builder
}

/// Makes a rename survive a loss of power, where folders can be opened.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Removes what killed processes left unfinished in a folder.
pub(crate) fn remove_unfinished(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if is_unfinished(&entry.file_name().to_string_lossy()) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Whether a file's name is one that [`write`] gives while writing.
pub(crate) fn is_unfinished(name: &str) -> bool {
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        write(&path, |out| out.write_all(b"old")).expect("written");
        let error = write(&path, |out| {
            out.write_all(&[0; 1 << 20])?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .expect_err("the disk is full");
        assert!(error.to_string().contains("free some space"), "{error}");
        assert_eq!(std::fs::read(&path).expect("still there"), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn only_unfinished_files_are_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [".sptx-abc.unfinished", "kept.unfinished", "checkpoint.safetensors"] {
            std::fs::write(folder.path().join(name), "").expect("written");
        }
        remove_unfinished(folder.path()).expect("removed");
        assert!(!folder.path().join(".sptx-abc.unfinished").exists());
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 2);
    }
}
