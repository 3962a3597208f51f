//! Searching: stint after stint, each remembered when it has ended.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::error::SearchError;
use super::folder::SearchFolder;
use super::leaderboard::Leaderboard;
use super::limits::{Stop, deadline};
use super::plan::{Plan, Task};
use super::record::{Ended, Record};
use super::sample::Point;
use super::space::Space;
use super::trial::{Became, Ending, Load, Stint};
use crate::dataset::Dataset;
use crate::error::Result;
use crate::trainer::Observer;

/// Watches a search, and the runs of its trials as they are trained.
pub trait SearchObserver: Observer {
    /// A stint begins, or goes on after an interruption.
    fn trial_started(&mut self, task: &Task, settings: &Point) {
        let _ = (task, settings);
    }

    /// A stint has ended.
    fn trial_ended(&mut self, task: &Task, record: &Record) {
        let _ = (task, record);
    }
}

impl SearchObserver for crate::trainer::Silent {}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchEnding {
    /// Everything was tried.
    Finished,
    /// The seconds of the whole search were spent. With more of them it goes on.
    OutOfTime,
    /// The observer asked for it. It goes on when it is run again.
    Interrupted,
}

/// A search in its folder.
#[derive(Debug)]
pub struct Search {
    space: Space,
    dataset: Arc<Dataset>,
    points: Vec<Point>,
    plan: Plan,
    folder: SearchFolder,
    records: Vec<Record>,
}

impl Search {
    /// A search that is kept in a folder: a new one, or the one that the folder has, if its space is the same.
    ///
    /// # Errors
    /// When the dataset has no validation split or is not the one that the search began with, or the folder cannot be
    /// written, holds anything else, is damaged, or another process searches in it.
    pub fn open(space: Space, dataset: Arc<Dataset>, path: impl AsRef<Path>) -> Result<Self> {
        if dataset.valid().is_empty() {
            return Err(SearchError::NothingToValidate.into());
        }
        let folder = SearchFolder::open(path.as_ref(), &space)?;
        let (points, records) = (space.points(), folder.records()?);
        let (rungs, eta, metric) = (space.rungs.clone(), space.options.eta(), space.metric());
        let plan = Plan { trials: points.len() as u32, rungs, eta, metric };
        folder.check_dataset(plan.trials, &dataset)?;
        Ok(Self { space, dataset, points, plan, folder, records })
    }

    /// Does what is left of the search, then writes `leaderboard.json` and, where any trial has a value, `best.toml`.
    /// `load` finds the model that a trial's configuration refers to: in the folder of its run, where that has been begun.
    ///
    /// # Errors
    /// When a run's folder cannot be read or written. What had ended before is remembered. A trial whose settings cannot be
    /// trained is no error: its record has the reason.
    pub fn run(&mut self, load: Load<'_>, observer: &mut dyn SearchObserver) -> Result<SearchEnding> {
        let spent: f64 = self.records.iter().map(|record| record.seconds).sum();
        let end = deadline(self.space.options.seconds, spent);
        let ending = self.go_on(load, end, observer)?;
        if ending != SearchEnding::Interrupted {
            self.write_results()?;
        }
        Ok(ending)
    }

    fn go_on(
        &mut self,
        load: Load<'_>,
        end: Option<Instant>,
        observer: &mut dyn SearchObserver,
    ) -> Result<SearchEnding> {
        while let Some(task) = self.plan.next(&self.records) {
            if observer.should_stop() {
                return Ok(SearchEnding::Interrupted);
            }
            if end.is_some_and(|end| Instant::now() >= end) {
                return Ok(SearchEnding::OutOfTime);
            }
            observer.trial_started(&task, &self.points[task.trial as usize]);
            let ending = match self.stint(task, load, end, observer)? {
                Became::Ended(ending) => ending,
                Became::Stopped(Stop::Search) => return Ok(SearchEnding::OutOfTime),
                Became::Stopped(Stop::Asked | Stop::Trial) => return Ok(SearchEnding::Interrupted),
            };
            let record = self.record(task, ending);
            observer.trial_ended(&task, &record);
            self.records.push(record);
            self.folder.set_records(&self.records)?;
        }
        Ok(SearchEnding::Finished)
    }

    fn stint(
        &self,
        task: Task,
        load: Load<'_>,
        deadline: Option<Instant>,
        observer: &mut dyn SearchObserver,
    ) -> Result<Became> {
        let mut config = match self.space.config(&self.points[task.trial as usize]) {
            Ok(config) => config,
            Err(error) => return Ok(Became::Ended(Ending::refused(error.to_string()))),
        };
        config.epochs = task.epochs.unwrap_or(config.epochs);
        // What chooses is validation; whoever wants more of a trial evaluates its run.
        config.evaluation.splits.clear();
        let earlier: Vec<&Record> = self.records.iter().filter(|record| record.trial == task.trial).collect();
        let epochs = earlier.iter().map(|record| record.epochs).max().unwrap_or(0);
        let before = (epochs, earlier.iter().map(|record| record.seconds).sum());
        let (path, seconds) = (self.folder.trial(task.trial), self.space.options.trial_seconds);
        let dataset = &self.dataset;
        Stint { config, path: &path, dataset, load, before, seconds, deadline }.run(observer)
    }

    fn record(&self, task: Task, ending: Ending) -> Record {
        let Ending { ended, reason, best, epochs, seconds } = ending;
        Record {
            trial: task.trial,
            rung: task.rung,
            ended,
            reason,
            value: best.map(|(_, value)| value),
            best_epoch: best.map(|(epoch, _)| epoch),
            epochs,
            seconds,
            settings: self.points[task.trial as usize].clone(),
        }
    }

    fn write_results(&self) -> Result<()> {
        let leaderboard = self.leaderboard();
        let best = leaderboard.best().map(|best| self.space.best_toml(&leaderboard, best)).transpose()?;
        Ok(self.folder.write_results(&leaderboard, best.as_deref())?)
    }

    /// The trials so far, the best first.
    pub fn leaderboard(&self) -> Leaderboard {
        Leaderboard::new(self.plan.metric, &self.records)
    }

    /// The space.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// What the trials are trained on.
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// The settings of each trial.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The epochs of each rung: of a random search one rung, whose epochs are each trial's own.
    pub fn rungs(&self) -> &[Option<u32>] {
        &self.plan.rungs
    }

    /// How many stints there are in all, if no trial fails.
    pub fn stints(&self) -> usize {
        self.plan.stints()
    }

    /// How many of them have ended.
    pub fn stints_done(&self) -> usize {
        self.records.len()
    }

    /// Where the search is kept.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the run of a trial is kept.
    pub fn run_path(&self, trial: u32) -> PathBuf {
        self.folder.trial(trial)
    }

    /// Where the configuration of the best trial is written.
    pub fn best_path(&self) -> PathBuf {
        self.folder.best()
    }
}

impl Ending {
    /// The end of a trial whose settings do not go together.
    fn refused(reason: String) -> Self {
        Self { ended: Ended::Failed, reason: Some(reason), best: None, epochs: 0, seconds: 0.0 }
    }
}
