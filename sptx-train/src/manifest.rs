//! `manifest.json`: what a run was made from, by what, on what, when.

use std::fs::File;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sptx_runtime::cpu::Engine;
use sptx_runtime::program::Model;
use sptx_runtime::simd::InstructionSet;

use crate::config::Config;
use crate::dataset::Dataset;
use crate::run_error::RunError;

/// What a run was made from, by what, on what, when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of sptx that began the run.
    pub version: String,
    /// The seed.
    pub seed: u64,
    /// The model.
    pub model: ModelEntry,
    /// The dataset.
    pub dataset: DatasetEntry,
    /// The machine that began the run.
    pub machine: Machine,
    /// When the run began, in UTC.
    pub started: String,
    /// When its embeddings and metrics were written, in UTC.
    pub ended: Option<String>,
    /// The digest (BLAKE3) of `embeddings.safetensors`.
    pub embeddings: Option<String>,
}

/// The model of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelEntry {
    /// Its name, as declared.
    pub name: String,
    /// The digest (BLAKE3) of its compiled program.
    pub digest: String,
    /// Numbers in its tables.
    pub parameters: usize,
    /// How its kernels run: `compiled` or `interpreted`.
    pub kernels: String,
}

/// The dataset of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatasetEntry {
    /// Its name.
    pub name: String,
    /// [`Dataset::digest`].
    pub digest: String,
    /// Entities.
    pub entities: usize,
    /// Relations.
    pub relations: usize,
    /// Triples of train, valid and test.
    pub triples: [usize; 3],
}

/// A machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The operating system.
    pub os: String,
    /// The processor's architecture.
    pub arch: String,
    /// The widest instruction set that kernels use.
    pub instruction_set: String,
    /// Threads of the engine.
    pub threads: usize,
}

impl Manifest {
    /// The manifest of a run that begins now.
    pub(crate) fn new(engine: &Engine, dataset: &Dataset, config: &Config) -> Self {
        let count = |triples: &[_]| triples.len();
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed: config.seed,
            model: ModelEntry {
                name: engine.model().name.clone(),
                digest: model_digest(engine.model()),
                parameters: engine.tables().parameter_count(),
                kernels: engine.kernel_kind().to_owned(),
            },
            dataset: DatasetEntry {
                name: dataset.name().to_owned(),
                digest: dataset.digest(),
                entities: dataset.entities().len(),
                relations: dataset.relations().len(),
                triples: [count(dataset.train()), count(dataset.valid()), count(dataset.test())],
            },
            machine: Machine {
                os: std::env::consts::OS.to_owned(),
                arch: std::env::consts::ARCH.to_owned(),
                instruction_set: InstructionSet::widest().to_string(),
                threads: engine.threads(),
            },
            started: now(),
            ended: None,
            embeddings: None,
        }
    }
}

/// A digest (BLAKE3, in hexadecimal) of a model's program.
pub(crate) fn model_digest(model: &Model) -> String {
    // A model is plain data, with no map whose order could vary.
    let json = serde_json::to_vec(model).unwrap_or_default();
    blake3::hash(&json).to_hex().to_string()
}

/// The time in UTC: `2026-01-31T23:59:59Z`.
pub(crate) fn now() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    utc(seconds)
}

fn utc(seconds: u64) -> String {
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", time / 3600, time / 60 % 60, time % 60)
}

/// Seconds since 1970 of a time in UTC, as [`now`] gives it; `None` where it is none.
pub(crate) fn seconds(time: &str) -> Option<u64> {
    let numbers = time.strip_suffix('Z')?.split(['-', 'T', ':']).map(str::parse);
    let numbers: Vec<u64> = numbers.collect::<Result<_, _>>().ok()?;
    let [year @ 1970..=9999, month @ 1..=12, day @ 1..=31, hour, minute, second] = numbers[..] else { return None };
    Some(days(year, month, day) * 86_400 + hour.min(23) * 3600 + minute.min(59) * 60 + second.min(60))
}

/// The number of days since 1970 of a date: [`civil`] turned round (Hinnant's `days_from_civil`).
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a number of days since 1970, in the Gregorian calendar (Hinnant's `civil_from_days`).
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

/// The digest (BLAKE3) of a file, read a piece at a time.
pub(crate) fn file_digest(path: &Path) -> Result<String, RunError> {
    let read = || -> std::io::Result<String> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(path)?)?;
        Ok(hasher.finalize().to_hex().to_string())
    };
    read().map_err(|source| RunError::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(utc(1_735_689_599), "2024-12-31T23:59:59Z");
        assert_eq!(utc(4_107_542_400), "2100-03-01T00:00:00Z");
    }

    #[test]
    fn times_are_read_as_they_are_written() {
        for time in [0, 951_827_696, 1_735_689_599, 4_107_542_400] {
            assert_eq!(seconds(&utc(time)), Some(time));
        }
        for text in ["", "yesterday", "2026-01-31", "2026-13-01T00:00:00Z", "1969-01-01T00:00:00Z"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
