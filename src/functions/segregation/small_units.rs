//! What chance alone makes of D and M where areas are small, in closed form, and D and M without it.

use super::{areas::both, dissimilarity::two, information::cell};
use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Outcome, Params, Twin},
    table::{Long, Wide},
    value::{Output, Value},
};

/// An index, what chance gives, and the index without it.
const D: Output = Output::Struct(&[
    ("value", Output::Number),
    ("expected", Output::Number),
    ("corrected", Output::Number),
]);
/// The same for an index whose bias is known.
const M: Output = Output::Struct(&[
    ("value", Output::Number),
    ("bias", Output::Number),
    ("corrected", Output::Number),
]);

/// D* and D without it.
pub(super) static SEG_DISSIMILARITY_RANDOM: Definition = Definition {
    name: "seg_dissimilarity_random",
    family: Family::Segregation,
    formula: "expected = D* = Σ E|x − tP| / (2 T P (1 − P)) with x binomial(t, P), E|x − tP| = 2(m + 1)(1 − P) Pr(x = m + 1), \
              m = ⌊tP⌋; corrected = (D − D*)/(1 − D*) where D ≥ D*, else (D − D*)/D*",
    reading: "struct with value = D, expected: the D that people would have who choose areas by lot, and corrected: 0 as by \
              lot, negative more even than that; the smaller areas and group, the larger D*. Totals with fractions lie \
              between their neighbours",
    range: "value, expected 0 to 1; corrected −1 to 1",
    null_when: "a count is NULL, or one of the two groups has nobody; corrected where D* leaves nothing (everybody alone)",
    source: "Winship 1977, Social Forces 55:1058; Carrington & Troske 1997, doi:10.1080/07350015.1997.10524718; the mean \
             deviation: De Moivre 1730, Diaconis & Zabell 1991, doi:10.1214/ss/1177011699",
    example: Example {
        sql: "SELECT round(seg_dissimilarity_random(area, x, t)['expected'], 6) FROM (VALUES ('A', 1, 10), ('B', 0, 10), ('C', 2, 10)) AS v(area, x, t)",
        result: "0.38742",
    },
    laws: &[],
    twins: &[
        Twin {
            name: "seg_dissimilarity_expected",
            field: 1,
            reading: "the D that people would have who choose areas by lot",
            range: "0 (large areas) to 1 (everybody alone)",
            example: Example {
                sql: "SELECT round(seg_dissimilarity_expected(area, x, t), 6) FROM (VALUES ('A', 5, 10), ('B', 3, 10), ('C', 7, 10)) AS v(area, x, t)",
                result: "0.246094",
            },
        },
        Twin {
            name: "seg_dissimilarity_corrected",
            field: 2,
            reading: "D beyond chance: how much of the way from the lot to full segregation",
            range: "−1 (even) over 0 (as by lot) to 1 (apart)",
            example: Example {
                sql: "SELECT round(seg_dissimilarity_corrected(area, x, t), 6) FROM (VALUES ('A', 10, 10), ('B', 0, 10), ('C', 5, 10)) AS v(area, x, t)",
                result: "0.557858",
            },
        },
    ],
    body: Body::Aggregate(&[
        Form::wide(random).gives(D),
        Form::one_of(random).gives(D),
        Form::two_of(random).gives(D),
    ]),
};

/// M and its bias.
pub(super) static SEG_MUTUAL_INFORMATION_BIAS: Definition = Definition {
    name: "seg_mutual_information_bias",
    family: Family::Segregation,
    formula: "bias = (cells − areas − groups + 1)/(2T) over areas, groups and their cells that have somebody; corrected = M − bias",
    reading: "struct with value = M, bias: about how much too large M is because areas are small, and corrected; for counts of \
              people, not for weights",
    range: "value from 0; bias from 0, slightly negative where groups of areas share no group; corrected slightly negative by chance",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Miller 1955, Note on the bias of information estimates; Roulston 1999, doi:10.1016/S0167-2789(98)00269-3",
    example: Example {
        sql: "SELECT round(seg_mutual_information_bias(area, grp, n)['bias'], 6) FROM (VALUES ('A', 'x', 12), ('A', 'y', 8), ('B', 'x', 9), ('B', 'y', 11)) AS v(area, grp, n)",
        result: "0.0125",
    },
    laws: &[],
    twins: &[Twin {
        name: "seg_mutual_information_corrected",
        field: 2,
        reading: "M without what small areas add by chance",
        range: "from slightly negative, by chance, upwards",
        example: Example {
            sql: "SELECT round(seg_mutual_information_corrected(area, grp, n), 6) FROM (VALUES ('A', 'x', 18), ('A', 'y', 2), ('B', 'x', 9), ('B', 'y', 11)) AS v(area, grp, n)",
            result: "0.11147",
        },
    }],
    body: Body::Aggregate(&[Form::long(bias).gives(M)]),
};

fn random(areas: &Wide, _: &Params) -> Outcome {
    let (Some((x, y)), Some(value)) = (both(areas), two(areas)) else {
        return Ok(Value::Null);
    };
    let p = x / (x + y);
    let apart: f64 = areas.units.iter().map(|of| between(of.x + of.y, p)).sum();
    let expected = (apart * (x + y) / (2.0 * x * y)).clamp(0.0, 1.0);
    let corrected = if value < expected {
        Value::Number((value - expected) / expected)
    } else if expected < 1.0 {
        Value::Number((value - expected) / (1.0 - expected))
    } else {
        Value::Null
    };
    Ok(Value::Struct(vec![value.into(), expected.into(), corrected]))
}

/// Returns E|x − np| of whole n, and the straight line between for others.
fn between(n: f64, p: f64) -> f64 {
    let (whole, part) = (n.floor(), n.fract());
    let below = mean_deviation(whole, p);
    if part > 0.0 {
        below + part * (mean_deviation(whole + 1.0, p) - below)
    } else {
        below
    }
}

/// Returns E|x − np| of binomial x, 0 < p < 1.
fn mean_deviation(n: f64, p: f64) -> f64 {
    if n < 1.0 {
        return 0.0;
    }
    let k = (n * p).floor().min(n - 1.0) + 1.0;
    2.0 * k * (1.0 - p) * binomial(k, n, p)
}

/// Returns Pr(x = k) of binomial x for whole 1 ≤ k ≤ n, by Loader's saddle point: to the last digits also where n is
/// large (Loader 2000, Fast and accurate computation of binomial probabilities).
fn binomial(k: f64, n: f64, p: f64) -> f64 {
    let rest = n - k;
    if rest <= 0.0 {
        return (n * p.ln()).exp();
    }
    let ln = stirling(n) - stirling(k) - stirling(rest) - deviance(k, n * p) - deviance(rest, n * (1.0 - p));
    (n / (std::f64::consts::TAU * k * rest)).sqrt() * ln.exp()
}

/// Returns ln n! less Stirling's formula, for whole n from 1.
fn stirling(n: f64) -> f64 {
    if n < 16.0 {
        let (mut product, mut at) = (1.0, 2.0);
        while at <= n {
            product *= at;
            at += 1.0;
        }
        return f64::ln(product) - (0.5 * (std::f64::consts::TAU * n).ln() + n * n.ln() - n);
    }
    let square = n * n;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / (1188.0 * square)) / square) / square) / square)
        / n
}

/// Returns k ln(k/μ) + μ − k without losing digits where they are near.
fn deviance(k: f64, mean: f64) -> f64 {
    let by = (k - mean) / mean;
    if by.abs() > 0.05 {
        return k * (k / mean).ln() + mean - k;
    }
    // (1 + v) ln(1 + v) − v = v²/2 − v³/6 + v⁴/12 − …
    let (mut sum, mut power, mut at) = (0.0, by * by, 2.0);
    while at < 16.0 {
        sum += power / (at * (at - 1.0));
        power *= -by;
        at += 1.0;
    }
    mean * sum
}

fn bias(cells: &Long<'_>, _: &Params) -> Outcome {
    if cells.groups.len() < 2 {
        return Ok(Value::Null);
    }
    let (mut told, mut there) = (0.0, 0.0);
    for (area, group, n) in cells.cells() {
        told += cell(n, cells.areas[area], cells.groups[group], cells.total);
        there += 1.0;
    }
    let value = (told / cells.total).clamp(0.0, f64::INFINITY);
    let bias = (there - cells.areas.len() as f64 - cells.groups.len() as f64 + 1.0) / (2.0 * cells.total);
    Ok(Value::Struct(vec![value.into(), bias.into(), (value - bias).into()]))
}
