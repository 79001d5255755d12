//! The first principal component: the weights under which standardised indicators differ most between areas.

use nalgebra::{DMatrix, SymmetricEigen};

/// Loadings of indicators, and their share of all variance.
#[derive(Debug)]
pub(super) struct Component {
    pub(super) loadings: Vec<f64>,
    /// Largest eigenvalue over the sum of all; nothing when no indicator varies.
    pub(super) explained: Option<f64>,
}

/// Returns the first component of the correlations of standardised scores, a row an area. The sign is the one with which
/// the loadings sum to 0 or more.
pub(super) fn first(scores: &[Vec<f64>], indicators: usize) -> Component {
    let n = scores.len().max(1) as f64;
    let correlation = DMatrix::from_fn(indicators, indicators, |left, right| {
        scores.iter().map(|row| row[left] * row[right]).sum::<f64>() / n
    });
    let trace = correlation.trace();
    let eigen = SymmetricEigen::new(correlation);
    let mut largest = 0;
    for at in 1..eigen.eigenvalues.len() {
        if eigen.eigenvalues[at] > eigen.eigenvalues[largest] {
            largest = at;
        }
    }
    let mut loadings: Vec<f64> = eigen.eigenvectors.column(largest).iter().copied().collect();
    let sum: f64 = loadings.iter().sum();
    // a sum that is 0 but for its last digits has no sign: the first loading decides
    let turned = if sum.abs() > 1e-9 {
        sum < 0.0
    } else {
        loadings.iter().find(|of| of.abs() > 1e-9).is_some_and(|of| *of < 0.0)
    };
    if turned {
        for of in &mut loadings {
            *of = -*of;
        }
    }
    Component {
        loadings,
        explained: (trace > 0.0).then(|| (eigen.eigenvalues[largest] / trace).clamp(0.0, 1.0)),
    }
}
