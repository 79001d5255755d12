//! Everything that can be known without data: every model is planned against the schemas that the steps before it declare.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::common::ScalarValue;

use super::{
    graph::{Graph, Step, Work},
    project::{Defined, Project, place},
    spec::{Counts, Parameter, Protect, Publish},
};
use crate::{
    catalog::{Entry, Rows, Tables},
    engine::{Engine, Session, SqlText, Statement},
    error::{Error, Result},
    model::TableId,
    source,
};

/// What a check found.
#[derive(Debug)]
pub struct Checked {
    /// The steps in order.
    pub graph: Graph,
    /// The declared schema of every table.
    pub tables: Tables,
}

/// Checks all definitions of a project; gives every mistake, not only the first.
///
/// # Errors
/// The mistakes that were found.
pub async fn check(project: &Project, engine: &Engine) -> std::result::Result<Checked, Vec<Error>> {
    let graph = Graph::build(project).map_err(|error| vec![error])?;
    let mut tables = Tables::new();
    let mut mistakes = Vec::new();
    let mut broken: Vec<TableId> = Vec::new();
    for step in &graph.steps {
        if step.reads.iter().any(|table| broken.contains(table)) {
            broken.extend(step.writes.iter().cloned());
            continue;
        }
        match declare(project, engine, step, &tables, &graph).await {
            Ok(schemas) => {
                for (table, schema) in schemas {
                    tables.insert(
                        table,
                        Entry {
                            source: Rows::Declared(schema),
                            description: None,
                            key: Vec::new(),
                        },
                    );
                }
            }
            Err(error) => {
                mistakes.push(error);
                broken.extend(step.writes.iter().cloned());
            }
        }
    }
    for defined in project.pipelines.values() {
        for rule in &defined.spec.checks {
            let outcome = async {
                let on: TableId = rule.on.parse()?;
                if broken.contains(&on) {
                    return Ok(());
                }
                let session = engine.workspace(tables.clone())?;
                plan_text(
                    &session,
                    SqlText {
                        sql: &rule.sql,
                        file: &defined.file,
                        skipped: 0,
                    },
                    defined,
                )
                .await
                .map(|_| ())
            }
            .await;
            if let Err(error) = outcome {
                let error = error.context(format!("checking `{}`", rule.name));
                mistakes.push(relocate(&error, place(&defined.text, &defined.file, &rule.name)));
            }
        }
    }
    if mistakes.is_empty() {
        Ok(Checked { graph, tables })
    } else {
        Err(mistakes)
    }
}

/// An inline SQL text has places of its own; the pipeline's file is where the user finds it.
fn relocate(error: &Error, at: crate::error::Location) -> Error {
    let mut moved = Error::new(error.kind(), error.code(), error.message()).at(at);
    for doing in error.context_chain() {
        moved = moved.context(doing.clone());
    }
    match error.hint_text() {
        Some(hint) => moved.hint(hint),
        None => moved,
    }
}

/// Plans a text with the parameters of its pipeline.
pub(super) async fn plan_text(session: &Session, text: SqlText<'_>, defined: &Defined) -> Result<Statement> {
    let statement = session.prepare_text(text).await?;
    let values = defined
        .spec
        .parameters
        .iter()
        .map(|(name, value)| (name.clone(), scalar(value)))
        .collect();
    statement.bind_named(&values)
}

fn scalar(value: &Parameter) -> ScalarValue {
    match value {
        Parameter::Boolean(value) => ScalarValue::from(*value),
        Parameter::Integer(value) => ScalarValue::from(*value),
        Parameter::Number(value) => ScalarValue::from(*value),
        Parameter::Text(value) => ScalarValue::from(value.as_str()),
    }
}

async fn declare(
    project: &Project,
    engine: &Engine,
    step: &Step,
    tables: &Tables,
    graph: &Graph,
) -> Result<Vec<(TableId, SchemaRef)>> {
    let defined = &project.pipelines[&step.pipeline];
    match &step.work {
        Work::Land(source) => {
            let contract = project.contract(&source.contract)?;
            let kind = source.reads.unwrap_or(source.kind);
            let schema = source::declared_schema(kind, &source.layout, contract)
                .map_err(|error| error.at(place(&defined.text, &defined.file, &source.name)))?;
            Ok(vec![(step.writes[0].clone(), landed_schema(&schema))])
        }
        Work::Model => {
            let model = &project.models[&step.writes[0]];
            let session = engine.workspace(only(tables, step))?;
            let text = SqlText {
                sql: &model.sql,
                file: &model.file,
                skipped: 0,
            };
            let statement = plan_text(&session, text, defined).await?;
            let schema = statement.schema();
            for column in &model.header.grain {
                if schema.field_with_name(column).is_err() {
                    return Err(Error::invalid(
                        2022,
                        format!("the grain names `{column}`, which the SELECT does not give"),
                    )
                    .hint("name columns of the result")
                    .at(place(&model.sql, &model.file, "grain")));
                }
            }
            Ok(vec![(model.table.clone(), plain(&schema))])
        }
        Work::Counts {
            population,
            tables: published,
        } => {
            let population = defined.spec.populations.iter().find(|p| p.name == *population);
            let base: TableId = match population {
                Some(population) => population.from.parse()?,
                None => return Err(Error::bug(9020, "a step of a population that is not there")),
            };
            let base = tables[&base].schema()?;
            let mut declared = Vec::new();
            for publish in published {
                let Protect::Counts(counts) = &publish.protect else {
                    continue;
                };
                let at = place(&defined.text, &defined.file, &publish.table);
                let schema = counts_schema(counts, &base).map_err(|error| error.at(at.clone()))?;
                project
                    .contract(&publish.contract)?
                    .check_schema(&schema, &[])
                    .map_err(|error| error.at(at))?;
                declared.push((publish.table.parse()?, schema));
            }
            Ok(declared)
        }
        Work::Publish(publish) => {
            let table: TableId = publish.table.parse()?;
            let from = step
                .reads
                .iter()
                .next()
                .ok_or_else(|| Error::bug(9020, "a publication of nothing"))?;
            let schema = published_schema(publish, &*tables[from].schema()?)?;
            let at = place(&defined.text, &defined.file, &publish.table);
            project
                .contract(&publish.contract)?
                .check_schema(&schema, &[])
                .map_err(|error| error.at(at.clone()))?;
            if matches!(publish.protect, Protect::Open(_)) {
                for (origin, class) in &graph.origins[&table] {
                    if *class != crate::model::Sensitivity::Public {
                        return Err(Error::refused(5020, format!("`{table}` cannot be published as open: it was made from `{origin}`, which is not public"))
                            .hint("publish it with `protect: {counts: …}` or `{derived: …}`; or the contract says `classification: public` if the producer publishes it")
                            .at(at));
                    }
                }
            }
            Ok(vec![(table, schema)])
        }
    }
}

/// Only the tables that a step says it reads.
pub(super) fn only(tables: &Tables, step: &Step) -> Tables {
    tables
        .iter()
        .filter(|(id, _)| step.reads.contains(*id))
        .map(|(id, entry)| (id.clone(), entry.clone()))
        .collect()
}

fn landed_schema(schema: &Schema) -> SchemaRef {
    let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
    for (name, data_type) in [
        ("_source", DataType::Utf8),
        (
            "_retrieved_at",
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ),
        ("_delivery", DataType::Utf8),
    ] {
        fields.push(Arc::new(Field::new(name, data_type, true)));
    }
    Arc::new(Schema::new(fields))
}

fn plain(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new(
        schema
            .fields()
            .iter()
            .map(|field| Field::new(field.name(), field.data_type().clone(), true))
            .collect::<Vec<_>>(),
    ))
}

fn counts_schema(counts: &Counts, base: &Schema) -> Result<SchemaRef> {
    let mut fields = Vec::new();
    for dimension in &counts.dimensions {
        if let Some(level) = &dimension.level_column {
            fields.push(Field::new(level, DataType::Utf8, true));
        }
        fields.push(Field::new(&dimension.name, DataType::Utf8, true));
        let levels = if dimension.levels.is_empty() {
            std::slice::from_ref(&dimension.name)
        } else {
            &dimension.levels
        };
        for level in levels {
            if base.field_with_name(level).is_err() {
                let names: Vec<&str> = base.fields().iter().map(|field| field.name().as_str()).collect();
                let error = Error::invalid(2103, format!("the population has no column `{level}`"));
                return Err(match crate::error::did_you_mean(level, names.iter().copied()) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error.hint(format!("it has {}", names.join(", "))),
                });
            }
        }
    }
    fields.push(Field::new(&counts.measure, DataType::Int64, true));
    fields.push(Field::new("obs_status", DataType::Utf8, true));
    fields.push(Field::new("conf_status", DataType::Utf8, true));
    Ok(Arc::new(Schema::new(fields)))
}

fn published_schema(publish: &Publish, from: &Schema) -> Result<SchemaRef> {
    match &publish.protect {
        Protect::Derived(rule) => {
            let mut fields = Vec::new();
            for name in rule.keys.iter().chain(rule.values.keys()) {
                let field = from.field_with_name(name).map_err(|_| {
                    Error::invalid(
                        2103,
                        format!(
                            "`{}` has no column `{name}`",
                            publish.from.as_deref().unwrap_or_default()
                        ),
                    )
                })?;
                fields.push(field.clone());
            }
            fields.push(Field::new("obs_status", DataType::Utf8, true));
            fields.push(Field::new("conf_status", DataType::Utf8, true));
            Ok(Arc::new(Schema::new(fields)))
        }
        _ => Ok(Arc::new(from.clone())),
    }
}
