//! What operations do to values. A value of fewer than 64 bits has zeros above.

pub(crate) mod float;
pub(crate) mod integer;
