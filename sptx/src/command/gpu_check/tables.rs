//! Measurements as a table for people.

use super::measure::{MeasureReport, Measured};
use super::rivals::{RivalTime, RivalsReport};
use super::samples::Samples;
use crate::command::Outcome;
use crate::command::output;

/// The rivals, in the order of their columns.
const RIVALS: [&str; 3] = ["eager", "compile", "sparse"];

/// Prints each kernel's best schedule beside the copy and the rivals.
pub(super) fn print(report: &MeasureReport, rivals: Option<&RivalsReport>) -> Outcome {
    let MeasureReport { graph, entities, relations, triples, batch, optimizer, copy, kernels } = report;
    output::line(format!(
        "  measure   {graph}: {entities} entities, {relations} relations, {triples} triples; batches of {batch} positives, one \
         negative each; {optimizer}"
    ))?;
    if let Some(copy) = copy {
        let (megabytes, speed) = (copy.bytes as f64 / 2e6, copy.gb_per_s);
        output::line(format!("  copy      {speed:.1} GB/s read and written, of {megabytes:.0} MB at a time\n"))?;
    }
    let headings = ["model", "choices", "dim", "kernel", "best schedule", "time", "MB", "GB/s", "of copy"];
    let headings: Vec<&str> = headings.into_iter().chain(RIVALS).collect();
    let mut table = output::table(&headings, 5);
    for best in best_of(kernels) {
        let Some(seconds) = &best.seconds else { continue };
        let mut row = vec![
            best.model.clone(),
            best.choices.clone(),
            best.dim.clone(),
            best.kernel.to_owned(),
            best.schedule.clone(),
            milliseconds(seconds),
            format!("{:.1}", best.bytes as f64 / 1e6),
            best.gb_per_s.map_or(String::new(), |speed| format!("{speed:.1}")),
            best.of_copy.map_or(String::new(), |share| format!("{:.0} %", 100.0 * share)),
        ];
        row.extend(RIVALS.map(|rival| {
            let time = rivals.and_then(|rivals| time_of(rivals, best, rival));
            time.map_or("-".to_owned(), |time| format!("{:.1}×", time.median / seconds.median))
        }));
        table.add_row(row);
    }
    output::line(table)?;
    output::line("\nTimes are medians; under a rival stands how many times as long it takes.")?;
    for kernel in kernels {
        if let Some(why) = &kernel.failed {
            let Measured { model, dim, kernel, schedule, .. } = kernel;
            output::line(format!("    FAILED {model} {dim} {kernel} {schedule}: {why}"))?;
        }
    }
    Ok(())
}

/// Of each model, size and kernel the schedule that takes the least time.
fn best_of(kernels: &[Measured]) -> Vec<&Measured> {
    let mut best: Vec<&Measured> = Vec::new();
    let median = |it: &Measured| it.seconds.as_ref().map_or(f64::INFINITY, |seconds| seconds.median);
    for kernel in kernels {
        // Few samples may be lucky ones: what took turns with others comes first.
        let order = |it: &Measured| (!it.finalist, median(it));
        let same = |it: &&mut &Measured| {
            (&it.model, &it.choices, &it.dim, it.kernel) == (&kernel.model, &kernel.choices, &kernel.dim, kernel.kernel)
        };
        match best.iter_mut().find(same) {
            None => best.push(kernel),
            Some(it) if order(kernel) < order(it) => *it = kernel,
            Some(_) => {}
        }
    }
    best
}

/// The seconds of a rival's kernel on the same model and size.
fn time_of<'a>(rivals: &'a RivalsReport, best: &Measured, rival: &str) -> Option<&'a Samples> {
    let same = |it: &&RivalTime| {
        it.model == best.model
            && it.choices == best.choices
            && best.dim == format!("d={}", it.dim)
            && it.kernel == best.kernel
            && it.rival == rival
    };
    rivals.kernels.iter().find(same).map(|it| &it.seconds)
}

fn milliseconds(seconds: &Samples) -> String {
    format!("{:.3} ms", 1e3 * seconds.median)
}
