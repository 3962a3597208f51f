//! One score with tables and a batch, and what two engines make of it.

use std::collections::BTreeMap;

use sptx_codegen::interp::{self, Bindings, Rows};
use sptx_codegen::ir::{Gradient, PlaneId, Score, Side};
use sptx_codegen::testing::{Random, has_kink};
use sptx_runtime::cpu::{Batch, Block, BlockLoss, Candidates, Engine, EngineOptions, Gradients, Queries, RowMask};
use sptx_runtime::gpu::{self, Artifact, Device, Setup};
use sptx_runtime::kernel::CompiledModel;
use sptx_runtime::optimizer::{Rule, Step};
use sptx_runtime::program::{self, Model, Owner};

use crate::corpus::lowered;

/// A score, its program, tables and a batch.
#[derive(Clone)]
pub struct Case {
    /// What it is called in messages.
    pub name: String,
    gradient: Gradient,
    /// The program.
    pub model: Model,
    dims: BTreeMap<String, usize>,
    entities: usize,
    relations: usize,
    tables: Vec<Vec<f32>>,
    heads: Vec<u32>,
    relation_ids: Vec<u32>,
    tails: Vec<u32>,
    upstream: Vec<f32>,
    /// Whether what is at a kink is there exactly, so that its sub-gradient is known.
    exact: bool,
}

/// Where an engine and the interpreter differ by more than they may.
#[derive(Debug)]
pub struct Disagreement {
    /// The case.
    pub case: String,
    /// The number that differs.
    pub what: String,
    /// The interpreter's.
    pub expected: f64,
    /// The engine's.
    pub found: f64,
    /// How large the numbers beside it are.
    pub scale: f64,
    /// The plane whose gradient it is of; none for a score.
    plane: Option<usize>,
    /// Its place among the scores, or in the plane's gradient.
    index: usize,
}

impl Case {
    /// A case with random tables and a random batch, in which rows repeat.
    pub fn new(declared: &Score, dims: BTreeMap<String, usize>, triples: usize, seed: u64) -> Option<Self> {
        let mut random = Random::new(seed);
        let entities = 1 + random.below(7);
        let relations = 1 + random.below(3);
        Self::draw(declared, dims, triples, [entities, relations], random, seed)
    }

    /// A case without triples, with so many entities and relations.
    pub fn with_rows(declared: &Score, dims: BTreeMap<String, usize>, rows: [usize; 2], seed: u64) -> Option<Self> {
        Self::draw(declared, dims, 0, rows, Random::new(seed), seed)
    }

    /// A case of these heads, relations and tails, with so many entities and relations.
    pub fn with_batch(
        declared: &Score,
        dims: BTreeMap<String, usize>,
        rows: [usize; 2],
        [heads, relations, tails]: [&[u32]; 3],
        seed: u64,
    ) -> Option<Self> {
        let mut case = Self::draw(declared, dims, heads.len(), rows, Random::new(seed), seed)?;
        (case.heads, case.relation_ids, case.tails) = (heads.to_vec(), relations.to_vec(), tails.to_vec());
        Some(case)
    }

    /// A case with so many entities.
    pub fn with_entities(
        declared: &Score,
        dims: BTreeMap<String, usize>,
        triples: usize,
        entities: usize,
        seed: u64,
    ) -> Option<Self> {
        Self::draw(declared, dims, triples, [entities, 3], Random::new(seed), seed)
    }

    fn draw(
        declared: &Score,
        dims: BTreeMap<String, usize>,
        triples: usize,
        [entities, relations]: [usize; 2],
        mut random: Random,
        seed: u64,
    ) -> Option<Self> {
        let (gradient, model) = lowered(declared);
        let sizes = model.bind(&dims).ok()?;
        let tables = (0..model.planes.len()).map(|plane| {
            let rows = if model.owner(plane) == Owner::Entity { entities } else { relations };
            let len = gradient.score.planes[PlaneId::new(plane)].shape;
            let len = gradient.score.bind_dims(&dims).map(|sizes| sizes.elements(len)).unwrap_or_default();
            let spread = 1.0 / (len as f64).powf(0.25);
            (0..rows * len).map(|_| random.uniform(-spread, spread) as f32).collect()
        });
        let tables = tables.collect();
        let mut ids = |count: usize| (0..triples).map(|_| random.below(count) as u32).collect::<Vec<_>>();
        let (heads, relation_ids, tails) = (ids(entities), ids(relations), ids(entities));
        let upstream = (0..triples).map(|i| if i % 3 == 1 { 0.0 } else { random.uniform(-1.0, 1.0) as f32 }).collect();
        let name = format!("{} {:?} d={sizes:?} triples={triples} seed={seed}", declared.name, choices(declared));
        Some(Self {
            name,
            gradient,
            model,
            dims,
            entities,
            relations,
            tables,
            heads,
            relation_ids,
            tails,
            upstream,
            exact: false,
        })
    }

    /// The same with every other row of the tables in whole numbers: −1, 0 and 1, half of them 0. Sums and differences of
    /// such rows are exactly 0 in many columns, for which an engine is then held to the sub-gradient 0.
    pub fn with_zeros(mut self) -> Self {
        for plane in 0..self.tables.len() {
            let len = self.row_len(plane).max(1);
            let table = &mut self.tables[plane];
            let most = table.iter().fold(0.0_f32, |most, number| most.max(number.abs()));
            for row in table.chunks_mut(len).step_by(2) {
                row.iter_mut().for_each(|number| *number = (2.0 * *number / most).trunc().clamp(-1.0, 1.0));
            }
        }
        self.name += " with zeros";
        Self { exact: true, ..self }
    }

    fn batch(&self) -> Batch<'_> {
        Batch { heads: &self.heads, relations: &self.relation_ids, tails: &self.tails }
    }

    /// An engine with the case's tables.
    ///
    /// # Panics
    /// When the case does not fit the model, which its making has ruled out.
    pub fn engine(&self, compiled: CompiledModel, threads: usize) -> Engine {
        let options = EngineOptions { threads, ..EngineOptions::default() };
        let engine = Engine::new(compiled, &self.dims, self.entities, self.relations, &options);
        let mut engine = engine.expect("the case fits its model");
        for (plane, rows) in self.tables.iter().enumerate() {
            engine.tables_mut().import(plane, rows);
        }
        engine
    }

    /// The scores and, per plane, the gradient rows that an engine gives.
    ///
    /// # Panics
    /// When the engine refuses the batch.
    pub fn run(&self, engine: &mut Engine) -> (Vec<f32>, Vec<Vec<f32>>) {
        let mut scores = vec![0.0; self.heads.len()];
        engine.score(self.batch(), &mut scores).expect("the batch is in range");
        let gradients = engine.gradients(self.batch(), &self.upstream).expect("the batch is in range");
        (scores, self.dense(&gradients))
    }

    /// An engine on a GPU's device, with the case's tables.
    ///
    /// # Panics
    /// When the device refuses what the case asks of it.
    pub fn gpu_engine<D: Device>(&self, device: D, artifacts: Vec<Artifact>) -> gpu::Engine<D> {
        let setup = Setup {
            model: self.model.clone(),
            sizes: self.sizes(),
            entities: self.entities,
            relations: self.relations,
            parameters: BTreeMap::new(),
            artifacts,
        };
        let mut engine = gpu::Engine::new(device, setup).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        for (plane, rows) in self.tables.iter().enumerate() {
            engine.set_plane(plane, rows).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        }
        engine
    }

    /// [`Case::run`] on a GPU's device.
    ///
    /// # Panics
    /// When the device fails.
    pub fn run_gpu<D: Device>(&self, engine: &mut gpu::Engine<D>) -> (Vec<f32>, Vec<Vec<f32>>) {
        let failed = |error| panic!("{}: {error}", self.name);
        let scores = engine.score(self.batch()).unwrap_or_else(failed);
        let gradients =
            engine.gradients(self.batch(), &self.upstream).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        (scores, self.dense_on_gpu(&gradients))
    }

    /// A device's gradients with a row for each row of the tables.
    fn dense_on_gpu(&self, gradients: &gpu::Gradients) -> Vec<Vec<f32>> {
        let dense = self.tables.iter().enumerate().map(|(plane, table)| {
            let mut dense = vec![0.0; table.len()];
            if gradients.has(plane) {
                let len = self.row_len(plane);
                for (position, row) in gradients.rows(plane).iter().enumerate() {
                    let from = *row as usize * len;
                    dense[from..from + len].copy_from_slice(gradients.row(plane, position));
                }
            }
            dense
        });
        dense.collect()
    }

    /// Where an engine on a GPU's device differs from the interpreter, as [`Case::check`].
    ///
    /// # Panics
    /// When the device fails.
    pub fn check_gpu<D: Device>(&self, engine: &mut gpu::Engine<D>, tolerance: f64) -> Vec<Disagreement> {
        self.differences(self.run_gpu(engine), tolerance)
    }

    /// The scores of every query with every entity, for a missing end, and the gradients of their sum times `upstream`, on a
    /// GPU's device; no gradients where the score does not split.
    ///
    /// # Panics
    /// When the device fails.
    pub fn run_gpu_blocks<D: Device>(
        &self,
        engine: &mut gpu::Engine<D>,
        missing: Side,
        upstream: &[f32],
    ) -> (Vec<f32>, Option<Vec<Vec<f32>>>) {
        let (missing, known) = self.asked(missing);
        let queries = Queries { missing, entities: known, relations: &self.relation_ids };
        let entities = Candidates::Range(0..self.entities as u32);
        let mut scores = vec![0.0; known.len() * self.entities];
        let result = engine.score_block(queries, entities.clone(), &mut scores);
        result.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let gradients = match engine.block_gradients(queries, entities, upstream) {
            Ok(gradients) => Some(self.dense_on_gpu(&gradients)),
            Err(sptx_runtime::Error::NoSplit { .. }) => None,
            Err(error) => panic!("{}: {error}", self.name),
        };
        assert_eq!(gradients.is_some(), self.model.split(missing).is_some(), "{}", self.name);
        (scores, gradients)
    }

    /// Where blocks of every query with every entity, on a GPU's device, differ from the interpreter, for either end.
    ///
    /// # Panics
    /// When the device fails.
    pub fn check_gpu_blocks<D: Device>(&self, engine: &mut gpu::Engine<D>, tolerance: f64) -> Vec<Disagreement> {
        let mut found = Vec::new();
        for missing in [Side::Head, Side::Tail] {
            let pairs = self.of_pairs(missing);
            let (scores, gradients) = self.run_gpu_blocks(engine, missing, &pairs.upstream);
            let exact = |rows: &Vec<f64>| rows.iter().map(|x| *x as f32).collect();
            let gradients = gradients.unwrap_or_else(|| pairs.reference().1.iter().map(exact).collect());
            found.extend(pairs.differences((scores, gradients), tolerance));
        }
        found
    }

    /// The derivatives by the scores of every query of the batch with every entity that blocks are tried with.
    pub fn upstream_of_pairs(&self) -> Vec<f32> {
        self.of_pairs(Side::Tail).upstream
    }

    /// The end that is missing, and the entities at the other.
    fn asked(&self, missing: Side) -> (program::Side, &[u32]) {
        match missing {
            Side::Head => (program::Side::Head, &self.tails),
            Side::Relation | Side::Tail => (program::Side::Tail, &self.heads),
        }
    }

    /// Gradients with a row for each row of the tables.
    fn dense(&self, gradients: &Gradients) -> Vec<Vec<f32>> {
        let dense = self.tables.iter().enumerate().map(|(plane, table)| {
            let rows = if self.model.owner(plane) == Owner::Entity { self.entities } else { self.relations };
            let len = table.len() / rows;
            let mut dense = vec![0.0; table.len()];
            for position in 0..gradients.len(plane) {
                let row = gradients.rows(plane).at(position);
                dense[row * len..(row + 1) * len].copy_from_slice(&gradients.row(plane, position));
            }
            dense
        });
        dense.collect()
    }

    /// The case whose batch is every query of this one's batch, for a missing end, with every entity.
    fn of_pairs(&self, missing: Side) -> Self {
        let entities = self.entities as u32;
        let known = if missing == Side::Head { &self.tails } else { &self.heads };
        let pairs = (0..known.len()).flat_map(|query| (0..entities).map(move |entity| (query, entity)));
        let mut case = Self { name: format!("{} missing {missing:?}", self.name), ..self.clone() };
        (case.heads, case.relation_ids, case.tails, case.upstream) = Default::default();
        for (query, entity) in pairs {
            let ends = [known[query], entity];
            let [head, tail] = if missing == Side::Head { [ends[1], ends[0]] } else { ends };
            case.heads.push(head);
            case.relation_ids.push(self.relation_ids[query]);
            case.tails.push(tail);
            case.upstream.push(((query * 7 + entity as usize * 3) % 11) as f32 / 5.0 - 1.0);
        }
        case
    }

    /// Where blocks of every query with every entity differ from the interpreter, as [`Case::check`], for either end.
    ///
    /// # Panics
    /// When the engine refuses the blocks.
    pub fn check_blocks(&self, engine: &mut Engine, tolerance: f64) -> Vec<Disagreement> {
        let mut found = Vec::new();
        for missing in [Side::Head, Side::Tail] {
            let pairs = self.of_pairs(missing);
            let numbers = self.run_blocks(engine, missing, &pairs.upstream);
            found.extend(pairs.differences(numbers, tolerance));
        }
        found
    }

    /// Elements of the largest matrix of a row; 0 where there is none.
    ///
    /// # Panics
    /// When the case does not fit the model, which its making has ruled out.
    pub fn largest_matrix(&self) -> usize {
        let sizes = self.sizes();
        let elements = |plane: &program::Plane| match plane.shape {
            program::Shape::Matrix(down, across) => sizes[down] * sizes[across],
            program::Shape::Scalar | program::Shape::Vector(_) => 0,
        };
        self.model.planes.iter().map(elements).max().unwrap_or(0)
    }

    /// The sizes of the model's dimensions.
    ///
    /// # Panics
    /// When the case does not fit the model, which its making has ruled out.
    pub fn sizes(&self) -> Vec<usize> {
        self.model.bind(&self.dims).expect("the case fits its model")
    }

    /// Numbers of entities and of relations.
    pub fn counts(&self) -> [usize; 2] {
        [self.entities, self.relations]
    }

    /// Number of triples of the batch.
    pub fn triples(&self) -> usize {
        self.heads.len()
    }

    /// Number of rows of a plane.
    pub fn rows_of(&self, plane: usize) -> usize {
        if self.model.owner(plane) == Owner::Entity { self.entities } else { self.relations }
    }

    /// The gradients of queries of which each has the entity and the relation of its number, against all entities behind
    /// those, the last of them being the answer.
    ///
    /// # Panics
    /// When the engine refuses the block.
    pub fn block_of_own_rows(
        &self,
        engine: &mut Engine,
        missing: program::Side,
        queries: usize,
        mask: Option<&dyn RowMask>,
    ) -> Vec<Vec<f32>> {
        let own: Vec<u32> = (0..queries as u32).collect();
        let last = self.entities as u32 - 1;
        let candidates: Vec<u32> = (queries as u32..last).collect();
        let answers = vec![last; queries];
        let queries = Queries { missing, entities: &own, relations: &own };
        let block = Block { queries, candidates: Candidates::List(&candidates), answers: Some(&answers) };
        let each = candidates.len() + 1;
        let upstream: Vec<f32> = (0..own.len() * each).map(|i| (i % 7) as f32 / 3.0 - 1.0).collect();
        let loss = Linear { upstream: &upstream, entities: each };
        let (_, gradients) = engine.gradients_of_blocks(&[block], mask, &loss).expect("the block is in range");
        self.dense(&gradients)
    }

    /// The scores and the gradients of every query of the batch, for a missing end, with every entity.
    ///
    /// # Panics
    /// When the engine refuses the block.
    pub fn run_blocks(&self, engine: &mut Engine, missing: Side, upstream: &[f32]) -> (Vec<f32>, Vec<Vec<f32>>) {
        let (missing, known) = self.asked(missing);
        let queries = Queries { missing, entities: known, relations: &self.relation_ids };
        let entities = self.entities as u32;
        let mut scores = vec![0.0; known.len() * self.entities];
        engine.score_block(queries, Candidates::Range(0..entities), &mut scores).expect("the block is in range");
        // The last entity as the answer of each query, so that both ways into a gradient are taken.
        let candidates: Vec<u32> = (0..entities - 1).collect();
        let answers = vec![entities - 1; known.len()];
        let block = Block { queries, candidates: Candidates::List(&candidates), answers: Some(&answers) };
        let (_, gradients) = engine
            .gradients_of_blocks(&[block], None, &Linear { upstream, entities: self.entities })
            .expect("in range");
        (scores, self.dense(&gradients))
    }

    /// Where a step of gradient descent takes the tables elsewhere than `engine`'s own gradients say. Tables with
    /// constraints, angles included, are left out: a step ends by restoring those.
    ///
    /// # Panics
    /// When the engine refuses the batch.
    pub fn check_step(&self, engine: &mut Engine, tolerance: f64) -> Vec<Disagreement> {
        const RATE: f64 = 0.5;
        let (_, gradients) = self.run(engine);
        let before: Vec<_> = (0..gradients.len()).map(|plane| engine.tables().export(plane)).collect();
        engine.set_optimizer(Rule::Sgd);
        let loss = |_: &[f32], upstream: &mut [f32]| {
            upstream.copy_from_slice(&self.upstream);
            Ok::<_, sptx_runtime::Error>(())
        };
        let step = Step { learning_rate: RATE, weight_decay: 0.0, number: 1, penalty: None };
        engine.step(self.batch(), step, loss).expect("the batch is in range");
        let free = |plane: &usize| {
            let slot = &self.model.slots[self.model.planes[*plane].slot];
            slot.constraints.is_empty() && !slot.phase
        };
        let mut found = Vec::new();
        for plane in (0..gradients.len()).filter(free) {
            let moved = before[plane].iter().zip(&gradients[plane]);
            let expected: Vec<f64> = moved.map(|(x, g)| f64::from(*x) - RATE * f64::from(*g)).collect();
            let what = format!("step of {}", self.model.plane_name(plane));
            let after = engine.tables().export(plane);
            found.extend(self.compare(&what, Some(plane), &expected, &after, largest(&expected), tolerance));
        }
        found
    }

    /// The same numbers by the interpreter, and for each plane the largest sum of the magnitudes of what is added to an
    /// element of its gradient: a sum's rounding is relative to that.
    pub fn reference(&self) -> (Vec<f64>, Vec<Vec<f64>>, Vec<f64>) {
        let exact = |table: &Vec<f32>| table.iter().map(|x| f64::from(*x)).collect();
        self.reference_of(&self.tables.iter().map(exact).collect::<Vec<_>>())
    }

    /// The interpreter's numbers for tables that differ from the case's in the last bit of an f32: what no engine that
    /// computes in f32 can tell apart.
    fn perturbed(&self) -> (Vec<f64>, Vec<Vec<f64>>, Vec<f64>) {
        let nudge = |i: usize| if i.is_multiple_of(2) { f64::from(f32::EPSILON) } else { -f64::from(f32::EPSILON) };
        let nudged =
            |table: &Vec<f32>| table.iter().enumerate().map(|(i, x)| f64::from(*x) * (1.0 + nudge(i))).collect();
        self.reference_of(&self.tables.iter().map(nudged).collect::<Vec<_>>())
    }

    fn reference_of(&self, tables: &[Vec<f64>]) -> (Vec<f64>, Vec<Vec<f64>>, Vec<f64>) {
        let score = &self.gradient.score;
        let bindings = Bindings::new(score, score.bind_dims(&self.dims).unwrap_or_else(|error| panic!("{error}")));
        let mut gradients: Vec<Vec<f64>> = self.tables.iter().map(|table| vec![0.0; table.len()]).collect();
        let mut magnitudes = gradients.clone();
        let mut scores = Vec::new();
        for triple in 0..self.heads.len() {
            let rows = self.rows(tables, triple);
            scores.push(interp::score(score, &bindings, &rows));
            let upstream = f64::from(self.upstream[triple]);
            for (side, plane, row) in interp::gradient(&self.gradient, &bindings, &rows, upstream) {
                if !self.model.is_trained(plane.index()) {
                    continue;
                }
                let start = self.id(side, triple) * self.row_len(plane.index());
                let len = self.row_len(plane.index());
                for i in 0..len {
                    let added = if row.len() == 1 { row[0] } else { row[i] };
                    gradients[plane.index()][start + i] += added;
                    magnitudes[plane.index()][start + i] += added.abs();
                }
            }
        }
        (scores, gradients, magnitudes.iter().map(|plane| largest(plane)).collect())
    }

    fn id(&self, side: Side, triple: usize) -> usize {
        let column = match side {
            Side::Head => &self.heads,
            Side::Relation => &self.relation_ids,
            Side::Tail => &self.tails,
        };
        column[triple] as usize
    }

    fn row_len(&self, plane: usize) -> usize {
        let rows = if self.model.owner(plane) == Owner::Entity { self.entities } else { self.relations };
        self.tables[plane].len() / rows
    }

    fn rows(&self, tables: &[Vec<f64>], triple: usize) -> Rows {
        let mut rows = Rows::default();
        for side in Side::ALL {
            for (plane, declared) in self.gradient.score.planes.iter() {
                if self.gradient.score.slots[declared.slot].owner == side.owner() {
                    let (len, id) = (self.row_len(plane.index()), self.id(side, triple));
                    rows.insert(side, plane, tables[plane.index()][id * len..(id + 1) * len].to_vec());
                }
            }
        }
        rows
    }

    /// Where the engine's scores and gradients differ from the interpreter's by more than `tolerance`, relative to the
    /// largest number of the same kind, and by more than rounding the tables would account for.
    pub fn check(&self, engine: &mut Engine, tolerance: f64) -> Vec<Disagreement> {
        self.differences(self.run(engine), tolerance)
    }

    fn differences(&self, (scores, gradients): (Vec<f32>, Vec<Vec<f32>>), tolerance: f64) -> Vec<Disagreement> {
        let (expected_scores, expected_gradients, magnitudes) = self.reference();
        let mut found = self.compare("score", None, &expected_scores, &scores, largest(&expected_scores), tolerance);
        for (plane, (expected, gradient)) in expected_gradients.iter().zip(&gradients).enumerate() {
            let what = format!("gradient of {}", self.model.plane_name(plane));
            found.extend(self.compare(&what, Some(plane), expected, gradient, magnitudes[plane], tolerance));
        }
        if found.is_empty() {
            return found;
        }
        let (scores, gradients, _) = self.perturbed();
        let noise = |a: &[f64], b: &[f64]| a.iter().zip(b).fold(0.0_f64, |noise, (a, b)| noise.max((a - b).abs()));
        let gradient_noise = gradients.iter().zip(&expected_gradients).map(|(a, b)| noise(a, b));
        let allowed = 32.0 * gradient_noise.fold(noise(&scores, &expected_scores), f64::max);
        found.retain(|it| exceeds(it.expected - it.found, allowed));
        if !found.is_empty() && !self.exact {
            let at_a_jump = self.triples_at_a_jump();
            found.retain(|it| !at_a_jump.iter().any(|triple| self.is_of(it, *triple)));
        }
        found
    }

    /// The triples so near a kink or a jump of the score that rounding decides on which side they are.
    fn triples_at_a_jump(&self) -> Vec<usize> {
        let score = &self.gradient.score;
        let bindings = Bindings::new(score, score.bind_dims(&self.dims).unwrap_or_else(|error| panic!("{error}")));
        let tables: Vec<Vec<f64>> =
            self.tables.iter().map(|table| table.iter().map(|x| f64::from(*x)).collect()).collect();
        let near = |triple: &usize| has_kink(score, &bindings, &self.rows(&tables, *triple), 1e-5);
        (0..self.heads.len()).filter(near).collect()
    }

    /// Whether a number is the score of a triple, or of the gradient of one of its rows.
    fn is_of(&self, number: &Disagreement, triple: usize) -> bool {
        let Some(plane) = number.plane else { return number.index == triple };
        let row = number.index / self.row_len(plane);
        match self.model.owner(plane) {
            Owner::Entity => [Side::Head, Side::Tail].into_iter().any(|side| self.id(side, triple) == row),
            Owner::Relation => self.id(Side::Relation, triple) == row,
        }
    }

    fn compare(
        &self,
        what: &str,
        plane: Option<usize>,
        expected: &[f64],
        found: &[f32],
        scale: f64,
        tolerance: f64,
    ) -> Vec<Disagreement> {
        let scale = scale.max(1e-3);
        let differs = |expected: f64, found: f64| exceeds(expected - found, tolerance * scale);
        expected
            .iter()
            .zip(found)
            .enumerate()
            .filter(|(_, (expected, found))| differs(**expected, f64::from(**found)))
            .map(|(index, (expected, found))| Disagreement {
                case: self.name.clone(),
                what: format!("{what}[{index}]"),
                expected: *expected,
                found: f64::from(*found),
                scale,
                plane,
                index,
            })
            .collect()
    }
}

/// `Σ upstream · score` over the pairs of queries and entities, whose last entity is the answer.
struct Linear<'a> {
    upstream: &'a [f32],
    entities: usize,
}

impl BlockLoss for Linear<'_> {
    fn row(&self, _: usize, query: usize, answer: &mut f32, scores: &mut [f32]) -> f64 {
        let upstream = &self.upstream[query * self.entities..][..self.entities];
        let loss = scores.iter().chain([&*answer]).zip(upstream).map(|(score, up)| f64::from(score * up)).sum();
        scores.copy_from_slice(&upstream[..self.entities - 1]);
        *answer = upstream[self.entities - 1];
        loss
    }
}

/// Whether a difference is larger than allowed, or no number.
fn exceeds(difference: f64, allowed: f64) -> bool {
    difference.is_nan() || difference.abs() > allowed
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest, x| largest.max(x.abs()))
}

fn choices(score: &Score) -> Vec<(String, f64)> {
    score.choices.iter().map(|choice| (choice.name.clone(), choice.chosen)).collect()
}
