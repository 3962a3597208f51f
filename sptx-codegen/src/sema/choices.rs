//! Choice parameters: closed lists of values, fixed before a score is analysed.

use std::collections::BTreeMap;

use super::{constant, context::MOST_COMBINATIONS};
use crate::ast;
use crate::diagnostics::{Diagnostic, Span, did_you_mean};

/// Values of choice parameters by name. A parameter that is not named has its default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choices {
    values: BTreeMap<String, f64>,
}

impl Choices {
    /// Every parameter at its default.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more value.
    #[must_use]
    pub fn with(mut self, name: &str, value: f64) -> Self {
        self.values.insert(name.to_owned(), value);
        self
    }

    /// The value given for a parameter.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.get(name).copied()
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.values.iter().map(|(name, value)| (name.as_str(), *value))
    }
}

impl<'a> FromIterator<(&'a str, f64)> for Choices {
    fn from_iter<I: IntoIterator<Item = (&'a str, f64)>>(items: I) -> Self {
        Self { values: items.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() }
    }
}

/// Every combination of a score's choices, the defaults first. A score without choices has one combination, the empty
/// one; of a score with more combinations than analysis accepts, the first of them.
pub fn choices(score: &ast::Score) -> Vec<Choices> {
    let mut combinations = vec![Choices::new()];
    for parameter in of(score) {
        let values: Vec<f64> =
            parameter.values.iter().filter_map(|value| constant::evaluate(value, &|_| None).ok()).collect();
        let extend = |combination: &Choices| {
            let combination = combination.clone();
            let with = |value: &f64| combination.clone().with(&parameter.name.text, *value);
            values.iter().map(with).collect::<Vec<_>>()
        };
        combinations = combinations.iter().flat_map(extend).take(MOST_COMBINATIONS).collect();
    }
    combinations
}

/// The choice parameters of a score.
pub(super) fn of(score: &ast::Score) -> impl Iterator<Item = &ast::Parameter> {
    score.statements.iter().filter_map(|statement| match statement {
        ast::Statement::Parameter(parameter) if parameter.values.len() > 1 => Some(parameter),
        ast::Statement::Parameter(_)
        | ast::Statement::Tables(_)
        | ast::Statement::Incidence(_)
        | ast::Statement::Let(_)
        | ast::Statement::Score(_) => None,
    })
}

/// Reports values given for names that no score declares.
pub(super) fn check_names(file: &ast::File, choices: &Choices, errors: &mut Vec<Diagnostic>) {
    let known: Vec<&ast::Parameter> = file.scores.iter().flat_map(of).collect();
    for (name, _) in choices.iter() {
        if known.iter().any(|parameter| parameter.name.text == name) {
            continue;
        }
        let span = file.scores.first().map_or(Span::default(), |score| score.name.span);
        let help = did_you_mean(name, known.iter().map(|parameter| parameter.name.text.as_str()));
        let help = if help.is_empty() { "it has no parameter with a closed list of values".to_owned() } else { help };
        errors.push(Diagnostic::new(span, format!("no choice parameter is called `{name}`")).help(help));
    }
}
