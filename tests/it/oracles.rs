//! The segregation indices against every canonical value of the oracle folder: data, index and parameters of a row become
//! SQL, and the result has the digits of the row.
//!
//! Every canonical row must have somebody who answers for it: this module, or one of [`OTHERS`], or a reason in
//! [`NOT_OURS`] why the value is a peer's own.

use std::{collections::BTreeMap, io::Write as _};

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::prelude::{CsvReadOptions, SessionContext};

use crate::{
    segregation::{number, session},
    shared::shared,
};

const FOLDER: &str = "data/oracles/segregation";

/// Indices that other modules compare, by the beginning of their names.
pub(crate) const OTHERS: &[(&str, &[&str])] = &[
    (
        "oracles_spatial",
        &[
            "ACE",
            "ACO",
            "RCE",
            "RCO",
            "DEL",
            "Delta",
            "ACL",
            "SP",
            "RCL",
            "Pxx",
            "DPxx",
            "DPxy",
            "D(w)",
            "D(s)",
            "D(adj)",
            "ISMorrill",
            "ISWong",
        ],
    ),
    (
        "oracles_around",
        &[
            "between-state",
            "within-state",
            "district within",
            "school within",
            "state ",
            "within supergroup",
            "shapley",
            "km ",
            "mrc ",
            "E[D*]",
        ],
    ),
];

/// Rows whose value hangs on something of the peer's that is no part of the index, and why.
const NOT_OURS: &[(&str, &str)] = &[(
    "segindex",
    "thresholds at equal percentiles instead of the ranks that are there, two of which nobody is below: the peer puts \
     shares of 10⁻⁶ for 0, so that an index that does not exist enters its fit as 0",
)];

/// Returns long data from columns of a table, with names or numbers for groups.
fn long(table: &str, area: &str, columns: &[String], ranks: bool) -> String {
    let parts: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let group = if ranks { format!("{at}") } else { format!("'{column}'") };
            format!(r#"SELECT "{area}" AS a, {group} AS g, "{column}" AS n FROM {table}"#)
        })
        .collect();
    format!("({})", parts.join(" UNION ALL "))
}

/// Returns the function and its parameters for a two-group index by its name.
fn two_groups(index: &str) -> Option<(&'static str, &'static str)> {
    Some(match index.trim_end_matches("[1]").trim_end_matches("[1,2]") {
        "D" | "ISDuncan" => ("seg_dissimilarity", ""),
        "Gorard GS" | "Gorard" => ("seg_gorard", ""),
        "G" | "Gini" => ("seg_gini", ""),
        "H" | "HTheil" => ("seg_information_theory", ""),
        "A" | "Atkinson0.5" => ("seg_atkinson", ", 0.5"),
        "O" => ("seg_hutchens", ""),
        "Eta2" => ("seg_variance_ratio", ""),
        "MM" => ("seg_min_max", ""),
        "ConProf exact closed form" => ("seg_concentration_profile", ""),
        "xPx" => ("seg_isolation", ""),
        "xPx_exact" => ("seg_isolation_exact", ""),
        _ => return None,
    })
}

/// Returns the function of an index of several groups, or of their mix.
fn several_groups(index: &str) -> Option<(&'static str, bool)> {
    Some(match index.trim_start_matches("multi ") {
        "D" | "MultiDissim" | "DMulti" => ("seg_dissimilarity", true),
        "G" | "MultiGini" | "GiniMulti" => ("seg_gini", true),
        "M" | "MultiDivergence" | "Divergence (nats)" => ("seg_mutual_information", true),
        "H" | "MultiInfoTheory" | "HMulti" => ("seg_information_theory", true),
        "C" | "MultiSquaredCoefVar" | "CMulti" => ("seg_squared_variation", true),
        "P" | "MultiNormExposure" | "PMulti" => ("seg_normalised_exposure", true),
        "R" | "MultiRelativeDiversity" | "RelDivers" => ("seg_relative_diversity", true),
        "E" | "MultiDiversity" | "E race" => ("div_shannon", false),
        "I" | "SimpsonsInteraction" => ("div_simpson", false),
        "HHI" | "SimpsonsConcentration" => ("div_concentration", false),
        _ => return None,
    })
}

fn of_several(index: &str, from: &str, area: &str, group: &str) -> Option<String> {
    let (function, areas) = several_groups(index)?;
    let area = if areas { format!("{area}, ") } else { String::new() };
    Some(format!("SELECT {function}({area}{group}, n) FROM {from}"))
}

fn of_two(index: &str, table: &str, area: &str, x: &str, t: &str) -> Option<String> {
    if index.starts_with("xPy") {
        return Some(format!(
            r#"SELECT seg_exposure("{area}", {x}, {t} - {x}, {t}) FROM {table}"#
        ));
    }
    let (function, parameters) = two_groups(index)?;
    Some(format!(
        r#"SELECT {function}("{area}", {x}, {t}{parameters}) FROM {table}"#
    ))
}

/// Returns the query that answers a row.
fn query(dataset: &str, groups: &str, index: &str, params: &str) -> Option<String> {
    let names = |of: &[&str]| of.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    match dataset {
        "pysal_sacramento1_tracts" => {
            if let Some((x, _)) = groups.split_once(" vs rest") {
                return of_two(index, dataset, "FIPS", &format!(r#""{x}""#), r#""TOT_POP""#);
            }
            let columns: Vec<&str> = groups.split('|').collect();
            of_several(index, &long(dataset, "FIPS", &names(&columns), false), "a", "g")
        }
        "divseg_de_county" => {
            let (x, _) = groups.split_once(" vs rest")?;
            of_two(index, dataset, "GEOID", &format!(r#""{x}""#), r#""pop""#)
        }
        "oasisr_segdata" => {
            let pattern = groups.strip_prefix("pattern ")?;
            let columns = [format!("{pattern}1"), format!("{pattern}2")];
            of_two(
                index,
                dataset,
                "SP_ID",
                &format!(r#""{pattern}1""#),
                &format!(r#"("{pattern}1" + "{pattern}2")"#),
            )
            .or_else(|| of_several(index, &long(dataset, "SP_ID", &columns, false), "a", "g"))
        }
        "pysal_rankorder_synthetic_100x16" => {
            let columns: Vec<String> = (1..=16).map(|at| format!("cat_{at}")).collect();
            let from = long(dataset, "tract", &columns, true);
            if let Some(kind) = index.strip_prefix("ordinal ") {
                let kind = kind.strip_suffix("^O")?;
                return Some(format!("SELECT seg_ordinal(a, g, n, '{kind}') FROM {from}"));
            }
            let kind = index.strip_prefix("rank-order ")?.strip_suffix("^R")?;
            let weights = match params {
                "degree 4, WLS weights E(p)^2" => "wls",
                "degree 4, unweighted OLS" => "ols",
                _ => return None,
            };
            Some(format!(
                "SELECT seg_rank_order(a, g, n, '{kind}', 4, '{weights}') FROM {from}"
            ))
        }
        "segregr_marilia_2010" => {
            let columns = names(&[
                "mw_0_to_05",
                "mw_05_to_1",
                "mw_1_to_2",
                "mw_2_to_3",
                "mw_3_to_5",
                "mw_5_to_10",
                "mw_10_to_15",
                "mw_15_to_20",
                "mw_20_above",
            ]);
            of_several(index, &long(dataset, "id", &columns, false), "a", "g")
        }
        "elbersb_schools00" => {
            if let Some(group) = index.strip_prefix("isolation ") {
                return Some(format!(
                    "SELECT seg_isolation(school, race, n, '{group}') FROM {dataset}"
                ));
            }
            if let Some(pair) = index.strip_prefix("exposure ") {
                let (from, to) = pair.split_once("->")?;
                return Some(format!(
                    "SELECT seg_exposure(school, race, n, '{from}', '{to}') FROM {dataset}"
                ));
            }
            if let Some(group) = index.strip_prefix("ls ") {
                return Some(format!(
                    "SELECT l['value'] FROM (SELECT unnest(seg_local(race, school, n)) AS l FROM {dataset}) WHERE l['area'] = '{group}'"
                ));
            }
            if index == "E race|school" {
                return Some(format!(
                    "SELECT sum(l['share'] * l['value']) FROM (SELECT unnest(seg_local_entropy(school, race, n)) AS l FROM {dataset})"
                ));
            }
            if let Some(short) = index.strip_suffix(" black/white") {
                let function = several_groups(short)?.0;
                return Some(format!(
                    "SELECT {function}(school, race, n, 'black', 'white') FROM {dataset}"
                ));
            }
            of_several(index, dataset, "school", "race")
        }
        "elbersb test toy (u,g,supergroup,n)" => {
            let from = "(VALUES ('a', 'g1', 40), ('a', 'g2', 20), ('a', 'g3', 5), ('a', 'g4', 1), ('b', 'g1', 20), ('b', 'g2', 40), \
                        ('b', 'g3', 60), ('b', 'g4', 80)) AS v(u, g, n)";
            if let Some(group) = index.strip_prefix("ls ") {
                return Some(format!(
                    "SELECT l['value'] FROM (SELECT unnest(seg_local(g, u, n)) AS l FROM {from}) WHERE l['area'] = '{group}'"
                ));
            }
            of_several(index.trim_end_matches(" (group=u)"), from, "g", "u")
        }
        "rsegregation_bay_race" => {
            let parts: Vec<String> = ["hispanic", "white", "black", "asian", "all_other"]
                .iter()
                .map(|of| {
                    format!(
                        "SELECT fips AS a, '{of}' AS g, CAST(total_pop AS DOUBLE) * CAST({of} AS DOUBLE) AS n
                         FROM {dataset} WHERE white <> 'NA'"
                    )
                })
                .collect();
            let from = format!("({})", parts.join(" UNION ALL "));
            if index == "black-white D" {
                return Some(format!(
                    "SELECT seg_dissimilarity(a, g, n, 'black', 'white') FROM {from}"
                ));
            }
            of_several(index, &from, "a", "g")
        }
        "rsegregation_detroit_race" => {
            let place = match index {
                "Divergence metro (log2)" => "",
                "Divergence city of Detroit (log2)" => "AND place_name = 'Detroit city, MI'",
                _ => return None,
            };
            Some(format!(
                "SELECT seg_mutual_information(tract, b, b + w) / ln(2) FROM (
                     SELECT tract, CAST(population AS DOUBLE) * CAST(black AS DOUBLE) AS b,
                            CAST(population AS DOUBLE) * CAST(white AS DOUBLE) AS w
                     FROM {dataset} WHERE black <> 'NA' {place})"
            ))
        }
        _ => None,
    }
}

async fn tables(context: &SessionContext) {
    for name in [
        "pysal_sacramento1_tracts",
        "pysal_rankorder_synthetic_100x16",
        "pysal_rankorder_H_profile",
        "oasisr_segdata",
        "segregr_marilia_2010",
        "elbersb_schools00",
        "rsegregation_bay_race",
        "rsegregation_detroit_race",
        "divseg_de_county",
    ] {
        let path = shared(&format!("{FOLDER}/{name}.csv")).expect("an oracle file");
        // these write NA for shares of nobody, which is no number: all of them are read as texts
        let texts = name.starts_with("rsegregation").then(|| {
            let mut reader = csv::Reader::from_path(&path).expect("a file");
            let header = reader.headers().expect("a header");
            Schema::new(
                header
                    .iter()
                    .map(|name| Field::new(name, DataType::Utf8, true))
                    .collect::<Vec<_>>(),
            )
        });
        let mut options = CsvReadOptions::new();
        options.schema = texts.as_ref();
        context
            .register_csv(name, path.to_str().expect("a path in UTF-8"), options)
            .await
            .expect("an oracle file");
    }
}

#[tokio::test]
async fn every_canonical_value() {
    let Some(path) = shared(&format!("{FOLDER}/expected_values.csv")) else {
        return;
    };
    let context = session(4);
    tables(&context).await;
    let mut reader = csv::Reader::from_path(path).expect("the expected values");
    let mut answered: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut nobody, mut wrong) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.expect("a row");
        let (dataset, groups, index, params, status) = (&record[0], &record[1], &record[2], &record[3], &record[6]);
        if !status.starts_with("canonical") {
            continue;
        }
        let row = format!("{dataset}, {groups}, {index}, {params}");
        if let Some((peer, _)) = NOT_OURS.iter().find(|(peer, _)| dataset.starts_with(peer)) {
            *answered.entry(peer).or_default() += 1;
            continue;
        }
        if let Some(sql) = query(dataset, groups, index, params) {
            let expected: f64 = record[4].parse().expect("a number");
            match number(&context, &sql).await {
                Some(got) if (got - expected).abs() <= 1e-9 * expected.abs() + 1e-13 => {}
                got => wrong.push(format!("{row}: {got:?}, expected {expected}")),
            }
            *answered.entry("here").or_default() += 1;
        } else if let Some((module, _)) = OTHERS
            .iter()
            .find(|(_, names)| names.iter().any(|name| index.starts_with(name)))
        {
            *answered.entry(module).or_default() += 1;
        } else {
            nobody.push(row);
        }
    }
    let all: usize = answered.values().sum::<usize>() + nobody.len();
    let mut says = std::io::stderr();
    writeln!(
        says,
        "oracles: {all} canonical values, answered by {answered:?}, by nobody {}",
        nobody.len()
    )
    .expect("a line");
    for (peer, why) in NOT_OURS {
        writeln!(says, "oracles: not compared with {peer}: {why}").expect("a line");
        assert!(answered.contains_key(peer), "{peer}: a reason without a row");
    }
    for (module, _) in OTHERS {
        assert!(answered.contains_key(module), "{module}: answers for nothing");
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(nobody.is_empty(), "answered by nobody:\n{}", nobody.join("\n"));
    assert!(answered["here"] > 180, "{answered:?}");
}

/// The profile that the peer fits its polynomial to.
#[tokio::test]
async fn the_profile_of_ranks() {
    if shared(&format!("{FOLDER}/expected_values.csv")).is_none() {
        return;
    }
    let context = session(2);
    tables(&context).await;
    let columns: Vec<String> = (1..=16).map(|at| format!("cat_{at}")).collect();
    let from = long("pysal_rankorder_synthetic_100x16", "tract", &columns, true);
    let joined = format!(
        "(SELECT l, p, statistic FROM (SELECT unnest(seg_rank_profile(a, g, n)) AS l FROM {from})
          JOIN pysal_rankorder_H_profile ON 'cat_' || CAST(CAST(l['rank'] AS INT) + 1 AS VARCHAR) = threshold)"
    );
    assert_eq!(
        number(&context, &format!("SELECT count(*) FROM {joined}")).await,
        Some(15.0)
    );
    let sql = format!("SELECT max(greatest(abs(l['p'] - p), abs(l['value'] - statistic))) FROM {joined}");
    let apart = number(&context, &sql).await.expect("a number");
    assert!(apart < 1e-13, "{apart}");
}
