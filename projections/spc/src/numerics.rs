//! The few numerical functions the charts need, each exact enough for 1e-12 relative.
//!
//! They are written here, not taken from a library, because each has one caller, one domain and a tolerance
//! that the tests of this crate check against high-precision values.

pub(crate) mod binomial;
pub(crate) mod gamma;
pub(crate) mod summary;
pub(crate) mod tails;
