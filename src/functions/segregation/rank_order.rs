//! Rank-order segregation: the profile over ranks, smoothed by a polynomial and integrated.

use super::ranks::{Boundary, Mixing, boundaries, index, unknown};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        table::Table,
        value::Value,
    },
};

const NAME: &str = "seg_rank_order";
/// Beyond this the fit says more about rounding than about people.
const HIGHEST: usize = 10;

/// H^R, R^R, S^R.
pub(super) static SEG_RANK_ORDER: Definition = Definition {
    name: NAME,
    family: Family::Segregation,
    formula: "∫ w(p) Λ(p) dp / ∫ w(p) dp, Λ the index of those up to percentile p against those above it, as a polynomial \
              fitted at the boundaries between ranks by least squares, weighted by w² ('wls') or not ('ols'); w of 'H': \
              entropy, 'R': p(1 − p), 'S': √(p(1 − p))",
    reading: "segregation by a value with an order, as income, whatever the ranks that it is known in; the rank is a number, \
              so that 10 comes after 2",
    range: "0 (even) to 1 (apart), give or take what the polynomial misses",
    null_when: "a count or a rank is NULL, or there are fewer boundaries between ranks than degree + 1",
    source: "Reardon 2011, Measures of income segregation, CEPA working paper; Reardon & Bischoff 2011, American Journal of \
             Sociology 116(4)",
    example: Example {
        sql: "SELECT round(seg_rank_order(area, rank, n, 'R', 1), 6) FROM (VALUES ('A', 1, 10), ('A', 2, 10), ('B', 2, 10), ('B', 3, 10)) AS v(area, rank, n)",
        result: "0.333333",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("area"),
            Argument::number("rank"),
            Argument::count("n"),
            Argument::choice("index", "H"),
            Argument::option("degree", 4.0),
            Argument::choice("weights", "wls"),
        ],
        rank_order,
    )]),
};

/// Returns the mean of p to the m-th power, weighted by the index's own weight.
fn moment(mixing: Mixing, m: usize) -> f64 {
    let m = m as f64;
    match mixing {
        // ∫ pᵐ E(p) dp by parts: 2/(m+2)² + 2 Σ (−1)^(m−n) C(m,n)/(m−n+2)², whose sum is (H(m+2) − 1) / ((m+1)(m+2)) with
        // the harmonic numbers H; no difference of large numbers
        Mixing::Entropy => {
            let mut harmonic = 0.0;
            let mut at = m + 2.0;
            while at > 1.5 {
                harmonic += 1.0 / at;
                at -= 1.0;
            }
            2.0 / (m + 2.0).powi(2) + 2.0 * harmonic / ((m + 1.0) * (m + 2.0))
        }
        Mixing::Product => 6.0 / ((m + 2.0) * (m + 3.0)),
        Mixing::Root | Mixing::Smaller => {
            let mut product = 4.0;
            let mut n = 0.0;
            while n <= m {
                product *= (2.0 * n + 1.0) / (2.0 * n + 4.0);
                n += 1.0;
            }
            product
        }
    }
}

/// Returns the coefficients of the polynomial nearest to the points, by orthogonal columns (modified Gram–Schmidt, with
/// the values as a last column); nothing when the points do not decide them.
fn fit(points: &[Boundary], degree: usize, weighted: bool) -> Option<Vec<f64>> {
    let weight = |of: &Boundary| if weighted { of.whole } else { 1.0 };
    let mut columns: Vec<Vec<f64>> = vec![points.iter().map(weight).collect()];
    for at in 0..degree {
        let next = columns[at].iter().zip(points).map(|(value, of)| value * of.p).collect();
        columns.push(next);
    }
    let mut values: Vec<f64> = points.iter().map(|of| weight(of) * of.index()).collect();
    let mut triangle = vec![vec![0.0; degree + 1]; degree + 1];
    let mut right = vec![0.0; degree + 1];
    let dot = |left: &[f64], right: &[f64]| -> f64 { left.iter().zip(right).map(|(left, right)| left * right).sum() };
    for at in 0..=degree {
        let (done, rest) = columns.split_at_mut(at + 1);
        let column = &mut done[at];
        let length = dot(column, column).sqrt();
        if length <= 0.0 {
            return None;
        }
        for value in column.iter_mut() {
            *value /= length;
        }
        triangle[at][at] = length;
        for (to, other) in rest.iter_mut().enumerate() {
            let along = dot(column, other);
            triangle[at][at + 1 + to] = along;
            other
                .iter_mut()
                .zip(&*column)
                .for_each(|(value, unit)| *value -= along * unit);
        }
        right[at] = dot(column, &values);
        values
            .iter_mut()
            .zip(&*column)
            .for_each(|(value, unit)| *value -= right[at] * unit);
    }
    for at in (0..=degree).rev() {
        let known: f64 = (at + 1..=degree).map(|to| triangle[at][to] * right[to]).sum();
        right[at] = (right[at] - known) / triangle[at][at];
    }
    Some(right)
}

fn rank_order(table: &Table<'_>, params: &Params) -> Outcome {
    let mixing = index(params, NAME, "'H', 'R', 'S'")?;
    let weighted = match params.text(1) {
        "wls" => true,
        "ols" => false,
        _ => return Err(unknown(NAME, "weights", "'wls', 'ols'")),
    };
    let asked = params.number(0);
    let degree = (0..=HIGHEST).find(|degree| (*degree as f64 - asked).abs() < f64::EPSILON);
    let Some(degree) = degree else {
        return Err(
            Error::invalid(6005, format!("`{NAME}` takes a whole `degree` from 0 to {HIGHEST}"))
                .hint("4 is usual; 1 or 2 where there are few ranks"),
        );
    };
    let points = boundaries(table, mixing);
    if points.len() < degree + 1 {
        return Ok(Value::Null);
    }
    let Some(coefficients) = fit(&points, degree, weighted) else {
        return Ok(Value::Null);
    };
    let mean: f64 = coefficients
        .iter()
        .enumerate()
        .map(|(m, of)| of * moment(mixing, m))
        .sum();
    Ok(mean.into())
}
