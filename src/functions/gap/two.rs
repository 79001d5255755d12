//! The gap between two groups by name.

use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params, Twin},
        rates::{self, limits},
        table::Table,
        value::{Output, Value},
    },
};

const FIELDS: Output = Output::Struct(&[
    ("value", Output::Number),
    ("lo", Output::Number),
    ("hi", Output::Number),
    ("a", Output::Number),
    ("b", Output::Number),
]);
const TAKES: &[Argument] = &[
    Argument::key("group"),
    Argument::count("x"),
    Argument::total("n"),
    Argument::name("a"),
    Argument::name("b"),
    Argument::choice("kind", "share"),
    Argument::option("per", 1.0),
    Argument::option("conf", 0.95),
];

/// Their difference.
pub(super) static GAP_ABS: Definition = Definition {
    name: "gap_abs",
    family: Family::Gap,
    formula: "per·(x_a/n_a − x_b/n_b); limits as prop_diff_ci for shares; for 'rate' the same construction from the limits of ci_poisson",
    reading: "struct with value, lo, hi, a and b: how much higher group a's share or rate is than group b's",
    range: "any number, −per to per for shares",
    null_when: "a count is NULL, or a group is absent or has nobody",
    source: "Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I; Zou & Donner 2008 (rates), doi:10.1002/sim.3095",
    example: Example {
        sql: "SELECT round(gap_abs(sex, x, n, 'women', 'men', 'share', 100)['value'], 6) FROM (VALUES ('women', 56, 70), ('men', 48, 80)) AS v(sex, x, n)",
        result: "20.0",
    },
    laws: &[],
    twins: &[
        Twin {
            name: "gap_abs_value",
            field: 0,
            reading: "how much higher group a's share or rate is than group b's",
            range: "any number",
            example: Example {
                sql: "SELECT round(gap_abs_value(sex, x, n, 'women', 'men'), 6) FROM (VALUES ('women', 56, 70), ('men', 48, 80)) AS v(sex, x, n)",
                result: "0.2",
            },
        },
        Twin {
            name: "gap_abs_lo",
            field: 1,
            reading: "smallest difference that the counts do not contradict",
            range: "any number",
            example: Example {
                sql: "SELECT round(gap_abs_lo(sex, x, n, 'women', 'men'), 4) FROM (VALUES ('women', 56, 70), ('men', 48, 80)) AS v(sex, x, n)",
                result: "0.0524",
            },
        },
        Twin {
            name: "gap_abs_hi",
            field: 2,
            reading: "largest difference that the counts do not contradict",
            range: "any number",
            example: Example {
                sql: "SELECT round(gap_abs_hi(sex, x, n, 'women', 'men'), 4) FROM (VALUES ('women', 56, 70), ('men', 48, 80)) AS v(sex, x, n)",
                result: "0.3339",
            },
        },
    ],
    body: Body::Aggregate(&[Form::table(TAKES, difference).gives(FIELDS)]),
};

/// Their ratio.
pub(super) static GAP_REL: Definition = Definition {
    name: "gap_rel",
    family: Family::Gap,
    formula: "(x_a/n_a)/(x_b/n_b); limits as risk_ratio_ci for shares, rate_ratio_ci for 'rate'",
    reading: "struct with value, lo, hi, a and b: how many times group b's share or rate group a's is",
    range: "0 upwards",
    null_when: "a count is NULL, or a group is absent or has nobody; value and hi also when group b has no events",
    source: "Katz, Baptista, Azen & Pike 1978, doi:10.2307/2530610",
    example: Example {
        sql: "SELECT gap_rel(sex, x, n, 'women', 'men')['value'] FROM (VALUES ('women', 30, 100), ('men', 15, 100)) AS v(sex, x, n)",
        result: "2.0",
    },
    laws: &[],
    twins: &[
        Twin {
            name: "gap_rel_value",
            field: 0,
            reading: "how many times group b's share or rate group a's is",
            range: "0 upwards",
            example: Example {
                sql: "SELECT gap_rel_value(sex, x, n, 'women', 'men') FROM (VALUES ('women', 30, 100), ('men', 15, 100)) AS v(sex, x, n)",
                result: "2.0",
            },
        },
        Twin {
            name: "gap_rel_lo",
            field: 1,
            reading: "smallest ratio that the counts do not contradict",
            range: "0 upwards",
            example: Example {
                sql: "SELECT round(gap_rel_lo(sex, x, n, 'women', 'men'), 4) FROM (VALUES ('women', 30, 100), ('men', 15, 100)) AS v(sex, x, n)",
                result: "1.1489",
            },
        },
        Twin {
            name: "gap_rel_hi",
            field: 2,
            reading: "largest ratio that the counts do not contradict",
            range: "0 upwards",
            example: Example {
                sql: "SELECT round(gap_rel_hi(sex, x, n, 'women', 'men'), 4) FROM (VALUES ('women', 30, 100), ('men', 15, 100)) AS v(sex, x, n)",
                result: "3.4817",
            },
        },
    ],
    body: Body::Aggregate(&[Form::table(TAKES, ratio).gives(FIELDS)]),
};

/// The two groups' counts, whether they are shares, and z; nothing when one has nobody.
fn pair(function: &str, table: &Table<'_>, params: &Params) -> Result<Option<(rates::Pair, bool, f64)>, Error> {
    let shares = rates::shares(function, params.text(2))?;
    let z = limits::z(function, params.number(1))?;
    let find = |name: &str| {
        (0..table.distinct(0))
            .find(|at| table.text(0, *at) == name)
            .map(|at| (table.count(0)[at], table.count(1)[at]))
    };
    if params.text(0) == params.text(1) {
        return Err(Error::invalid(6019, format!("`{function}` got the same group twice"))
            .hint("the gap is between the fourth and the fifth argument"));
    }
    let (Some((x1, n1)), Some((x2, n2))) = (find(params.text(0)), find(params.text(1))) else {
        return Ok(None);
    };
    if shares && (x1 > n1 || x2 > n2) {
        return Err(
            Error::invalid(6004, format!("`{function}` got a group whose x is larger than its n"))
                .hint("x is part of n; write 'rate' as the sixth argument for events"),
        );
    }
    Ok((n1 > 0.0 && n2 > 0.0).then_some((rates::Pair { x1, n1, x2, n2 }, shares, z)))
}

fn difference(table: &Table<'_>, params: &Params) -> Outcome {
    let Some((rates::Pair { x1, n1, x2, n2 }, shares, z)) = pair("gap_abs", table, params)? else {
        return Ok(Value::Null);
    };
    let (per, conf) = (params.number(0), params.number(1));
    let around = |x: f64, n: f64| -> Result<limits::Limits, Error> {
        if shares {
            return Ok(limits::wilson(x, n, z));
        }
        let (limits::Limits { lo, hi }, _) = limits::count("gap_abs", x, conf)?;
        Ok(limits::Limits { lo: lo / n, hi: hi / n })
    };
    let limits = rates::mover((x1 / n1, around(x1, n1)?), (x2 / n2, around(x2, n2)?));
    let (mut lo, mut hi) = (limits.lo, limits.hi);
    if shares {
        (lo, hi) = (lo.max(-1.0), hi.min(1.0));
    }
    let fields = [x1 / n1 - x2 / n2, lo, hi, x1 / n1, x2 / n2];
    Ok(Value::Struct(fields.map(|of| Value::Number(per * of)).to_vec()))
}

fn ratio(table: &Table<'_>, params: &Params) -> Outcome {
    let Some((of, shares, z)) = pair("gap_rel", table, params)? else {
        return Ok(Value::Null);
    };
    let per = params.number(0);
    let (value, lo, hi) = rates::ratio(of, shares, z);
    let mut fields: Vec<Value> = [value, lo, hi].into_iter().map(super::subgroups::number).collect();
    fields.extend([(per * of.x1 / of.n1).into(), (per * of.x2 / of.n2).into()]);
    Ok(Value::Struct(fields))
}
