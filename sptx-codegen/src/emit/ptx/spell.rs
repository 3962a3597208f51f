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

/// How an operation on two operands is written: of each scalar, and of pairs of f32 where PTX has that; none where the
/// verifier rules it out.
#[derive(Clone, Copy)]
pub(super) struct Spellings {
    bool: Option<&'static Operation>,
    u32: Option<&'static Operation>,
    f32: Option<&'static Operation>,
    pub pair: Option<&'static Operation>,
}

impl Spellings {
    const NONE: Self = Self { bool: None, u32: None, f32: None, pair: None };

    const fn of_u32(u32: &'static Operation) -> Self {
        Self { u32: Some(u32), ..Self::NONE }
    }

    const fn of_numbers(u32: &'static Operation, f32: &'static Operation) -> Self {
        Self { f32: Some(f32), ..Self::of_u32(u32) }
    }

    const fn and_pairs(self, pair: &'static Operation) -> Self {
        Self { pair: Some(pair), ..self }
    }

    const fn and_truth(self, bool: &'static Operation) -> Self {
        Self { bool: Some(bool), ..self }
    }

    /// That of a scalar.
    pub(super) fn of(self, scalar: Scalar) -> Option<&'static Operation> {
        match scalar {
            Scalar::Bool => self.bool,
            Scalar::U32 => self.u32,
            Scalar::F32 => self.f32,
        }
    }
}

/// The table of operations on two operands.
pub(super) fn binary(operation: Binary) -> Spellings {
    match operation {
        Binary::Add => Spellings::of_numbers(&ADD_U32, &ADD_F32).and_pairs(&ADD_PAIR),
        Binary::Sub => Spellings::of_numbers(&SUB_U32, &SUB_F32).and_pairs(&SUB_PAIR),
        Binary::Mul => Spellings::of_numbers(&MUL_U32, &MUL_F32).and_pairs(&MUL_PAIR),
        Binary::Div => Spellings::of_numbers(&DIV_U32, &DIV_F32),
        Binary::Min => Spellings::of_numbers(&MIN_U32, &MIN_F32),
        Binary::Max => Spellings::of_numbers(&MAX_U32, &MAX_F32),
        Binary::Rem => Spellings::of_u32(&REM_U32),
        Binary::MulHigh => Spellings::of_u32(&MUL_HIGH_U32),
        Binary::And => Spellings::of_u32(&AND_U32).and_truth(&AND_PREDICATE),
        Binary::Or => Spellings::of_u32(&OR_U32).and_truth(&OR_PREDICATE),
        Binary::Xor => Spellings::of_u32(&XOR_U32),
        Binary::ShiftLeft => Spellings::of_u32(&SHIFT_LEFT_U32),
        Binary::ShiftRight => Spellings::of_u32(&SHIFT_RIGHT_U32),
        Binary::Less => Spellings::of_numbers(&LESS_U32, &LESS_F32),
        Binary::LessEqual => Spellings::of_numbers(&LESS_EQUAL_U32, &LESS_EQUAL_F32),
        Binary::Greater => Spellings::of_numbers(&GREATER_U32, &GREATER_F32),
        Binary::GreaterEqual => Spellings::of_numbers(&GREATER_EQUAL_U32, &GREATER_EQUAL_F32),
        Binary::Equal => Spellings::of_numbers(&EQUAL_U32, &EQUAL_F32),
        Binary::NotEqual => Spellings::of_numbers(&NOT_EQUAL_U32, &NOT_EQUAL_F32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lir::Type;

    /// The table has what `lir` allows, and no more.
    #[test]
    fn every_operation_is_written_of_what_it_takes() {
        for operation in Binary::ALL {
            for scalar in [Scalar::Bool, Scalar::U32, Scalar::F32] {
                let spelled = binary(operation).of(scalar);
                let allowed = operation.result(Type::new(scalar, 1));
                assert_eq!(spelled.is_some(), allowed.is_some(), "{operation:?} of {scalar}");
                let Some((spelled, result)) = spelled.zip(allowed) else { continue };
                assert_eq!(spelled.result, super::super::class(result.scalar), "{}", spelled.name);
                assert_eq!(spelled.operands, [super::super::class(scalar); 2], "{}", spelled.name);
            }
            let pair = binary(operation).pair;
            assert!(pair.is_none_or(|pair| pair.feature == Feature::PairedNumbers && pair.operands == [V; 2]));
        }
    }
}
