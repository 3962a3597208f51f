//! What each training regime learns, and how runs with inverse relations are kept and asked.

mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use common::runs::{begin, complete, config, graph, model};
use sptx_runtime::cpu::{Batch, Engine};
use sptx_runtime::program::Owner;
use sptx_train::{
    CandidateScorer, Config, Dataset, EngineScorer, EpochRecord, EvaluateOptions, Evaluator, KnownTriples, Observer,
    Query, Question, RankMetrics, RunFolder, Silent, Split, Trainer, predict,
};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn set(config: &mut Config, settings: &str) {
    settings.split_whitespace().for_each(|setting| config.set(setting).expect(setting));
}

/// A regime's settings beside those that it does not go with.
fn block_config(name: &str, settings: &str) -> Config {
    let mut config = config(name);
    set(&mut config, "sampler.filtered=false sampler.corruption=uniform");
    set(&mut config, settings);
    config
}

/// The losses of the epochs.
#[derive(Default)]
struct Losses(Vec<EpochRecord>);

impl Observer for Losses {
    fn epoch_finished(&mut self, record: &EpochRecord) {
        self.0.push(record.clone());
    }
}

#[test]
fn the_loss_falls_in_every_regime_with_every_loss_that_goes_with_it() {
    let mut tried = 0;
    for regime in ["per-triple", "shared", "one-vs-all", "k-vs-all"] {
        for loss in ["margin", "logistic", "bce", "softmax"] {
            for reciprocal in [false, true] {
                let settings = format!(
                    "regime.name={regime} loss.name={loss} loss.margin=1 reciprocal={reciprocal} epochs=12 negatives=8"
                );
                let config = block_config("distmult", &settings);
                if config.check().is_err() {
                    continue;
                }
                let mut losses = Losses::default();
                let mut trainer = Trainer::new(model("distmult"), graph(), config).expect("a trainer");
                trainer.train(&mut losses).expect("trained");
                let [first, .., last] = &losses.0[..] else { panic!("twelve epochs") };
                assert!(last.loss < 0.9 * first.loss, "{settings}: from {} to {}", first.loss, last.loss);
                assert!(last.triples_per_second > 0.0);
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 2 * (4 + 4 + 3 + 3));
}

#[test]
fn a_combination_that_means_nothing_does_not_train() {
    let config = block_config("distmult", "regime.name=k-vs-all loss.name=margin");
    let error = Trainer::new(model("distmult"), graph(), config).expect_err("refused").to_string();
    assert!(error.contains("`loss.name = margin` does not go with `regime.name = k-vs-all`"), "{error}");
}

/// The scores that an engine's own rows give some triples.
fn scores(engine: &Engine, triples: [[u32; 3]; 2]) -> [f32; 2] {
    let column = |place: usize| triples.map(|triple| triple[place]);
    let mut scores = [0.0; 2];
    let batch = Batch { heads: &column(0), relations: &column(1), tails: &column(2) };
    engine.score(batch, &mut scores).expect("scores");
    scores
}

#[test]
fn heads_are_asked_as_tails_of_inverse_relations() {
    let run = folder();
    let config = block_config("complex", "regime.name=one-vs-all loss.name=softmax reciprocal=true");
    complete(begin("complex", config, run.path()));
    let folder = RunFolder::open(run.path()).expect("a run");
    let engine = folder.load_engine(&|_| Ok(model("complex")), 1).expect("an engine");
    let relations = graph().relations().len() as u32;
    assert_eq!((engine.relations(), engine.tables().count(Owner::Relation)), (5, 10));
    let (tail, relation) = (7, 3);
    let mut found = [0.0; 2];
    EngineScorer::new(&engine).score_heads(&[Query { entity: tail, relation }], 4..6, &mut found);
    let near = |a: [f32; 2], b: [f32; 2]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4);
    assert!(near(found, scores(&engine, [[tail, relation + relations, 4], [tail, relation + relations, 5]])));
    assert!(!near(found, scores(&engine, [[4, relation, tail], [5, relation, tail]])));
    // The names of all rows, those of the inverses told apart.
    let names = folder.relations().expect("names");
    let name = graph().relations().name(3).expect("a name").to_owned();
    assert_eq!((names.len(), names.name(3)), (10, Some(name.as_str())));
    assert_eq!(names.name(8), Some(format!("{name}⁻¹").as_str()));
    // Predictions ask the same, and know no inverse as a relation of its own.
    let nothing = KnownTriples::new([]);
    let ask = |question| predict(&engine, question, 60, &nothing, false).expect("answers");
    let heads = ask(Question::Head { relation, tail });
    let of_head = |id| heads.iter().find(|answer| answer.id == id).expect("every entity is an answer").score;
    assert!(near([of_head(4), of_head(5)], found));
    assert_eq!(ask(Question::Relation { head: 1, tail: 2 }).len(), 5);
    let outside = predict(&engine, Question::Tail { head: 1, relation: 5 }, 3, &nothing, false);
    assert!(outside.expect_err("refused").to_string().contains("there are 5"));
    // So do the metrics that the run ended with.
    let (dataset, options) = (graph(), EvaluateOptions::default());
    let metrics = Evaluator::new(&dataset).evaluate(&EngineScorer::new(&engine), Split::Test, &options);
    let [found, written] = [metrics.expect("metrics"), folder.metrics().expect("metrics")[&Split::Test].clone()]
        .map(|metrics| metrics.head.realistic.mean_reciprocal_rank);
    assert!((found - written).abs() < 1e-12 && found > 0.2, "{found} and {written}");
}

#[test]
fn inverse_relations_are_refused_where_a_dataset_has_them() {
    let mut train = String::new();
    for entity in 0..30 {
        let other = (entity * 7 + 1) % 30;
        train.push_str(&format!("e{entity}\tlikes\te{other}\ne{other}\tlikes_inverse\te{entity}\n"));
    }
    let dataset = Arc::new(Dataset::from_texts("toy", &train, "", "").expect("a dataset"));
    let config = block_config("distmult", "reciprocal=true");
    let error = Trainer::new(model("distmult"), dataset, config).expect_err("refused").to_string();
    assert!(error.contains("`likes_inverse` holds the triples of `likes` turned round"), "{error}");
}

#[test]
fn a_penalty_keeps_rows_small() {
    let norm = |settings: &str| {
        let config = block_config("complex", &format!("regime.name=one-vs-all loss.name=softmax {settings}"));
        let mut trainer = Trainer::new(model("complex"), graph(), config).expect("a trainer");
        trainer.train(&mut Silent).expect("trained");
        trainer.engine().tables().export(0).iter().map(|x| f64::from(*x).powi(2)).sum::<f64>()
    };
    let free = norm("");
    assert!(norm("regularizer.entity=0.1") < 0.9 * free);
    assert!(norm("regularizer.entity=0.01 regularizer.p=2 regularizer.weighted=false") < 0.9 * free);
}

fn data(name: &str) -> Option<Arc<Dataset>> {
    let near = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("SPTX_DATA").map_or_else(near, PathBuf::from).join(name);
    if !folder.is_dir() {
        common::skip("data", &format!("no folder {}", folder.display()));
        return None;
    }
    Some(Arc::new(Dataset::load(folder).expect("a dataset")))
}

fn test_metrics(dataset: &Arc<Dataset>, model_name: &str, settings: &str) -> RankMetrics {
    let mut config = Config::defaults_for(model_name);
    set(&mut config, settings);
    let mut trainer = Trainer::new(model(model_name), Arc::clone(dataset), config).expect("a trainer");
    trainer.train(&mut Silent).expect("trained");
    let metrics: BTreeMap<Split, _> = trainer.finish(None).expect("metrics");
    metrics[&Split::Test].both.realistic
}

#[test]
fn natural_inverses_are_let_through() {
    for name in ["umls", "wn18", "wn18rr", "fb15k-237", "nations"] {
        let Some(dataset) = data(name) else { return };
        let mut config = Config::defaults_for("distmult");
        set(&mut config, "reciprocal=true dim=2 threads=1");
        Trainer::new(model("distmult"), dataset, config).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn every_regime_learns_umls() {
    let Some(dataset) = data("umls") else { return };
    for (settings, least) in [
        ("regime.name=shared negatives=64 loss.name=softmax epochs=20", 0.8),
        ("regime.name=one-vs-all loss.name=softmax reciprocal=true batch_size=256 epochs=12", 0.8),
        ("regime.name=k-vs-all loss.name=bce loss.label_smoothing=0.1 batch_size=128 epochs=25 reciprocal=true", 0.8),
    ] {
        let metrics = test_metrics(&dataset, "complex", settings);
        println!("{settings}: {metrics:?}");
        assert!(metrics.mean_reciprocal_rank >= least, "{settings}: {metrics:?}");
    }
}
