//! The candidates of a scorer, cut into tiles.

use std::ops::Range;

/// Tiles in a stretch: what one thread goes through without a pause. A graph of 16 000 entities is one stretch.
const STRETCH: u32 = 32;

/// Entities 0 to `entities`, cut into tiles whose widths differ by one at most.
///
/// The bits of a score may depend on the width of its tile, so no tile is left with what remains of the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tiles {
    entities: u32,
    count: u32,
}

impl Tiles {
    /// As few tiles as there can be of at most `widest` candidates; 0 counts as 1.
    pub(super) fn new(entities: u32, widest: u32) -> Self {
        Tiles { entities, count: entities.div_ceil(widest.max(1)) }
    }

    /// Runs of tiles, which go over threads. They do not depend on the number of threads.
    pub(super) fn stretches(self) -> Vec<Range<u32>> {
        let ends = (STRETCH..self.count).step_by(STRETCH as usize).chain([self.count]);
        (0..self.count).step_by(STRETCH as usize).zip(ends).map(|(start, end)| start..end).collect()
    }

    /// The candidates of one tile.
    pub(super) fn candidates(self, tile: u32) -> Range<u32> {
        self.start(tile)..self.start(tile + 1)
    }

    fn start(self, tile: u32) -> u32 {
        // The quotient is at most `entities`.
        (u64::from(tile) * u64::from(self.entities) / u64::from(self.count)) as u32
    }
}

/// Takes those of the sorted `entities` that are below `end` off their front.
pub(super) fn take_below<'a>(entities: &mut &'a [u32], end: u32) -> &'a [u32] {
    let (below, rest) = entities.split_at(entities.partition_point(|&entity| entity < end));
    *entities = rest;
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_candidate_is_in_one_tile_and_widths_are_alike() {
        for (entities, widest) in [(0, 8), (1, 8), (8, 8), (9, 8), (14_541, 512), (u32::MAX, 1 << 20), (5, 0)] {
            let tiles = Tiles::new(entities, widest);
            let mut next = 0;
            for tile in tiles.stretches().into_iter().flatten() {
                let candidates = tiles.candidates(tile);
                assert_eq!(candidates.start, next);
                assert!(!candidates.is_empty() && candidates.len() <= widest.max(1) as usize);
                assert!(candidates.len() + 1 >= tiles.candidates(0).len());
                next = candidates.end;
            }
            assert_eq!(next, entities);
        }
    }

    #[test]
    fn sorted_entities_are_taken_tile_by_tile() {
        let mut rest = &[1, 4, 5, 9][..];
        assert!(take_below(&mut rest, 1).is_empty());
        assert_eq!(take_below(&mut rest, 5), [1, 4]);
        assert_eq!(take_below(&mut rest, 100), [5, 9]);
        assert!(rest.is_empty());
    }
}
