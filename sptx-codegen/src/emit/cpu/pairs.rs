//! Stages over the columns of pairs: register tiles of a few queries against a few candidates.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use sptx_runtime::program::{Columns, Instruction, Side};

use super::expression::{combine, fold_lanes, literal, variable, vector};

/// Vectors that a tile may keep in registers: those of AVX-512, less what the arithmetic needs.
const REGISTERS: usize = 26;

/// The sizes that a tile may have, the best first: queries, candidates.
const TILES: [(usize, usize); 4] = [(4, 4), (4, 2), (2, 2), (2, 1)];

/// The task of a stage, and its name.
pub(super) fn pairs(name: &Ident, stage: &Columns) -> TokenStream {
    let (queries, candidates) = tile_size(stage);
    let tile = tile(stage);
    quote! {
        struct #name<'a, 'o, 'p> {
            input: PairsInput<'a>,
            output: PairsOutput<'o, 'p>,
        }

        impl Task for #name<'_, '_, '_> {
            type Output = ();

            #[inline(always)]
            fn run<S: Simd>(mut self, simd: S) {
                let (queries, candidates) = (self.input.queries, self.input.candidates);
                for_each_pair_tile::<S, #queries, #candidates>(simd, queries, candidates, &mut self);
            }
        }

        impl PairTiles for #name<'_, '_, '_> {
            #[inline(always)]
            fn tile<S: Simd, const Q: usize, const C: usize>(&mut self, simd: S, query: usize, candidate: usize) {
                #tile
            }
        }
    }
}

/// The largest tile whose folds, rows and gradients stay in registers.
fn tile_size(stage: &Columns) -> (usize, usize) {
    let rows = |wanted: Side| {
        let is_row = |it: &&Instruction| matches!(it, Instruction::Row(side, _) if *side == wanted);
        let gradients = stage.scatter.iter().filter(|scatter| scatter.side == wanted).count();
        stage.body.iter().filter(is_row).count() + gradients
    };
    let (of_query, of_candidate) = (rows(Side::Head), rows(Side::Tail));
    let fits = |(queries, candidates): &(usize, usize)| {
        queries * candidates * stage.reduce.len() + queries * of_query + candidates * of_candidate <= REGISTERS
    };
    TILES.into_iter().find(fits).unwrap_or((1, 1))
}

fn tile(stage: &Columns) -> TokenStream {
    let constants = stage.body.iter().enumerate().filter_map(|(register, instruction)| {
        let name = variable(register);
        match *instruction {
            Instruction::Constant(value) => {
                let value = literal(value);
                Some(quote!(let #name = simd.splat(#value);))
            }
            Instruction::Parameter(parameter) => Some(quote!(let #name = simd.splat(input.parameters[#parameter]);)),
            _ => None,
        }
    });
    let rows = rows(stage);
    let folds = stage.reduce.iter().enumerate().map(|(number, reduce)| {
        let (name, identity) = (format_ident!("fold{}", number), literal(reduce.op.identity()));
        quote!(let mut #name = [[simd.splat(#identity); C]; Q];)
    });
    let (line, last_line) = (line(stage, false), line(stage, true));
    let finish = finish(stage);
    quote! {
        let input = self.input;
        let output = &mut self.output;
        let lines = input.lines;
        let last = lines - 1;
        let tail = simd.first(input.width - last * Line::LEN);
        #(#constants)*
        #(#rows)*
        #(#folds)*
        for line in 0..last {
            #line
        }
        let line = last;
        #last_line
        #finish
    }
}

/// The rows of the tile's queries and candidates.
fn rows(stage: &Columns) -> Vec<TokenStream> {
    let row = |(register, instruction): (usize, &Instruction)| match *instruction {
        Instruction::Row(side, plane) => {
            let (name, (count, first)) = (format_ident!("row{}", register), of_side(side));
            Some(quote!(let #name: [&[Line]; #count] = pair_rows(input.rows[#plane], #first, lines);))
        }
        _ => None,
    };
    stage.body.iter().enumerate().filter_map(row).collect()
}

/// How many rows a tile has of a side, and which is the first.
fn of_side(side: Side) -> (Ident, Ident) {
    match side {
        Side::Head => (format_ident!("Q"), format_ident!("query")),
        Side::Tail => (format_ident!("C"), format_ident!("candidate")),
        Side::Relation => unreachable!("products are numbers, and read by stages over scalars"),
    }
}

/// A row's place in the tile.
fn place(side: Side) -> Ident {
    format_ident!("{}", if side == Side::Head { "i" } else { "j" })
}

/// The work on one line of all pairs of the tile.
fn line(stage: &Columns, is_last: bool) -> TokenStream {
    let loads = stage.body.iter().enumerate().filter_map(|(register, instruction)| match instruction {
        Instruction::Row(..) => {
            let (name, row) = (format_ident!("line{}", register), format_ident!("row{}", register));
            Some(quote!(let #name = loads(simd, &#row, line);))
        }
        _ => None,
    });
    let gradients = stage.scatter.iter().map(|scatter| {
        let (name, plane) = (gradient(scatter.side, scatter.plane), scatter.plane);
        let (count, first) = of_side(scatter.side);
        quote!(let mut #name = gradients::<S, #count>(simd, &*output.gradients[#plane], #first, lines, line);)
    });
    let keep = stage.scatter.iter().map(|scatter| {
        let (name, plane) = (gradient(scatter.side, scatter.plane), scatter.plane);
        let (_, first) = of_side(scatter.side);
        quote!(keep_gradients(simd, &#name, &mut *output.gradients[#plane], #first, lines, line);)
    });
    let pair = pair(stage, is_last);
    quote! {
        #(#loads)*
        #(#gradients)*
        for i in 0..Q {
            for j in 0..C {
                #pair
            }
        }
        #(#keep)*
    }
}

fn gradient(side: Side, plane: usize) -> Ident {
    format_ident!("{}_gradient{}", if side == Side::Head { "query" } else { "candidate" }, plane)
}

/// The work on one line of one pair.
fn pair(stage: &Columns, is_last: bool) -> TokenStream {
    let values = stage.body.iter().enumerate().filter_map(|(register, instruction)| {
        let name = variable(register);
        match *instruction {
            Instruction::Row(side, _) => {
                let (line, place) = (format_ident!("line{}", register), place(side));
                Some(quote!(let #name = #line[#place];))
            }
            Instruction::Scalar(scalar) => Some(
                quote!(let #name = simd.splat(input.scalars[#scalar][(query + i) * input.stride + candidate + j]);),
            ),
            _ => vector(instruction).map(|value| quote!(let #name = #value;)),
        }
    });
    let live = |value: &Ident, other: &TokenStream| {
        if is_last { quote!(simd.select(tail, #value, simd.splat(#other))) } else { quote!(#value) }
    };
    let folds = stage.reduce.iter().enumerate().map(|(number, reduce)| {
        let (fold, combine) = (format_ident!("fold{}", number), combine(reduce.op));
        let value = live(&variable(reduce.register), &literal(reduce.op.identity()));
        quote!(#fold[i][j] = simd.#combine(#fold[i][j], #value);)
    });
    let scatters = stage.scatter.iter().map(|scatter| {
        let (name, place) = (gradient(scatter.side, scatter.plane), place(scatter.side));
        let value = live(&variable(scatter.register), &quote!(0.0));
        quote!(#name[#place] = simd.add(#name[#place], #value);)
    });
    quote!(#(#values)* #(#folds)* #(#scatters)*)
}

fn finish(stage: &Columns) -> TokenStream {
    if stage.reduce.is_empty() {
        return TokenStream::new();
    }
    let folds = stage.reduce.iter().enumerate().map(|(number, reduce)| {
        let (fold, lanes) = (format_ident!("fold{}", number), fold_lanes(reduce.op));
        quote!(output.reduced[#number][(query + i) * input.stride + candidate + j] = simd.#lanes(#fold[i][j]);)
    });
    quote! {
        for i in 0..Q {
            for j in 0..C {
                #(#folds)*
            }
        }
    }
}
