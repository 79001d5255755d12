//! A model: one SQL file, its header and what it reads.

use std::collections::BTreeSet;

use arrow::datatypes::{Field, Schema};
use datafusion::sql::{
    parser::DFParserBuilder,
    resolve::resolve_table_references,
    sqlparser::{
        dialect::GenericDialect,
        tokenizer::{Token, Tokenizer},
    },
};
use serde::Deserialize;

use super::project::{find_word, location, within};
use crate::{
    catalog::CURRENT,
    contract::yaml::parse_yaml,
    engine::{SqlText, explain},
    error::{Error, Location, Result, did_you_mean},
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
    /// The parameters that it uses, without `$`.
    pub parameters: BTreeSet<String>,
}

impl Model {
    /// Reads the model of `table` from its text.
    ///
    /// # Errors
    /// SAMSYN-2010 for the header, 2100 for the SQL, 2003 for a table without schema; all with place.
    pub fn parse(table: TableId, sql: String, file: String) -> Result<Self> {
        let header = header(&sql, &file)?;
        let text = SqlText {
            sql: &sql,
            file: &file,
            skipped: 0,
        };
        let reads = references(text)?;
        let parameters = parameters(&sql).into_iter().map(|(name, _)| name).collect();
        Ok(Self {
            table,
            file,
            sql,
            header,
            reads,
            parameters,
        })
    }

    /// The SQL with its place.
    pub(super) fn text(&self) -> SqlText<'_> {
        SqlText {
            sql: &self.sql,
            file: &self.file,
            skipped: 0,
        }
    }

    /// The first place of a word in the SQL, after the header.
    pub(super) fn place(&self, word: &str) -> Location {
        let body = self.sql.find("*/").filter(|_| self.sql.trim_start().starts_with("/*"));
        let at = find_word(&self.sql, word, body.unwrap_or(0)).unwrap_or(0);
        location(&self.sql, &self.file, at)
    }

    /// The columns that the rows are sorted by: the grain, or all columns.
    ///
    /// # Errors
    /// SAMSYN-2022 when the grain names a column that is not there, 2025 when a column of lists or structs leaves the order of the rows
    /// open.
    pub(super) fn order(&self, schema: &Schema) -> Result<Vec<String>> {
        let nested = |field: &Field| field.data_type().is_nested();
        for name in &self.header.grain {
            let names = || schema.fields().iter().map(|field| field.name().as_str());
            let Ok(field) = schema.field_with_name(name) else {
                let error = Error::invalid(
                    2022,
                    format!("the grain names `{name}`, which the SELECT does not give"),
                );
                let error = match did_you_mean(name, names()) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error.hint("name columns of the result"),
                };
                return Err(error.at(within(&self.sql, &self.file, &["grain:", name])));
            };
            if nested(field) {
                return Err(Error::invalid(
                    2022,
                    format!("the grain names `{name}`, a column of {}", field.data_type()),
                )
                .hint("name columns that hold one value")
                .at(within(&self.sql, &self.file, &["grain:", name])));
            }
        }
        if !self.header.grain.is_empty() {
            return Ok(self.header.grain.clone());
        }
        if let Some(field) = schema.fields().iter().find(|field| nested(field)) {
            return Err(Error::invalid(
                2025,
                format!(
                    "`{}` holds lists or structs, so nothing says how the rows of `{}` are ordered",
                    field.name(),
                    self.table
                ),
            )
            .hint("say in the leading comment which columns identify a row: `grain: [column, …]`")
            .at(self.place(field.name())));
        }
        Ok(schema.fields().iter().map(|field| field.name().clone()).collect())
    }
}

/// The named parameters of a text with the line and column of each; none when it is no SQL.
pub(super) fn parameters(sql: &str) -> Vec<(String, (u64, u64))> {
    let tokens = Tokenizer::new(&GenericDialect {}, sql)
        .tokenize_with_location()
        .unwrap_or_default();
    tokens
        .into_iter()
        .filter_map(|token| match token.token {
            Token::Placeholder(name) => {
                let place = (token.span.start.line, token.span.start.column);
                Some((name.trim_start_matches('$').to_owned(), place))
            }
            _ => None,
        })
        .collect()
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
        .map(|name| {
            let table = match (name.catalog(), name.schema()) {
                (Some(other), _) if other != CURRENT => Err(Error::invalid(
                    2026,
                    format!("`{other}` is another release; a model reads the tables of its own run"),
                )
                .hint("leave the catalog out: `schema.table`")),
                (_, Some(schema)) => schema.parse().and_then(|layer| TableId::new(layer, name.table())),
                (_, None) => Err(Error::invalid(2003, format!("`{}` lacks a schema", name.table()))
                    .hint("write `schema.table`, for example `core.befolkning`")),
            };
            table.map_err(|error| {
                let at = find_word(text.sql, &name.to_string(), 0).or_else(|| find_word(text.sql, name.table(), 0));
                let mut place = location(text.sql, text.file, at.unwrap_or(0));
                place.line += text.skipped;
                error.at(place)
            })
        })
        .collect()
}
