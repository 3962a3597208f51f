//! Launches of kernels, with their parameters and buffers found by name.

use super::block::Held;
use super::hits::Hits;
use super::planes::Planes;
use super::stretch::derivative_at;
use super::{Engine, Loaded};
use crate::gpu::{Device, DeviceError, End, Role};
use crate::program::{Owner, Part};

/// What one launch is about.
#[derive(Clone, Copy)]
pub(super) enum About<'a> {
    /// A batch of triples.
    Triples,
    /// The rows of an owner that a batch of so many triples hits.
    Rows { triples: usize, owner: Owner, hits: &'a Hits },
    /// The queries or the candidates of a block.
    Part(End, &'a Part),
    /// The rows of an owner that so many queries or candidates hit.
    PartRows { count: usize, end: End, part: &'a Part, owner: Owner, hits: &'a Hits },
    /// Every one of so many queries with every one of so many candidates.
    Block { queries: usize, candidates: usize },
    /// The same, where the derivatives by an end's outputs are wanted.
    Learn { queries: usize, candidates: usize, end: End, part: &'a Part },
    /// Scores that the device holds, with what else the kernel is told.
    Held { scores: &'a Held<'a>, words: &'a [(&'static str, usize)] },
}

/// What the parameters of one launch depend on.
struct Launch<'a> {
    count: usize,
    /// Workgroups that there are to do.
    workgroups: u32,
    about: About<'a>,
}

impl<D: Device> Engine<D> {
    /// The kernel of a role.
    pub(super) fn kernel(&self, role: Role) -> Option<&Loaded<D::Kernel>> {
        self.kernels.iter().find(|loaded| loaded.artifact.role == role)
    }

    /// The kernel of a role that there must be.
    pub(super) fn loaded(&self, role: Role) -> &Loaded<D::Kernel> {
        self.kernel(role).unwrap_or_else(|| panic!("{} was given no kernel of {role:?}", self.model.name))
    }

    /// Launches the kernel of a role for `count` of what it runs once for each.
    pub(super) fn launch(&self, role: Role, count: usize, about: About<'_>) -> Result<(), DeviceError> {
        let Loaded { artifact, kernel } = self.loaded(role);
        let workgroups = artifact.workgroups(word(count));
        let launch = Launch { count, workgroups, about };
        let unknown = |what, name: &str| -> ! {
            panic!("kernel `{}` asks for a {what} `{name}`, of which nothing is known", artifact.entry)
        };
        let words = artifact.parameters.iter().map(|word| &word.name);
        let words: Vec<u32> =
            words.map(|name| self.word(name, &launch).unwrap_or_else(|| unknown("parameter", name))).collect();
        let buffers = artifact.buffers.iter().map(|binding| &binding.name);
        let buffers: Vec<_> =
            buffers.map(|name| self.buffer(name, &launch).unwrap_or_else(|| unknown("buffer", name))).collect();
        let launched = artifact.launched(workgroups, &self.device.capabilities());
        self.device.launch(kernel, launched, &words, &buffers)
    }

    /// The value of a parameter.
    fn word(&self, name: &str, launch: &Launch<'_>) -> Option<u32> {
        match name {
            "count" => return Some(word(launch.count)),
            "workgroups" => return Some(launch.workgroups),
            "tables_shard" => return Some(word(self.tables.shard_words())),
            _ => {}
        }
        if let Some(dim) = numbered(name, "dim") {
            return self.sizes.get(dim).map(|size| word(*size));
        }
        if let Some(parameter) = numbered(name, "parameter") {
            return self.parameters.get(parameter).map(|value| value.to_bits());
        }
        if let Some(plane) = numbered(name, "plane") {
            return offset(&self.planes, plane);
        }
        if let Some(output) = numbered(name, "derivative") {
            return self.derivative(output, launch);
        }
        let (triples, owner, hits) = match launch.about {
            About::Rows { triples, owner, hits } => (triples, owner, hits),
            About::PartRows { count, owner, hits, .. } => (count, owner, hits),
            About::Block { queries, candidates } | About::Learn { queries, candidates, .. } => {
                return match name {
                    // All of them are one chunk.
                    "queries" | "chunk" => Some(word(queries)),
                    "candidates" => Some(word(candidates)),
                    _ => None,
                };
            }
            About::Held { scores, words } => {
                let given = words.iter().find(|(given, _)| *given == name).map(|(_, number)| *number);
                return given.or_else(|| scores.word(name)).map(word);
            }
            About::Triples if name == "batch" => return Some(word(launch.count)),
            About::Triples => return self.saved.word(name, launch.count).map(word),
            About::Part(..) => return (name == "batch").then(|| word(launch.count)),
        };
        if name == "batch" {
            return Some(word(triples));
        }
        if let Some(value) = self.saved.word(name, triples) {
            return Some(word(value));
        }
        let planes = |rows| Planes::of_owner(&self.model, &self.sizes, owner, rows);
        if let Some(plane) = numbered(name, "partial") {
            return offset(&planes(hits.piece_count()), plane);
        }
        offset(&planes(hits.touched.len()), numbered(name, "gradient")?)
    }

    /// Where the derivatives by an output of a part begin.
    fn derivative(&self, output: usize, launch: &Launch<'_>) -> Option<u32> {
        let (part, count) = match launch.about {
            About::Part(_, part) => (part, launch.count),
            About::PartRows { count, part, .. } => (part, count),
            About::Learn { queries, candidates, end, part } => (part, [queries, candidates][end as usize]),
            About::Triples | About::Rows { .. } | About::Block { .. } | About::Held { .. } => return None,
        };
        Some(word(derivative_at(part, &self.sizes, count, output)))
    }

    /// The buffer of a name.
    fn buffer(&self, name: &str, launch: &Launch<'_>) -> Option<&D::Buffer> {
        if name == "tables" {
            return self.tables.shard(0);
        }
        if let Some(shard) = numbered(name, "tables_") {
            return self.tables.shard(shard);
        }
        let items = match launch.about {
            About::Triples | About::Rows { .. } if name == "saved" => return Some(self.saved.buffer()),
            About::Triples | About::Rows { .. } => &self.batch,
            About::Part(end, _) | About::PartRows { end, .. } => &self.parts[end as usize],
            About::Block { .. } | About::Learn { .. } => {
                let [queries, candidates] = &self.parts;
                return Some(match name {
                    "query_scalars" => queries.scalars.buffer(),
                    "query_vectors" => queries.vectors.buffer(),
                    "candidate_scalars" => candidates.scalars.buffer(),
                    "candidate_vectors" => candidates.vectors.buffer(),
                    "scores" => self.scores.buffer(),
                    "pairs" => self.pairs.buffer(),
                    _ => return None,
                });
            }
            About::Held { scores, .. } if name == "scores" => return Some(self.held(scores.place)),
            About::Held { .. } => return self.ranking.buffer(name),
        };
        match name {
            "triples" => return Some(items.triples.buffer()),
            "grouped" => return Some(items.grouped.buffer()),
            "scalars" => return Some(items.scalars.buffer()),
            "vectors" => return Some(items.vectors.buffer()),
            _ => {}
        }
        let (About::Rows { owner, .. } | About::PartRows { owner, .. }) = launch.about else { return None };
        let arrays = &self.owners[owner as usize];
        Some(match name {
            "hits" => arrays.hits.buffer(),
            "pieces" => arrays.pieces.buffer(),
            "runs" => arrays.runs.buffer(),
            "partial" => arrays.partial.buffer(),
            "gradient" => arrays.gradient.buffer(),
            "positions" => arrays.positions.buffer(),
            _ => return None,
        })
    }
}

/// Where a plane begins.
fn offset(planes: &Planes, plane: usize) -> Option<u32> {
    planes.offsets.get(plane).copied().flatten().map(word)
}

/// The number at the end of a name: 3 of `plane3`, for `plane`.
pub(super) fn numbered(name: &str, prefix: &str) -> Option<usize> {
    name.strip_prefix(prefix)?.parse().ok()
}

/// A number as a kernel has it. Whatever is counted lies in bindings, which have fewer words than 2^32.
pub(super) fn word(number: usize) -> u32 {
    u32::try_from(number).expect("a binding has fewer than 2^32 words")
}
