//! Stages over columns.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use sptx_runtime::program::{Columns, Instruction, Side};

use super::expression::{combine, fold_lanes, literal, variable, vector};

/// The task of a stage, and its name.
pub(super) fn columns(name: &Ident, stage: &Columns) -> TokenStream {
    let per_batch = per_batch(stage);
    let per_triple = per_triple(stage);
    let body = body(stage, &quote!());
    let tail_body = self::body(stage, &quote!(tail));
    let finish = finish(stage);
    let tail = uses_tail(stage).then(|| quote!(let tail = simd.first(input.width - last * Line::LEN);));
    let output = (!stage.reduce.is_empty() || !stage.store.is_empty() || !stage.scatter.is_empty())
        .then(|| quote!(let output = self.output;));
    quote! {
        struct #name<'a, 'o, 'p> {
            input: ColumnsInput<'a>,
            output: ColumnsOutput<'o, 'p>,
        }

        impl Task for #name<'_, '_, '_> {
            type Output = ();

            #[inline(always)]
            fn run<S: Simd>(self, simd: S) {
                let input = self.input;
                #output
                let lines = input.lines;
                let last = lines - 1;
                #tail
                #per_batch
                for i in 0..input.triples[0].len() {
                    #per_triple
                    for line in 0..last {
                        #body
                    }
                    let line = last;
                    #tail_body
                    #finish
                }
            }
        }
    }
}

fn uses_tail(stage: &Columns) -> bool {
    !stage.reduce.is_empty() || !stage.store.is_empty() || !stage.scatter.is_empty()
}

/// Constants and parameters.
fn per_batch(stage: &Columns) -> TokenStream {
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
    quote!(#(#constants)*)
}

fn side_index(side: Side) -> usize {
    side.index()
}

fn row_name(register: usize) -> Ident {
    format_ident!("row{}", register)
}

fn target_name(side: Side, plane: usize) -> Ident {
    let side = match side {
        Side::Head => "head",
        Side::Relation => "relation",
        Side::Tail => "tail",
    };
    format_ident!("{}_target{}", side, plane)
}

/// Rows, scalars, and where folds begin.
fn per_triple(stage: &Columns) -> TokenStream {
    let reads = stage.body.iter().enumerate().filter_map(|(register, instruction)| match *instruction {
        Instruction::Row(side, plane) => {
            let (name, side) = (row_name(register), side_index(side));
            Some(quote!(let #name = row(input.rows[#plane], input.triples[#side][i] as usize, lines);))
        }
        Instruction::Vector(vector) => {
            let name = row_name(register);
            Some(quote!(let #name = row(input.vectors[#vector], i, lines);))
        }
        Instruction::Scalar(scalar) => {
            let name = variable(register);
            Some(quote!(let #name = simd.splat(input.scalars[#scalar][i]);))
        }
        _ => None,
    });
    let folds = stage.reduce.iter().enumerate().map(|(number, reduce)| {
        let (name, identity) = (format_ident!("fold{}", number), literal(reduce.op.identity()));
        quote!(let mut #name = simd.splat(#identity);)
    });
    let targets = stage.scatter.iter().map(|scatter| {
        let (name, side) = (target_name(scatter.side, scatter.plane), side_index(scatter.side));
        quote!(let #name = input.targets[#side][i] as usize * lines;)
    });
    quote!(#(#reads)* #(#folds)* #(#targets)*)
}

/// The work on one line. `tail` is the mask of live columns, or nothing for a whole line.
fn body(stage: &Columns, tail: &TokenStream) -> TokenStream {
    let values = stage.body.iter().enumerate().filter_map(|(register, instruction)| {
        let name = variable(register);
        if let Instruction::Row(..) | Instruction::Vector(_) = instruction {
            let row = row_name(register);
            return Some(quote!(let #name = simd.load(&#row[line].0);));
        }
        vector(instruction).map(|value| quote!(let #name = #value;))
    });
    let keep = |value: &Ident, other: &TokenStream| {
        if tail.is_empty() { quote!(#value) } else { quote!(simd.select(#tail, #value, simd.splat(#other))) }
    };
    let folds = stage.reduce.iter().enumerate().map(|(number, reduce)| {
        let fold = format_ident!("fold{}", number);
        let value = keep(&variable(reduce.register), &literal(reduce.op.identity()));
        let combine = combine(reduce.op);
        quote!(#fold = simd.#combine(#fold, #value);)
    });
    let stores = stage.store.iter().enumerate().map(|(number, (register, _))| {
        let value = keep(&variable(*register), &quote!(0.0));
        quote!(simd.store(#value, &mut output.stored[#number][i * lines + line].0);)
    });
    let scatters = stage.scatter.iter().map(|scatter| {
        let (target, plane) = (target_name(scatter.side, scatter.plane), scatter.plane);
        let value = keep(&variable(scatter.register), &quote!(0.0));
        quote!(accumulate(simd, &mut output.gradients[#plane][#target + line], #value);)
    });
    quote!(#(#values)* #(#folds)* #(#stores)* #(#scatters)*)
}

fn finish(stage: &Columns) -> TokenStream {
    let folds = stage.reduce.iter().enumerate().map(|(number, reduce)| {
        let fold = format_ident!("fold{}", number);
        let lanes = fold_lanes(reduce.op);
        quote!(output.reduced[#number][i] = simd.#lanes(#fold);)
    });
    quote!(#(#folds)*)
}
