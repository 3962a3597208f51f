//! Ranks summed up: mean rank, mean reciprocal rank, hits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rank::{Rank, Ranks};
use crate::category::Category;
use crate::dataset::{Triple, Vocabulary};

/// The metrics of a model on a list of triples.
///
/// As JSON: `both`, `head` and `tail`, each with `realistic`, `optimistic` and `pessimistic`, each with the five
/// numbers of [`RankMetrics`]; beside them `count`, `filtered`, `by_category` and `by_relation`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// The triples evaluated; each gives two ranks.
    pub count: usize,
    /// Whether known triples were left out of the rankings.
    pub filtered: bool,
    /// Over the ranks of heads and tails together.
    pub both: TieMetrics,
    /// Over the ranks of heads.
    pub head: TieMetrics,
    /// Over the ranks of tails.
    pub tail: TieMetrics,
    /// Over the triples of each category of relations that occurs.
    pub by_category: BTreeMap<Category, SideMetrics>,
    /// Over the triples of each relation that occurs, by name.
    pub by_relation: BTreeMap<String, SideMetrics>,
}

/// Metrics of a group of triples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SideMetrics {
    /// The triples in the group; each gives two ranks.
    pub count: usize,
    /// Over the ranks of heads and tails together.
    pub both: TieMetrics,
    /// Over the ranks of heads.
    pub head: TieMetrics,
    /// Over the ranks of tails.
    pub tail: TieMetrics,
}

/// Metrics by what a tie is worth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TieMetrics {
    /// Ties are worth half a rank each: what a fair comparison reports.
    pub realistic: RankMetrics,
    /// Ties are won; a model that scores everything the same looks perfect.
    pub optimistic: RankMetrics,
    /// Ties are lost.
    pub pessimistic: RankMetrics,
}

/// The usual five numbers over a list of ranks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankMetrics {
    /// The mean of the ranks, 1 the best.
    pub mean_rank: f64,
    /// The mean of 1 / rank (MRR).
    pub mean_reciprocal_rank: f64,
    /// The share of ranks that are at most 1.
    pub hits_at_1: f64,
    /// The share of ranks that are at most 3.
    pub hits_at_3: f64,
    /// The share of ranks that are at most 10.
    pub hits_at_10: f64,
}

impl Metrics {
    /// Sums up the ranks of `triples`, in their order, so that the same ranks give the same bits.
    pub(super) fn new(
        filtered: bool,
        triples: &[Triple],
        ranks: &Ranks,
        categories: &[Category],
        relations: &Vocabulary,
    ) -> Self {
        let mut all = SideSums::default();
        let mut by_category: BTreeMap<Category, SideSums> = BTreeMap::new();
        let mut by_relation: BTreeMap<u32, SideSums> = BTreeMap::new();
        for ((triple, &head), &tail) in triples.iter().zip(&ranks.head).zip(&ranks.tail) {
            let category = categories[triple.relation as usize];
            all.add(head, tail);
            by_category.entry(category).or_default().add(head, tail);
            by_relation.entry(triple.relation).or_default().add(head, tail);
        }
        let SideMetrics { count, both, head, tail } = all.metrics();
        let name = |relation: u32| relations.name(relation).map(str::to_owned);
        Metrics {
            count,
            filtered,
            both,
            head,
            tail,
            by_category: by_category.iter().map(|(&category, sums)| (category, sums.metrics())).collect(),
            by_relation: by_relation
                .iter()
                .filter_map(|(&relation, sums)| Some((name(relation)?, sums.metrics())))
                .collect(),
        }
    }
}

#[derive(Clone, Copy, Default)]
struct SideSums {
    head: TieSums,
    tail: TieSums,
}

impl SideSums {
    fn add(&mut self, head: Rank, tail: Rank) {
        self.head.add(head);
        self.tail.add(tail);
    }

    fn metrics(&self) -> SideMetrics {
        let both = TieSums {
            realistic: self.head.realistic.plus(self.tail.realistic),
            optimistic: self.head.optimistic.plus(self.tail.optimistic),
            pessimistic: self.head.pessimistic.plus(self.tail.pessimistic),
        };
        SideMetrics {
            count: self.head.realistic.count,
            both: both.metrics(),
            head: self.head.metrics(),
            tail: self.tail.metrics(),
        }
    }
}

#[derive(Clone, Copy, Default)]
struct TieSums {
    realistic: Sums,
    optimistic: Sums,
    pessimistic: Sums,
}

impl TieSums {
    fn add(&mut self, rank: Rank) {
        self.realistic.add(rank.realistic());
        self.optimistic.add(rank.optimistic());
        self.pessimistic.add(rank.pessimistic());
    }

    fn metrics(&self) -> TieMetrics {
        TieMetrics {
            realistic: self.realistic.metrics(),
            optimistic: self.optimistic.metrics(),
            pessimistic: self.pessimistic.metrics(),
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Sums {
    count: usize,
    rank: f64,
    reciprocal: f64,
    hits: [usize; 3],
}

impl Sums {
    const CUTS: [f64; 3] = [1.0, 3.0, 10.0];

    fn add(&mut self, rank: f64) {
        self.count += 1;
        self.rank += rank;
        self.reciprocal += 1.0 / rank;
        for (hits, cut) in self.hits.iter_mut().zip(Self::CUTS) {
            *hits += usize::from(rank <= cut);
        }
    }

    fn plus(self, other: Sums) -> Sums {
        let [a, b, c] = self.hits;
        let [x, y, z] = other.hits;
        Sums {
            count: self.count + other.count,
            rank: self.rank + other.rank,
            reciprocal: self.reciprocal + other.reciprocal,
            hits: [a + x, b + y, c + z],
        }
    }

    /// The means; a group is made by its first rank, so there is one.
    fn metrics(&self) -> RankMetrics {
        let mean = |sum: f64| sum / self.count as f64;
        let [hits_at_1, hits_at_3, hits_at_10] = self.hits.map(|hits| mean(hits as f64));
        RankMetrics {
            mean_rank: mean(self.rank),
            mean_reciprocal_rank: mean(self.reciprocal),
            hits_at_1,
            hits_at_3,
            hits_at_10,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_do_not_hit() {
        let mut sums = TieSums::default();
        // Ranks 1 to 2: realistic 1.5 is no hit at 1.
        sums.add(Rank { greater: 0, equal: 1 });
        // Ranks 1 to 5: realistic 3 is a hit at 3.
        sums.add(Rank { greater: 0, equal: 4 });
        let metrics = sums.metrics();
        assert_eq!((metrics.realistic.hits_at_1, metrics.realistic.hits_at_3), (0.0, 1.0));
        assert_eq!((metrics.optimistic.hits_at_1, metrics.pessimistic.hits_at_3), (1.0, 0.5));
        assert_eq!(metrics.realistic.mean_rank, 2.25);
        assert_eq!(metrics.realistic.mean_reciprocal_rank, (1.0 / 1.5 + 1.0 / 3.0) / 2.0);
    }

    #[test]
    fn the_shape_of_the_json() {
        let ranks = Ranks { head: vec![Rank::default()], tail: vec![Rank { greater: 1, equal: 0 }] };
        let relations = ["likes"].into_iter().collect();
        let metrics = Metrics::new(true, &[Triple::new(0, 0, 1)], &ranks, &[Category::OneToMany], &relations);
        let json = serde_json::to_value(&metrics).expect("JSON");
        for pointer in [
            "/both/realistic/mean_rank",
            "/head/optimistic/mean_reciprocal_rank",
            "/tail/pessimistic/hits_at_1",
            "/by_category/1-N/tail/realistic/hits_at_3",
            "/by_relation/likes/both/realistic/hits_at_10",
        ] {
            assert!(json.pointer(pointer).is_some_and(serde_json::Value::is_number), "{pointer}");
        }
        assert_eq!(json["count"], 1);
        assert_eq!(json["both"]["realistic"]["mean_rank"], 1.5);
        assert_eq!(serde_json::from_value::<Metrics>(json).expect("the same again"), metrics);
    }
}
