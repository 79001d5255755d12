//! A model: one SQL file, its header and what it reads.

use std::collections::BTreeSet;

use datafusion::sql::{parser::DFParserBuilder, resolve::resolve_table_references, sqlparser::dialect::GenericDialect};
use serde::Deserialize;

use crate::{
    contract::yaml::parse_yaml,
    engine::{SqlText, explain},
    error::{Error, Result},
    model::TableId,
};

/// The leading comment of a model, in YAML.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// What the table is.
    #[serde(default)]
    pub description: Option<String>,
    /// Columns that identify a row: checked, and the order of the rows.
    #[serde(default)]
    pub grain: Vec<String>,
}

/// One model.
#[derive(Debug, Clone)]
pub struct Model {
    /// The table that it makes.
    pub table: TableId,
    /// The file, relative to the project.
    pub file: String,
    /// The whole text.
    pub sql: String,
    /// The header.
    pub header: Header,
    /// The tables that the SQL names.
    pub reads: BTreeSet<TableId>,
}

impl Model {
    /// Reads the model of `table` from its text.
    ///
    /// # Errors
    /// SAMSYN-2010 for the header, 2100 for the SQL, 2003 for a table without schema; all with place.
    pub fn parse(table: TableId, sql: String, file: String) -> Result<Self> {
        let header = header(&sql, &file)?;
        let reads = references(SqlText {
            sql: &sql,
            file: &file,
            skipped: 0,
        })?;
        Ok(Self {
            table,
            file,
            sql,
            header,
            reads,
        })
    }
}

fn header(sql: &str, file: &str) -> Result<Header> {
    let trimmed = sql.trim_start();
    let Some(rest) = trimmed.strip_prefix("/*") else {
        return Ok(Header::default());
    };
    let Some((comment, _)) = rest.split_once("*/") else {
        return Ok(Header::default());
    };
    // blank lines keep the line numbers of the file
    let before = sql.len() - trimmed.len();
    let padding = "\n".repeat(sql[..before].matches('\n').count());
    parse_yaml(&format!("{padding}{comment}"), file)
}

/// The tables that a text names, common table expressions aside.
///
/// # Errors
/// SAMSYN-2100 for no SQL, 2003 for a name without schema.
pub(super) fn references(text: SqlText<'_>) -> Result<BTreeSet<TableId>> {
    let fail = |error| explain(error, text, &[], &[]);
    let mut statements = DFParserBuilder::new(text.sql)
        .with_dialect(&GenericDialect {})
        .with_recursion_limit(100)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(fail)?;
    let (Some(statement), true) = (statements.pop_front(), statements.is_empty()) else {
        return Err(
            Error::invalid(2101, format!("`{}` must hold exactly one SELECT", text.file))
                .hint("put each statement in a file of its own"),
        );
    };
    let (tables, _) = resolve_table_references(&statement, true).map_err(fail)?;
    tables
        .into_iter()
        .map(|name| match name.schema() {
            Some(schema) => TableId::new(schema.parse()?, name.table()),
            None => Err(Error::invalid(2003, format!("`{}` lacks a schema", name.table()))
                .hint("write `schema.table`, for example `core.befolkning`")),
        })
        .map(|table| {
            table.map_err(|error| {
                error.at(crate::error::Location {
                    file: text.file.to_owned(),
                    line: 1 + text.skipped,
                    column: 1,
                })
            })
        })
        .collect()
}
