//! PTX's operations on registers: how each is written, what it takes and what it gives.

use crate::lir::{Binary, Scalar};

use super::arch::Feature;
use super::tree::Class;

/// An operation on registers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Operation {
    /// As it is written.
    pub name: &'static str,
    /// What it gives.
    pub result: Class,
    /// What it takes.
    pub operands: &'static [Class],
    /// What has it.
    pub feature: Feature,
}

use Class::{F32 as F, Pair as V, Predicate as P, U32 as U, U64 as A};

macro_rules! operations {
    ($feature:ident: $($id:ident = $name:literal ($($operand:ident),*) -> $result:ident;)*) => {
        $(pub(super) static $id: Operation =
            Operation { name: $name, result: $result, operands: &[$($operand),*], feature: Feature::$feature };)*
    };
}

operations! {
    PairedNumbers:
    ADD_PAIR = "add.rn.f32x2"(V, V) -> V;
    SUB_PAIR = "sub.rn.f32x2"(V, V) -> V;
    MUL_PAIR = "mul.rn.f32x2"(V, V) -> V;
    FMA_PAIR = "fma.rn.f32x2"(V, V, V) -> V;
}

operations! {
    Common:
    MOVE_U32 = "mov.u32"(U) -> U;
    MOVE_F32 = "mov.f32"(F) -> F;
    MOVE_PREDICATE = "mov.pred"(P) -> P;
    TO_GLOBAL = "cvta.to.global.u64"(A) -> A;
    BYTES_FROM = "mad.wide.u32"(U, U, A) -> A;
    BYTES_FROM_SHARED = "mad.lo.u32"(U, U, U) -> U;

    ADD_U32 = "add.u32"(U, U) -> U;
    SUB_U32 = "sub.u32"(U, U) -> U;
    MUL_U32 = "mul.lo.u32"(U, U) -> U;
    MUL_HIGH_U32 = "mul.hi.u32"(U, U) -> U;
    DIV_U32 = "div.u32"(U, U) -> U;
    REM_U32 = "rem.u32"(U, U) -> U;
    MIN_U32 = "min.u32"(U, U) -> U;
    MAX_U32 = "max.u32"(U, U) -> U;
    AND_U32 = "and.b32"(U, U) -> U;
    OR_U32 = "or.b32"(U, U) -> U;
    XOR_U32 = "xor.b32"(U, U) -> U;
    SHIFT_LEFT_U32 = "shl.b32"(U, U) -> U;
    SHIFT_RIGHT_U32 = "shr.u32"(U, U) -> U;

    AND_PREDICATE = "and.pred"(P, P) -> P;
    OR_PREDICATE = "or.pred"(P, P) -> P;
    NOT_PREDICATE = "not.pred"(P) -> P;

    ADD_F32 = "add.rn.f32"(F, F) -> F;
    SUB_F32 = "sub.rn.f32"(F, F) -> F;
    MUL_F32 = "mul.rn.f32"(F, F) -> F;
    DIV_F32 = "div.rn.f32"(F, F) -> F;
    MIN_F32 = "min.f32"(F, F) -> F;
    MAX_F32 = "max.f32"(F, F) -> F;
    FMA_F32 = "fma.rn.f32"(F, F, F) -> F;
    NEG_F32 = "neg.f32"(F) -> F;
    ABS_F32 = "abs.f32"(F) -> F;
    SQRT_F32 = "sqrt.rn.f32"(F) -> F;
    FLOOR_F32 = "cvt.rmi.f32.f32"(F) -> F;
    ROUND_F32 = "cvt.rni.f32.f32"(F) -> F;
    EXP2_F32 = "ex2.approx.f32"(F) -> F;
    LOG2_F32 = "lg2.approx.f32"(F) -> F;
    SIN_F32 = "sin.approx.f32"(F) -> F;
    COS_F32 = "cos.approx.f32"(F) -> F;
    // The sign of the first, the rest of the second.
    COPY_SIGN_F32 = "copysign.f32"(F, F) -> F;

    LESS_U32 = "setp.lt.u32"(U, U) -> P;
    LESS_EQUAL_U32 = "setp.le.u32"(U, U) -> P;
    GREATER_U32 = "setp.gt.u32"(U, U) -> P;
    GREATER_EQUAL_U32 = "setp.ge.u32"(U, U) -> P;
    EQUAL_U32 = "setp.eq.u32"(U, U) -> P;
    NOT_EQUAL_U32 = "setp.ne.u32"(U, U) -> P;
    LESS_F32 = "setp.lt.f32"(F, F) -> P;
    LESS_EQUAL_F32 = "setp.le.f32"(F, F) -> P;
    GREATER_F32 = "setp.gt.f32"(F, F) -> P;
    GREATER_EQUAL_F32 = "setp.ge.f32"(F, F) -> P;
    EQUAL_F32 = "setp.eq.f32"(F, F) -> P;
    // True of NaN, too.
    NOT_EQUAL_F32 = "setp.neu.f32"(F, F) -> P;

    SELECT_U32 = "selp.b32"(U, U, P) -> U;
    SELECT_F32 = "selp.f32"(F, F, P) -> F;

    U32_TO_F32 = "cvt.rn.f32.u32"(U) -> F;
    F32_TO_U32 = "cvt.rzi.u32.f32"(F) -> U;
    BITS_OF_F32 = "mov.b32"(F) -> U;
    F32_OF_BITS = "mov.b32"(U) -> F;
}

/// An operation on two operands of a scalar, where PTX has it.
pub(super) fn binary(operation: Binary, scalar: Scalar) -> Option<&'static Operation> {
    use Scalar::{Bool, F32, U32};
    Some(match (operation, scalar) {
        (Binary::Add, U32) => &ADD_U32,
        (Binary::Sub, U32) => &SUB_U32,
        (Binary::Mul, U32) => &MUL_U32,
        (Binary::MulHigh, U32) => &MUL_HIGH_U32,
        (Binary::Div, U32) => &DIV_U32,
        (Binary::Rem, U32) => &REM_U32,
        (Binary::Min, U32) => &MIN_U32,
        (Binary::Max, U32) => &MAX_U32,
        (Binary::And, U32) => &AND_U32,
        (Binary::Or, U32) => &OR_U32,
        (Binary::Xor, U32) => &XOR_U32,
        (Binary::ShiftLeft, U32) => &SHIFT_LEFT_U32,
        (Binary::ShiftRight, U32) => &SHIFT_RIGHT_U32,
        (Binary::And, Bool) => &AND_PREDICATE,
        (Binary::Or, Bool) => &OR_PREDICATE,
        (Binary::Add, F32) => &ADD_F32,
        (Binary::Sub, F32) => &SUB_F32,
        (Binary::Mul, F32) => &MUL_F32,
        (Binary::Div, F32) => &DIV_F32,
        (Binary::Min, F32) => &MIN_F32,
        (Binary::Max, F32) => &MAX_F32,
        (Binary::Less, U32) => &LESS_U32,
        (Binary::LessEqual, U32) => &LESS_EQUAL_U32,
        (Binary::Greater, U32) => &GREATER_U32,
        (Binary::GreaterEqual, U32) => &GREATER_EQUAL_U32,
        (Binary::Equal, U32) => &EQUAL_U32,
        (Binary::NotEqual, U32) => &NOT_EQUAL_U32,
        (Binary::Less, F32) => &LESS_F32,
        (Binary::LessEqual, F32) => &LESS_EQUAL_F32,
        (Binary::Greater, F32) => &GREATER_F32,
        (Binary::GreaterEqual, F32) => &GREATER_EQUAL_F32,
        (Binary::Equal, F32) => &EQUAL_F32,
        (Binary::NotEqual, F32) => &NOT_EQUAL_F32,
        _ => return None,
    })
}

/// An operation of f32 on two pairs of them, where PTX has it.
pub(super) fn of_pairs(operation: Binary) -> Option<&'static Operation> {
    Some(match operation {
        Binary::Add => &ADD_PAIR,
        Binary::Sub => &SUB_PAIR,
        Binary::Mul => &MUL_PAIR,
        _ => return None,
    })
}
