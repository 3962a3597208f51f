//! What a run folder holds, and models that come back from it.

mod common;

use common::runs::{begin, complete, config, graph, model};
use sptx_runtime::kernel::CompiledModel;
use sptx_train::{
    EngineScorer, Error, EvaluateOptions, Evaluator, KnownTriples, ModelReference, Question, RelationScorer, Result,
    RunFolder, Split, Triple, predict,
};

fn resolve(reference: &ModelReference) -> Result<CompiledModel> {
    Ok(model(&reference.name))
}

#[test]
fn a_finished_run_holds_all_its_files() {
    let run = tempfile::tempdir().expect("a folder");
    complete(begin("complex", config("complex"), run.path()));
    for name in [
        RunFolder::CONFIG,
        RunFolder::MANIFEST,
        RunFolder::ENTITIES,
        RunFolder::RELATIONS,
        RunFolder::TRACE,
        RunFolder::CHECKPOINT,
        RunFolder::EMBEDDINGS,
        RunFolder::METRICS,
    ] {
        assert!(run.path().join(name).is_file(), "{name}");
    }
    let text = |name: &str| std::fs::read_to_string(run.path().join(name)).expect(name);
    assert!(text(RunFolder::ENTITIES).starts_with("0\te0\n1\te1\n"));
    let metrics: serde_json::Value = serde_json::from_str(&text(RunFolder::METRICS)).expect("JSON");
    for split in ["valid", "test"] {
        for side in ["both", "head", "tail"] {
            for ties in ["realistic", "optimistic", "pessimistic"] {
                for metric in ["mean_rank", "mean_reciprocal_rank", "hits_at_1", "hits_at_3", "hits_at_10"] {
                    assert!(metrics[split][side][ties][metric].is_f64(), "{split} {side} {ties} {metric}");
                }
            }
        }
    }
    let manifest = RunFolder::open(run.path()).and_then(|folder| folder.manifest()).expect("a manifest");
    assert_eq!((manifest.seed, manifest.dataset.entities), (11, 60));
    assert_eq!(manifest.dataset.digest, graph().digest());
    assert!(manifest.ended.is_some() && manifest.embeddings.is_some());
    let bytes = std::fs::read(run.path().join(RunFolder::EMBEDDINGS)).expect("bytes");
    let tensors = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    assert_eq!(tensors.tensor("entity.v.re").expect("a tensor").shape(), [60, 10]);
    assert_eq!(tensors.tensor("relation.v.im").expect("a tensor").shape(), [5, 10]);
}

#[test]
fn a_model_comes_back_as_it_was() {
    let run = tempfile::tempdir().expect("a folder");
    let mut trainer = begin("transr", config("transr"), run.path());
    trainer.train(&mut sptx_train::Silent).expect("trained");
    let metrics = trainer.finish(None).expect("metrics");
    let folder = RunFolder::open(run.path()).expect("a run");
    let engine = folder.load_engine(&resolve, 1).expect("an engine");
    assert_eq!((folder.entities().expect("names").len(), folder.relations().expect("names").len()), (60, 5));
    let dataset = graph();
    let scorer = EngineScorer::new(&engine);
    let again = Evaluator::new(&dataset).evaluate(&scorer, Split::Test, &EvaluateOptions::default());
    assert_eq!(again.expect("metrics"), metrics[&Split::Test]);
    let Triple { head, relation, tail } = dataset.test()[0];
    assert_eq!(scorer.score_relations(head, tail, 0..5).len(), 5);
    assert!(scorer.score_relations(head, tail, relation..relation + 1)[0].is_finite());

    let embeddings = folder.file(RunFolder::EMBEDDINGS);
    let mut bytes = std::fs::read(&embeddings).expect("bytes");
    *bytes.last_mut().expect("a byte") ^= 1;
    std::fs::write(&embeddings, bytes).expect("written");
    let message = folder.load_engine(&resolve, 1).expect_err("changed").to_string();
    assert!(message.contains("it is not what the run wrote"), "{message}");
}

#[test]
fn predictions_are_in_order_and_marked() {
    let mut trainer = sptx_train::Trainer::new(model("complex"), graph(), config("complex")).expect("a trainer");
    trainer.train(&mut sptx_train::Silent).expect("trained");
    let dataset = graph();
    let known = KnownTriples::of_dataset(&dataset);
    let Triple { head, relation, tail } = dataset.train()[17];
    for question in
        [Question::Head { relation, tail }, Question::Relation { head, tail }, Question::Tail { head, relation }]
    {
        let all = predict(trainer.engine(), question, 100, &known, false).expect("answers");
        let expected = if matches!(question, Question::Relation { .. }) { 5 } else { 60 };
        assert_eq!(all.len(), expected);
        assert!(all.is_sorted_by(|left, right| left.score >= right.score));
        assert!(all.iter().all(|answer| answer.known == known.contains(question.fill(answer.id))));
        assert!(all.iter().any(|answer| answer.known));
        let new: Vec<_> = predict(trainer.engine(), question, 3, &known, true).expect("answers");
        let expected: Vec<_> = all.into_iter().filter(|answer| !answer.known).take(3).collect();
        assert_eq!(new, expected);
    }
    let message = predict(trainer.engine(), Question::Tail { head: 60, relation }, 3, &known, true);
    assert!(message.expect_err("no such head").to_string().contains("id 60 of an entity is out of range"));
}

#[test]
fn a_declaration_of_the_user_is_kept() {
    let run = tempfile::tempdir().expect("a folder");
    let mut trainer = sptx_train::Trainer::new(model("transe"), graph(), config("transe")).expect("a trainer");
    trainer.keep_in(RunFolder::create(run.path()).expect("a folder"), Some("score! { … }")).expect("kept");
    let folder = RunFolder::open(run.path()).expect("a run");
    let reference = folder.model_reference().expect("a reference");
    assert_eq!(std::fs::read_to_string(reference.name).expect("the text"), "score! { … }");
    assert!(matches!(folder.load_engine(&resolve, 1), Err(Error::Run(sptx_train::RunError::Unfinished { .. }))));
}
