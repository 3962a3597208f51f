//! Whole models: a type that loads the compiled score, over one module per combination of choices.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use sptx_runtime::program::{Columns, Model, Program, Split, Stage};

use super::{columns, pairs, scalars};

/// Where the emitted code finds a model's tables and stages, as JSON.
pub enum Specification<'a> {
    /// In a string literal.
    Inline,
    /// In a file beside the code, named by this function of the variant's number.
    File(&'a dyn Fn(usize) -> String),
}

/// The code of a model, for its unit type `name`: `compiled()` for the default choices, `compiled_with` for others, and
/// the kernels. `variants` holds the program of every combination of choices, the default first.
pub fn model(name: &Ident, variants: &[Model], specification: &Specification<'_>) -> TokenStream {
    let modules = (0..variants.len()).map(|number| format_ident!("variant{}", number)).collect::<Vec<_>>();
    let scope = format_ident!("__sptx_{}", name.to_string().to_lowercase());
    let bodies = variants
        .iter()
        .zip(&modules)
        .enumerate()
        .map(|(number, (variant, module))| self::variant(module, variant, &text(variant, number, specification)));
    let table = variants.iter().zip(&modules).map(|(variant, module)| {
        let choices = variant.choices.iter().map(|choice| {
            let (name, value) = (&choice.name, choice.chosen);
            quote!((#name, #value))
        });
        quote!((&[#(#choices),*], #scope::#module::load))
    });
    let first = modules.first();
    quote! {
        impl #name {
            /// The score with its default choices, compiled for the CPU.
            pub fn compiled() -> ::sptx_runtime::kernel::CompiledModel {
                #scope::#first::load()
            }

            /// The score with some choices made, the others at their defaults. `None` for a choice that the model does
            /// not have, or a value that it does not list.
            pub fn compiled_with(choices: &[(&str, f64)]) -> Option<::sptx_runtime::kernel::CompiledModel> {
                ::sptx_runtime::kernel::choose(choices, &[#(#table),*])
            }
        }

        #[doc(hidden)]
        #[allow(clippy::all, clippy::pedantic, unused, missing_docs)]
        mod #scope {
            use ::sptx_runtime::kernel::{
                ColumnsInput, ColumnsOutput, CompiledModel, Direction, Kernels, PairTiles, PairsInput, PairsOutput,
                ScalarsInput, ScalarsOutput, accumulate, for_each_pair_tile, gradients, keep_gradients, load, loads,
                pair_rows, row,
            };
            use ::sptx_runtime::program::{Binary, Side, Unary};
            use ::sptx_runtime::simd::{Simd, Task, dispatch, math};
            use ::sptx_runtime::table::Line;

            #(#bodies)*
        }
    }
}

fn text(model: &Model, number: usize, specification: &Specification<'_>) -> TokenStream {
    match specification {
        Specification::Inline => {
            let json = serde_json::to_string(model).expect("a program is plain data");
            quote!(#json)
        }
        Specification::File(name) => {
            let file = name(number);
            quote!(include_str!(#file))
        }
    }
}

/// One combination of choices.
fn variant(module: &Ident, model: &Model, text: &TokenStream) -> TokenStream {
    let (forward, forward_columns, forward_scalars) = stages("forward", &model.forward);
    let (backward, backward_columns, backward_scalars) = stages("backward", &model.backward);
    let (pairs, pair_arms) = pair_stages(model);
    quote! {
        pub(super) mod #module {
            use super::*;

            pub(crate) fn load() -> CompiledModel {
                static MODEL: ::std::sync::OnceLock<CompiledModel> = ::std::sync::OnceLock::new();
                MODEL.get_or_init(|| super::load(#text, Compiled)).clone()
            }

            struct Compiled;

            impl Kernels for Compiled {
                fn columns(
                    &self,
                    direction: Direction,
                    stage: usize,
                    input: ColumnsInput<'_>,
                    output: ColumnsOutput<'_, '_>,
                ) {
                    match (direction, stage) {
                        #(#forward_columns)*
                        #(#backward_columns)*
                        _ => {}
                    }
                }

                fn scalars(
                    &self,
                    direction: Direction,
                    stage: usize,
                    input: ScalarsInput<'_>,
                    output: ScalarsOutput<'_, '_>,
                ) {
                    match (direction, stage) {
                        #(#forward_scalars)*
                        #(#backward_scalars)*
                        _ => {}
                    }
                }

                fn pairs(
                    &self,
                    missing: Side,
                    direction: Direction,
                    stage: usize,
                    input: PairsInput<'_>,
                    output: PairsOutput<'_, '_>,
                ) {
                    match (missing, direction, stage) {
                        #(#pair_arms)*
                        _ => {}
                    }
                }

                fn kind(&self) -> &'static str {
                    "compiled"
                }
            }

            #(#forward)*
            #(#backward)*
            #(#pairs)*
        }
    }
}

/// The items of a program's stages, and the arms that call the two kinds of them.
fn stages(direction: &str, program: &Program) -> (Vec<TokenStream>, Vec<TokenStream>, Vec<TokenStream>) {
    let (mut items, mut column_arms, mut scalar_arms) = (Vec::new(), Vec::new(), Vec::new());
    let capital = if direction == "forward" { "Forward" } else { "Backward" };
    let variant = format_ident!("{}", capital);
    for (number, stage) in program.stages.iter().enumerate() {
        match stage {
            Stage::Columns(stage) => {
                let name = format_ident!("{}{}", capital, number);
                items.push(columns::columns(&name, stage));
                column_arms.push(quote!((Direction::#variant, #number) => dispatch(#name { input, output }),));
            }
            Stage::Scalars(stage) => {
                let name = format_ident!("{}{}", direction, number);
                items.push(scalars::scalars(&name, stage));
                scalar_arms.push(quote!((Direction::#variant, #number) => #name(input, output),));
            }
            Stage::Product(_) | Stage::Outer(_) => {}
        }
    }
    (items, column_arms, scalar_arms)
}

/// The items of the stages over columns of all comparisons, equal ones once, and the arms that call them.
fn pair_stages(model: &Model) -> (Vec<TokenStream>, Vec<TokenStream>) {
    let mut known: Vec<(&Columns, Ident)> = Vec::new();
    let mut arms = Vec::new();
    for Split { missing, comparison, .. } in &model.splits {
        for (direction, program) in [("Forward", &comparison.forward), ("Backward", &comparison.backward)] {
            for (number, stage) in program.stages.iter().enumerate() {
                let Stage::Columns(stage) = stage else { continue };
                let same = known.iter().find(|(other, _)| *other == stage).map(|(_, name)| name.clone());
                let name = same.unwrap_or_else(|| {
                    known.push((stage, format_ident!("Pairs{}", known.len())));
                    known[known.len() - 1].1.clone()
                });
                let missing = format_ident!("{}", format!("{missing:?}"));
                let direction = format_ident!("{}", direction);
                arms.push(quote! {
                    (Side::#missing, Direction::#direction, #number) => dispatch(#name { input, output }),
                });
            }
        }
    }
    (known.iter().map(|(stage, name)| pairs::pairs(name, stage)).collect(), arms)
}
