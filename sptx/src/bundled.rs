//! The graph that comes with the crate: facts about the countries of the world.

use sptx_train::{Dataset, Error};

/// Its name.
pub const NAME: &str = "countries";

/// The bundled graph. Its facts, and what to expect of them, are described beside it in `data/countries/README.md`.
///
/// # Errors
/// When a text is no dataset; the tests rule that out.
///
/// ```
/// let countries = sptx::bundled::countries().unwrap();
/// assert!(countries.entities().id("portugal").is_some());
/// ```
pub fn countries() -> Result<Dataset, Error> {
    let train = include_str!("../data/countries/train.txt");
    let valid = include_str!("../data/countries/valid.txt");
    let test = include_str!("../data/countries/test.txt");
    Dataset::from_texts(NAME, train, valid, test)
}
