//! Names and their ids.

use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

use crate::error::{Error, Kind, Result};

/// The names of the entities, or of the relations, of a graph; a name's id is its position.
///
/// ```
/// use sptx_train::Vocabulary;
/// let names: Vocabulary = ["ann", "bob", "ann"].into_iter().collect();
/// assert_eq!((names.len(), names.id("bob"), names.name(0)), (2, Some(1), Some("ann")));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    names: IndexSet<Box<str>, FxBuildHasher>,
}

impl Vocabulary {
    /// The number of names.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are no names.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The id of a name.
    pub fn id(&self, name: &str) -> Option<u32> {
        // `insert` keeps every position within `u32`.
        self.names.get_index_of(name).map(|position| position as u32)
    }

    /// The name of an id.
    pub fn name(&self, id: u32) -> Option<&str> {
        self.names.get_index(id as usize).map(AsRef::as_ref)
    }

    /// The names in order of id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// The id of a name that a user typed.
    ///
    /// # Errors
    /// [`Error::UnknownName`], with the nearest known name, where the name is not known.
    ///
    /// ```
    /// use sptx_train::{Kind, Vocabulary};
    /// let names: Vocabulary = ["germany", "france"].into_iter().collect();
    /// assert_eq!(
    ///     names.require("germny", Kind::Entity).unwrap_err().to_string(),
    ///     "no entity is named `germny`; did you mean `germany`?",
    /// );
    /// ```
    pub fn require(&self, name: &str, kind: Kind) -> Result<u32> {
        self.id(name).ok_or_else(|| Error::UnknownName {
            kind,
            name: name.to_owned(),
            suggestion: self.nearest(name).map(str::to_owned),
        })
    }

    /// The known name nearest to `name`, where one is near enough to be a slip of the hand.
    ///
    /// The distance counts insertions, deletions, substitutions and swaps of neighbours; up to a third of the name's
    /// characters may differ. Letters that differ in case only count as near.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        let wanted = name.to_lowercase();
        let length = wanted.chars().count();
        let allowed = length.div_ceil(3);
        self.iter()
            .filter(|known| known.len().abs_diff(name.len()) <= 4 * allowed)
            .map(|known| (strsim::osa_distance(&wanted, &known.to_lowercase()), known))
            .filter(|&(distance, _)| distance <= allowed && distance < length)
            .min_by_key(|&(distance, _)| distance)
            .map(|(_, known)| known)
    }

    /// The id of a name, which is added where it is new.
    ///
    /// # Errors
    /// [`Error::TooManyNames`] where the ids of 32 bits are used up.
    pub fn insert(&mut self, name: &str, kind: Kind) -> Result<u32> {
        match self.id(name) {
            Some(id) => Ok(id),
            None => {
                let id = u32::try_from(self.len()).ok().filter(|&id| id < u32::MAX);
                let id = id.ok_or(Error::TooManyNames { kind })?;
                self.names.insert(name.into());
                Ok(id)
            }
        }
    }
}

impl<'a> FromIterator<&'a str> for Vocabulary {
    /// The distinct names in order of first appearance.
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        Vocabulary { names: names.into_iter().map(Into::into).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_slips_and_nothing_far() {
        let names: Vocabulary = ["located_in", "neighbor_of", "x"].into_iter().collect();
        assert_eq!(names.nearest("lcoated_in"), Some("located_in"));
        assert_eq!(names.nearest("Located_In"), Some("located_in"));
        assert_eq!(names.nearest("wholly_other"), None);
        assert_eq!(names.nearest("y"), None);
        assert_eq!(names.nearest(""), None);
    }

    #[test]
    fn insert_keeps_the_first_id() {
        let mut names = Vocabulary::default();
        assert_eq!(names.insert("a", Kind::Entity).ok(), Some(0));
        assert_eq!(names.insert("b", Kind::Entity).ok(), Some(1));
        assert_eq!(names.insert("a", Kind::Entity).ok(), Some(0));
        assert_eq!(names.iter().collect::<Vec<_>>(), ["a", "b"]);
    }
}
