//! Segregation indices over areas. Each file is one index: its formula as a kernel and its definition.
//!
//! A kernel gets areas that are summed, checked and ordered by key (see [`super::units`]), so it has only its formula
//! to get wrong. Where a difference of two products decides (D), the products are formed before dividing: they are
//! exact for counts, hence one unit gives 0 and not a rounding error.

pub(super) mod dissimilarity;
pub(super) mod exposure;
pub(super) mod information;
pub(super) mod quotient;
