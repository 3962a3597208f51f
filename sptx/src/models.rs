//! Models by name: those of the zoo, and those of `.sptx` files.
//!
//! ```
//! use sptx::models::{KernelChoice, Source};
//!
//! let compiled = Source::find("transe").unwrap().compile(&[("norm", 2.0)], KernelChoice::Best).unwrap();
//! assert_eq!((compiled.model.name.as_str(), compiled.kernels.kind()), ("TransE", "compiled"));
//! ```

use std::fmt;
use std::path::{Path, PathBuf};

use kernels_generated as zoo;
use sptx_codegen::diagnostics::Diagnostics;
use sptx_codegen::{ast, ir, sema, syntax};
use sptx_runtime::cpu::Interpreter;
use sptx_runtime::kernel::CompiledModel;
use sptx_train::{Place, Vocabulary};

/// Which kernels a model is to run with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KernelChoice {
    /// Compiled ones where there are any, else interpreted ones.
    #[default]
    Best,
    /// Compiled ones only.
    Compiled,
    /// Interpreted ones only.
    Interpreted,
}

/// The text of one score function and where it came from.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    file: ast::File,
    position: usize,
    zoo: Option<&'static str>,
}

/// Why there is no such model.
#[derive(Debug)]
#[non_exhaustive]
pub enum ModelError {
    /// No model of the zoo has this name.
    Unknown {
        /// The name.
        name: String,
        /// The nearest name of the zoo.
        suggestion: Option<String>,
    },
    /// A file could not be read.
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not UTF-8 text.
    NotUtf8 {
        /// The first byte that is not.
        place: Place,
    },
    /// A file declares no score, several with none chosen, or none of the name chosen.
    Choose {
        /// The file.
        path: String,
        /// The name chosen, if any.
        chosen: Option<String>,
        /// The scores it declares.
        scores: Vec<String>,
    },
    /// A value is given for a choice that the model does not have.
    UnknownChoice {
        /// The model.
        model: String,
        /// The choice.
        name: String,
        /// The choices it has.
        known: Vec<String>,
    },
    /// A declaration has mistakes.
    Declaration(Diagnostics),
    /// Compiled kernels are asked for, and there are none.
    NotCompiled {
        /// The model.
        name: String,
    },
}

/// The names of the zoo's models with their titles.
///
/// ```
/// assert!(sptx::models::zoo().any(|(name, title)| (name, title) == ("rotate", "RotatE")));
/// ```
pub fn zoo() -> impl Iterator<Item = (&'static str, &'static str)> {
    zoo::models().iter().map(|model| (model.name, model.title))
}

impl Source {
    /// The model that `name` means: a name of the zoo, a `.sptx` file with one score, or `file.sptx#Score`.
    ///
    /// # Errors
    /// When there is no such model, or its text does not parse.
    ///
    /// ```
    /// let error = sptx::models::Source::find("trnase").unwrap_err();
    /// assert_eq!(error.to_string(), "no model is named `trnase`; did you mean `transe`?");
    /// ```
    pub fn find(name: &str) -> Result<Self, ModelError> {
        if let Some(model) = zoo::find(name) {
            return Self::of_zoo(model);
        }
        let (path, score) = match name.rsplit_once('#') {
            Some((path, score)) => (path, Some(score)),
            None => (name, None),
        };
        if path.ends_with(".sptx") || path.contains(std::path::MAIN_SEPARATOR) || Path::new(path).is_file() {
            return Self::read(path, score);
        }
        let names: Vocabulary = zoo().map(|(name, _)| name).collect();
        let suggestion = names.nearest(name).map(str::to_owned);
        Err(ModelError::Unknown { name: name.to_owned(), suggestion })
    }

    fn of_zoo(model: &zoo::ZooModel) -> Result<Self, ModelError> {
        let source = Self::parse(model.name, &format!("{}.sptx", model.name), model.source, None)?;
        Ok(Self { zoo: Some(model.name), ..source })
    }

    fn read(path: &str, score: Option<&str>) -> Result<Self, ModelError> {
        let read = |source| ModelError::Read { path: path.into(), source };
        let bytes = std::fs::read(path).map_err(read)?;
        let text = String::from_utf8(bytes).map_err(|error| not_utf8(path, &error))?;
        Self::parse(path, path, &text, score)
    }

    /// The model of a text. `name` is what it goes by, `file_name` what messages call the text; `score` chooses one of
    /// several scores.
    ///
    /// # Errors
    /// When the text does not parse, or has not one such score.
    pub fn parse(name: &str, file_name: &str, text: &str, score: Option<&str>) -> Result<Self, ModelError> {
        let file = syntax::parse_str(file_name, text).map_err(ModelError::Declaration)?;
        let position = match score {
            Some(score) => file.scores.iter().position(|it| it.name.text == score),
            None => (file.scores.len() == 1).then_some(0),
        };
        let scores = || file.scores.iter().map(|it| it.name.text.clone()).collect();
        let position = position.ok_or_else(|| ModelError::Choose {
            path: file_name.to_owned(),
            chosen: score.map(str::to_owned),
            scores: scores(),
        })?;
        Ok(Self { name: name.to_owned(), file, position, zoo: None })
    }

    /// What the model was asked for by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name in its declaration.
    pub fn title(&self) -> &str {
        &self.declaration().name.text
    }

    /// The text it stands in.
    pub fn text(&self) -> &str {
        &self.file.source
    }

    /// Whether it is the zoo's.
    pub fn is_zoo(&self) -> bool {
        self.zoo.is_some()
    }

    /// Its syntax tree.
    pub fn declaration(&self) -> &ast::Score {
        &self.file.scores[self.position]
    }

    /// Every combination of its choices, the defaults first.
    pub fn choices(&self) -> Vec<sema::Choices> {
        sema::choices(self.declaration())
    }

    /// The score for some values of its choices.
    ///
    /// # Errors
    /// Every mistake of the declaration, and a value that is no option of its choice.
    pub fn analyze(&self, choices: &[(&str, f64)]) -> Result<ir::Score, ModelError> {
        let choices: sema::Choices = choices.iter().copied().collect();
        let defaults = self.choices().swap_remove(0);
        if let Some((name, _)) = choices.iter().find(|(name, _)| defaults.get(name).is_none()) {
            let known = defaults.iter().map(|(name, _)| name.to_owned()).collect();
            return Err(ModelError::UnknownChoice { model: self.title().to_owned(), name: name.to_owned(), known });
        }
        sema::analyze_score(&self.file, self.declaration(), &choices).map_err(ModelError::Declaration)
    }

    /// The model compiled for some values of its choices.
    ///
    /// # Errors
    /// As [`Source::analyze`]; and when compiled kernels are asked for and there are none.
    pub fn compile(&self, choices: &[(&str, f64)], kernels: KernelChoice) -> Result<CompiledModel, ModelError> {
        let declared = self.analyze(choices)?;
        let loaded = match kernels {
            KernelChoice::Best | KernelChoice::Compiled => {
                self.zoo.and_then(zoo::find).and_then(|model| (model.load)(choices))
            }
            KernelChoice::Interpreted => None,
        };
        match (loaded, kernels) {
            (Some(compiled), _) => Ok(compiled),
            (None, KernelChoice::Compiled) => Err(ModelError::NotCompiled { name: self.name.clone() }),
            (None, KernelChoice::Best | KernelChoice::Interpreted) => {
                Ok(Interpreter::compile(sptx_codegen::compile(declared).program()))
            }
        }
    }
}

fn not_utf8(path: &str, error: &std::string::FromUtf8Error) -> ModelError {
    let before = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
    let (line, column) = (before.split('\n').count(), before.chars().rev().take_while(|c| *c != '\n').count() + 1);
    ModelError::NotUtf8 { place: Place::new(path, line).at_column(column) }
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, suggestion } => {
                write!(f, "no model is named `{name}`")?;
                suggestion.as_ref().map_or(Ok(()), |suggestion| write!(f, "; did you mean `{suggestion}`?"))
            }
            Self::Read { path, source } => write!(f, "{}: cannot read: {source}", path.display()),
            Self::NotUtf8 { place } => write!(f, "{place}: the file is not UTF-8 text from here on"),
            Self::Choose { path, scores, .. } if scores.is_empty() => {
                write!(f, "{path}: no score is declared here; expected `score! {{ Name {{ … }} }}`")
            }
            Self::Choose { path, chosen: None, scores } => {
                write!(f, "{path}: several scores are declared here; choose one, such as `{path}#{}`", scores[0])
            }
            Self::Choose { path, chosen: Some(chosen), scores } => {
                write!(f, "{path}: no score is named `{chosen}`; there is `{}`", scores.join("`, `"))
            }
            Self::UnknownChoice { model, name, known } if known.is_empty() => {
                write!(f, "{model} has no choice `{name}`; it has none")
            }
            Self::UnknownChoice { model, name, known } => {
                write!(f, "{model} has no choice `{name}`; it has `{}`", known.join("`, `"))
            }
            Self::Declaration(diagnostics) => write!(f, "{diagnostics}"),
            Self::NotCompiled { name } => {
                write!(
                    f,
                    "there are no compiled kernels for {name} with these choices; only the zoo has compiled kernels"
                )
            }
        }
    }
}

impl std::error::Error for ModelError {}
