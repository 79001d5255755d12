//! Isolation and exposure: whom a member of a group meets in the own area.

use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Index},
    units::{Table, Wide},
};

/// xPx.
pub(in crate::functions) const SEG_ISOLATION: Definition = Definition {
    name: "seg_isolation",
    family: Family::Segregation,
    signatures: &["seg_isolation(area, x, t)", "seg_isolation(area, group, n, 'group')"],
    formula: "Σ (x/X)(x/t)",
    reading: "the group's share in the area of its average member",
    range: "the group's share of all (even) to 1 (apart)",
    null_when: "a count is NULL, or the group or the rest has nobody",
    source: "Bell 1954, doi:10.2307/2573118; Lieberson 1981",
    example: Example {
        sql: "SELECT seg_isolation(area, x, t) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.75",
    },
    body: Body::Areas(&[
        Form::Wide {
            counts: 2,
            kernel: isolation,
        },
        Form::Long {
            names: 1,
            kernel: isolation_long,
        },
    ]),
};

/// xPy.
pub(in crate::functions) const SEG_EXPOSURE: Definition = Definition {
    name: "seg_exposure",
    family: Family::Segregation,
    signatures: &[
        "seg_exposure(area, x, y, t)",
        "seg_exposure(area, group, n, 'group', 'met group')",
    ],
    formula: "Σ (x/X)(y/t)",
    reading: "the other group's share in the area of the first group's average member",
    range: "0 (never meet) to 1",
    null_when: "a count is NULL, or one of the two groups has nobody",
    source: "Bell 1954, doi:10.2307/2573118; Lieberson 1981",
    example: Example {
        sql: "SELECT seg_exposure(area, x, t - x, t) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.25",
    },
    body: Body::Areas(&[
        Form::Wide {
            counts: 3,
            kernel: exposure,
        },
        Form::Long {
            names: 2,
            kernel: exposure_long,
        },
    ]),
};

fn isolation(units: &Wide) -> Index {
    let [x_all, t_all, _] = units.total;
    if x_all <= 0.0 || t_all - x_all <= 0.0 {
        return Ok(None);
    }
    let met: f64 = units.areas.iter().map(|[x, t, _]| x * x / t).sum();
    Ok(Some((met / x_all).min(1.0)))
}

fn isolation_long(table: &Table<'_>, names: &[String]) -> Index {
    isolation(&table.wide(names))
}

fn exposure(units: &Wide) -> Index {
    let [x_all, y_all, _] = units.total;
    if x_all <= 0.0 || y_all <= 0.0 {
        return Ok(None);
    }
    let met: f64 = units.areas.iter().map(|[x, y, t]| x * y / t).sum();
    Ok(Some((met / x_all).min(1.0)))
}

fn exposure_long(table: &Table<'_>, names: &[String]) -> Index {
    exposure(&table.wide(names))
}
