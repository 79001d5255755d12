//! Which cells a policy speaks of, by table, level and code.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Cell, CountTable, System};
use crate::error::{Error, Result, did_you_mean};

/// Cells for which everything that is given holds; what is left out holds for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Selector {
    /// The published table.
    #[serde(default)]
    pub table: Option<String>,
    /// By dimension the levels; that of «all» is `total`.
    #[serde(default)]
    pub levels: BTreeMap<String, Vec<String>>,
    /// By dimension the codes.
    #[serde(default)]
    pub codes: BTreeMap<String, Vec<String>>,
}

impl Selector {
    /// For every cell of a system whether it is meant.
    ///
    /// # Errors
    /// SAMSYN-5063 for a table, dimension, level or code that is not there, and when no cell is meant.
    pub(super) fn cells(&self, system: &System, tables: &[CountTable], policy: &str) -> Result<Vec<bool>> {
        let missing = |what: &str, name: &str, there: BTreeSet<&str>| {
            let error = Error::invalid(
                5063,
                format!("the policy `{policy}` names the {what} `{name}`, which is not there"),
            );
            match did_you_mean(name, there.iter().copied()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!(
                    "check the cells under `priorities`, `force` and `hide` of `{policy}`"
                )),
            }
        };
        let names: Vec<String> = tables.iter().map(|table| table.table.to_string()).collect();
        if let Some(name) = &self.table
            && !names.contains(name)
        {
            return Err(missing("table", name, names.iter().map(String::as_str).collect()));
        }
        let meant: Vec<bool> = names
            .iter()
            .map(|name| self.table.as_ref().is_none_or(|table| table == name))
            .collect();
        let of_meant = || tables.iter().zip(&meant).enumerate().filter(|(_, (_, meant))| **meant);
        for (parts, what) in [(&self.levels, "level"), (&self.codes, "code")] {
            for (dimension, values) in parts {
                let dimensions =
                    || of_meant().flat_map(|(_, (table, _))| table.dimensions.iter().map(|d| d.name.as_str()));
                if !dimensions().any(|name| name == dimension) {
                    return Err(missing("dimension", dimension, dimensions().collect()));
                }
                let there: BTreeSet<&str> = of_meant()
                    .flat_map(|(number, (table, _))| {
                        let places = table.dimensions.iter().zip(&system.coordinates[number]);
                        places.filter(|(place, _)| place.name == *dimension)
                    })
                    .flat_map(|(_, coordinates)| coordinates)
                    .map(|(level, code)| if what == "level" { level } else { code }.as_str())
                    .collect();
                if let Some(value) = values.iter().find(|value| !there.contains(value.as_str())) {
                    return Err(missing(what, value, there));
                }
            }
        }
        let cells: Vec<bool> = system
            .cells
            .iter()
            .map(|cell| meant[cell.table] && self.holds(system, cell, &tables[cell.table]))
            .collect();
        if !cells.contains(&true) {
            return Err(Error::invalid(
                5063,
                format!("the policy `{policy}` names cells of which there are none"),
            )
            .hint("levels and codes of one entry must hold together"));
        }
        Ok(cells)
    }

    fn holds(&self, system: &System, cell: &Cell, table: &CountTable) -> bool {
        let fits = |parts: &BTreeMap<String, Vec<String>>, level: bool| {
            parts.iter().all(|(dimension, values)| {
                let mut key = table.dimensions.iter().zip(system.key(cell));
                let place = key.find(|(place, _)| place.name == *dimension);
                place.is_some_and(|(_, (of, code))| values.contains(if level { of } else { code }))
            })
        };
        fits(&self.levels, true) && fits(&self.codes, false)
    }
}

/// For every cell whether one of the selectors means it.
pub(super) fn any(selectors: &[Selector], system: &System, tables: &[CountTable], policy: &str) -> Result<Vec<bool>> {
    let mut any = vec![false; system.cells.len()];
    for selector in selectors {
        for (any, cell) in any.iter_mut().zip(selector.cells(system, tables, policy)?) {
            *any |= cell;
        }
    }
    Ok(any)
}

/// A cell's place for a message: its table and its codes, never its figure.
pub(super) fn place(system: &System, cell: &Cell, tables: &[CountTable]) -> String {
    let table = &tables[cell.table];
    let codes: Vec<String> = table
        .dimensions
        .iter()
        .zip(system.key(cell))
        .map(|(dimension, (_, code))| format!("{} = {code}", dimension.name))
        .collect();
    format!("`{}` ({})", table.table, codes.join(", "))
}
