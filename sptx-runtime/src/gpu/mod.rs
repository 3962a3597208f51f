//! Kernels for GPUs: how they are described, scheduled and launched, whatever the device.
//!
//! The compiler turns a [`Model`](crate::program::Model) under a [`Schedule`] into [`Artifact`]s, one for each [`Role`],
//! for devices of some [`Capabilities`]. What they read and write is the same on every target:
//!
//! **Words.** Memory is buffers of 32-bit words. A dimension of d columns takes [`padded`]`(d)` words a row, so that a row
//! begins at a multiple of four; what lies between is not part of the row and may hold anything.
//!
//! **Rows.** One row of a scalar plane is one word, of a vector plane the padded columns, of a matrix plane its rows one
//! after another, each padded ([`row_words`]).
//!
//! | Buffer | Words |
//! |---|---|
//! | `tables` | each plane, from its offset (parameter `plane0`, `plane1`, …), row by row |
//! | `triples` | the heads, then the relations, then the tails, `count` each |
//! | `grouped` | the numbers of the triples, those of one relation together |
//! | `scalars` | scalar s of triple t at `s · count + t` |
//! | `vectors` | vector v of triple t at `count` · (padded sizes of the vectors before) `+ t ·` (its padded size) |
//! | `saved` | columns n of triple t, over a dimension of which a triple's take w = [`saved_words`], at `count · w` of those before `+ t · w` |
//! | `hits` | for entities `2 · triple + side` (0 its head, 1 its tail), for relations the triple; row by row, a row's in the order of the batch |
//! | `pieces` | of piece p at 2p where its hits begin, which end where the next piece's begin, and which of the touched rows they are of |
//! | `partial` | gradient of piece p: each plane of the owner, from its offset (parameter `partial0`, …), piece by piece |
//! | `runs` | how many rows are touched, and how many pieces there are; then of touched row n, ascending, its number, its first piece and its first hit, which end where the next row's begin |
//! | `positions` | for each hit, in the order of the batch, which of the rows that are touched it is of |
//! | `scores` | the score of query q with candidate c at `q · candidates + c` |
//! | `pairs` | number s of what is kept of a pair ([`PairNumbers`](crate::program::PairNumbers)) at `s ·` (number of pairs) `+` its place |
//! | `questions` | of each question its query, its answer, and where in `filtered` its list begins and ends: all of the first, then of the next |
//! | `filtered` | candidates that are no rivals, in lists that questions share; in a list each once |
//! | `truths` | the score of each question's answer |
//! | `ranks` | of question q at 2q how many rivals score above its answer, or cannot be compared; then how many the same |
//! | `excluded` | of each pair its query, then of each its candidate; no pair twice |
//! | `best` | the list of lane l of query q, from entry `(q · lanes + l) · kept` on: of each entry its merit and its candidate |
//! | `gradient` | gradient of touched row n: each plane of the owner, from its offset (`gradient0`, …), row by row |
//! | `facts` | the heads of the training triples, then their relations, then their tails |
//! | `order` | the order in which the epoch visits them |
//! | `thresholds` | of relation r, at 2r the lower and then the upper word of how often, of 2³², the head is replaced |
//! | `known` | the known triples, each once, sorted by head, relation, tail: heads, relations, tails |
//! | `losses` | at 2p, p a positive's place in the order of the epoch, its loss; then how many of its scores are not finite |
//! | | against shared negatives, at 3 · (p · `sides` + `side`): its loss, that number, and how many negatives count |
//! | `candidate_triples` | the `triples` of shared negatives |
//! | `scale` | what the derivatives of a batch's loss are multiplied by |
//! | `histogram` | counts of blocks of [`BLOCK`] hits: a word for each block, for one counter after another |
//! | `state0`, `state1` | what a rule keeps of each number of the tables, laid out as they are |
//! | `sums` | what a rule keeps of each row of a slot, from its offset (`sums0`, …) |
//!
//! | Role | Runs once for each | Reads | Writes |
//! |---|---|---|---|
//! | [`Role::Forward`] | triple | `tables`, `triples`, `grouped` | `scalars`, `vectors`, `saved` |
//! | [`Role::Adjoint`] | triple | `tables`, `triples`, `grouped`, and `scalars`, the upstream one among them | `scalars`, `vectors` |
//! | [`Role::Partial`] | piece | the same, and `saved`, `hits`, `pieces` | `partial` |
//! | [`Role::Join`] | group of [`GROUP`] pieces | `pieces`, `runs`, `partial` | `partial`, of the first piece of a group of one row: its sum |
//! | [`Role::Gather`] | touched row | `partial`, `runs` | `gradient` |
//! | [`Role::Clear`] | four words of `gradient` | | `gradient`: zeros |
//! | [`Role::Scatter`] | triple | `tables`, `triples`, `scalars`, `vectors`, `saved`, `positions` | `gradient`, by atomic additions |
//! | [`Role::Part`] | query or candidate | `tables`, `triples`, `grouped` | `scalars`, `vectors`: its outputs among them |
//! | [`Role::Compare`] | tile of pairs | `query_scalars`, `query_vectors`, `candidate_scalars`, `candidate_vectors` | `scores` |
//! | [`Role::Slopes`] | tile of pairs | the four of [`Role::Compare`], the derivatives by pairs in `scores` | `pairs` |
//! | [`Role::Learn`] | tile of queries, or of candidates | the four of [`Role::Compare`], `pairs` | the derivatives in `query_vectors`, or in `candidate_vectors` |
//! | [`Role::PartAdjoint`] | query or candidate | `tables`, `triples`, `grouped`, `scalars`, `vectors` | `scalars`, `vectors` |
//! | [`Role::PartPartial`] | piece | those of [`Role::Partial`] | `partial` |
//! | [`Role::Pick`] | question | `scores`, `questions` | `truths` |
//! | [`Role::Rank`] | question | `scores`, `questions`, `filtered`, `truths` | `ranks` |
//! | [`Role::Exclude`] | pair | `excluded` | `scores` |
//! | [`Role::Best`] | query | `scores` | `best` |
//! | [`Role::Sample`] | triple | `facts`, `order`, `thresholds`, `known` | `triples` |
//! | [`Role::Loss`] | positive | the scores in `scalars` | the upstream derivatives in `scalars`, `losses` |
//! | [`Role::Negatives`] | shared negative | | `triples` |
//! | [`Role::Rivals`] | positive | `triples`, `candidate_triples`, `scalars`, `known` | `scores`, `losses` |
//! | [`Role::Terms`] | positive, for each end | `losses` | `scale` |
//! | [`Role::SharedLoss`] | positive | the scores in `scalars`, `scale` | the derivatives in `scalars`, `scores`, `losses` |
//! | [`Role::ListSource`] | hit of a source | `triples` | `hits` |
//! | [`Role::List`] | hit | `triples`, the upstream derivatives in `scalars` | `hits` |
//! | [`Role::Histogram`] | hit | `hits` | `histogram` |
//! | [`Role::Scan`] | word of `histogram` that is in use | `histogram` | `histogram` |
//! | [`Role::Sort`] | hit | `hits`, `histogram` | `sorted`, laid out as `hits` are |
//! | [`Role::Boundaries`] | hit, and the end | `hits` | `histogram` |
//! | [`Role::Cut`] | hit, and the end | `hits`, `histogram` | `runs`, `pieces` |
//! | [`Role::CountedPartial`] | piece | those of [`Role::Partial`], and `runs` | `partial` |
//! | [`Role::SourcePartial`] | piece | the same | `partial`, of the pieces of its source |
//! | [`Role::Update`] | touched row, or row | `partial`, `runs`, and as far as it adds up hits itself, those of [`Role::Partial`] but `pieces` | `tables`, `state0`, `state1`, `sums` |
//! | [`Role::Constrain`] | touched row, or row | `runs` | `tables` |
//!
//! Every kernel has the parameters `count` (of what it runs once for each), `workgroups` (how many have work to do, where
//! the schedule is persistent and fewer may be launched), `batch` (of triples, where that is another number), the
//! sizes of dimensions (`dim0`, …), the model's parameters (`parameter0`, …) and the offsets, as far as it reads them;
//! an artifact lists which, and in which order.
//!
//! Where a schedule has groups of several triples, the four kernels of programs that multiply by matrices of relations work
//! on as many at once, in the order that `grouped` gives, any order being right and that of relations the fast one.
//! Candidates are those of one relation, and are grouped as they stand.
//!
//! A query stands in `triples` as a triple whose missing end is of no account, a candidate as one whose known end is (and
//! its relation, unless candidates are worked out by relation). What the parts leave in `scalars` and `vectors` the
//! comparison reads as `query_scalars` and so on. A tile is [`Schedule::tile`] queries by as many candidates; `count` of a
//! comparison is the number of tiles, those of one stretch of queries one after another.
//!
//! The queries of a block come in chunks of `chunk`, the last one maybe shorter, each with `candidates` of its own: every
//! query is paired with those of its chunk, and its pairs lie end to end in `scores`. Behind the vectors of a part
//! (of its forward program or its backward one, whichever has more) stand the derivatives by its outputs, those of each
//! output from its offset (`derivative0`, …), as planes are laid out. Backward goes [`Role::Slopes`], [`Role::Learn`] for
//! both ends, [`Role::PartAdjoint`] where there is one, then the partials: a hit of a part is the number of its query or
//! candidate, on the side that [`Split::sides`](crate::program::Split::sides) has for the owner.
//!
//! **Ranks and best candidates** are found where the scores are, a stretch of queries and of candidates at a time. The rows
//! of `scores` begin at the word `scores0`, are those of the queries from `first_query` on, and have `candidates` places
//! each, for the candidates from `first_candidate` on. [`Role::Pick`] and [`Role::Rank`] run over the questions from
//! `first_question` on, of `question_count` in all; rivals are counted among the candidates `from .. until`, at most
//! [`MOST_COUNTED`] of them, and added to `ranks`. [`Role::Exclude`] runs over the pairs from `first_pair` on, of `pair_count` in
//! all. [`Role::Best`] looks at the candidates `from .. until`, which come later than all that it has seen: lists have `kept`
//! entries, ⌊log₂ `kept`⌋ is `levels`, and words of zeros are entries of no candidate. The merit of a score that is no NaN
//! is `2³¹` plus the bits of its magnitude, or less these where it is negative.
//!
//! A row's run of hits is one of three kinds, so that few hits cost little and a relation with thousands of them is no
//! single thread's work. Up to [`PIECE`] hits are one piece; [`Role::Update`] may add them up itself, and then
//! [`Role::CountedPartial`] leaves such a piece out. More are cut into pieces of at most that length, which are
//! summed by as many rows of threads, and joined. Where the pieces from one multiple of [`GROUP`] to the next are of one
//! row, [`Role::Join`] puts their sum in the place of the first, and what joins the row's pieces takes it for all of them.
//! Sums run in the order of the hits within a piece, in the order of the pieces within a group, and in the order of pieces
//! and groups, so that a gradient has the same bits from run to run.
//!
//! Under [`Backward::Atomic`] entities have no pieces: [`Role::Clear`] and [`Role::Scatter`] stand for their
//! [`Role::Partial`] and [`Role::Gather`].
//!
//! Where a [`Saved`] schedule has something to save, the forward kernel leaves it in `saved`, and the kernels that scatter
//! read it there. Parameter `saved`n`_`m is where columns n begin, which are of dimension m, `saved_words`m is how many
//! words a triple's take. The order of columns within these is the schedule's affair; under [`Saved::SignBits`] the last
//! word is not 0 where some column has no sign.
//!
//! **A training step on triples** sends nothing but parameters:
//!
//! 1. [`Role::Sample`] with `positives` and `negatives` (of each), `first` (the first positive's place in the order of the
//!    `epoch`), `fact_count`, `entities` (how many), `key0` and `key1` (the seed's words), `resamples` and `known_count`
//!    where it is filtered. The triples are the positives, then the negatives of each in turn.
//! 2. [`Role::Forward`]; before it, where it reads `grouped`, [`Role::ListSource`] of the relations, `before` 0 of
//!    `hit_count` triples, and the rounds of sorting of step 4 over what it lists, which then is `grouped`.
//! 3. [`Role::Loss`] with `negatives`, `first`, `batch`, `scale` (what derivatives are multiplied by), and of the loss
//!    `margin`, `adversarial`, `sharpness`. `losses` has room for an epoch, so that it is read once.
//! 4. For each owner of which rows are trained or constrained: [`Role::List`] with `batch`, `row_count` (of the table)
//!    and `all`: whether triples count that have no upstream derivative, as they do where rows have a penalty. While hits
//!    are sorted, `hits` has behind them as many words more, their rows. Then, in [`sort_rounds`] rounds from the lowest
//!    digit on, `shift` being the number of its first bit: [`Role::Histogram`], [`Role::Scan`] over 2⁴ words for each block,
//!    [`Role::Sort`], after which `hits` and `sorted` change places. Then [`Role::Boundaries`] with `count` one more than
//!    there are hits, and `row_count`, [`Role::Scan`] over 2 words for each of its blocks, [`Role::Cut`]. `histogram` has
//!    [`histogram_words`], `pieces` [`pieces_words`] of [`most_pieces`], `runs` [`runs_words`].
//! 5. [`Role::Adjoint`] where the model has it; for each owner [`Role::CountedPartial`], launched for [`most_pieces`],
//!    and [`Role::Join`], for as many groups as these fill.
//! 6. For each owner [`Role::Update`], launched for as many rows as can be touched, or for all by a rule that is dense, with
//!    what [`Coefficients`](crate::optimizer::Coefficients) has of the step; then [`Role::Constrain`] of its slots.
//!
//! **A training step against shared negatives** goes the same way:
//!
//! 1. [`Role::Sample`] without negatives gives the positives, which are the queries for either end as well. For each end:
//!    [`Role::Negatives`] with `sides` (how many ends are asked for), `side` (which of them this is), `step` (the batch's
//!    number in its epoch), `epoch`, `negatives`, `entities`, `key0` and `key1`.
//! 2. `grouped`, as above, of the positives; [`Role::Forward`] of the positives; for each end both parts and the comparison.
//! 3. For each end [`Role::Rivals`], with `chunk`, `first` and `candidate_count`; then [`Role::Terms`] with `first_loss`,
//!    `terms` (those of the positives), `rival_terms` (those of each negative that counts) and `mean`, 0 where derivatives
//!    are not divided by the number of terms; then for each end [`Role::SharedLoss`] with the numbers of the loss,
//!    `stands_for` (entities that a negative stands for) and `adds`, 0 for the first end.
//! 4. [`Role::Adjoint`]; for each end the way back of a block.
//! 5. For each owner the hits of every [`Source`] on its sides, in the order of [`Source::all`], by [`Role::ListSource`] with
//!    `column` (of `triples`), `source` (its place in that order), `before` and `hit_count`. A hit has its source's number
//!    from bit [`SOURCE_BIT`] on, and pieces end where the source changes: rows times sources bound their number. They are
//!    sorted and cut as above; then [`Role::SourcePartial`] of each source, with `source`.
//! 6. As above.
//!
//! A kernel that is launched for rows or pieces that are only counted on the device has no parameter `count`: it reads
//! `runs`.

mod artifact;
mod candidates;
mod device;
#[cfg(feature = "cpu")]
mod engine;
mod planes;
mod product;
mod ranks;
mod saved;
mod schedule;
mod step;

pub use artifact::{
    Artifact, Binding, Direction, End, LossKind, Role, RuleKind, SharedTraining, Source, Steps, Training, Word,
    WordKind, padded, row_words,
};
pub use device::{Device, DeviceError, Launch};
#[cfg(feature = "cpu")]
pub use engine::{
    Answers, BatchPlace, Engine, Filter, Gradients, Learner, LearnerSetup, NegativesSetup, Placed, PositiveLoss, Setup,
    Sharing, Standing, sizes_of, table_words_of,
};
pub use planes::{plane_words, table_shards, table_words};
pub use product::{MatrixProduct, MatrixRows};
pub use ranks::{MOST_COUNTED, score_of_merit};
pub use saved::saved_words;
pub use schedule::{Backward, Capabilities, Illegal, RESIDENT_THREADS, Saved, Schedule};
pub use step::{
    BLOCK, DIGIT_BITS, GROUP, PIECE, RUN_WORDS, RUNS_HEAD, SOURCE_BIT, histogram_words, most_pieces, pieces_words,
    runs_words, sort_rounds,
};
