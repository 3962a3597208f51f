//! Functions of integers.

/// An integer of an instruction.
pub(crate) trait Integer: Copy + Ord {
    fn of(bits: u64) -> Self;
    fn bits(self) -> u64;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    fn over(self, other: Self) -> Self;
    fn modulo(self, other: Self) -> Self;
    fn wide(self) -> i128;
    /// The upper half of a product.
    fn high(wide: i128) -> Self;
}

macro_rules! integers {
    ($($ty:ident as $bits:ident),*) => {
        $(impl Integer for $ty {
            fn of(bits: u64) -> Self {
                bits as Self
            }

            fn bits(self) -> u64 {
                u64::from(self as $bits)
            }

            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }

            fn times(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }

            fn over(self, other: Self) -> Self {
                self.wrapping_div(other)
            }

            fn modulo(self, other: Self) -> Self {
                self.wrapping_rem(other)
            }

            fn wide(self) -> i128 {
                i128::from(self)
            }

            fn high(wide: i128) -> Self {
                (wide >> Self::BITS) as Self
            }
        })*
    };
}

integers!(u32 as u32, i32 as u32, u64 as u64, i64 as u64);

pub(crate) fn add<T: Integer>([a, b, _]: [u64; 3]) -> u64 {
    T::of(a).plus(T::of(b)).bits()
}

pub(crate) fn sub<T: Integer>([a, b, _]: [u64; 3]) -> u64 {
    T::of(a).minus(T::of(b)).bits()
}

/// The quotient; the divisor is not 0, for the machine has asked.
pub(crate) fn divide<T: Integer>([a, b, _]: [u64; 3]) -> u64 {
    T::of(a).over(T::of(b)).bits()
}

pub(crate) fn remainder<T: Integer>([a, b, _]: [u64; 3]) -> u64 {
    T::of(a).modulo(T::of(b)).bits()
}

pub(crate) fn minimum<T: Integer>([a, b, _]: [u64; 3]) -> u64 {
    T::of(a).min(T::of(b)).bits()
}

pub(crate) fn maximum<T: Integer>([a, b, _]: [u64; 3]) -> u64 {
    T::of(a).max(T::of(b)).bits()
}

pub(crate) fn negate<T: Integer>([a, ..]: [u64; 3]) -> u64 {
    T::of(0).minus(T::of(a)).bits()
}

pub(crate) fn absolute<T: Integer>([a, ..]: [u64; 3]) -> u64 {
    T::of(a).max(T::of(0).minus(T::of(a))).bits()
}

/// The lower half of a product, and the third operand.
pub(crate) fn multiply_low<T: Integer>([a, b, c]: [u64; 3]) -> u64 {
    T::of(a).times(T::of(b)).plus(T::of(c)).bits()
}

/// The upper half of a product, and the third operand.
pub(crate) fn multiply_high<T: Integer>([a, b, c]: [u64; 3]) -> u64 {
    T::high(T::of(a).wide().wrapping_mul(T::of(b).wide())).plus(T::of(c)).bits()
}

/// A product of twice the size, and the third operand, of that size too.
pub(crate) fn multiply_wide<T: Integer>([a, b, c]: [u64; 3]) -> u64 {
    (T::of(a).wide() * T::of(b).wide()).wrapping_add(i128::from(c)) as u64
}

/// Of so many bits; by more than these, nothing is left.
pub(crate) fn shift_left(a: u64, by: u64, bits: u32) -> u64 {
    if by < u64::from(bits) { (a << by) & (u64::MAX >> (64 - bits)) } else { 0 }
}

/// A copy.
pub(crate) fn same([a, ..]: [u64; 3]) -> u64 {
    a
}

/// The first, where the predicate holds, else the second.
pub(crate) fn select([a, b, predicate]: [u64; 3]) -> u64 {
    if predicate != 0 { a } else { b }
}
