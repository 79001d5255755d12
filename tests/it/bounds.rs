//! Bounds of every index against the index itself: the truth lies between them in random hidings.

use std::sync::Arc;

use arrow::{
    array::{Array, AsArray, Float64Array, Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, Field, Float64Type, Schema},
};
use datafusion::datasource::MemTable;
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::segregation::{rows, session};

/// One area: town, group, limits, total; a hidden one has NULL limits in the wide form.
struct Area(i64, f64, Option<(f64, f64)>, f64);

/// Random towns: small ones, one area, all hidden, zeros; limits around the truth or none at all.
fn towns(count: i64, areas: usize, people: u32) -> Vec<Area> {
    let mut rng = StdRng::seed_from_u64(7_919);
    let mut all = Vec::new();
    for town in 0..count {
        let odds = rng.random_range(0.0..1.2);
        let noise = rng.random_range(0..6_u32);
        for _ in 0..rng.random_range(1..=areas) {
            let t = rng.random_range(0..=people);
            let x = if rng.random_bool(0.2) {
                0
            } else {
                rng.random_range(0..=t)
            };
            let limits = if rng.random_range(0.0..1.0) >= odds {
                Some((x, x))
            } else if noise == 0 {
                None
            } else {
                Some((
                    x.saturating_sub(rng.random_range(0..=noise)),
                    (x + rng.random_range(0..=noise)).min(t),
                ))
            };
            let limits = limits.map(|(lo, hi)| (f64::from(lo), f64::from(hi)));
            all.push(Area(town, f64::from(x), limits, f64::from(t)));
        }
    }
    all
}

#[tokio::test]
async fn every_bound_of_two_groups_contains_the_truth() {
    let all = towns(10_000, 8, 40);
    let columns: Vec<(&str, Arc<dyn Array>)> = vec![
        ("k", Arc::new(all.iter().map(|of| Some(of.0)).collect::<Int64Array>())),
        (
            "area",
            Arc::new((0..all.len()).map(|at| Some(format!("a{at}"))).collect::<StringArray>()),
        ),
        ("x", Arc::new(all.iter().map(|of| Some(of.1)).collect::<Float64Array>())),
        (
            "lo",
            Arc::new(all.iter().map(|of| of.2.map(|of| of.0)).collect::<Float64Array>()),
        ),
        (
            "hi",
            Arc::new(all.iter().map(|of| of.2.map(|of| of.1)).collect::<Float64Array>()),
        ),
        ("t", Arc::new(all.iter().map(|of| Some(of.3)).collect::<Float64Array>())),
    ];
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, column)| Field::new(*name, column.data_type().clone(), true))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns.into_iter().map(|of| of.1).collect()).unwrap();
    let context = session(2);
    context
        .register_table("t", Arc::new(MemTable::try_new(schema, vec![vec![batch]]).unwrap()))
        .unwrap();
    for (name, plain, bounds) in [
        ("dissimilarity", "", ""),
        ("gorard", "", ""),
        ("karmel_maclachlan", "", ""),
        ("min_max", "", ""),
        ("gini", "", ""),
        ("information_theory", "", ""),
        ("variance_ratio", "", ""),
        ("hutchens", "", ""),
        ("atkinson", ", 0.3", ", '0.3'"),
        ("generalised_entropy", ", 0.7", ", '0.7'"),
        ("isolation", "", ""),
        ("concentration_profile", "", ""),
    ] {
        let sql = format!(
            "SELECT v, b['lo'], b['hi'], b['value'] FROM (SELECT k, seg_{name}(area, x, t{plain}) AS v,
             seg_{name}_bounds(area, lo, hi, t{bounds}) AS b FROM t GROUP BY k) WHERE v IS NOT NULL"
        );
        let (mut compared, mut wide) = (0, 0.0);
        for batch in rows(&context, &sql).await {
            let of: Vec<Float64Array> = batch
                .columns()
                .iter()
                .map(|column| {
                    let column = arrow::compute::cast(column, &DataType::Float64).unwrap();
                    column.as_primitive::<Float64Type>().clone()
                })
                .collect();
            for row in 0..batch.num_rows() {
                assert!(of[1].is_valid(row), "{name}: no bounds");
                let (v, lo, hi) = (of[0].value(row), of[1].value(row), of[2].value(row));
                assert!(lo <= v && v <= hi, "{name}: {v} is not between {lo} and {hi}");
                if of[3].is_valid(row) {
                    let value = of[3].value(row);
                    assert!((value - v).abs() <= 1e-12, "{name}: {value} of {v}");
                }
                compared += 1;
                wide += hi - lo;
            }
        }
        assert!(compared > 8_000, "{name}: {compared}");
        eprintln!("{name}: {compared} towns, mean width {:.4}", wide / f64::from(compared));
    }
}
