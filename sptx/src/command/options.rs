//! Options that several verbs share.

use std::collections::BTreeMap;

use sptx::models::Source;
use sptx::runtime::program::{BindError, Model};

use super::failure::Failure;

/// Reads `name=value` with a number for its value.
pub(super) fn assignment(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text.split_once('=').ok_or("expected `name=value`, such as `norm=2`")?;
    let number = value.trim().parse().map_err(|_| format!("`{value}` is not a number"))?;
    Ok((name.trim().to_owned(), number))
}

/// The most threads that are started.
pub(super) const MOST_THREADS: u32 = 1024;

/// Reads a number of threads.
pub(super) fn threads() -> clap::builder::RangedU64ValueParser<u32> {
    clap::builder::RangedU64ValueParser::new().range(..=u64::from(MOST_THREADS))
}

/// Reads a number of at least one.
pub(super) fn count() -> clap::builder::RangedU64ValueParser<usize> {
    clap::builder::RangedU64ValueParser::new().range(1..)
}

/// The largest size of a dimension that single triples are looked at with.
const LARGEST: usize = 1 << 12;

/// A size for all of a model's dimensions, or for some by name: `64`, `d=64,k=32`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Dimensions {
    All(usize),
    Named(BTreeMap<String, usize>),
}

impl Dimensions {
    /// Sizes by the model's symbols. One size alone is that of every dimension.
    pub(super) fn bind(&self, model: &Model) -> Result<BTreeMap<String, usize>, BindError> {
        let sizes = match self {
            Self::All(size) => model.symbols().map(|name| (name.to_owned(), *size)).collect(),
            Self::Named(sizes) => sizes.clone(),
        };
        model.bind(&sizes).map(|_| sizes)
    }
}

impl std::str::FromStr for Dimensions {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sized = |text: &str| match text.trim().parse() {
            Ok(size) if size <= LARGEST => Ok(size),
            Ok(size) => Err(format!("{size} is too large; the largest size is {LARGEST}")),
            Err(_) => Err(format!("`{text}` is not a whole number")),
        };
        if !text.contains('=') {
            return sized(text).map(Self::All);
        }
        let pair = |pair: &str| {
            let (name, size) = pair.split_once('=').ok_or("expected a number, or `name=number` separated by commas")?;
            Ok((name.trim().to_owned(), sized(size)?))
        };
        let mut named = BTreeMap::new();
        for (name, size) in text.split(',').map(pair).collect::<Result<Vec<_>, String>>()? {
            if named.insert(name.clone(), size).is_some() {
                return Err(format!("`{name}` has two sizes"));
            }
        }
        Ok(Self::Named(named))
    }
}

/// Several sizes: `1,3,64`; or sizes by name, as [`Dimensions`] has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DimensionList(pub(super) Vec<Dimensions>);

impl std::str::FromStr for DimensionList {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains('=') {
            return text.parse().map(|named| Self(vec![named]));
        }
        text.split(',').map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// Borrowed names, as the compiler takes them.
pub(super) fn borrowed(choices: &[(String, f64)]) -> Vec<(&str, f64)> {
    choices.iter().map(|(name, value)| (name.as_str(), *value)).collect()
}

/// Combinations of a model's choices to go through: all, or the one given.
pub(super) fn combinations(
    source: &Source,
    all: bool,
    given: &[(String, f64)],
) -> Result<Vec<Vec<(String, f64)>>, Failure> {
    if !all {
        return Ok(vec![given.to_vec()]);
    }
    let owned =
        |choices: &sptx::codegen::sema::Choices| choices.iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(source.choices().iter().map(owned).collect())
}
