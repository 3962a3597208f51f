//! Compiling `.sptx` files in a build script.

use std::path::{Path, PathBuf};

use quote::quote;

use crate::diagnostics::Diagnostics;
use crate::emit::cpu::Specification;
use crate::expand;

/// Compiles `.sptx` files to Rust, for a build script.
///
/// In `build.rs`:
/// ```no_run
/// sptx_codegen::Build::new().file("models/mine.sptx").compile().unwrap_or_else(|error| panic!("{error}"));
/// ```
/// In the crate, which depends on `sptx-runtime`: `include!(concat!(env!("OUT_DIR"), "/mine.rs"));`
#[derive(Clone, Debug, Default)]
pub struct Build {
    files: Vec<PathBuf>,
    out: Option<PathBuf>,
}

/// Why a build script's models were not compiled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No folder to write to.
    #[error("no folder to write to: `OUT_DIR` is not set, so this is no build script; name one with `Build::out_dir`")]
    NoFolder,
    /// Something is wrong with a declaration.
    #[error("{0}")]
    Declaration(Diagnostics),
}

impl Build {
    /// Nothing to compile yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a `.sptx` file, relative to the crate's folder.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push(path.into());
        self
    }

    /// Writes to this folder instead of `OUT_DIR`.
    #[must_use]
    pub fn out_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.out = Some(path.into());
        self
    }

    /// Compiles the files: `NAME.sptx` becomes `NAME.rs`. Tells cargo to run the script again when a file changes.
    ///
    /// # Errors
    /// When a file cannot be read or written, or a declaration is wrong; the message shows the place.
    pub fn compile(&self) -> Result<(), BuildError> {
        let out =
            self.out.clone().or_else(|| std::env::var_os("OUT_DIR").map(PathBuf::from)).ok_or(BuildError::NoFolder)?;
        for path in &self.files {
            println!("cargo::rerun-if-changed={}", path.display());
            let text =
                std::fs::read_to_string(path).map_err(|source| BuildError::Read { path: path.clone(), source })?;
            let code = rust(&path.display().to_string(), &text).map_err(BuildError::Declaration)?;
            let name = path.file_stem().map(Path::new).unwrap_or(Path::new("model")).with_extension("rs");
            let target = out.join(name);
            std::fs::write(&target, code).map_err(|source| BuildError::Write { path: target, source })?;
        }
        Ok(())
    }
}

/// The Rust code of a `.sptx` file, with everything it needs but `sptx-runtime`.
///
/// # Errors
/// Everything that is wrong with the declarations.
pub fn rust(file_name: &str, text: &str) -> Result<String, Diagnostics> {
    expand::file(file_name, text, &quote!(#text), &Specification::Inline).map(|items| expand::pretty(&items))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = "score! { pub Mine { entity { v: real[d] } score = dot(h.v, t.v); } }";

    #[test]
    fn a_file_becomes_rust() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("mine.sptx");
        std::fs::write(&source, MODEL).unwrap();
        Build::new().file(&source).out_dir(folder.path()).compile().unwrap();
        let code = std::fs::read_to_string(folder.path().join("mine.rs")).unwrap();
        assert!(code.contains("pub struct Mine;"), "{code}");
        assert!(code.contains("impl Task for Forward0"), "{code}");
    }

    #[test]
    fn what_goes_wrong_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing.sptx");
        let error = Build::new().file(&missing).out_dir(folder.path()).compile().unwrap_err();
        assert!(error.to_string().contains("missing.sptx"), "{error}");
        let wrong = folder.path().join("wrong.sptx");
        std::fs::write(&wrong, MODEL.replace("t.v", "t.w")).unwrap();
        let error = Build::new().file(&wrong).out_dir(folder.path()).compile().unwrap_err();
        assert!(error.to_string().contains("wrong.sptx:1"), "{error}");
        assert!(!folder.path().join("wrong.rs").exists());
    }
}
