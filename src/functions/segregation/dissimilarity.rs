//! The index of dissimilarity, of one group against the rest or of several groups.

use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Index},
    units::{Table, Wide},
};

/// D.
pub(in crate::functions) const SEG_DISSIMILARITY: Definition = Definition {
    name: "seg_dissimilarity",
    family: Family::Segregation,
    signatures: &["seg_dissimilarity(area, x, t)", "seg_dissimilarity(area, group, n)"],
    formula: "½ Σ|x/X − y/Y| with y = t − x; several groups: ΣΣ t|p_k − P_k| / (2 T Σ P_k(1 − P_k))",
    reading: "share of the group that would have to move for every area to have the same mix",
    range: "0 (even) to 1 (apart)",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Duncan & Duncan 1955, doi:10.2307/2088328; Reardon & Firebaugh 2002, doi:10.1111/1467-9531.00110",
    example: Example {
        sql: "SELECT seg_dissimilarity(area, x, t) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.5",
    },
    body: Body::Areas(&[
        Form::Wide {
            counts: 2,
            kernel: wide,
        },
        Form::Long { names: 0, kernel: long },
    ]),
};

fn wide(units: &Wide) -> Index {
    let [x_all, t_all, _] = units.total;
    let y_all = t_all - x_all;
    if x_all <= 0.0 || y_all <= 0.0 {
        return Ok(None);
    }
    let apart: f64 = units
        .areas
        .iter()
        .map(|[x, t, _]| (x * y_all - (t - x) * x_all).abs())
        .sum();
    Ok(Some((apart / (2.0 * x_all * y_all)).min(1.0)))
}

fn long(table: &Table<'_>, _: &[String]) -> Index {
    if table.groups.len() < 2 {
        return Ok(None);
    }
    // a cell that is not there has |0·T − t·N| = t·N: per group, N times everybody in areas without the group
    let mut present = vec![0.0; table.groups.len()];
    let mut apart = vec![0.0; table.groups.len()];
    for (area, group, n) in &table.cells {
        let t = table.areas[*area];
        apart[*group] += (n * table.total - t * table.groups[*group].1).abs();
        present[*group] += t;
    }
    let mut over = 0.0;
    let mut under = 0.0;
    for (group, (_, n)) in table.groups.iter().enumerate() {
        over += apart[group] + n * (table.total - present[group]);
        under += n * (table.total - n);
    }
    Ok(Some((over / (2.0 * under)).min(1.0)))
}
