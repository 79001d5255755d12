//! Benchmarks, one group a module: `cargo bench -- synthetic`.

mod segregation;
mod synthetic;

fn main() {
    let mut criterion = criterion::Criterion::default().configure_from_args();
    segregation::benches(&mut criterion);
    synthetic::benches(&mut criterion);
    criterion.final_summary();
}
