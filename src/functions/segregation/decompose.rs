//! M between and within larger parts: districts of a city, schools of a district, or groups of groups.

use super::information::{cell, entropy};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params, Twin},
    table::Table,
    value::{Output, Value},
};

const TAKES: &[Argument] = &[
    Argument::key("part"),
    Argument::key("area"),
    Argument::key("group"),
    Argument::count("n"),
];
const SUMS: Output = Output::Struct(&[
    ("value", Output::Number),
    ("between", Output::Number),
    ("within", Output::Number),
    ("h", Output::Number),
    ("h_between", Output::Number),
    ("h_within", Output::Number),
]);
const PART: Output = Output::Struct(&[
    ("part", Output::Text),
    ("n", Output::Number),
    ("share", Output::Number),
    ("value", Output::Number),
    ("h", Output::Number),
    ("ent_ratio", Output::Number),
]);

/// M, between and within.
pub(super) static SEG_MUTUAL_INFORMATION_DECOMPOSE: Definition = Definition {
    name: "seg_mutual_information_decompose",
    family: Family::Segregation,
    formula: "value = M of areas; between = M of parts, as if each were one area; within = Σ (T_part/T) M_part; value = \
              between + within; h, h_between, h_within the same divided by E = −Σ P_k ln P_k",
    reading: "struct: how much of the segregation is between parts, as districts, and how much within; nested: the area of \
              one call is the part of the next; with area and group in each other's place parts are groups of groups (h is \
              then a share of the areas' entropy). An area in two parts is two areas",
    range: "0 (nothing) to the entropy of the groups; h from 0 to 1",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Theil & Finizza 1971, doi:10.1080/0022250X.1971.9989795; Mora & Ruiz-Castillo 2011, \
             doi:10.1111/j.1467-9531.2011.01237.x",
    example: Example {
        sql: "SELECT round(seg_mutual_information_decompose(part, area, grp, n)['within'], 6) FROM (VALUES ('N', 'A', 'x', 10), ('N', 'B', 'y', 10), ('S', 'C', 'x', 10), ('S', 'C', 'y', 10)) AS v(part, area, grp, n)",
        result: "0.346574",
    },
    laws: &[],
    twins: &[
        Twin {
            name: "seg_mutual_information_between",
            field: 1,
            reading: "the part of M that lies between parts, as districts",
            range: "0 to M",
            example: Example {
                sql: "SELECT round(seg_mutual_information_between(part, area, grp, n), 6) FROM (VALUES ('N', 'A', 'x', 10), ('N', 'B', 'x', 10), ('S', 'C', 'y', 20)) AS v(part, area, grp, n)",
                result: "0.693147",
            },
        },
        Twin {
            name: "seg_mutual_information_within",
            field: 2,
            reading: "the part of M that lies within parts, as districts",
            range: "0 to M",
            example: Example {
                sql: "SELECT round(seg_mutual_information_within(part, area, grp, n), 6) FROM (VALUES ('N', 'A', 'x', 10), ('N', 'B', 'y', 10), ('S', 'C', 'y', 20)) AS v(part, area, grp, n)",
                result: "0.346574",
            },
        },
    ],
    body: Body::Aggregate(&[Form::table(TAKES, decompose).gives(SUMS)]),
};

/// M of each part.
pub(super) static SEG_MUTUAL_INFORMATION_PARTS: Definition = Definition {
    name: "seg_mutual_information_parts",
    family: Family::Segregation,
    formula: "by part: n = T_part, share = T_part/T, value = M_part of its areas, h = M_part/E_part, ent_ratio = E_part/E; \
              Σ share · value = M within, Σ share · ent_ratio · h = H within",
    reading: "list of parts, as districts, with how segregated each is inside and how mixed it is for the whole; for UNNEST; \
              area and group may stand in each other's place",
    range: "value from 0 to the part's entropy; h 0 to 1; ent_ratio from 0, above 1 where more mixed than the whole",
    null_when: "a count is NULL, or fewer than two groups have anybody; h where the part has one group",
    source: "Theil & Finizza 1971, doi:10.1080/0022250X.1971.9989795; Mora & Ruiz-Castillo 2011, \
             doi:10.1111/j.1467-9531.2011.01237.x",
    example: Example {
        sql: "SELECT round(seg_mutual_information_parts(part, area, grp, n)[1]['value'], 6) FROM (VALUES ('N', 'A', 'x', 10), ('N', 'B', 'y', 10), ('S', 'C', 'x', 10), ('S', 'C', 'y', 10)) AS v(part, area, grp, n)",
        result: "0.693147",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TAKES, parts).gives(Output::List(&PART))]),
};

/// One part.
struct Part {
    n: f64,
    /// Its groups that have somebody, by place.
    groups: Vec<(u32, f64)>,
    /// Σ n ln(p/P) of its areas against itself, and of itself against the whole.
    within: f64,
    between: f64,
}

impl Part {
    fn entropy(&self) -> f64 {
        let groups: Vec<f64> = self.groups.iter().map(|(_, n)| *n).collect();
        entropy(&groups, self.n)
    }
}

/// Returns the parts in order and the entropy of the groups; nothing when there is one group.
fn split(table: &Table<'_>) -> Option<(Vec<Part>, f64, f64)> {
    if table.distinct(2) < 2 {
        return None;
    }
    let cells: Vec<(u32, u32, u32, f64)> = (0..table.count(0).len())
        .map(|at| (table.key(0)[at], table.key(1)[at], table.key(2)[at], table.count(0)[at]))
        .collect();
    let mut all = vec![0.0; table.distinct(2)];
    for (_, _, group, n) in &cells {
        all[*group as usize] += n;
    }
    let total: f64 = all.iter().sum();
    let mut own = vec![0.0; all.len()];
    let parts = cells
        .chunk_by(|left, right| left.0 == right.0)
        .map(|part| {
            for (_, _, group, n) in part {
                own[*group as usize] += n;
            }
            let n: f64 = part.iter().map(|of| of.3).sum();
            let within = part
                .chunk_by(|left, right| left.1 == right.1)
                .map(|area| {
                    let t: f64 = area.iter().map(|of| of.3).sum();
                    area.iter()
                        .map(|(_, _, group, count)| cell(*count, t, own[*group as usize], n))
                        .sum::<f64>()
                })
                .sum();
            let mut groups: Vec<(u32, f64)> = part.iter().map(|of| (of.2, own[of.2 as usize])).collect();
            groups.sort_unstable_by_key(|of| of.0);
            groups.dedup_by_key(|of| of.0);
            for (group, _) in &groups {
                own[*group as usize] = 0.0;
            }
            let between = groups
                .iter()
                .map(|(group, count)| cell(*count, n, all[*group as usize], total))
                .sum();
            Part {
                n,
                groups,
                within,
                between,
            }
        })
        .collect();
    Some((parts, entropy(&all, total), total))
}

fn decompose(table: &Table<'_>, _: &Params) -> Outcome {
    let Some((parts, e, total)) = split(table) else {
        return Ok(Value::Null);
    };
    let sum = |of: fn(&Part) -> f64| (parts.iter().map(of).sum::<f64>() / total).clamp(0.0, f64::INFINITY);
    let (between, within) = (sum(|part| part.between), sum(|part| part.within));
    let share = |of: f64| Value::Number((of / e).clamp(0.0, 1.0));
    Ok(Value::Struct(vec![
        (between + within).into(),
        between.into(),
        within.into(),
        share(between + within),
        share(between),
        share(within),
    ]))
}

fn parts(table: &Table<'_>, _: &Params) -> Outcome {
    let Some((parts, e, total)) = split(table) else {
        return Ok(Value::Null);
    };
    let list = parts.iter().enumerate().map(|(at, part)| {
        let (value, own) = ((part.within / part.n).clamp(0.0, f64::INFINITY), part.entropy());
        Value::Struct(vec![
            Value::Text(table.text(0, at).to_owned()),
            part.n.into(),
            (part.n / total).into(),
            value.into(),
            if part.groups.len() < 2 {
                Value::Null
            } else {
                (value / own).clamp(0.0, 1.0).into()
            },
            (own / e).into(),
        ])
    });
    Ok(Value::List(list.collect()))
}
