//! The trials of a search as tables, a column for each setting that differs.

use comfy_table::Table;
use sptx::train::search::{Entry, Leaderboard, Point, Search, Space, spelled};

use super::super::output;
use super::Planned;

/// The trials that would be made.
pub(super) fn planned(space: &Space, planned: &[Planned<'_>]) -> Table {
    let keys: Vec<&str> = space.settings().collect();
    let any_mistake = planned.iter().any(|trial| trial.mistake.is_some());
    let mut table = table(&["trial"], &keys, any_mistake.then_some("mistake"));
    for trial in planned {
        let mut row = vec![trial.trial.to_string()];
        row.extend(values(&keys, trial.settings));
        row.extend(trial.mistake.clone());
        table.add_row(row);
    }
    table
}

/// The trials that were made, the best first.
pub(super) fn leaderboard(search: &Search, leaderboard: &Leaderboard) -> Table {
    let keys: Vec<&str> = search.space().settings().collect();
    let headings = ["trial", leaderboard.metric.key(), "epochs", "seconds"];
    let mut table = table(&headings, &keys, Some("ended"));
    for entry in &leaderboard.trials {
        let Entry { trial, epochs, seconds, .. } = entry;
        let value = entry.value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
        let mut row = vec![trial.to_string(), value, epochs.to_string(), format!("{seconds:.1}")];
        row.extend(values(&keys, &entry.settings));
        row.push(ending(entry));
        table.add_row(row);
    }
    table
}

/// How a trial ended, in one line.
fn ending(entry: &Entry) -> String {
    let reason = entry.reason.as_deref().and_then(|reason| reason.lines().next());
    reason.map_or_else(|| entry.ended.name().to_owned(), |reason| format!("{}: {reason}", entry.ended.name()))
}

fn values<'a>(keys: &'a [&str], settings: &'a Point) -> impl Iterator<Item = String> + 'a {
    keys.iter().map(|key| settings.get(*key).map_or_else(String::new, spelled))
}

/// A table with a column for each setting, named by the last part of its key where no other ends so.
fn table(first: &[&str], keys: &[&str], last: Option<&str>) -> Table {
    let name = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let short = |key: &&str| {
        let alone = keys.iter().filter(|other| name(other) == name(key)).count() == 1;
        if alone { name(key) } else { (*key).to_owned() }
    };
    let settings: Vec<String> = keys.iter().map(short).collect();
    let headings = first.iter().copied().chain(settings.iter().map(String::as_str)).chain(last);
    let mut table = output::table(&headings.collect::<Vec<_>>(), 0);
    // Reasons read better from the left.
    if let Some(column) = last.and_then(|_| table.column_iter_mut().last()) {
        column.set_cell_alignment(comfy_table::CellAlignment::Left);
    }
    table
}
