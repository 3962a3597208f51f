//! What is to be done next: a function of what has been recorded, and of nothing else.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::record::Record;
use crate::config::MetricName;

/// What a search does in what order.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// How many trials there are.
    pub(super) trials: u32,
    /// The epochs of each rung; none where they are the trial's own.
    pub(super) rungs: Vec<Option<u32>>,
    /// One in so many goes on to the next rung.
    pub(super) eta: u32,
    /// What chooses those.
    pub(super) metric: MetricName,
}

/// A stint: a trial on a rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// The trial, from 0.
    pub trial: u32,
    /// The rung, from 0.
    pub rung: u32,
    /// The epochs that the trial is to have done; none where its settings say.
    pub epochs: Option<u32>,
    /// How many stints come before it.
    pub position: usize,
    /// How many there are in all, if none fails.
    pub stints: usize,
}

impl Plan {
    /// The next stint, if there is one.
    pub(super) fn next(&self, records: &[Record]) -> Option<Task> {
        let done: BTreeSet<(u32, u32)> = records.iter().map(|record| (record.trial, record.rung)).collect();
        let mut entrants: Vec<u32> = (0..self.trials).collect();
        for (rung, epochs) in (0..).zip(&self.rungs) {
            if let Some(&trial) = entrants.iter().find(|&&trial| !done.contains(&(trial, rung))) {
                let (position, stints) = (records.len(), self.stints());
                return Some(Task { trial, rung, epochs: *epochs, position, stints });
            }
            entrants = self.survivors(&entrants, rung, records);
        }
        None
    }

    /// How many stints there are, if every trial can go on.
    pub(super) fn stints(&self) -> usize {
        let fewer = |trials: &usize| Some(self.kept(*trials));
        std::iter::successors(Some(self.trials as usize), fewer).take(self.rungs.len()).sum()
    }

    /// How many of some trials go on.
    fn kept(&self, trials: usize) -> usize {
        (trials / self.eta as usize).max(1)
    }

    /// The trials of a rung that go on, the best first.
    fn survivors(&self, entrants: &[u32], rung: u32, records: &[Record]) -> Vec<u32> {
        let able = |record: &&Record| record.rung == rung && record.ended.may_go_on();
        let mut able: Vec<&Record> = records.iter().filter(able).collect();
        able.sort_by(|a, b| order(self.metric, a, b));
        able.into_iter().take(self.kept(entrants.len())).map(|record| record.trial).collect()
    }
}

/// The better one first; where they are as good, the one with the lower number.
pub(super) fn order(metric: MetricName, a: &Record, b: &Record) -> Ordering {
    let by_value = match (a.value, b.value) {
        (Some(a), Some(b)) if metric.improves(a, b) => Ordering::Less,
        (Some(a), Some(b)) if metric.improves(b, a) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), Some(_)) | (None, None) => Ordering::Equal,
    };
    by_value.then(a.trial.cmp(&b.trial))
}

#[cfg(test)]
mod tests {
    use super::super::record::Ended;
    use super::*;

    fn plan(trials: u32, rungs: &[u32], eta: u32, metric: MetricName) -> Plan {
        Plan { trials, rungs: rungs.iter().copied().map(Some).collect(), eta, metric }
    }

    /// Follows a plan to its end, each stint having the value that `value` says, or failing. Gives trials by rungs.
    fn follow(plan: &Plan, value: impl Fn(u32, u32) -> Option<f64>) -> Vec<Vec<u32>> {
        let (mut records, mut rungs) = (Vec::new(), vec![Vec::new(); plan.rungs.len()]);
        while let Some(Task { trial, rung, epochs, position, .. }) = plan.next(&records) {
            assert_eq!(position, records.len());
            rungs[rung as usize].push(trial);
            let value = value(trial, rung);
            let ended = if value.is_some() { Ended::Finished } else { Ended::Failed };
            let epochs = epochs.unwrap_or(1);
            let (reason, best_epoch, settings) = (None, Some(epochs), Default::default());
            records.push(Record { trial, rung, ended, reason, value, best_epoch, epochs, seconds: 1.0, settings });
        }
        rungs
    }

    #[test]
    fn the_best_of_each_rung_go_on() {
        let plan = plan(9, &[1, 3, 9], 3, MetricName::MeanReciprocalRank);
        let rungs = follow(&plan, |trial, _| Some(f64::from(trial)));
        assert_eq!(rungs, [vec![0, 1, 2, 3, 4, 5, 6, 7, 8], vec![8, 7, 6], vec![8]]);
        assert_eq!(plan.stints(), 13);
    }

    #[test]
    fn of_mean_ranks_the_least_go_on_and_of_equals_the_first() {
        let plan = plan(4, &[1, 2], 2, MetricName::MeanRank);
        assert_eq!(follow(&plan, |trial, _| Some(f64::from(trial / 2)))[1], [0, 1]);
        assert_eq!(follow(&plan, |trial, _| Some(-f64::from(trial / 2)))[1], [2, 3]);
    }

    #[test]
    fn failures_make_room_and_may_leave_nothing() {
        let plan = plan(6, &[1, 2, 4], 2, MetricName::HitsAt1);
        let some = follow(&plan, |trial, rung| (trial % 2 == 1 && (trial, rung) != (5, 1)).then_some(f64::from(trial)));
        assert_eq!(some[1..], [vec![5, 3, 1], vec![3]]);
        assert_eq!(follow(&plan, |_, _| None)[1..], [vec![], vec![]] as [Vec<u32>; 2]);
    }

    #[test]
    fn one_trial_climbs_alone() {
        let plan = plan(1, &[1, 2], 3, MetricName::HitsAt1);
        assert_eq!(follow(&plan, |_, _| Some(0.0)), [[0], [0]]);
    }
}
