//! Small runs of every rule, loss and kind of sampling.

use std::sync::Arc;

use sptx_runtime::cpu::Interpreter;
use sptx_runtime::kernel::CompiledModel;
use sptx_tests::{lowered, zoo};
use sptx_train::{Config, Dataset, Trainer};

/// Models of every kind, each with settings.
pub(crate) const RUNS: [(&str, &str); 9] = [
    ("TransE", "optimizer.name=adagrad loss.name=logistic"),
    ("DistMult", "optimizer.name=adam loss.name=softmax sampler.filtered=true"),
    ("ComplEx", "optimizer.name=row-adagrad loss.name=bce reciprocal=true"),
    ("TransH", "optimizer.name=lazy-adam loss.name=logistic loss.adversarial=1"),
    ("TransR", "optimizer.name=sgd loss.name=softmax dims.k=5"),
    ("RotatE", "optimizer.name=adam loss.name=logistic regime.sides=tail sampler.corruption=uniform"),
    ("TransA", "optimizer.name=adagrad loss.name=logistic optimizer.weight_decay=0.01"),
    ("RESCAL", "optimizer.name=row-adagrad loss.name=softmax loss.reduction=sum optimizer.learning_rate=0.01"),
    ("PairRE", "optimizer.name=lazy-adam loss.name=bce schedule.name=cosine"),
];

/// Models whose scores split, against shared negatives.
const SHARED: [(&str, &str); 10] = [
    ("TransE", "optimizer.name=sgd loss.name=margin regime.chunk=5"),
    ("ComplEx", "optimizer.name=adam loss.name=softmax"),
    ("RotatE", "optimizer.name=row-adagrad loss.name=logistic loss.adversarial=1 regime.sides=head"),
    ("RESCAL", "optimizer.name=adagrad loss.name=logistic regime.filtered=true regime.chunk=7"),
    ("SimplE", "optimizer.name=lazy-adam loss.name=bce loss.reduction=sum regime.filtered=true negatives=40"),
    ("PairRE", "optimizer.name=adam loss.name=logistic reciprocal=true"),
    ("MuRE", "optimizer.name=adagrad loss.name=logistic regime.sides=tail"),
    ("DistMult", "optimizer.name=sgd loss.name=bce optimizer.weight_decay=0.01 regime.chunk=3 regime.sides=tail"),
    ("BoxE", "optimizer.name=row-adagrad loss.name=margin regime.chunk=16 negatives=1"),
    ("TransM", "optimizer.name=sgd loss.name=softmax loss.log_q=off regime.filtered=true"),
];

/// All runs.
pub(crate) fn runs() -> impl Iterator<Item = (&'static str, String)> {
    let shared = |settings: &str| format!("regime.name=shared sampler.corruption=uniform {settings}");
    let own = RUNS.into_iter().map(|(model, settings)| (model, settings.to_owned()));
    own.chain(SHARED.into_iter().map(move |(model, settings)| (model, shared(settings))))
}

/// A graph whose last batch is smaller than the others.
pub(crate) fn graph() -> Arc<Dataset> {
    let line = |head: u32, relation: u32, tail: u32| format!("e{head}\tr{relation}\te{tail}\n");
    let steps = (0..19).map(|i| line(i, 0, (i + 1) % 19));
    let pairs = (0..12).map(|i| line(i, 1, 18 - i));
    let star = (1..14).map(|i| line(0, 2, i));
    let train: String = steps.chain(pairs).chain(star).collect();
    let (valid, test) = (line(3, 2, 17), line(0, 2, 15));
    Arc::new(Dataset::from_texts("toy", &train, &valid, &test).expect("a graph"))
}

/// The kernels of a model of the zoo, interpreted.
pub(crate) fn compiled(name: &str) -> CompiledModel {
    let score = zoo().into_iter().find(|score| score.name == name).unwrap_or_else(|| panic!("{name} is of the zoo"));
    Interpreter::compile(lowered(&score).1)
}

/// A run at its beginning.
pub(crate) fn begin(model: &str, settings: &str, graph: Arc<Dataset>) -> Trainer {
    let mut config = Config::defaults_for(&model.to_lowercase());
    let small = "dim=6 epochs=3 batch_size=16 negatives=3 seed=11 validation.every=2 sampler.filtered=false \
                 optimizer.learning_rate=0.05";
    for setting in small.split_whitespace().chain(settings.split_whitespace()) {
        config.set(setting).unwrap_or_else(|error| panic!("{setting}: {error}"));
    }
    Trainer::new(compiled(model), graph, config).unwrap_or_else(|error| panic!("{model} {settings}: {error}"))
}

/// Compares the tables of two runs.
pub(crate) fn compare(expected: &Trainer, found: &Trainer, what: &str) {
    let model = expected.engine().model();
    for plane in 0..model.planes.len() {
        let [expected, found] = [expected, found].map(|trainer| trainer.engine().tables().export(plane));
        for (index, (expected, found)) in expected.iter().zip(&found).enumerate() {
            let near = (expected - found).abs() <= 2e-3 * (1.0 + expected.abs());
            assert!(near, "{what}: {}[{index}] is {found}, not {expected}", model.plane_name(plane));
        }
    }
}

/// The graph of the UMLS; none, with a word about it, where it is not beside the checkout.
pub(crate) fn umls() -> Option<Arc<Dataset>> {
    let beside = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("SPTX_DATA").map_or(beside, Into::into).join("umls");
    if !folder.is_dir() {
        let required = std::env::var("SPTX_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|name| name.trim() == "data"), "SPTX_REQUIRE lists `data`");
        println!("SKIPPED (data): {} is not there", folder.display());
        return None;
    }
    Some(Arc::new(Dataset::load(&folder).expect("a graph")))
}
