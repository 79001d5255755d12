//! Benchmarks, one group a module: `cargo bench -- synthetic`.

mod synthetic;

fn main() {
    let mut criterion = criterion::Criterion::default().configure_from_args();
    synthetic::benches(&mut criterion);
    criterion.final_summary();
}
