//! Small runs: a made-up graph, models of the zoo, observers that stop.

use std::path::Path;
use std::sync::Arc;

use sptx_runtime::kernel::CompiledModel;
use sptx_train::{Config, Dataset, Observer, Outcome, RunFolder, Trainer};

/// A model of the zoo.
pub(crate) fn model(name: &str) -> CompiledModel {
    (kernels_generated::find(name).expect("a model of the zoo").load)(&[]).expect("no choices")
}

/// A graph of 60 entities where relation `r` leads from `i` to `i + 2r + 1`.
pub(crate) fn graph() -> Arc<Dataset> {
    let mut texts = [String::new(), String::new(), String::new()];
    for entity in 0..60 {
        for relation in 0..5 {
            let split = match (entity * 5 + relation) % 11 {
                3 => 1,
                7 => 2,
                _ => 0,
            };
            let text = &mut texts[split];
            text.push_str(&format!("e{entity}\tr{relation}\te{}\n", (entity + 2 * relation + 1) % 60));
        }
    }
    let [train, valid, test] = &texts;
    Arc::new(Dataset::from_texts("circle", train, valid, test).expect("a dataset"))
}

/// Settings under which the graph is trained in an instant: 7 batches an epoch, validation, no saving by time.
pub(crate) fn config(model: &str) -> Config {
    let mut config = Config::defaults_for(model);
    let settings = [
        "dim=10",
        "epochs=6",
        "batch_size=40",
        "negatives=3",
        "threads=1",
        "seed=11",
        "validation.every=2",
        "checkpoint.seconds=0",
        "sampler.filtered=true",
        "sampler.corruption=bernoulli",
    ];
    settings.into_iter().for_each(|setting| config.set(setting).expect(setting));
    config
}

/// A run kept in a folder.
pub(crate) fn begin(model_name: &str, config: Config, path: &Path) -> Trainer {
    let mut trainer = Trainer::new(model(model_name), graph(), config).expect("a trainer");
    trainer.keep_in(RunFolder::create(path).expect("a folder"), None).expect("kept");
    trainer
}

/// The same run, resumed.
pub(crate) fn resume(model_name: &str, config: Config, path: &Path) -> Trainer {
    let folder = RunFolder::open(path).expect("a run");
    Trainer::resume(model(model_name), graph(), config, folder).expect("resumed")
}

/// The bytes of a finished run's embeddings.
pub(crate) fn embeddings(path: &Path) -> Vec<u8> {
    std::fs::read(path.join(RunFolder::EMBEDDINGS)).expect("embeddings")
}

/// Trains to the end, and gives the bytes of the embeddings.
pub(crate) fn complete(mut trainer: Trainer) -> Vec<u8> {
    let outcome = trainer.train(&mut sptx_train::Silent).expect("trained");
    assert!(!matches!(outcome, Outcome::Interrupted { .. }));
    trainer.finish(None).expect("finished");
    embeddings(trainer.folder().expect("a folder").path())
}

/// Stops after some batches.
pub(crate) struct StopAfter(pub(crate) u32);

impl Observer for StopAfter {
    fn should_stop(&mut self) -> bool {
        self.0 = self.0.saturating_sub(1);
        self.0 == 0
    }
}
