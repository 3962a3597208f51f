//! The epochs of a run for TensorBoard, which watches them as they end: `tensorboard --logdir RUN`.
//!
//! An event file is the trace in another encoding: it is a function of the trace and of when the run began. When a run
//! resumes, the file is brought to where the trace is, so that no step stands in it twice. The time of an event is the
//! time that training would have reached it without a pause.

mod event;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use crate::atomic;
use crate::config::MetricName;
use crate::error::Result;
use crate::manifest;
use crate::run_error::RunError;
use crate::run_folder::RunFolder;
use crate::trainer::EpochRecord;

/// The event file of a run.
#[derive(Debug)]
pub(crate) struct EventLog {
    path: PathBuf,
    /// When the run began, in seconds since 1970.
    began: u64,
    /// Seconds of training up to the last event.
    seconds: f64,
}

impl EventLog {
    /// The event file of a run, with an event for each epoch that its trace has.
    pub(crate) fn open(run: &RunFolder) -> Result<Self> {
        let began = began(run)?;
        let folder = run.file(RunFolder::TENSORBOARD);
        std::fs::create_dir_all(&folder).map_err(|source| RunError::Write { path: folder.clone(), source })?;
        // TensorBoard knows its files by the middle of their names.
        let mut log = Self { path: folder.join(format!("events.out.tfevents.{began}.sptx")), began, seconds: 0.0 };
        let mut events = event::version(began as f64);
        for record in run.epochs()? {
            events.extend(log.encode(&record));
        }
        log.bring_to(&events)?;
        Ok(log)
    }

    /// Adds an epoch.
    pub(crate) fn append(&mut self, record: &EpochRecord) -> Result<(), RunError> {
        let event = self.encode(record);
        let file = OpenOptions::new().append(true).open(&self.path);
        file.and_then(|mut file| file.write_all(&event))
            .map_err(|source| RunError::Write { path: self.path.clone(), source })
    }

    fn encode(&mut self, record: &EpochRecord) -> Vec<u8> {
        self.seconds += record.seconds;
        // To a millisecond, which survives the trace's decimals.
        let time = self.began as f64 + (self.seconds * 1e3).round() / 1e3;
        event::scalars(time, record.epoch, &scalars(record))
    }

    /// Makes the file hold `events` and no more. What is there already stays in its place, for a TensorBoard that watches
    /// the file goes on from where it has read it to.
    fn bring_to(&self, events: &[u8]) -> Result<(), RunError> {
        let has_more = std::fs::read(&self.path).is_ok_and(|old| old.starts_with(events));
        if !has_more {
            return atomic::write(&self.path, |out| out.write_all(events));
        }
        let cut = || OpenOptions::new().write(true).open(&self.path)?.set_len(events.len() as u64);
        cut().map_err(|source| RunError::Write { path: self.path.clone(), source })
    }
}

fn began(run: &RunFolder) -> Result<u64> {
    let started = run.manifest()?.started;
    let what = || format!("`started` is `{started}`, which is no time in UTC");
    let seconds = manifest::seconds(&started);
    Ok(seconds.ok_or_else(|| RunError::Damaged { path: run.file(RunFolder::MANIFEST), what: what() })?)
}

/// What is shown of an epoch, by TensorBoard's names: `group/curve`.
fn scalars(record: &EpochRecord) -> Vec<(String, f64)> {
    let mut scalars = vec![
        ("train/loss".to_owned(), record.loss),
        ("train/triples_per_second".to_owned(), record.triples_per_second),
    ];
    if let Some(validation) = &record.validation {
        let metric = |name: MetricName| (format!("valid/{}", name.key()), name.among(&validation.metrics));
        scalars.extend(MetricName::ALL.map(metric));
    }
    scalars
}
