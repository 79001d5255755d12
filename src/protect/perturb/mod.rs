//! Perturbation instead of suppression: the cell key method for counts and amounts, and rounding.
//!
//! Nothing here is drawn by chance when it runs: the noise of a cell is a function of the records in it and of a secret,
//! so the same set of records has the same figure in every table, and asking again tells nothing new. What can go wrong:
//! a perturbed total is not the sum of its perturbed parts, so perturbed figures must not be added up; and noise hides
//! only so much, as many different sums over the same people average it away.

mod counts;
mod entropy;
mod integer;
mod keys;
mod magnitude;
mod noise;
mod rounding;

pub use counts::{perturb_counts, round_counts};
pub use integer::IntegerNoise;
pub use keys::{RecordSecret, cell_key, mixed, read_key, write_key};
pub use magnitude::{AmountNoise, Multiplier};
pub use noise::{Noise, NoiseRule, WIDEST};
pub use rounding::{check_base, round_random, round_small};
