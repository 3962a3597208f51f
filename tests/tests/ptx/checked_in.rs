//! The kernels that are checked in for people to read, as they are: `xtask` holds them against what the compiler gives.

use std::collections::BTreeMap;
use std::path::Path;

use sptx_codegen::emit::ptx::{self, Arch};
use sptx_codegen::ir::Score;
use sptx_ptx_machine::Module;
use sptx_runtime::gpu::Schedule;
use sptx_tests::{Case, PtxMachine, TOLERANCE, dims, kernels, zoo};

use crate::assembler::Assembler;

/// The texts by the names of their files.
fn texts() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kernels-generated/src/generated/ptx");
    let text = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.expect("the folder can be read").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (name, std::fs::read_to_string(&path).expect("a file of the folder"))
    };
    let texts: BTreeMap<_, _> = std::fs::read_dir(folder).expect("the folder is there").map(text).collect();
    assert!(texts.len() > 20, "{} texts", texts.len());
    texts
}

/// The oldest generation that a text is for.
fn arch_of(text: &str) -> Arch {
    let target = text.lines().find_map(|line| line.strip_prefix(".target ")).expect("a target");
    target.parse().expect("a generation")
}

#[test]
fn what_is_checked_in_assembles_without_spills() {
    let Some(assembler) = Assembler::find() else { return };
    for (name, text) in texts() {
        let assembled = assembler.assemble(&text, arch_of(&text));
        assert!(assembled.len() == 1 && assembled[0].spills.is_none(), "{name}: {assembled:?}");
    }
}

/// Cases of the models whose kernels are checked in, in the choices that these have.
fn cases(texts: &BTreeMap<String, String>) -> Vec<Case> {
    let shown = |score: &Score| texts.contains_key(&format!("{}_forward", score.name.to_lowercase()));
    let zoo = zoo().into_iter().filter(shown).enumerate();
    zoo.filter_map(|(number, score)| Case::new(&score, dims(&score, 13), 21, number as u64)).collect()
}

/// In the place of what the compiler gives now, they score and differentiate as the interpreter does.
#[test]
fn what_is_checked_in_runs_on_the_machine() {
    let texts = texts();
    let mut ran = Vec::new();
    for arch in [Arch::Sm75, Arch::Sm100] {
        for case in cases(&texts) {
            let schedule = Schedule::default();
            let mut artifacts = ptx::artifacts(&kernels(&case.model, schedule), schedule, arch);
            let mut names = Vec::new();
            for artifact in &mut artifacts {
                let named = [format!("{}.{arch}", artifact.entry), artifact.entry.clone()];
                let Some((name, text)) = named.into_iter().find_map(|name| texts.get_key_value(&name)) else {
                    continue;
                };
                // Of a model in other choices, or for another generation, it is another kernel.
                if text.ends_with(&artifact.text) {
                    artifact.text.clone_from(text);
                    names.push(name.clone());
                }
            }
            if !names.is_empty() {
                let mut engine = case.gpu_engine(PtxMachine::default(), artifacts);
                let mut wrong = case.check_gpu(&mut engine, TOLERANCE);
                wrong.extend(case.check_gpu_blocks(&mut engine, TOLERANCE));
                assert!(wrong.is_empty(), "{names:?}: {wrong:?}");
                ran.extend(names);
            }
        }
    }
    // Those of training steps are run in runs; the machine knows all of their instructions.
    for (name, text) in &texts {
        let module = Module::parse(text).unwrap_or_else(|mistake| panic!("{name}: {mistake}"));
        assert_eq!(module.entries().len(), 1, "{name}");
    }
    ran.sort();
    ran.dedup();
    assert!(ran.len() >= 18 && ran.iter().any(|name| name.ends_with("sm_100")), "{ran:?}");
}
