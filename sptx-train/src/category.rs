//! How many heads and tails a relation joins.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::dataset::Triple;

/// From this average on, a side of a relation counts as "many" (Bordes et al., 2013, section 4.3).
const MANY: f64 = 1.5;

/// The four kinds of relations of Bordes et al. (2013), and a fifth for relations that training does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Category {
    /// About one tail a head and one head a tail.
    #[serde(rename = "1-1")]
    OneToOne,
    /// Several tails a head.
    #[serde(rename = "1-N")]
    OneToMany,
    /// Several heads a tail.
    #[serde(rename = "N-1")]
    ManyToOne,
    /// Several of both.
    #[serde(rename = "N-N")]
    ManyToMany,
    /// In no training triple.
    #[serde(rename = "unseen")]
    Unseen,
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Category::OneToOne => "1-1",
            Category::OneToMany => "1-N",
            Category::ManyToOne => "N-1",
            Category::ManyToMany => "N-N",
            Category::Unseen => "unseen",
        })
    }
}

/// How many distinct triples, heads and tails the training triples of one relation have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cardinality {
    /// The distinct triples.
    pub triples: usize,
    /// The distinct heads.
    pub heads: usize,
    /// The distinct tails.
    pub tails: usize,
}

impl Cardinality {
    /// The cardinality of every relation below `relation_count`; triples that stand twice count once.
    ///
    /// # Panics
    /// Where a triple's relation is not below `relation_count`; a [`Dataset`](crate::Dataset) has no such triple.
    ///
    /// ```
    /// use sptx_train::{Cardinality, Category, Triple};
    /// let triples = [Triple::new(0, 0, 1), Triple::new(0, 0, 2), Triple::new(0, 0, 2)];
    /// let [of_zero, of_one] = Cardinality::of_relations(&triples, 2)[..] else { unreachable!() };
    /// assert_eq!((of_zero.tails_per_head(), of_zero.heads_per_tail()), (2.0, 1.0));
    /// assert_eq!((of_zero.category(), of_one.category()), (Category::OneToMany, Category::Unseen));
    /// ```
    pub fn of_relations(train: &[Triple], relation_count: usize) -> Vec<Cardinality> {
        let mut cardinalities = vec![Cardinality::default(); relation_count];
        let mut by_head: Vec<_> = train.iter().map(|triple| (triple.relation, triple.head, triple.tail)).collect();
        by_head.sort_unstable();
        by_head.dedup();
        let mut by_tail: Vec<_> = by_head.iter().map(|&(relation, _, tail)| (relation, tail)).collect();
        by_tail.sort_unstable();
        by_tail.dedup();
        for &(relation, ..) in &by_head {
            cardinalities[relation as usize].triples += 1;
        }
        for group in by_head.chunk_by(|left, right| (left.0, left.1) == (right.0, right.1)) {
            cardinalities[group[0].0 as usize].heads += 1;
        }
        for &(relation, _) in &by_tail {
            cardinalities[relation as usize].tails += 1;
        }
        cardinalities
    }

    /// The average number of tails a head has; 0 where there are no triples.
    pub fn tails_per_head(&self) -> f64 {
        ratio(self.triples, self.heads)
    }

    /// The average number of heads a tail has; 0 where there are no triples.
    pub fn heads_per_tail(&self) -> f64 {
        ratio(self.triples, self.tails)
    }

    /// The relation's category.
    pub fn category(&self) -> Category {
        if self.triples == 0 {
            return Category::Unseen;
        }
        match (self.heads_per_tail() >= MANY, self.tails_per_head() >= MANY) {
            (false, false) => Category::OneToOne,
            (false, true) => Category::OneToMany,
            (true, false) => Category::ManyToOne,
            (true, true) => Category::ManyToMany,
        }
    }

    /// The likelihood with which Bernoulli sampling replaces the head (Wang et al., 2014): tph / (tph + hpt).
    ///
    /// One half where there are no triples.
    pub fn head_probability(&self) -> f64 {
        match self.tails_per_head() + self.heads_per_tail() {
            0.0 => 0.5,
            sum => self.tails_per_head() / sum,
        }
    }
}

fn ratio(numerator: usize, denominator: usize) -> f64 {
    if denominator == 0 { 0.0 } else { numerator as f64 / denominator as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_categories() {
        let mut triples = Vec::new();
        for i in 0..4 {
            triples.extend([
                Triple::new(i, 0, i),
                Triple::new(0, 1, i),
                Triple::new(i, 2, 0),
                Triple::new(i, 3, (i + 1) % 4),
                Triple::new(i, 3, (i + 2) % 4),
            ]);
        }
        let categories: Vec<Category> =
            Cardinality::of_relations(&triples, 5).iter().map(Cardinality::category).collect();
        assert_eq!(
            categories,
            [Category::OneToOne, Category::OneToMany, Category::ManyToOne, Category::ManyToMany, Category::Unseen]
        );
    }

    #[test]
    fn the_threshold_counts_as_many() {
        // Three triples over two heads: 1.5 tails a head, 1 head a tail.
        let triples = [Triple::new(0, 0, 0), Triple::new(0, 0, 1), Triple::new(1, 0, 2)];
        let cardinality = Cardinality::of_relations(&triples, 1)[0];
        assert_eq!(cardinality.category(), Category::OneToMany);
        assert_eq!(cardinality.head_probability(), 0.6);
    }
}
