//! What is checked: the scores of the zoo with their choices, and random ones.

use sptx::codegen::testing::random_score;
use sptx::codegen::{Compiled, compile};
use sptx::models::{Source, zoo};
use sptx::runtime::cpu::Interpreter;
use sptx::runtime::kernel::CompiledModel;

use super::Arguments;
use crate::command::failure::Failure;
use crate::command::options;
use crate::command::output;

/// What a random score's name begins with; its seed follows.
const RANDOM: &str = "random:";

/// A score that kernels are made of.
pub(super) struct Subject {
    /// What `--model` takes.
    pub(super) model: String,
    /// The values of its choices.
    pub(super) choices: Vec<(String, f64)>,
    pub(super) compiled: Compiled,
}

impl Subject {
    /// A model of the zoo, or a file's.
    pub(super) fn of(source: &Source, choices: &[(String, f64)]) -> Result<Self, Failure> {
        let compiled = compile(source.analyze(&options::borrowed(choices))?);
        let declared = compiled.declared.choices.iter();
        let choices = declared.map(|choice| (choice.name.clone(), choice.chosen)).collect();
        Ok(Self { model: source.name().to_owned(), choices, compiled })
    }

    /// Its kernels on the CPU.
    pub(super) fn kernels(&self) -> CompiledModel {
        Interpreter::compile(self.compiled.program())
    }

    fn random(seed: u64) -> Self {
        Self { model: format!("{RANDOM}{seed}"), choices: Vec::new(), compiled: compile(random_score(seed)) }
    }

    /// The options that mean this score and no other.
    pub(super) fn options(&self) -> String {
        let choices = self.choices.iter().map(|(name, value)| format!(" --set {name}={value}"));
        format!("--model {}{}", output::quoted(&self.model), choices.collect::<String>())
    }

    /// Its choices, as a person reads them.
    pub(super) fn choices(&self) -> String {
        let choices = self.choices.iter().map(|(name, value)| format!("{name}={value}"));
        choices.collect::<Vec<_>>().join(" ")
    }
}

/// The scores that the corpus is made of: those asked for, or the whole zoo with all its choices and random scores.
pub(super) fn corpus(arguments: &Arguments) -> Result<Vec<Subject>, Failure> {
    let mut subjects = Vec::new();
    let names: Vec<String> = match arguments.model.as_slice() {
        [] => zoo().map(|(name, _)| name.to_owned()).collect(),
        asked => asked.to_vec(),
    };
    for name in &names {
        match name.strip_prefix(RANDOM) {
            Some(seed) => subjects.push(Subject::random(seed.parse().map_err(|_| not_a_seed(seed))?)),
            None => subjects.extend(with_choices(&Source::find(name)?, &arguments.set)?),
        }
    }
    if arguments.model.is_empty() {
        subjects.extend((0..arguments.random_scores()).map(|seed| Subject::random(u64::from(seed))));
    }
    Ok(subjects)
}

/// The models that are measured where none are asked for: what a step of them costs differs in kind.
const MEASURED: [&str; 6] = ["transe", "toruse", "distmult", "rotate", "transh", "complex"];

/// The same with `--quick`.
const FEW_MEASURED: [&str; 2] = ["transe", "toruse"];

/// The models that are measured, with the choices that were asked for, or each choice at its default.
pub(super) fn measured(arguments: &Arguments) -> Result<Vec<Subject>, Failure> {
    let defaults = if arguments.quick { FEW_MEASURED.as_slice() } else { MEASURED.as_slice() };
    let names: Vec<&str> = match arguments.model.as_slice() {
        [] => defaults.to_vec(),
        asked => asked.iter().map(String::as_str).filter(|name| !name.starts_with(RANDOM)).collect(),
    };
    names.into_iter().map(|name| Subject::of(&Source::find(name)?, &arguments.set)).collect()
}

/// A source in every combination of its choices, or in that which was asked for.
fn with_choices(source: &Source, set: &[(String, f64)]) -> Result<Vec<Subject>, Failure> {
    let combinations = options::combinations(source, set.is_empty(), set)?;
    combinations.iter().map(|choices| Subject::of(source, choices)).collect()
}

fn not_a_seed(text: &str) -> Failure {
    Failure::Usage {
        message: format!("`{RANDOM}{text}` is no random score"),
        help: format!("a random score is named by its seed, such as `{RANDOM}7`"),
    }
}
