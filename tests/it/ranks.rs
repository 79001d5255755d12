//! What the indices of ordered groups keep: laws over random towns, with ranks that are numbers.

use proptest::{prelude::*, test_runner::TestRunner};

use crate::segregation::{number, session};

const CALLS: [&str; 6] = [
    "seg_ordinal(area, rank, n)",
    "seg_ordinal(area, rank, n, 'R')",
    "seg_ordinal(area, rank, n, 'S')",
    "seg_ordinal(area, rank, n, 'A')",
    "seg_rank_order(area, rank, n, 'H', 1)",
    "seg_rank_order(area, rank, n, 'S', 1, 'ols')",
];

/// Counts by area and rank, as rows of one query.
fn rows(town: &[Vec<u32>]) -> String {
    let rows: Vec<String> = town
        .iter()
        .enumerate()
        .flat_map(|(area, ranks)| {
            ranks
                .iter()
                .enumerate()
                .map(move |(rank, n)| format!("('{area}', {}, {n})", 2 * rank * rank))
        })
        .collect();
    format!("(VALUES {}) AS v(area, rank, n)", rows.join(", "))
}

fn towns() -> impl Strategy<Value = Vec<Vec<u32>>> {
    (3_usize..7, 1_usize..6)
        .prop_flat_map(|(ranks, areas)| prop::collection::vec(prop::collection::vec(1_u32..40, ranks), areas))
}

/// Tries a law: the town, another one made of it, and what must hold between their values.
fn law(make: impl Fn(&[Vec<u32>]) -> Vec<Vec<u32>>, holds: impl Fn(&str, f64, f64) -> bool) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let context = session(1);
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&towns(), |town| {
            let other = make(&town);
            for call in CALLS {
                let value = |town: &[Vec<u32>]| {
                    let sql = format!("SELECT {call} FROM {}", rows(town));
                    runtime.block_on(number(&context, &sql)).unwrap()
                };
                let (before, after) = (value(&town), value(&other));
                prop_assert!(holds(call, before, after), "{call}: {before}, {after}");
            }
            Ok(())
        })
        .unwrap();
}

fn near(left: f64, right: f64) -> bool {
    (left - right).abs() < 1e-11
}

#[test]
fn as_many_times_more_people_change_nothing() {
    law(
        |town| town.iter().map(|area| area.iter().map(|n| 7 * n).collect()).collect(),
        |_, before, after| near(before, after),
    );
}

#[test]
fn areas_split_with_the_same_mix_change_nothing() {
    law(
        |town| {
            let mut whole = town.to_vec();
            whole.extend_from_slice(town);
            whole
        },
        |_, before, after| near(before, after),
    );
}

#[test]
fn the_same_mix_everywhere_is_zero_and_the_order_may_turn() {
    law(
        |town| vec![town[0].clone(), town[0].iter().map(|n| 5 * n).collect()],
        |_, _, after| after.abs() < 1e-12,
    );
    // 'A' too is the same from either end
    law(
        |town| town.iter().map(|area| area.iter().rev().copied().collect()).collect(),
        |call, before, after| {
            near(before, after) || call.starts_with("seg_rank_order") && (before - after).abs() < 1e-9
        },
    );
}

#[test]
fn moving_towards_the_mix_of_all_does_not_raise_ordinal_segregation() {
    // everybody of a rank is spread over the areas as all are, half of the way
    law(
        |town| {
            let sizes: Vec<u32> = town.iter().map(|area| area.iter().sum()).collect();
            let all: u32 = sizes.iter().sum();
            let ranks: Vec<u32> = (0..town[0].len())
                .map(|rank| town.iter().map(|area| area[rank]).sum())
                .collect();
            town.iter()
                .zip(&sizes)
                .map(|(area, size)| area.iter().zip(&ranks).map(|(n, rank)| n * all + size * rank).collect())
                .collect()
        },
        |call, before, after| call.starts_with("seg_rank_order") || after <= before + 1e-12,
    );
}
