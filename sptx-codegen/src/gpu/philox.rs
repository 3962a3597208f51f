//! Counter-based random numbers, as `sptx_train` has them on the host: Philox4x32-10, and integers below a bound.

use crate::lir::{Binary, Builder, Expression, Scalar, Value};

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: u32 = 10;

/// Four random words at a place under a key.
pub(super) fn philox4x32_10(k: &mut Builder, mut counter: [Value; 4], key: [Value; 2]) -> [Value; 4] {
    for round in 0..ROUNDS {
        let keys = [0, 1].map(|word: usize| k.add_u32(key[word], WEYL[word].wrapping_mul(round)));
        let [first, second] = [(0, 0), (1, 2)].map(|(multiplier, word): (usize, usize)| {
            let multiplier = k.u32(MULTIPLIERS[multiplier]);
            let high = k.binary(Binary::MulHigh, multiplier, counter[word]);
            [high, k.mul(multiplier, counter[word])]
        });
        let mut mix = |high, word, key| {
            let mixed = k.binary(Binary::Xor, high, word);
            k.binary(Binary::Xor, mixed, key)
        };
        counter = [mix(second[0], counter[1], keys[0]), second[1], mix(first[0], counter[3], keys[1]), first[1]];
    }
    counter
}

/// A number below `bound` from 64 random bits, the upper ones first.
pub(super) fn bounded(k: &mut Builder, [high, low]: [Value; 2], bound: Value) -> Value {
    let above = k.binary(Binary::MulHigh, high, bound);
    let beside = k.mul(high, bound);
    let carried = k.binary(Binary::MulHigh, low, bound);
    let sum = k.add(beside, carried);
    let wrapped = k.less(sum, beside);
    let carry = k.define(Expression::Convert(Scalar::U32, wrapped));
    k.add(above, carry)
}
