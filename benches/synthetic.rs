//! The synthetic source: the demo's files, and person-years without text.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use samsyn::source::synthetic::{People, Spec, World, deliveries, in_chunks};

/// Benches of the group `synthetic`.
pub(crate) fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("synthetic");
    group.sample_size(10);
    group.bench_function("files_of_the_demo", |bench| {
        let spec = Spec::default();
        bench.iter(|| deliveries(black_box(&spec)).map(|files| files.len()).ok());
    });
    let spec = Spec {
        persons: 100_000,
        ..Spec::default()
    };
    let world = World::new(&spec);
    let people = People::new(&spec, &world);
    let count = |threads| {
        in_chunks(
            &people,
            threads,
            || 0_u64,
            |sum, row| *sum += 1 + u64::from(black_box(row).age) / 256,
        )
        .map_or(0, |parts| parts.iter().sum())
    };
    group.throughput(Throughput::Elements(count(2)));
    group.bench_function("person_years", |bench| bench.iter(|| count(black_box(2))));
    group.finish();
}
