//! Patterns that GaussSuppression, sdcTable and the literature published: matched cell for cell, or flagged when they
//! are unsafe.

use std::{collections::BTreeMap, path::Path};

use samsyn::protect::{
    audit::derivable,
    secondary::{Options, Problem, suppress},
};

use super::attacker::Attacker;
use crate::shared::shared;

/// A file with a head, by column.
pub(super) struct Csv(BTreeMap<String, Vec<String>>);

impl Csv {
    pub(super) fn read(path: &Path) -> Self {
        let mut reader = csv::Reader::from_path(path).unwrap();
        let names: Vec<String> = reader.headers().unwrap().iter().map(ToOwned::to_owned).collect();
        let mut columns: BTreeMap<String, Vec<String>> = names.iter().map(|name| (name.clone(), Vec::new())).collect();
        for record in reader.records() {
            for (name, field) in names.iter().zip(&record.unwrap()) {
                columns.get_mut(name).unwrap().push(field.to_owned());
            }
        }
        Self(columns)
    }

    pub(super) fn oracle(name: &str) -> Option<Self> {
        shared(&format!("data/oracles/sdc/{name}")).map(|path| Self::read(&path))
    }

    pub(super) fn column(&self, name: &str) -> &[String] {
        &self.0[name]
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn numbers(&self, name: &str) -> Vec<u64> {
        self.column(name).iter().map(|text| text.parse().unwrap()).collect()
    }

    pub(super) fn flags(&self, name: &str) -> Vec<bool> {
        self.column(name)
            .iter()
            .map(|text| text == "TRUE" || text == "1")
            .collect()
    }

    pub(super) fn rows(&self) -> usize {
        self.0.values().next().map_or(0, Vec::len)
    }

    /// Only the rows that `fits` says.
    pub(super) fn filter(mut self, column: &str, fits: impl Fn(&str) -> bool) -> Self {
        let keep: Vec<bool> = self.column(column).iter().map(|text| fits(text)).collect();
        for values in self.0.values_mut() {
            let mut keep = keep.iter();
            values.retain(|_| *keep.next().unwrap());
        }
        self
    }
}

/// A column of a published table and the columns of the base whose codes it shows.
pub(super) type Dimension<'a> = (&'a str, &'a [&'a str]);

/// The base rows of every published cell.
pub(super) fn cells(base: &Csv, published: &Csv, dimensions: &[Dimension<'_>]) -> Vec<Vec<u32>> {
    (0..published.rows())
        .map(|cell| {
            let holds = |row: &u32| {
                dimensions.iter().all(|(name, columns)| {
                    let code = &published.column(name)[cell];
                    code == "Total" || columns.iter().any(|column| base.column(column)[*row as usize] == *code)
                })
            };
            (0..u32::try_from(base.rows()).unwrap()).filter(holds).collect()
        })
        .collect()
}

pub(super) fn slices(sets: &[Vec<u32>]) -> Vec<&[u32]> {
    sets.iter().map(Vec::as_slice).collect()
}

pub(super) fn sums(sets: &[Vec<u32>], counts: &[u64]) -> Vec<u64> {
    sets.iter()
        .map(|set| set.iter().map(|row| counts[*row as usize]).sum())
        .collect()
}

/// What the tests' attacker and the program's auditor find among the hidden cells; they must agree.
pub(super) fn found(sets: &[Vec<u32>], hidden: &[bool]) -> Vec<usize> {
    let pick = |wanted: bool| -> Vec<usize> { (0..sets.len()).filter(|cell| hidden[*cell] == wanted).collect() };
    let (open, closed) = (pick(false), pick(true));
    let known: Vec<&[u32]> = open.iter().map(|cell| sets[*cell].as_slice()).collect();
    let attacked: Vec<&[u32]> = closed.iter().map(|cell| sets[*cell].as_slice()).collect();
    let unknowns = sets.iter().flatten().max().map_or(0, |row| *row as usize + 1);
    let attacker = Attacker::new(unknowns, &known);
    let ours: Vec<bool> = attacked.iter().map(|set| attacker.knows(set)).collect();
    assert_eq!(
        derivable(&known, &attacked),
        ours,
        "the auditor and the tests' attacker disagree"
    );
    closed
        .into_iter()
        .zip(ours)
        .filter(|(_, known)| *known)
        .map(|(cell, _)| cell)
        .collect()
}

struct Case<'a> {
    base: Csv,
    published: Csv,
    count: &'a str,
    dimensions: &'a [Dimension<'a>],
    hidden: &'a str,
    options: Options,
}

impl Case<'_> {
    /// Whether we hide exactly what the peer hides; what we hide is safe in any case.
    fn same(&self) -> bool {
        let sets = cells(&self.base, &self.published, self.dimensions);
        let row_counts = self.base.numbers(self.count);
        let counts = sums(&sets, &row_counts);
        assert_eq!(
            counts,
            self.published.numbers(self.count),
            "the cells are not the file's"
        );
        let primary = self.published.flags("primary");
        let problem = Problem {
            cells: slices(&sets),
            counts,
            row_counts: &row_counts,
            known: vec![false; row_counts.len()],
            primary: primary.clone(),
            forbidden: Vec::new(),
        };
        let secondary = suppress(&problem, self.options);
        let hidden: Vec<bool> = primary.iter().zip(secondary).map(|(a, b)| *a || b).collect();
        let none: &[usize] = &[];
        assert_eq!(found(&sets, &hidden), none, "a hidden cell is derivable");
        let theirs = self.published.flags(self.hidden);
        let number = |hidden: &[bool]| hidden.iter().filter(|cell| **cell).count();
        assert!(number(&hidden) <= number(&theirs), "we hide more than the peer");
        hidden == theirs
    }
}

const AGE_GEO: &[Dimension<'_>] = &[("age", &["age"]), ("geo", &["geo", "eu"])];
const AGE_GEO_YEAR: &[Dimension<'_>] = &[("age", &["age"]), ("geo", &["geo", "eu"]), ("year", &["year"])];

/// GaussSuppression's Table n; T6 has a combination that cannot be, which is taken out of the base.
#[test]
fn gauss_tables_are_matched_cell_for_cell() {
    let ones = Options::default();
    let zeros = Options {
        zero_singletons: true,
        ..ones
    };
    let last = Options {
        zeros_last: true,
        ..ones
    };
    let runs = [
        ("out_T1_example1_2014_age_geo_maxN1", "2014", zeros),
        ("out_T2_example1_2014_age_geo_eu_maxN2", "2014", zeros),
        ("out_T3_example1_2014_formula_maxN2", "2014", zeros),
        ("out_T4_protectZerosFALSE_maxN4", "2014", ones),
        ("out_T5_secondaryZerosTRUE_maxN3", "2014", last),
        ("out_T6_2015_structuralEmpty_maxN2", "2015", zeros),
        ("out_T7_2015_maxN2", "2015", zeros),
    ];
    for (name, year, options) in runs {
        let Some(base) = Csv::oracle("gauss/in_example1.csv") else {
            return;
        };
        let Some(published) = Csv::oracle(&format!("gauss/{name}.csv")) else {
            return;
        };
        let mut base = base.filter("year", |text| text == year);
        if name.contains("structuralEmpty") {
            let impossible: Vec<bool> = (0..base.rows())
                .map(|row| base.column("age")[row] == "young" && base.column("geo")[row] == "Iceland")
                .collect();
            base.0.insert(
                "impossible".into(),
                impossible.iter().map(ToString::to_string).collect(),
            );
            base = base.filter("impossible", |text| text == "false");
        }
        let case = Case {
            base,
            published,
            count: "freq",
            dimensions: AGE_GEO,
            hidden: "suppressed",
            options,
        };
        assert!(case.same(), "{name} differs");
    }
}

#[test]
fn gauss_matches_on_three_years_and_on_municipalities() {
    let ones = Options::default();
    let zeros = Options {
        zero_singletons: true,
        ..ones
    };
    let z2: &[Dimension<'_>] = &[
        ("region", &["region", "fylke", "kostragr"]),
        ("hovedint", &["hovedint"]),
    ];
    let z1: &[Dimension<'_>] = &[("region", &["region"]), ("hovedint", &["hovedint"])];
    let z3: &[Dimension<'_>] = &[
        ("region", &["region", "fylke", "kostragr"]),
        ("hovedint", &["hovedint"]),
        ("mnd", &["mnd", "mnd2"]),
    ];
    let runs = [
        (
            "in_example1",
            "out_T8_all_maxN1_protectZerosFALSE",
            "freq",
            AGE_GEO_YEAR,
            ones,
        ),
        ("in_z1", "out_z1_maxN3", "ant", z1, zeros),
        ("in_z2", "out_z2_hier_maxN3", "ant", z2, zeros),
        ("in_z2", "out_z2_hier_maxN3_pz0", "ant", z2, ones),
        ("in_z3", "out_z3_hier_maxN3", "ant", z3, zeros),
    ];
    for (input, output, count, dimensions, options) in runs {
        let Some(base) = Csv::oracle(&format!("gauss/{input}.csv")) else {
            return;
        };
        let Some(published) = Csv::oracle(&format!("gauss/{output}.csv")) else {
            return;
        };
        let case = Case {
            base,
            published,
            count,
            dimensions,
            hidden: "suppressed",
            options,
        };
        assert!(case.same(), "{output} differs");
    }
}

/// Table 9 before its intervals are widened: its primary and secondary cells, without those that it adds for intervals.
#[test]
fn gauss_table_nine_is_matched_before_it_widens_intervals() {
    let Some(rows) = Csv::oracle("gauss/in_example1.csv") else {
        return;
    };
    let Some(mut published) = Csv::oracle("gauss/out_T9_interval_rangeMin5.csv") else {
        return;
    };
    // three years are one: equal combinations are one base row
    let mut sums: BTreeMap<[String; 2], u64> = BTreeMap::new();
    for (row, count) in rows.numbers("freq").iter().enumerate() {
        let key = ["age", "geo"].map(|column| rows.column(column)[row].clone());
        *sums.entry(key).or_default() += count;
    }
    let column = |of: &dyn Fn((&[String; 2], &u64)) -> String| sums.iter().map(of).collect();
    let base = Csv(BTreeMap::from([
        ("age".to_owned(), column(&|(key, _)| key[0].clone())),
        ("geo".to_owned(), column(&|(key, _)| key[1].clone())),
        ("freq".to_owned(), column(&|(_, count)| count.to_string())),
    ]));
    let before = published.column("suppressed_integer").iter();
    let before = before
        .map(|code| (code == "1" || code == "2").to_string().to_uppercase())
        .collect();
    published.0.insert("before".into(), before);
    let case = Case {
        base,
        published,
        count: "freq",
        dimensions: &[("age", &["age"]), ("geo", &["geo"])],
        hidden: "before",
        options: Options {
            zero_singletons: true,
            ..Options::default()
        },
    };
    assert!(case.same());
}

/// The singleton leak: without the rule for ones, two hidden ones have a derivable sum of 2.
#[test]
fn a_sum_of_two_ones_is_derivable_only_without_the_rule_for_them() {
    for (name, singletons) in [
        ("T8_all_maxN1_protectZerosFALSE", true),
        ("T8b_all_maxN1_singletonNone", false),
    ] {
        let Some(base) = Csv::oracle("gauss/in_example1.csv") else {
            return;
        };
        let Some(published) = Csv::oracle(&format!("gauss/out_{name}.csv")) else {
            return;
        };
        let sets = cells(&base, &published, AGE_GEO_YEAR);
        let hidden = published.flags("suppressed");
        let ones: Vec<u32> = (0..18).filter(|row| base.numbers("freq")[*row as usize] == 1).collect();
        assert_eq!(ones.len(), 2);
        let known: Vec<&[u32]> = (0..sets.len())
            .filter(|cell| !hidden[*cell])
            .map(|cell| &sets[cell][..])
            .collect();
        assert_eq!(derivable(&known, &[&ones]), [!singletons], "{name}");
        assert_eq!(Attacker::new(18, &known).knows(&ones), !singletons, "{name}");
        let case = Case {
            base,
            published,
            count: "freq",
            dimensions: AGE_GEO_YEAR,
            hidden: "suppressed",
            options: Options {
                singletons,
                ..Options::default()
            },
        };
        assert!(case.same(), "{name} differs");
    }
}

#[test]
fn the_core_example_is_matched_with_zeros_shown_and_with_the_rule_for_ones() {
    for (hidden, options) in [
        ("A", None),
        (
            "B",
            Some(Options {
                singletons: false,
                ..Options::default()
            }),
        ),
        ("C", Some(Options::default())),
    ] {
        let Some(base) = Csv::oracle("gauss/in_core_example.csv") else {
            return;
        };
        let Some(published) = Csv::oracle("gauss/out_core_example_ABC.csv") else {
            return;
        };
        let mut base = base;
        base.0.insert("n".into(), base.column("values").to_vec());
        let mut published = published;
        published.0.insert("n".into(), published.column("values").to_vec());
        let dimensions: &[Dimension<'_>] = &[("var1", &["var1"]), ("var2", &["var2"])];
        let Some(options) = options else {
            // A hides zeros to protect ones. No cell is derivable, but who knows that hidden zeros are possible knows
            // no more than that the three columns hold 1 + 0: the sum of the ones is derivable, and it is three.
            let sets = cells(&base, &published, dimensions);
            let flags = published.flags(hidden);
            assert_eq!(found(&sets, &flags), [0_usize; 0]);
            let known: Vec<&[u32]> = (0..sets.len())
                .filter(|cell| !flags[*cell])
                .map(|cell| &sets[cell][..])
                .collect();
            assert_eq!(derivable(&known, &[&[0, 1, 2], &[10, 11, 12]]), [true, true]);
            continue;
        };
        let case = Case {
            base,
            published,
            count: "n",
            dimensions,
            hidden,
            options,
        };
        assert!(case.same(), "{hidden} differs");
    }
}

/// Regions of counties and of sizes, which cross: one system adds exactly N, each table by itself nothing.
#[test]
fn crossing_regions_are_protected_as_one_system() {
    let dimensions: &[Dimension<'_>] = &[("region", &["region", "county", "group"])];
    let Some(base) = Csv::oracle("gauss/in_issue136.csv") else {
        return;
    };
    let Some(published) = Csv::oracle("gauss/out_issue136_global.csv") else {
        return;
    };
    let sets = cells(&base, &published, dimensions);
    let primary = published.flags("primary");
    let k = published.column("region").iter().position(|code| code == "K").unwrap();
    // what protecting each table by itself gives
    assert_eq!(found(&sets, &primary), [k]);
    let case = Case {
        base,
        published,
        count: "n",
        dimensions,
        hidden: "suppressed",
        options: Options::default(),
    };
    assert!(case.same());
}

/// Two linked tables: only the global pattern hides what must be hidden; what the iterative methods leave open is
/// found.
#[test]
fn iterated_protection_of_linked_tables_is_caught() {
    let first: &[Dimension<'_>] = &[("age", &["age"]), ("eu", &["eu"]), ("year", &["year"])];
    let second: &[Dimension<'_>] = &[("geo", &["geo"]), ("year", &["year"])];
    let mut unsafe_cells = BTreeMap::new();
    for method in ["local", "consistent", "super-consistent", "back-tracking"] {
        let Some(base) = Csv::oracle("gauss/in_linked_vignette.csv") else {
            return;
        };
        let (mut sets, mut hidden) = (Vec::new(), Vec::new());
        for (table, dimensions) in [("t1", first), ("t2", second)] {
            let Some(published) = Csv::oracle(&format!("gauss/out_linked_{method}_{table}.csv")) else {
                return;
            };
            sets.extend(cells(&base, &published, dimensions));
            hidden.extend(published.flags("suppressed"));
        }
        unsafe_cells.insert(method, found(&sets, &hidden).len());
    }
    assert_ne!(unsafe_cells["local"], 0, "hidden in one table, shown in the other");
    assert_ne!(unsafe_cells["consistent"], 0, "Spain 2015");
    assert_eq!(unsafe_cells["super-consistent"], 0);
    let Some(base) = Csv::oracle("gauss/in_linked_vignette.csv") else {
        return;
    };
    let Some(published) = Csv::oracle("gauss/out_linked_global.csv") else {
        return;
    };
    let case = Case {
        base,
        published,
        count: "freq",
        dimensions: &[("age", &["age"]), ("geo", &["geo", "eu"]), ("year", &["year"])],
        hidden: "suppressed",
        options: Options {
            zero_singletons: true,
            ..Options::default()
        },
    };
    assert!(case.same());
}

/// sdcTable's case: two hidden in every row and column, and still one number follows; one more hidden cell is enough.
#[test]
fn two_hidden_cells_a_line_are_not_enough() {
    let Some(inner) = Csv::oracle("sdctable/case_two_row_two_col_equation.csv") else {
        return;
    };
    let row_counts = inner.numbers("freq");
    let all: Vec<u32> = (0..16).collect();
    let line = |column: &str, code: &str| -> Vec<u32> {
        all.iter()
            .copied()
            .filter(|row| inner.column(column)[*row as usize] == code)
            .collect()
    };
    let mut sets: Vec<Vec<u32>> = all.iter().map(|row| vec![*row]).collect();
    sets.extend(["w", "x", "y", "z"].map(|code| line("v1", code)));
    sets.extend(["a", "b", "c", "d"].map(|code| line("v2", code)));
    sets.push(all.clone());
    let mut primary = inner.flags("primary");
    primary.resize(sets.len(), false);
    let wb = (0..16)
        .find(|row| inner.column("v1")[*row] == "w" && inner.column("v2")[*row] == "b")
        .unwrap();
    assert_eq!(found(&sets, &primary), [wb]);
    let problem = Problem {
        cells: slices(&sets),
        counts: sums(&sets, &row_counts),
        row_counts: &row_counts,
        known: vec![false; row_counts.len()],
        primary: primary.clone(),
        forbidden: Vec::new(),
    };
    let secondary = suppress(&problem, Options::default());
    assert_eq!(secondary.iter().filter(|hidden| **hidden).count(), 1);
    let hidden: Vec<bool> = primary.iter().zip(secondary).map(|(a, b)| *a || b).collect();
    assert_eq!(found(&sets, &hidden), [0_usize; 0]);
}
