//! A graph of any size with the skewed degrees of real ones, written as a dataset's folder.
//!
//! Entities and relations are drawn so that the share of the most frequent `x` of them is `x^(1 / skew)`: with the
//! default skew of 3, a hundredth of the entities has a fifth of all ends. Every entity is in a training triple, no
//! triple stands twice, and the same options give the same bytes. There is nothing in such a graph to learn: it is for
//! measuring time and memory.
//!
//! ```text
//! cargo run --release -p sptx-benches --bin synthetic -- --entities 2000000 --relations 1000 --triples 10000000 \
//!     --out /tmp/two-million
//! sptx train transe --data /tmp/two-million --dim 128 --epochs 1 --set validation.every=0 --out /tmp/two-million-run
//! ```

use std::collections::HashSet;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Parser;
use sptx_train::{AtomicFile, Purpose, Stream, Triple, uniform_f64};

/// Writes a graph with skewed degrees to train.txt, valid.txt and test.txt of a folder.
#[derive(Parser)]
struct Arguments {
    /// Entities, each in a training triple.
    #[arg(long, default_value_t = 2_000_000)]
    entities: u32,
    /// Relations.
    #[arg(long, default_value_t = 1000)]
    relations: u32,
    /// Training triples; as many as there are entities at least.
    #[arg(long, default_value_t = 10_000_000)]
    triples: usize,
    /// Triples to validate with, and as many to test with.
    #[arg(long, default_value_t = 10_000)]
    held_out: usize,
    /// How uneven degrees are: 1 is even.
    #[arg(long, default_value_t = 3.0)]
    skew: f64,
    /// Seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The folder; it is made where it is not there.
    #[arg(long)]
    out: PathBuf,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    check(&arguments)?;
    std::fs::create_dir_all(&arguments.out)?;
    let mut graph = Graph::new(&arguments);
    for (name, count) in [("train", arguments.triples), ("valid", arguments.held_out), ("test", arguments.held_out)] {
        write(&arguments.out.join(name).with_extension("txt"), (0..count).map(|_| graph.draw()))?;
    }
    Ok(())
}

/// Refuses what would not end: graphs with as many triples as can be, or nearly.
fn check(arguments: &Arguments) -> Result<(), String> {
    let Arguments { entities, relations, triples, held_out, skew, .. } = *arguments;
    if entities < 2 || relations == 0 || triples < entities as usize {
        return Err("a graph has two entities, a relation, and as many `--triples` as `--entities` at least".to_owned());
    }
    if !(1.0..=5.0).contains(&skew) {
        return Err(format!("`--skew {skew}` is out of range: 1 is even, 5 the most"));
    }
    let possible = f64::from(entities) * f64::from(entities) * f64::from(relations);
    if (triples + 2 * held_out) as f64 > possible / 100.0 {
        return Err(format!(
            "too many triples: {entities} entities and {relations} relations have room for a hundredth \
                            of the {possible:.0} that there can be"
        ));
    }
    Ok(())
}

/// Draws triples one after another.
struct Graph {
    stream: Stream,
    entities: u32,
    relations: u32,
    skew: f64,
    drawn: HashSet<Triple>,
}

impl Graph {
    fn new(arguments: &Arguments) -> Self {
        let Arguments { entities, relations, triples, held_out, skew, seed, .. } = *arguments;
        let drawn = HashSet::with_capacity(triples + 2 * held_out);
        Self { stream: Stream::new(seed, Purpose::Initial), entities, relations, skew, drawn }
    }

    /// A triple that has not been drawn before. The first triples have each entity for their head in turn.
    fn draw(&mut self) -> Triple {
        let index = self.drawn.len();
        for attempt in 0.. {
            // The words are those of the triple's number, low and high, and of the attempt.
            let place = [index as u32, (index >> 32) as u32, attempt];
            let [[a, b, c, d], [e, f, ..]] = [0, 1].map(|draw| self.stream.block(place, draw));
            let head = if index < self.entities as usize { index as u32 } else { self.skewed([a, b], self.entities) };
            let triple = Triple::new(head, self.skewed([c, d], self.relations), self.skewed([e, f], self.entities));
            if self.drawn.insert(triple) {
                return triple;
            }
        }
        unreachable!("`check` leaves room for more triples than are drawn")
    }

    /// A number below `count`, the lower the more often.
    fn skewed(&self, words: [u32; 2], count: u32) -> u32 {
        // The power is below 1, and so the product below `count`, but for rounding.
        ((uniform_f64(words).powf(self.skew) * f64::from(count)) as u32).min(count - 1)
    }
}

fn write(path: &Path, triples: impl Iterator<Item = Triple>) -> Result<(), Box<dyn Error>> {
    let mut file = AtomicFile::create(path)?;
    for Triple { head, relation, tail } in triples {
        writeln!(file, "e{head}\tr{relation}\te{tail}")?;
    }
    Ok(file.finish()?)
}

#[cfg(test)]
mod tests {
    use sptx_train::Dataset;

    use super::*;

    fn arguments(out: &Path, seed: u64) -> Arguments {
        let out = out.to_owned();
        Arguments { entities: 1000, relations: 20, triples: 5000, held_out: 100, skew: 3.0, seed, out }
    }

    fn made(seed: u64) -> (Dataset, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let arguments = arguments(folder.path(), seed);
        let mut graph = Graph::new(&arguments);
        for (name, count) in [("train.txt", 5000), ("valid.txt", 100), ("test.txt", 100)] {
            write(&folder.path().join(name), (0..count).map(|_| graph.draw())).expect("written");
        }
        let dataset = Dataset::load(folder.path()).expect("a dataset");
        let digest = dataset.digest();
        (dataset, digest)
    }

    #[test]
    fn every_entity_is_there_degrees_are_skewed_and_seeds_matter() {
        let (dataset, digest) = made(1);
        assert_eq!((dataset.entities().len(), dataset.train().len(), dataset.test().len()), (1000, 5000, 100));
        assert!(dataset.unseen_entities().is_empty());
        let distinct: HashSet<Triple> = dataset.triples().collect();
        assert_eq!(distinct.len(), 5200);
        let mut degrees = vec![0; 1000];
        dataset.train().iter().for_each(|triple| degrees[triple.tail as usize] += 1);
        degrees.sort_unstable();
        let most: i32 = degrees[990..].iter().sum();
        assert!((800..1400).contains(&most), "a hundredth of the entities has a fifth of 5000 tails: {most}");
        assert_eq!(made(1).1, digest);
        assert_ne!(made(2).1, digest);
    }

    #[test]
    fn what_has_no_room_is_refused() {
        let few = Arguments { triples: 999, ..arguments(Path::new("x"), 0) };
        assert!(check(&few).expect_err("too few").contains("as many `--triples` as `--entities`"));
        let many = Arguments { triples: 200_001, ..arguments(Path::new("x"), 0) };
        assert!(check(&many).expect_err("too many").contains("too many triples"));
        let steep = Arguments { skew: 0.5, ..arguments(Path::new("x"), 0) };
        assert!(check(&steep).expect_err("too even").contains("out of range"));
        assert_eq!(check(&arguments(Path::new("x"), 0)), Ok(()));
    }
}
