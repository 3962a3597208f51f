//! How operations are spelled: as vectors of sixteen columns, and as one number.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use sptx_runtime::program::{Binary, Instruction, ReduceOp, Register, Unary};

/// The variable of a register.
pub(super) fn variable(register: Register) -> Ident {
    format_ident!("v{}", register)
}

/// A float literal that parses to the same bits.
pub(super) fn literal(value: f32) -> TokenStream {
    if value.is_nan() {
        quote!(f32::NAN)
    } else if value.is_infinite() {
        if value > 0.0 { quote!(f32::INFINITY) } else { quote!(f32::NEG_INFINITY) }
    } else {
        let magnitude = proc_macro2::Literal::f32_unsuffixed(value.abs());
        if value.is_sign_negative() { quote!(-#magnitude) } else { quote!(#magnitude) }
    }
}

/// What joins two vectors of a fold.
pub(super) fn combine(op: ReduceOp) -> Ident {
    match op {
        ReduceOp::Sum => format_ident!("add"),
        ReduceOp::Min => format_ident!("min"),
        ReduceOp::Max => format_ident!("max"),
    }
}

/// What folds the lanes of a vector.
pub(super) fn fold_lanes(op: ReduceOp) -> Ident {
    match op {
        ReduceOp::Sum => format_ident!("sum"),
        ReduceOp::Min => format_ident!("min_of"),
        ReduceOp::Max => format_ident!("max_of"),
    }
}

/// The arithmetic of an instruction on vectors; `None` for instructions that read memory.
pub(super) fn vector(instruction: &Instruction) -> Option<TokenStream> {
    match *instruction {
        Instruction::Row(..)
        | Instruction::Vector(_)
        | Instruction::Scalar(_)
        | Instruction::Parameter(_)
        | Instruction::Constant(_) => None,
        Instruction::Unary(op, a) => Some(vector_unary(op, &variable(a))),
        Instruction::Binary(op, a, b) => Some(vector_binary(op, &variable(a), &variable(b))),
        Instruction::MultiplyAdd(a, b, c) => {
            let (a, b, c) = (variable(a), variable(b), variable(c));
            Some(quote!(simd.mul_add(#a, #b, #c)))
        }
    }
}

fn vector_unary(op: Unary, a: &Ident) -> TokenStream {
    match op {
        Unary::Neg => quote!(simd.neg(#a)),
        Unary::Abs => quote!(simd.abs(#a)),
        Unary::Sign => quote!(math::sign(simd, #a)),
        Unary::Sqrt => quote!(simd.sqrt(#a)),
        Unary::ReciprocalOrZero => quote!(math::reciprocal_or_zero(simd, #a)),
        Unary::Exp => quote!(math::exp(simd, #a)),
        Unary::Log => quote!(math::log(simd, #a)),
        Unary::Sin => quote!(math::sin(simd, #a)),
        Unary::Cos => quote!(math::cos(simd, #a)),
        Unary::Tanh => quote!(math::tanh(simd, #a)),
        Unary::Sigmoid => quote!(math::sigmoid(simd, #a)),
        Unary::Softplus => quote!(math::softplus(simd, #a)),
        Unary::Floor => quote!(simd.floor(#a)),
        Unary::Frac => quote!(math::frac(simd, #a)),
    }
}

fn vector_binary(op: Binary, a: &Ident, b: &Ident) -> TokenStream {
    match op {
        Binary::Add => quote!(simd.add(#a, #b)),
        Binary::Sub => quote!(simd.sub(#a, #b)),
        Binary::Mul => quote!(simd.mul(#a, #b)),
        Binary::Div => quote!(simd.div(#a, #b)),
        Binary::Min => quote!(simd.min(#a, #b)),
        Binary::Max => quote!(simd.max(#a, #b)),
        Binary::Greater => quote!(math::greater(simd, #a, #b)),
        Binary::Equal => quote!(math::equal(simd, #a, #b)),
    }
}

/// The arithmetic of an instruction on numbers; `None` for instructions that read memory.
pub(super) fn number(instruction: &Instruction) -> Option<TokenStream> {
    match *instruction {
        Instruction::Row(..) | Instruction::Vector(_) | Instruction::Scalar(_) | Instruction::Parameter(_) => None,
        Instruction::Constant(value) => {
            let value = literal(value);
            Some(quote!(#value))
        }
        Instruction::Unary(op, a) => {
            let (op, a) = (unary_path(op), variable(a));
            Some(quote!(Unary::#op.apply(#a)))
        }
        Instruction::Binary(op, a, b) => {
            let (op, a, b) = (binary_path(op), variable(a), variable(b));
            Some(quote!(Binary::#op.apply(#a, #b)))
        }
        Instruction::MultiplyAdd(a, b, c) => {
            let (a, b, c) = (variable(a), variable(b), variable(c));
            Some(quote!(#a.mul_add(#b, #c)))
        }
    }
}

fn unary_path(op: Unary) -> Ident {
    format_ident!("{}", format!("{op:?}"))
}

fn binary_path(op: Binary) -> Ident {
    format_ident!("{}", format!("{op:?}"))
}
