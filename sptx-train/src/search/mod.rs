//! Searching for settings: trials drawn from a space, each an ordinary run, the best chosen by validation.
//!
//! A [`Space`] is read from a file: the settings that all trials share, and the values to try of others. What the trials
//! are is a function of the space and its seed, for every value is drawn at an address (seed, trial, key). What they
//! give is a function of that and the data, unless a budget in seconds ends something early.
//!
//! | File of the search's folder | What it holds |
//! |---|---|
//! | `search.toml` | the space, as it was given |
//! | `trials/NNNN` | the run folder of a trial |
//! | `leaderboard.jsonl` | a line for each stint of a trial, in the order in which they ended: the search's memory |
//! | `leaderboard.json` | the trials, the best first |
//! | `best.toml` | the configuration of the best one |
//!
//! A search that was stopped or killed goes on where it was: stints that ended are in its memory, and the run under way
//! goes on from its checkpoint. The test split is never looked at.
//!
//! The searches that crates offer (TPE, Bayesian optimizers) draw from a generator in turn and keep their state in
//! memory, so that neither a resumed search nor one with a trial more would be the same; the strategies here are small
//! enough to be functions of what has been recorded.

mod driver;
mod error;
mod folder;
mod leaderboard;
mod limits;
mod plan;
mod record;
mod sample;
mod space;
mod trial;

pub use driver::{Search, SearchEnding, SearchObserver};
pub use error::{SearchError, SpaceMistake};
pub use leaderboard::{Entry, Leaderboard};
pub use plan::Task;
pub use record::{Ended, Record};
pub use sample::Point;
pub use space::{Space, Strategy, spelled};
pub use trial::LoadedModel;
