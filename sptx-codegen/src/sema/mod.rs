//! Meaning: from the syntax tree to [`ir::Score`], checking everything a user can get wrong.
//!
//! One score is analysed for one value of each of its choice parameters at a time; [`choices`] lists the combinations.
//! All errors of a text are reported together. What has been reported once is not reported again by what depends on it
//! (`Reported` is the proof that a message was given).
//!
//! What an analysed score satisfies, beside what the IR's types say: its root is a real scalar; it depends on the head or
//! the tail; every plane is gathered by it; every fold's terms are gathers, or unit complex numbers of gathered phases,
//! of one type, and are joined by a semiring that has derivatives; a hadamard fold's coefficients are 1.

mod arithmetic;
mod choices;
mod constant;
mod context;
mod finish;
mod function;
mod incidence;
mod lower;
mod norm;
mod rules;
mod semiring;
mod tables;
mod usage;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use choices::{Choices, choices};

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::{ast, ir};

/// Proof that an error was reported: what depends on it stays silent.
#[derive(Clone, Copy, Debug)]
struct Reported;

/// The semirings that a score may name; `None` for one whose declaration has errors.
type Semirings = BTreeMap<String, Option<ir::Semiring>>;

/// Analyses every score of a file, for one value of each choice parameter. Values for names that no score of the file
/// declares are errors.
///
/// # Errors
/// Every error of the file.
pub fn analyze(file: &ast::File, choices: &Choices) -> Result<Vec<ir::Score>, Diagnostics> {
    let mut errors = Vec::new();
    let semirings = semiring::all(file, &mut errors);
    let mut scores = Vec::new();
    choices::check_names(file, choices, &mut errors);
    check_names(file, &mut errors);
    for score in &file.scores {
        match context::analyze(score, &semirings, choices) {
            Ok(score) => scores.push(score),
            Err(found) => errors.extend(found),
        }
    }
    finish_with(file, scores, errors)
}

/// Analyses every score of a file for every combination of its choices: the outer list has one entry per score, the
/// inner one per combination, in the order of [`choices`].
///
/// # Errors
/// Every error of the file.
pub fn analyze_every_choice(file: &ast::File) -> Result<Vec<Vec<ir::Score>>, Diagnostics> {
    let mut errors = Vec::new();
    let semirings = semiring::all(file, &mut errors);
    check_names(file, &mut errors);
    let mut scores = Vec::new();
    for score in &file.scores {
        let mut variants = Vec::new();
        for combination in choices(score) {
            match context::analyze(score, &semirings, &combination) {
                Ok(variant) => variants.push(variant),
                Err(found) => errors.extend(found),
            }
        }
        scores.push(variants);
    }
    finish_with(file, scores, errors)
}

/// Analyses one score of a file.
///
/// # Errors
/// Every error of the score, and of the file's semirings.
pub fn analyze_score(file: &ast::File, score: &ast::Score, choices: &Choices) -> Result<ir::Score, Diagnostics> {
    let mut errors = Vec::new();
    let semirings = semiring::all(file, &mut errors);
    match context::analyze(score, &semirings, choices) {
        Ok(score) => finish_with(file, score, errors),
        Err(found) => {
            errors.extend(found);
            Err(Diagnostics::new(&file.name, &file.source, errors))
        }
    }
}

/// The semirings that a file declares, checked.
///
/// # Errors
/// Every error of the file's semirings.
pub fn semirings(file: &ast::File) -> Result<Vec<ir::Semiring>, Diagnostics> {
    let mut errors = Vec::new();
    semiring::all(file, &mut errors);
    let declared = file.semirings.iter().filter_map(|declared| semiring::semiring(declared, &mut Vec::new())).collect();
    finish_with(file, declared, errors)
}

fn finish_with<T>(file: &ast::File, value: T, errors: Vec<Diagnostic>) -> Result<T, Diagnostics> {
    if errors.is_empty() { Ok(value) } else { Err(Diagnostics::new(&file.name, &file.source, errors)) }
}

/// Two scores of one file have two names.
fn check_names(file: &ast::File, errors: &mut Vec<Diagnostic>) {
    for (index, score) in file.scores.iter().enumerate() {
        if file.scores[..index].iter().any(|earlier| earlier.name.text == score.name.text) {
            errors.push(twice(&score.name, "a score"));
        }
    }
}

/// The error for a name that is declared a second time.
fn twice(name: &ast::Name, what: &str) -> Diagnostic {
    Diagnostic::new(name.span, format!("`{}` is declared twice", name.text))
        .label(format!("{what} of this name stands above"))
        .help("choose another name")
}
