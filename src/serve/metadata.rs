//! What there is to read: catalogs, schemas, tables with their columns, keys.
//!
//! Clients compare the schemas of these results exactly, nullability included, and send no catalog when they want the
//! current one. What can go wrong: a listing that shows what the caller may not read; so everything here comes from the
//! caller's session and from their policy, never from the lake.

use std::{collections::BTreeSet, collections::HashMap, sync::Arc};

use arrow::{
    array::{ArrayRef, BinaryArray, Int32Array, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema, SchemaRef},
    ipc::writer::IpcWriteOptions,
};
use arrow_flight::{
    IpcMessage, SchemaAsIpc,
    sql::{
        Command, CommandGetDbSchemas, CommandGetPrimaryKeys, CommandGetTables, CommandGetXdbcTypeInfo,
        metadata::SqlInfoDataBuilder,
    },
};
use bytes::Bytes;

use super::{info, wire, xdbc};
use crate::{
    engine::{Session, TableMeta},
    error::{Error, Result},
    model::Layer,
    policy::Identity,
};

fn text(name: &str, nullable: bool) -> Field {
    Field::new(name, DataType::Utf8, nullable)
}

/// The schema of the answer to a metadata command; `None` when `command` asks for something else.
pub(crate) fn schema(command: &Command) -> Result<Option<SchemaRef>> {
    let fields = match command {
        Command::CommandGetCatalogs(_) => vec![text("catalog_name", false)],
        Command::CommandGetDbSchemas(_) => vec![text("catalog_name", true), text("db_schema_name", false)],
        Command::CommandGetTables(wanted) => {
            let mut fields = vec![
                text("catalog_name", true),
                text("db_schema_name", true),
                text("table_name", false),
                text("table_type", false),
            ];
            if wanted.include_schema {
                fields.push(Field::new("table_schema", DataType::Binary, false));
            }
            fields
        }
        Command::CommandGetTableTypes(_) => vec![text("table_type", false)],
        Command::CommandGetPrimaryKeys(_) => vec![
            text("catalog_name", true),
            text("db_schema_name", true),
            text("table_name", false),
            text("column_name", false),
            text("key_name", true),
            Field::new("key_sequence", DataType::Int32, false),
        ],
        Command::CommandGetExportedKeys(_)
        | Command::CommandGetImportedKeys(_)
        | Command::CommandGetCrossReference(_) => vec![
            text("pk_catalog_name", true),
            text("pk_db_schema_name", true),
            text("pk_table_name", false),
            text("pk_column_name", false),
            text("fk_catalog_name", true),
            text("fk_db_schema_name", true),
            text("fk_table_name", false),
            text("fk_column_name", false),
            Field::new("key_sequence", DataType::Int32, false),
            text("fk_key_name", true),
            text("pk_key_name", true),
            Field::new("update_rule", DataType::UInt8, false),
            Field::new("delete_rule", DataType::UInt8, false),
        ],
        Command::CommandGetSqlInfo(_) => return Ok(Some(Arc::new(SqlInfoDataBuilder::schema().clone()))),
        Command::CommandGetXdbcTypeInfo(_) => return Ok(Some(xdbc::types()?.schema())),
        _ => return Ok(None),
    };
    Ok(Some(Arc::new(Schema::new(fields))))
}

/// The answer to a metadata command, as `session` sees it.
pub(crate) async fn answer(command: &Command, session: &Session, identity: &Identity) -> Result<RecordBatch> {
    let schema = schema(command)?.ok_or_else(|| Error::bug(9073, "not a metadata command"))?;
    let columns: Vec<ArrayRef> = match command {
        Command::CommandGetCatalogs(_) => {
            let mut catalogs = session.catalogs();
            catalogs.sort();
            vec![texts(catalogs)]
        }
        Command::CommandGetDbSchemas(wanted) => db_schemas(wanted, session, identity).await?,
        Command::CommandGetTables(wanted) => tables(wanted, session).await?,
        Command::CommandGetTableTypes(_) => vec![texts([BASE_TABLE])],
        Command::CommandGetPrimaryKeys(wanted) => primary_keys(wanted, session).await?,
        Command::CommandGetSqlInfo(wanted) => {
            return flight(info::values(session)?.record_batch(wanted.info.iter().copied()));
        }
        Command::CommandGetXdbcTypeInfo(CommandGetXdbcTypeInfo { data_type }) => {
            return flight(xdbc::types()?.record_batch(*data_type));
        }
        _ => return Ok(RecordBatch::new_empty(schema)),
    };
    RecordBatch::try_new(schema, columns)
        .map_err(|cause| Error::bug(9074, "a metadata answer does not fit its schema").with_source(cause))
}

/// A result of arrow-flight's own builders, which fail only by a defect.
pub(crate) fn flight<T>(result: arrow_flight::error::Result<T>) -> Result<T> {
    result.map_err(|cause| Error::bug(9075, "a Flight message could not be built").with_source(cause))
}

fn texts<T: AsRef<str>>(values: impl IntoIterator<Item = T>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

/// The catalog that a filter selects: the current one without a filter, none for `""` or an unknown name.
fn catalog<'a>(wanted: Option<&'a str>, session: &'a Session) -> Option<String> {
    let catalogs = session.catalogs();
    match wanted {
        None => catalogs.into_iter().next(),
        Some(name) => catalogs.into_iter().find(|catalog| catalog == name),
    }
}

/// The tables of one catalog that pass, sorted by schema and name.
async fn listing(wanted: Option<&str>, session: &Session) -> Result<Vec<TableMeta>> {
    let Some(catalog) = catalog(wanted, session) else {
        return Ok(Vec::new());
    };
    let mut tables = session.tables(Some(&catalog)).await?;
    tables.sort_by(|a, b| (&a.catalog, &a.schema, &a.name).cmp(&(&b.catalog, &b.schema, &b.name)));
    Ok(tables)
}

async fn db_schemas(wanted: &CommandGetDbSchemas, session: &Session, identity: &Identity) -> Result<Vec<ArrayRef>> {
    let Some(catalog) = catalog(wanted.catalog.as_deref(), session) else {
        return Ok(vec![texts::<&str>([]), texts::<&str>([])]);
    };
    let mut names: BTreeSet<String> = Layer::ALL
        .into_iter()
        .filter(|layer| identity.may_read(*layer))
        .map(|layer| layer.name().to_owned())
        .collect();
    names.extend(
        session
            .tables(Some(&catalog))
            .await?
            .into_iter()
            .map(|table| table.schema),
    );
    names.retain(|name| passes(wanted.db_schema_filter_pattern.as_deref(), name));
    Ok(vec![texts(names.iter().map(|_| catalog.as_str())), texts(&names)])
}

async fn tables(wanted: &CommandGetTables, session: &Session) -> Result<Vec<ArrayRef>> {
    let kinds: Vec<String> = wanted.table_types.iter().map(|kind| kind.to_uppercase()).collect();
    let of_kind = |kind: &str| {
        kinds.is_empty()
            || kinds
                .iter()
                .any(|wanted| wanted == kind || (wanted == "TABLE" && kind == "BASE TABLE"))
    };
    let tables: Vec<_> = listing(wanted.catalog.as_deref(), session)
        .await?
        .into_iter()
        .filter(|table| {
            of_kind(BASE_TABLE)
                && passes(wanted.db_schema_filter_pattern.as_deref(), &table.schema)
                && passes(wanted.table_name_filter_pattern.as_deref(), &table.name)
        })
        .collect();
    let mut columns = vec![
        texts(tables.iter().map(|table| &table.catalog)),
        texts(tables.iter().map(|table| &table.schema)),
        texts(tables.iter().map(|table| &table.name)),
        texts(tables.iter().map(|_| BASE_TABLE)),
    ];
    if wanted.include_schema {
        let schemas = tables.iter().map(table_schema).collect::<Result<Vec<_>>>()?;
        columns.push(Arc::new(BinaryArray::from_iter_values(schemas)));
    }
    Ok(columns)
}

/// What a lake holds are tables; a view of a model is written out like any other.
const BASE_TABLE: &str = "BASE TABLE";

/// The wire schema of a table as an IPC message; each column says which table it is of.
fn table_schema(table: &TableMeta) -> Result<Bytes> {
    let fields = wire::schema(&table.arrow)
        .fields()
        .iter()
        .map(|field| {
            let mut metadata = field.metadata().clone();
            for (key, value) in [
                ("ARROW:FLIGHT:SQL:CATALOG_NAME", &table.catalog),
                ("ARROW:FLIGHT:SQL:SCHEMA_NAME", &table.schema),
                ("ARROW:FLIGHT:SQL:TABLE_NAME", &table.name),
            ] {
                metadata.insert(key.to_owned(), value.clone());
            }
            Arc::new(field.as_ref().clone().with_metadata(metadata))
        })
        .collect::<arrow::datatypes::Fields>();
    let metadata: HashMap<_, _> = table
        .description
        .iter()
        .map(|text| ("ARROW:FLIGHT:SQL:REMARKS".to_owned(), text.clone()))
        .collect();
    message(&Schema::new_with_metadata(fields, metadata))
}

/// A schema as an IPC message.
pub(crate) fn message(schema: &Schema) -> Result<Bytes> {
    let IpcMessage(bytes) = SchemaAsIpc::new(schema, &IpcWriteOptions::default())
        .try_into()
        .map_err(|cause: arrow::error::ArrowError| Error::bug(9076, "a schema has no IPC form").with_source(cause))?;
    Ok(bytes)
}

async fn primary_keys(wanted: &CommandGetPrimaryKeys, session: &Session) -> Result<Vec<ArrayRef>> {
    let tables = listing(wanted.catalog.as_deref(), session).await?;
    let mut keys: Vec<(&TableMeta, &String, usize)> = Vec::new();
    for table in &tables {
        if table.name == wanted.table && wanted.db_schema.as_ref().is_none_or(|name| *name == table.schema) {
            keys.extend(
                table
                    .primary_key
                    .iter()
                    .zip(1..)
                    .map(|(column, place)| (table, column, place)),
            );
        }
    }
    keys.sort_by_key(|(table, _, place)| (&table.schema, *place));
    Ok(vec![
        texts(keys.iter().map(|(table, ..)| &table.catalog)),
        texts(keys.iter().map(|(table, ..)| &table.schema)),
        texts(keys.iter().map(|(table, ..)| &table.name)),
        texts(keys.iter().map(|(_, column, _)| column)),
        texts(keys.iter().map(|(table, ..)| format!("{}_pkey", table.name))),
        Arc::new(
            keys.iter()
                .map(|(.., place)| i32::try_from(*place).unwrap_or(i32::MAX))
                .collect::<Int32Array>(),
        ),
    ])
}

/// One part of a pattern.
#[derive(Clone, Copy)]
enum Part {
    Any,
    One,
    Letter(char),
}

/// Whether `name` passes a pattern: `%` any letters, `_` any one letter, `\` takes the next as it is; no pattern, no filter.
fn passes(pattern: Option<&str>, name: &str) -> bool {
    let Some(pattern) = pattern else { return true };
    let mut parts = Vec::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        parts.push(match letter {
            '%' => Part::Any,
            '_' => Part::One,
            '\\' => Part::Letter(letters.next().unwrap_or('\\')),
            other => Part::Letter(other),
        });
    }
    let name: Vec<char> = name.chars().collect();
    // as far as `%` goes, remember where it stood and try one letter more each time that the rest does not fit
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match parts.get(p) {
            Some(Part::Any) => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            Some(Part::One) => {
                p += 1;
                n += 1;
                continue;
            }
            Some(Part::Letter(letter)) if *letter == name[n] => {
                p += 1;
                n += 1;
                continue;
            }
            _ => {}
        }
        let Some((at, taken)) = star else { return false };
        star = Some((at, taken + 1));
        p = at + 1;
        n = taken + 1;
    }
    parts[p..].iter().all(|part| matches!(part, Part::Any))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_like() {
        for (pattern, name, expected) in [
            (None, "x", true),
            (Some(""), "x", false),
            (Some(""), "", true),
            (Some("%"), "anything", true),
            (Some("p_b"), "pub", true),
            (Some("p\\_b"), "pub", false),
            (Some("p\\_b"), "p_b", true),
            (Some("%segregation%"), "min_segregation_kommun", true),
            (Some("a%b%c"), "aXbYbZc", true),
            (Some("a%b%c"), "aXbYbZ", false),
            (Some("Pub"), "pub", false),
            (Some("%å_"), "områå1", true),
        ] {
            assert_eq!(passes(pattern, name), expected, "{pattern:?} {name}");
        }
    }

    #[test]
    fn the_schemas_are_those_of_the_protocol() {
        let command = |include_schema| {
            Command::CommandGetTables(CommandGetTables {
                include_schema,
                ..Default::default()
            })
        };
        assert_eq!(schema(&command(false)).unwrap().unwrap().fields().len(), 4);
        assert_eq!(schema(&command(true)).unwrap().unwrap().fields().len(), 5);
        let catalogs = Command::CommandGetCatalogs(arrow_flight::sql::CommandGetCatalogs {});
        assert!(!schema(&catalogs).unwrap().unwrap().field(0).is_nullable());
    }
}
