//! Primary rules: which cells are unsafe by themselves. One rule a file.

mod min_frequency;

pub use min_frequency::min_frequency;
