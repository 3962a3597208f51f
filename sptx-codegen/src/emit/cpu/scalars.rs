//! Stages over scalars.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use sptx_runtime::program::{Instruction, Scalars};

use super::expression::{number, variable};

/// The function of a stage.
pub(super) fn scalars(name: &Ident, stage: &Scalars) -> TokenStream {
    let values = stage.body.iter().enumerate().map(|(register, instruction)| {
        let variable = variable(register);
        let value = match *instruction {
            Instruction::Row(side, plane) => {
                let side = side.index();
                quote!(input.rows[#plane][input.triples[#side][i] as usize])
            }
            Instruction::Scalar(scalar) => quote!(input.scalars[#scalar][i]),
            Instruction::Parameter(parameter) => quote!(input.parameters[#parameter]),
            Instruction::Vector(_)
            | Instruction::Constant(_)
            | Instruction::Unary(..)
            | Instruction::Binary(..)
            | Instruction::MultiplyAdd(..) => number(instruction).unwrap_or_else(|| quote!(f32::NAN)),
        };
        quote!(let #variable: f32 = #value;)
    });
    let defines = stage.define.iter().enumerate().map(|(number, (register, _))| {
        let value = variable(*register);
        quote!(output.defined[#number][i] = #value;)
    });
    let scatters = stage.scatter.iter().map(|scatter| {
        let (plane, side, value) = (scatter.plane, scatter.side.index(), variable(scatter.register));
        quote!(output.gradients[#plane][input.targets[#side][i] as usize] += #value;)
    });
    quote! {
        fn #name(input: ScalarsInput<'_>, output: ScalarsOutput<'_, '_>) {
            for i in 0..input.triples[0].len() {
                #(#values)*
                #(#defines)*
                #(#scatters)*
            }
        }
    }
}
