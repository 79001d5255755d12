//! Published tables of counts, as a definition describes them.

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    model::TableId,
};

use super::base::Base;

/// One level of a dimension: a column of the base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Name that the published table shows.
    pub name: String,
    /// Column of the base.
    pub column: String,
}

/// A dimension of a published table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dimension {
    /// Column of the published table.
    pub name: String,
    /// Its levels; they need not be nested.
    pub levels: Vec<Level>,
    /// Code of «all», if all is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
    /// Column that tells the level; needed with several levels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level_column: Option<String>,
}

/// A published table of counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountTable {
    /// The table.
    pub table: TableId,
    /// What it is broken down by.
    pub dimensions: Vec<Dimension>,
    /// Column of the counts.
    pub measure: String,
    /// Only base rows with these codes in these columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<(String, Vec<String>)>,
}

impl CountTable {
    /// Columns of the base that it uses.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let levels = self
            .dimensions
            .iter()
            .flat_map(|d| d.levels.iter().map(|level| level.column.as_str()));
        levels.chain(self.filters.iter().map(|(column, _)| column.as_str()))
    }
}

/// Name of the level that «all» has.
pub(super) const TOTAL: &str = "total";

/// Refuses a table whose rows could not be told apart.
pub(super) fn validate(table: &CountTable, base: &Base) -> Result<()> {
    let refuse = |what: String, hint: &str| Err(Error::invalid(5005, what).hint(hint));
    let mut outputs: Vec<&str> = vec![&table.measure, "obs_status", "conf_status"];
    for dimension in &table.dimensions {
        let place = format!("dimension `{}` of `{}`", dimension.name, table.table);
        if dimension.levels.is_empty() {
            return refuse(format!("{place} has no level"), "name at least one column");
        }
        if dimension.levels.len() > 1 && dimension.level_column.is_none() {
            return refuse(
                format!("{place} has several levels and no column that tells them apart"),
                "add `level_column`",
            );
        }
        let mut names: Vec<&str> = dimension.levels.iter().map(|level| level.name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return refuse(format!("{place} has a level twice"), "name each level once");
        }
        if names.contains(&TOTAL) {
            return refuse(
                format!("{place} has a level called `{TOTAL}`"),
                "that name stands for «all»; rename the column",
            );
        }
        if let (Some(total), None) = (&dimension.total, &dimension.level_column)
            && dimension.levels.iter().any(|level| base.has(&level.column, total))
        {
            return refuse(
                format!("{place} has the code of its total among its codes"),
                "choose another code for the total, or leave rows that are totals out of the population",
            );
        }
        outputs.push(&dimension.name);
        outputs.extend(dimension.level_column.as_deref());
    }
    outputs.sort_unstable();
    if outputs.windows(2).any(|pair| pair[0] == pair[1]) {
        return refuse(
            format!("`{}` would have two columns of one name", table.table),
            "give dimensions and measure different names",
        );
    }
    Ok(())
}
