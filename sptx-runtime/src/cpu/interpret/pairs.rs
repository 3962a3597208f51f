//! Stages of comparisons: the pairs of one query at a time, as triples whose head is the query and whose tail the
//! candidate.

use super::columns::ColumnsTask;
use crate::kernel::{ColumnsInput, ColumnsOutput, PairsInput, PairsOutput};
use crate::program::Columns;
use crate::simd::dispatch;
use crate::table::Line;

pub(super) fn interpret(stage: &Columns, input: PairsInput<'_>, output: PairsOutput<'_, '_>) {
    let candidates: Vec<u32> = (0..input.candidates as u32).collect();
    for query in 0..input.queries {
        let heads = vec![query as u32; input.candidates];
        let ids = [heads.as_slice(), &[], &candidates];
        let pairs = query * input.stride..query * input.stride + input.candidates;
        let scalars: Vec<&[f32]> = input.scalars.iter().map(|it| it.get(pairs.clone()).unwrap_or_default()).collect();
        let mut reduced: Vec<&mut [f32]> = output.reduced.iter_mut().map(|it| &mut (**it)[pairs.clone()]).collect();
        let mut gradients: Vec<&mut [Line]> = output.gradients.iter_mut().map(|it| &mut **it).collect();
        dispatch(ColumnsTask {
            stage,
            input: ColumnsInput {
                triples: ids,
                targets: ids,
                width: input.width,
                lines: input.lines,
                rows: input.rows,
                scalars: &scalars,
                parameters: input.parameters,
                vectors: &[],
            },
            output: ColumnsOutput { reduced: &mut reduced, stored: &mut [], gradients: &mut gradients },
        });
    }
}
