//! What has been published before: it stays known, whatever is published now.
//!
//! Every publication of a population is an [`Entry`]: its tables as sums of base rows, which of them were shown and
//! which hidden, and the base rows that they were sums of. A later publication is protected against two readers: one
//! who sees it alone, and one who kept everything published before. To the second all that was shown is given, and
//! what was hidden must not come out. Base rows that hold the same today as then are the same unknown; so an area of
//! another vintage, a year that is added up, a revision of some rows, or another audience's table meet in one system.
//!
//! What can go wrong: persons who move between rows change both, and the difference of two publications then tells how
//! many moved; that is no cell of either and is not protected here.

mod attack;
mod entry;
mod external;
mod history;

pub use attack::{Found, attack};
pub use entry::{Column, Entry, Registered};
pub use external::External;
pub use history::Earlier;
pub(super) use history::History;
