//! Benchmarks, one group a module: `cargo bench -- synthetic`.
#![expect(clippy::expect_used, reason = "a benchmark that cannot go on should stop")]

mod cli;
mod inference;
mod protect;
mod segregation;
mod spatial;
mod synthetic;

fn main() {
    let mut criterion = criterion::Criterion::default().configure_from_args();
    cli::benches(&mut criterion);
    inference::benches(&mut criterion);
    protect::benches(&mut criterion);
    segregation::benches(&mut criterion);
    spatial::benches(&mut criterion);
    synthetic::benches(&mut criterion);
    criterion.final_summary();
}
