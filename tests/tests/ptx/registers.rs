//! Registers are what occupancy follows from: a change of a kernel that takes more of them is seen here.

use std::collections::BTreeMap;
use std::path::Path;

use sptx_codegen::emit::ptx::{self, Arch};
use sptx_codegen::gpu;
use sptx_runtime::gpu::Schedule;
use sptx_runtime::program::Model;
use sptx_tests::{lowered, zoo};

use crate::assembler::Assembler;
use crate::thorough;

const GOLDEN: &str = "tests/golden/registers.txt";

/// The assembler that they are recorded of.
const VERSION: &str = "12.9.86";

/// The registers of a model's kernels under the default schedule.
fn registers(assembler: &Assembler, model: &Model, arch: Arch) -> Vec<(String, u32)> {
    let plans = gpu::plan(model, &Schedule::default());
    let text = ptx::module(plans.iter().map(|plan| &plan.kernel), arch);
    assembler.assemble(&text, arch).into_iter().map(|it| (it.entry, it.registers)).collect()
}

fn title(model: &Model) -> String {
    let choices: Vec<String> = model.choices.iter().map(|it| format!(" {}={}", it.name, it.chosen)).collect();
    format!("# {}{}", model.name, choices.concat())
}

/// A model's part of the file: a line a kernel, a column a generation.
fn part(assembler: &Assembler, model: &Model) -> String {
    let columns = Arch::ALL.map(|arch| registers(assembler, model, arch));
    let mut lines = vec![format!("\n{}", title(model))];
    for (number, (entry, _)) in columns[0].iter().enumerate() {
        assert!(columns.iter().all(|column| column[number].0 == *entry), "kernels come in the order of the text");
        let counts: String = columns.iter().map(|column| format!("{:>5}", column[number].1)).collect();
        lines.push(format!("{entry:<40}{counts}"));
    }
    lines.join("\n") + "\n"
}

/// What is recorded of a generation: the registers of each kernel, by the model's title.
fn recorded(text: &str, arch: Arch) -> BTreeMap<String, Vec<(String, u32)>> {
    let mut models = BTreeMap::new();
    for part in text.split("\n\n").skip(1) {
        let (title, lines) = part.split_once('\n').expect("a title");
        let kernel = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            (words[0].to_owned(), words[1 + arch as usize].parse().expect("a number"))
        };
        models.insert(title.to_owned(), lines.lines().map(kernel).collect());
    }
    models
}

/// One generation for each model, another for the next; all where that is asked for, or where they are recorded anew.
#[test]
fn registers_are_those_recorded() {
    let Some(assembler) = Assembler::find() else { return };
    if !assembler.is_version(&format!("V{VERSION}")) {
        return println!("SKIPPED (ptxas): registers are recorded of version {VERSION}");
    }
    let models: Vec<Model> = zoo().iter().map(|score| lowered(score).1).collect();
    if thorough() || std::env::var_os("UPDATE_EXPECT").is_some() {
        let archs = Arch::ALL.map(Arch::name).join(", ");
        let head = format!("# Registers of each kernel on {archs} under the default schedule, by ptxas {VERSION}.\n");
        let parts: String = models.iter().map(|model| part(&assembler, model)).collect();
        return expect_test::expect_file!["../../golden/registers.txt"].assert_eq(&(head + &parts));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(GOLDEN);
    let text = std::fs::read_to_string(path).expect("the file is there");
    let recorded = Arch::ALL.map(|arch| recorded(&text, arch));
    assert_eq!(recorded[0].len(), models.len(), "models that are recorded");
    for (number, model) in models.iter().enumerate() {
        let arch = Arch::ALL[number % Arch::ALL.len()];
        let found = registers(&assembler, model, arch);
        let title = title(model);
        let how = "`cargo xtask bless` records them anew";
        assert_eq!(Some(&found), recorded[arch as usize].get(&title), "{title} on {arch}; {how}");
    }
}
