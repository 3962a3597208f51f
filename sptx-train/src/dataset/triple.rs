//! Triples of ids, and the splits they come in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// One edge of a knowledge graph, by id.
///
/// ```
/// use sptx_train::Triple;
/// assert_eq!(Triple::new(1, 2, 3), Triple { head: 1, relation: 2, tail: 3 });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct Triple {
    /// The entity that the edge leaves.
    pub head: u32,
    /// The label of the edge.
    pub relation: u32,
    /// The entity that the edge reaches.
    pub tail: u32,
}

impl Triple {
    /// The edge from `head` to `tail` labelled `relation`.
    pub fn new(head: u32, relation: u32, tail: u32) -> Self {
        Triple { head, relation, tail }
    }
}

/// One of the three parts of a dataset.
///
/// ```
/// use sptx_train::Split;
/// assert_eq!("valid".parse::<Split>().unwrap(), Split::Valid);
/// assert!("validation set".parse::<Split>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// What a model learns from.
    Train,
    /// What settings are chosen by.
    Valid,
    /// What a model is judged by.
    Test,
}

impl Split {
    /// The three splits in order.
    pub const ALL: [Split; 3] = [Split::Train, Split::Valid, Split::Test];

    /// The split's name, which is also the stem of its file.
    pub fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Valid => "valid",
            Split::Test => "test",
        }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Split {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let known = Split::ALL.into_iter().find(|split| split.name() == name);
        known.ok_or_else(|| Error::UnknownSplit { name: name.to_owned() })
    }
}
