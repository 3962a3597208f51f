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
//! | `scalars` | scalar s of triple t at `s · count + t` |
//! | `vectors` | vector v of triple t at `count` · (padded sizes of the vectors before) `+ t ·` (its padded size) |
//! | `hits` | for entities `2 · triple + side` (0 its head, 1 its tail), for relations the triple; row by row, a row's in the order of the batch |
//! | `pieces` | piece p has the hits `pieces[p] .. pieces[p + 1]`; a piece's hits are of one row |
//! | `partial` | gradient of piece p: each plane of the owner, from its offset (parameter `partial0`, …), piece by piece |
//! | `rows` | row n of those touched has the pieces `rows[n] .. rows[n + 1]` |
//! | `gradient` | gradient of touched row n: each plane of the owner, from its offset (`gradient0`, …), row by row |
//!
//! | Role | Runs once for each | Reads | Writes |
//! |---|---|---|---|
//! | [`Role::Forward`] | triple | `tables`, `triples` | `scalars`, `vectors` |
//! | [`Role::Adjoint`] | triple | the same, and `scalars`, the upstream one among them | `scalars`, `vectors` |
//! | [`Role::Partial`] | piece | the same, and `hits`, `pieces` | `partial` |
//! | [`Role::Gather`] | touched row | `partial`, `rows` | `gradient` |
//!
//! Every kernel has the parameters `count` (of what it runs once for each), `triples` where that is another number, the
//! sizes of dimensions (`dim0`, …), the model's parameters (`parameter0`, …) and the offsets, as far as it reads them;
//! an artifact lists which, and in which order.
//!
//! Runs of hits are cut into pieces of a fixed length so that a relation with thousands of hits is no single thread's
//! work; sums run in the order of the hits within a piece and in the order of the pieces, so that a gradient has the same
//! bits from run to run.

mod artifact;
mod device;
mod schedule;
mod step;

pub use artifact::{Artifact, Binding, Direction, LossKind, Role, RuleKind, Word, WordKind, padded, row_words};
pub use device::{Device, DeviceError};
pub use schedule::{Capabilities, Illegal, Schedule};
pub use step::{BLOCK, DIGIT_BITS, PIECE, histogram_words, most_pieces, sort_rounds};
