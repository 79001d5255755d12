//! The 21 summary measures that WHO uses for monitoring inequality in health, in one call.

use super::{
    measures::{Case, Measure, high},
    subgroups::{Subgroups, fields},
};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        rates::{limits, random::times},
        table::Table,
        value::{Output, Value},
    },
};

/// Which NULLs say that there is no order, or no error: the second and fifth argument.
const RANK: u32 = 1 << 1;
const SE: u32 = 1 << 4;

/// All of them.
pub(super) static WHO_MEASURES: Definition = Definition {
    name: "who_measures",
    family: Family::Gap,
    formula: "d, r (most − least advantaged by rank, without one highest − lowest), aci, rci, sii, rii (linear), bgv, bgsd, cov, mdmu, mdmw, mdbu, mdbw, mdru, mdrw, idisu, idisw, ti, mld, par, paf; cov, idis and paf in per cent, ti and mld times 1000, as WHO prints them",
    reading: "list of 21 structs with measure, value, lo, hi and method for UNNEST: absolute and relative ones side by side, because they may disagree; u counts groups, w people alike; rank NULL for groups without order, se NULL for values without error",
    range: "by measure",
    null_when: "a value or pop is NULL, or nobody is there; ordered measures when a rank is NULL; mdru and mdrw without a reference; limits when an se is NULL; relative ones when the mean is not above 0",
    source: "Schlotheuber & Hosseinpoor 2022, doi:10.3390/ijerph19063697; intervals: Ahn et al. 2018, doi:10.1200/CCI.18.00031 (normal), Ahn et al. 2019, doi:10.1371/journal.pone.0219542 (simulation)",
    example: Example {
        sql: "SELECT round(who_measures(q, q, share, 1, NULL, 'low')[1]['value'], 6) FROM (VALUES (1, 30), (2, 24), (3, 20), (4, 16), (5, 10)) AS v(q, share)",
        result: "20.0",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("group"),
            Argument::number("rank"),
            Argument::number("value"),
            Argument::count("pop"),
            Argument::number("se"),
            Argument::choice("favourable", "high"),
            Argument::choice("reference", ""),
            Argument::option("conf", 0.95),
            Argument::option("seed", 1.0),
            Argument::option("draws", 1000.0),
        ],
        measures,
    )
    .sees_nulls()
    .gives(Output::List(&Output::Struct(&[
        ("measure", Output::Text),
        ("value", Output::Number),
        ("lo", Output::Number),
        ("hi", Output::Number),
        ("method", Output::Text),
    ])))]),
};

fn measures(table: &Table<'_>, params: &Params) -> Outcome {
    let (conf, seed) = (params.number(0), params.number(1));
    let z = limits::z("who_measures", conf)?;
    let draws = times("who_measures", params.number(2))?;
    let high = high("who_measures", params.text(0))?;
    let nulls = table.nulls();
    if nulls & !(RANK | SE) != 0 {
        return Ok(Value::Null);
    }
    table.one_a_unit("who_measures", "rank, value or se")?;
    let rank = (nulls & RANK == 0).then_some(1);
    let se = (nulls & SE == 0).then_some(3);
    let Some(of) = Subgroups::new("who_measures", table, rank, 2, se)? else {
        return Ok(Value::Null);
    };
    let name = params.text(1);
    let reference = (0..table.distinct(0)).find(|at| table.text(0, *at) == name);
    if reference.is_none() && !name.is_empty() {
        return Err(
            Error::invalid(6020, "`who_measures` got a `reference` that is none of the groups")
                .hint("name the group as it stands in the first argument, or leave it out"),
        );
    }
    let case = Case { of, high, reference };
    let sets = case.of.simulate(seed, draws);
    let list = Measure::ALL.map(|(measure, name)| {
        let estimate = case.estimate(measure, z, conf, sets.as_deref());
        let method = estimate
            .1
            .map_or(Value::Null, |_| Value::Text(measure.method().to_owned()));
        let mut all = vec![Value::Text(name.to_owned())];
        all.extend(fields(estimate));
        all.push(method);
        Value::Struct(all)
    });
    Ok(Value::List(list.to_vec()))
}
