//! Inverse relations: for each relation r a relation r⁻¹ of its own, so that every question is one for a tail.
//!
//! Relation r of R has the row r of the relations' tables, and r⁻¹ the row r + R. A triple (h, r, t) is also the triple
//! (t, r⁻¹, h); the question (?, r, t) is asked as (t, r⁻¹, ?).

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::dataset::{Dataset, Triple, Vocabulary};
use crate::run_error::RunError;

/// The share of its triples that a relation has turned round, for it to hold another one's inverse.
const TURNED: f64 = 0.97;

/// How names of inverse relations differ from those of the relations: what is added behind, in lower case.
const SUFFIXES: [&str; 9] = ["⁻¹", "^-1", "**-1", "_inverse", "_reverse", "_reversed", "_reciprocal", "_inv", "_rev"];

/// The same, added in front.
const PREFIXES: [&str; 6] = ["inverse_", "inverse_of_", "inverse of ", "reverse_", "reciprocal_", "inv_"];

/// The triples, then each of them turned round.
pub(crate) fn with_inverses(triples: &[Triple], relations: u32) -> Vec<Triple> {
    let turned = triples.iter().map(|&Triple { head, relation, tail }| Triple::new(tail, relation + relations, head));
    triples.iter().copied().chain(turned).collect()
}

/// The names of the rows of the relations' tables: the relations, then `r⁻¹` for each relation `r`.
pub(crate) fn names(relations: &Vocabulary) -> Vec<String> {
    let own = relations.iter().map(str::to_owned);
    own.chain(relations.iter().map(inverse_name)).collect()
}

fn inverse_name(name: &str) -> String {
    format!("{name}⁻¹")
}

/// Refuses a dataset that has inverse relations already: it would learn each triple four times over, and the valid and
/// test triples of a relation would be answered by the training triples of the other.
///
/// Neither names nor triples are enough by themselves. Graphs have natural inverses (`hypernym` and `hyponym` of WordNet)
/// and symmetric relations, and those are facts like others; a name such as `reverse_transcription` says nothing. A pair
/// counts where the names differ by a mark of inversion and one relation holds the other's triples turned round, 97 of 100
/// on either side; a dataset is refused where more than half of its relations are in pairs that count, or where a name
/// would stand twice.
pub(crate) fn check_absent(dataset: &Dataset) -> Result<(), RunError> {
    let relations = dataset.relations();
    let pairs = marked_pairs(relations);
    let by_relation = pairs_by_relation(dataset.triples(), relations.len());
    let is_inverse = |(plain, marked): &&(u32, u32)| {
        let [plain, marked] = [plain, marked].map(|relation| &by_relation[*relation as usize]);
        turned_share(plain, marked) >= TURNED && turned_share(marked, plain) >= TURNED
    };
    let inverse: Vec<(u32, u32)> = pairs.par_iter().filter(is_inverse).copied().collect();
    match inverse.first() {
        Some((plain, marked)) if 4 * inverse.len() > relations.len() => {
            let name = |id: u32| relations.name(id).unwrap_or_default().to_owned();
            Err(RunError::AlreadyReciprocal {
                relation: name(*plain),
                inverse: name(*marked),
                pairs: inverse.len(),
                relations: relations.len(),
            })
        }
        Some(_) | None => check_names(relations),
    }
}

/// Refuses relations one of which has the name that another's inverse would have.
fn check_names(relations: &Vocabulary) -> Result<(), RunError> {
    match relations.iter().find(|name| relations.id(&inverse_name(name)).is_some()) {
        Some(name) => Err(RunError::InverseNamed { name: name.to_owned(), inverse: inverse_name(name) }),
        None => Ok(()),
    }
}

/// Relations whose names differ by a mark of inversion: the plain one, the marked one.
fn marked_pairs(relations: &Vocabulary) -> Vec<(u32, u32)> {
    let plain = |marked: &str| {
        let behind = SUFFIXES.iter().filter_map(|mark| strip_suffix(marked, mark));
        let before = PREFIXES.iter().filter_map(|mark| strip_prefix(marked, mark));
        behind.chain(before).find_map(|name| relations.id(name))
    };
    (0..).zip(relations.iter()).filter_map(|(id, name)| Some((plain(name)?, id))).collect()
}

fn strip_suffix<'a>(name: &'a str, mark: &str) -> Option<&'a str> {
    let (rest, end) = name.split_at_checked(name.len().checked_sub(mark.len())?)?;
    end.eq_ignore_ascii_case(mark).then_some(rest)
}

fn strip_prefix<'a>(name: &'a str, mark: &str) -> Option<&'a str> {
    let (start, rest) = name.split_at_checked(mark.len())?;
    start.eq_ignore_ascii_case(mark).then_some(rest)
}

/// The pairs (head, tail) of each relation.
fn pairs_by_relation(triples: impl Iterator<Item = Triple>, relations: usize) -> Vec<FxHashSet<(u32, u32)>> {
    let mut pairs = vec![FxHashSet::default(); relations];
    for Triple { head, relation, tail } in triples {
        pairs[relation as usize].insert((head, tail));
    }
    pairs
}

/// The share of `pairs` that `others` has turned round; 0 where there are none.
fn turned_share(pairs: &FxHashSet<(u32, u32)>, others: &FxHashSet<(u32, u32)>) -> f64 {
    let turned = pairs.iter().filter(|(head, tail)| others.contains(&(*tail, *head))).count();
    turned as f64 / pairs.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A graph of some relations; each of `inverses` holds the triples of the relation beside it turned round.
    fn graph(relations: &[&str], inverses: &[(&str, &str)]) -> Dataset {
        let mut train = String::new();
        for (number, relation) in relations.iter().enumerate() {
            for entity in 0..40 {
                let other = (entity * 7 + number + 1) % 40;
                train.push_str(&format!("e{entity}\t{relation}\te{other}\n"));
                for (_, inverse) in inverses.iter().filter(|(plain, _)| plain == relation) {
                    train.push_str(&format!("e{other}\t{inverse}\te{entity}\n"));
                }
            }
        }
        Dataset::from_texts("made up", &train, "", "").expect("a dataset")
    }

    #[test]
    fn inverses_that_a_dataset_brings_along_are_refused() {
        for mark in
            SUFFIXES.iter().map(|mark| format!("likes{mark}")).chain(PREFIXES.map(|mark| format!("{mark}likes")))
        {
            let dataset = graph(&["likes"], &[("likes", &mark)]);
            let message = check_absent(&dataset).expect_err(&mark).to_string();
            assert!(message.contains("`likes`") && message.contains(&format!("`{mark}`")), "{message}");
        }
        let dataset = graph(&["likes", "knows"], &[("likes", "likes_INVERSE"), ("knows", "knows_inverse")]);
        assert_eq!(
            check_absent(&dataset).expect_err("refused").to_string(),
            "the dataset has inverse relations already: `likes_INVERSE` holds the triples of `likes` turned round, and \
             so it is with 2 pairs of its 4 relations; set `reciprocal` to false and `regime.sides` to `tail`"
        );
    }

    #[test]
    fn natural_inverses_and_single_marks_are_let_through() {
        // Triples without names.
        check_absent(&graph(&["hypernym"], &[("hypernym", "hyponym")])).expect("natural inverses");
        // Names without triples.
        check_absent(&graph(&["likes", "likes_inverse"], &[])).expect("names alone");
        // One pair of many relations.
        check_absent(&graph(&["a", "b", "c"], &[("a", "a_inverse")])).expect("one pair of four relations");
    }

    #[test]
    fn a_name_that_would_stand_twice_is_refused() {
        let error = check_absent(&graph(&["a", "a⁻¹", "b", "c", "d"], &[])).expect_err("refused");
        assert!(error.to_string().contains("`a⁻¹`"), "{error}");
    }

    #[test]
    fn rows_and_names_of_inverses_follow_those_of_the_relations() {
        let triples = [Triple::new(1, 0, 2), Triple::new(3, 1, 3)];
        let expected = [Triple::new(1, 0, 2), Triple::new(3, 1, 3), Triple::new(2, 2, 1), Triple::new(3, 3, 3)];
        assert_eq!(with_inverses(&triples, 2), expected);
        assert_eq!(names(&["r", "s"].into_iter().collect()), ["r", "s", "r⁻¹", "s⁻¹"]);
    }
}
