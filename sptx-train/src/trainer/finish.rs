//! The end of a run: tables and metrics.

use std::collections::BTreeMap;

use super::Trainer;
use crate::dataset::Split;
use crate::error::Result;
use crate::evaluate::{EvaluateOptions, Evaluator, Metrics};
use crate::report::write_report;
use crate::score::EngineScorer;

impl Trainer {
    /// Writes the tables, evaluates the splits that the configuration lists (empty ones are left out), writes the metrics
    /// and, where the configuration asks for one, the report. Without a folder nothing is written.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn finish(&self, progress: Option<&(dyn Fn(usize, usize) + Sync)>) -> Result<BTreeMap<Split, Metrics>> {
        if let Some(folder) = &self.folder {
            folder.write_embeddings(&self.engine, &self.config)?;
        }
        let evaluator = Evaluator::new(&self.dataset);
        let scorer = EngineScorer::new(&self.engine);
        let filtered = self.config.evaluation.filtered;
        let options = EvaluateOptions { filtered, progress, ..EvaluateOptions::default() };
        let mut metrics = BTreeMap::new();
        for split in &self.config.evaluation.splits {
            if !self.dataset.split(*split).is_empty() {
                let found = self.engine.install(|| evaluator.evaluate(&scorer, *split, &options))?;
                metrics.insert(*split, found);
            }
        }
        if let Some(folder) = &self.folder {
            folder.write_metrics(&metrics)?;
            if self.config.outputs.report {
                write_report(folder, Some(&self.dataset))?;
            }
        }
        Ok(metrics)
    }
}
