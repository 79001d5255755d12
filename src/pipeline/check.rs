//! Everything that can be known without data: every model is planned against the schemas that the steps before it declare.

use std::{collections::BTreeMap, sync::Arc};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::common::ScalarValue;

use super::{
    graph::{Graph, Step, Work},
    model::{parameters, references},
    project::{Defined, Project, find_word, location, within},
    publish::{contributor, inputs},
    spec::{Check, Counts, Parameter, Protect, Publish},
};
use crate::{
    catalog::{Entry, Rows, Tables},
    engine::{Engine, Session, SqlText, Statement},
    error::{Error, Location, Result, did_you_mean},
    lake::lake_schema,
    model::{Layer, Sensitivity, TableId},
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
    let session = engine.workspace(tables.clone()).map_err(|error| vec![error])?;
    for defined in project.pipelines.values() {
        for rule in &defined.spec.checks {
            if let Err(error) = checkable(&session, defined, rule, &broken).await {
                mistakes.push(error);
            }
        }
    }
    if mistakes.is_empty() {
        Ok(Checked { graph, tables })
    } else {
        Err(mistakes)
    }
}

/// Plans one check; what it reads of broken tables has been said already.
async fn checkable(session: &Session, defined: &Defined, rule: &Check, broken: &[TableId]) -> Result<()> {
    let at = |word: &str| within(&defined.text, &defined.file, &["checks:", &rule.name, word]);
    let on: TableId = rule.on.parse().map_err(|error: Error| error.at(at(&rule.on)))?;
    let mut reads = references(check_text(defined, rule)).map_err(|error| relocate(&error, defined, rule))?;
    reads.insert(on.clone());
    if reads.iter().any(|table| broken.contains(table)) {
        return Ok(());
    }
    if !session
        .tables(None)
        .await?
        .iter()
        .any(|table| table.schema == on.schema() && table.name == *on.name)
    {
        return Err(Error::not_found(2102, format!("table `{on}` not found"))
            .hint("`on` names the table that the check is about; no pipeline makes this one")
            .at(at(&rule.on)));
    }
    let statement = plan_text(session, check_text(defined, rule), defined)
        .await
        .map_err(|error| relocate(&error, defined, rule))?;
    let schema = statement.schema();
    for column in &rule.show {
        if schema.field_with_name(column).is_err() {
            return Err(no_column("the query of the check", column, &schema).at(at(column)));
        }
    }
    Ok(())
}

/// The SQL of a check, with places inside that SQL; [`relocate`] moves them into the file.
pub(super) fn check_text<'a>(defined: &'a Defined, rule: &'a Check) -> SqlText<'a> {
    SqlText {
        sql: &rule.sql,
        file: &defined.file,
        skipped: 0,
    }
}

/// Moves the place of an error from the SQL of a check into the pipeline's file.
///
/// YAML may fold the lines of the SQL, so the place is found by counting the characters that are no blanks: of those YAML keeps every one.
pub(super) fn relocate(error: &Error, defined: &Defined, rule: &Check) -> Error {
    let place = error.location().map_or_else(
        || within(&defined.text, &defined.file, &["checks:", &rule.name, "sql:"]),
        |place| in_yaml(defined, rule, place),
    );
    let mut moved = Error::new(error.kind(), error.code(), error.message()).at(place);
    for doing in error.context_chain() {
        moved = moved.context(doing.clone());
    }
    moved = moved.context(format!("checking `{}`", rule.name));
    match error.hint_text() {
        Some(hint) => moved.hint(hint),
        None => moved,
    }
}

fn in_yaml(defined: &Defined, rule: &Check, place: &Location) -> Location {
    let text = &defined.text;
    let key = within(text, &defined.file, &["checks:", &rule.name, "sql:"]);
    let lines = rule.sql.split_inclusive('\n');
    let line = usize::try_from(place.line).unwrap_or(1).saturating_sub(1);
    let column = usize::try_from(place.column).unwrap_or(1).saturating_sub(1);
    let solid = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
    let before: usize = lines.clone().take(line).map(solid).sum();
    let here: String = lines.skip(line).take(1).flat_map(str::chars).take(column).collect();
    let wanted = before + solid(&here);
    // the value starts after the key; `>-` and the like are a line of their own, a quotation mark is one character
    let Some(start) = find_word(text, "checks:", 0)
        .and_then(|at| find_word(text, &rule.name, at))
        .and_then(|at| find_word(text, "sql:", at))
        .map(|at| at + "sql:".len())
    else {
        return key;
    };
    let value = text[start..].trim_start_matches([' ', '\t']);
    let mut from = text.len() - value.len();
    if value.starts_with(['>', '|']) {
        from += value.find('\n').unwrap_or(0);
    } else if value.starts_with(['"', '\'']) {
        from += 1;
    }
    let mut sql = rule.sql.chars().filter(|c| !c.is_whitespace());
    let written = text[from..].char_indices().filter(|(_, c)| !c.is_whitespace());
    for (count, (at, c)) in written.enumerate() {
        if count == wanted {
            return location(text, &defined.file, from + at);
        }
        // an escape of a quoted text, or something else that YAML reads otherwise
        if sql.next() != Some(c) {
            return key;
        }
    }
    key
}

/// Plans a text with the parameters of its pipeline.
pub(super) async fn plan_text(session: &Session, text: SqlText<'_>, defined: &Defined) -> Result<Statement> {
    let values: BTreeMap<String, ScalarValue> = defined
        .spec
        .parameters
        .iter()
        .map(|(name, value)| (name.clone(), scalar(value)))
        .collect();
    let used = parameters(text.sql);
    if let Some((name, (line, column))) = used.iter().find(|(name, _)| !values.contains_key(name)) {
        let error = Error::not_found(2108, format!("there is no parameter `${name}`"));
        let error = match did_you_mean(name, values.keys().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean `${near}`?")),
            None => error.hint(format!("give it under `parameters:` of {}", defined.file)),
        };
        return Err(error.at(Location {
            file: text.file.to_owned(),
            line: line + text.skipped,
            column: *column,
        }));
    }
    let statement = session.prepare_text(text).await?;
    if used.is_empty() {
        return Ok(statement);
    }
    let mut values = values;
    values.retain(|name, _| used.iter().any(|(used, _)| used == name));
    let (line, column) = used[0].1;
    statement.bind_named(&values).map_err(|error| {
        error.at(Location {
            file: text.file.to_owned(),
            line: line + text.skipped,
            column,
        })
    })
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
                .map_err(|error| error.at(within(&defined.text, &defined.file, &["sources:", &source.name])))?;
            Ok(vec![(step.writes[0].clone(), landed_schema(&schema))])
        }
        Work::Model => {
            let model = &project.models[&step.writes[0]];
            let session = engine.workspace(only(tables, step))?;
            let statement = plan_text(&session, model.text(), defined).await?;
            let schema = lake_schema(&statement.schema()).map_err(|error| error.at(model.place("SELECT")))?;
            model.order(&schema)?;
            Ok(vec![(model.table.clone(), plain(&schema))])
        }
        Work::Counts {
            population,
            tables: published,
        } => {
            let population = defined.spec.populations.iter().find(|p| p.name == *population);
            let Some(population) = population else {
                return Err(Error::bug(9020, "a step of a population that is not there"));
            };
            let base = tables[&population.from.parse()?].schema()?;
            if let Some(count) = &population.count {
                let at = within(&defined.text, &defined.file, &["populations:", &population.name, count]);
                match base.field_with_name(count) {
                    Err(_) => return Err(no_column(&population.from, count, &base).at(at)),
                    Ok(field) if !field.data_type().is_integer() => {
                        return Err(Error::invalid(
                            2103,
                            format!(
                                "`{count}` of `{}` is {} and cannot count",
                                population.from,
                                field.data_type()
                            ),
                        )
                        .hint("a population counts whole units: cast it to BIGINT")
                        .at(at));
                    }
                    Ok(_) => {}
                }
            }
            if let Some(value) = &population.value {
                let at = |word: &str| within(&defined.text, &defined.file, &["populations:", &population.name, word]);
                let contributor = contributor(population).map_err(|error| error.at(at(value)))?;
                if base.field_with_name(contributor).is_err() {
                    return Err(no_column(&population.from, contributor, &base).at(at(contributor)));
                }
                match base.field_with_name(value).map(Field::data_type) {
                    Err(_) => return Err(no_column(&population.from, value, &base).at(at(value))),
                    Ok(of) if !(of.is_integer() || of.is_floating() || of.is_decimal()) => {
                        return Err(Error::invalid(
                            2103,
                            format!("`{value}` of `{}` is {of} and no amount", population.from),
                        )
                        .hint("an amount is a number: cast it to DOUBLE")
                        .at(at(value)));
                    }
                    Ok(_) => {}
                }
            }
            for column in [&population.entity, &population.period].into_iter().flatten() {
                if base.field_with_name(column).is_err() {
                    let at = within(
                        &defined.text,
                        &defined.file,
                        &["populations:", &population.name, column],
                    );
                    return Err(no_column(&population.from, column, &base).at(at));
                }
            }
            let counted = published
                .iter()
                .map(super::publish::count_table)
                .collect::<Result<Vec<_>>>()?;
            let policy = project.policy(&population.policy)?;
            policy
                .check()
                .and_then(|()| policy.is_for(population.value.is_some()))
                .and_then(|()| super::publish::entity(population, policy, &counted).map(|_| ()))
                .map_err(|error| {
                    error.at(within(
                        &defined.text,
                        &defined.file,
                        &["populations:", &population.name],
                    ))
                })?;
            let mut declared = Vec::new();
            for publish in published {
                let Protect::Counts(counts) = &publish.protect else {
                    continue;
                };
                let at = |word: &str| within(&defined.text, &defined.file, &["publish:", &publish.table, word]);
                counts_columns(counts, &base).map_err(|(word, error)| error.at(at(&word)))?;
                let schema = counts_schema(counts, population.value.is_some());
                project
                    .contract(&publish.contract)?
                    .check_schema(&schema, &[])
                    .map_err(|error| error.at(at(&publish.table)))?;
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
            let at = |word: &str| within(&defined.text, &defined.file, &["publish:", &publish.table, word]);
            let have = tables[from].schema()?;
            let named: Vec<&String> = match &publish.protect {
                Protect::Derived(rule) => rule
                    .keys
                    .iter()
                    .chain(rule.values.keys())
                    .chain(rule.minima.keys())
                    .chain(rule.shares.iter().flat_map(|share| [&share.part, &share.whole]))
                    .collect(),
                Protect::Open(open) => open.values.iter().collect(),
                Protect::Counts(_) => Vec::new(),
            };
            if let Some(missing) = named.into_iter().find(|name| have.field_with_name(name).is_err()) {
                return Err(no_column(&from.to_string(), missing, &have).at(at(missing)));
            }
            let schema = published_schema(publish, &have)?;
            project
                .contract(&publish.contract)?
                .check_schema(&schema, &[])
                .map_err(|error| error.at(at(&publish.table)))?;
            lineage_allows(graph, &table, from, publish).map_err(|error| error.at(at(&publish.table)))?;
            Ok(vec![(table, schema)])
        }
    }
}

/// What can be said of a publication from its lineage alone, before there is data.
fn lineage_allows(graph: &Graph, table: &TableId, from: &TableId, publish: &Publish) -> Result<()> {
    match &publish.protect {
        Protect::Open(_) => {
            let closed = graph.origins[table]
                .iter()
                .find(|(_, class)| **class != Sensitivity::Public);
            closed.map_or(Ok(()), |(origin, _)| {
                Err(Error::refused(
                    5020,
                    format!("`{table}` cannot be published as open: it was made from `{origin}`, which is not public"),
                )
                .hint("publish it with `protect: {counts: …}` or `{derived: …}`; or the contract says `classification: public` if the producer publishes it"))
            })
        }
        Protect::Derived(rule) if rule.only_published => {
            let inputs = inputs(graph, from);
            let closed = inputs
                .iter()
                .find(|id| !matches!(id.layer, Layer::Pub | Layer::Ref | Layer::Meta));
            closed.map_or(Ok(()), |closed| {
                Err(Error::refused(
                    5024,
                    format!("`{table}` says that it comes from published tables only, but it reads `{closed}`"),
                )
                .hint("read the `pub` table instead, or give `minima`"))
            })
        }
        Protect::Derived(_) | Protect::Counts(_) => Ok(()),
    }
}

/// A column that is not there.
fn no_column(of: &str, name: &str, schema: &Schema) -> Error {
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let error = Error::invalid(2103, format!("`{of}` has no column `{name}`"));
    match did_you_mean(name, names.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("it has {}", names.join(", "))),
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

/// Every column that a count table names is one of its population; an error comes with the word that it is about.
fn counts_columns(counts: &Counts, base: &Schema) -> std::result::Result<(), (String, Error)> {
    let levels = counts.dimensions.iter().flat_map(|dimension| {
        if dimension.levels.is_empty() {
            std::slice::from_ref(&dimension.name)
        } else {
            &dimension.levels
        }
    });
    for column in levels.chain(counts.filters.keys()) {
        if base.field_with_name(column).is_err() {
            return Err((column.clone(), no_column("the population", column, base)));
        }
    }
    match counts
        .dimensions
        .iter()
        .find(|d| d.levels.len() > 1 && d.level_column.is_none())
    {
        Some(dimension) => Err((
            dimension.name.clone(),
            Error::invalid(
                2027,
                format!(
                    "the dimension `{}` has several levels and no `level_column`",
                    dimension.name
                ),
            )
            .hint("name the column that tells the level, for example `level_column: omrade_niva`"),
        )),
        None => Ok(()),
    }
}

fn counts_schema(counts: &Counts, amounts: bool) -> SchemaRef {
    let mut fields = Vec::new();
    for dimension in &counts.dimensions {
        if let Some(level) = &dimension.level_column {
            fields.push(Field::new(level, DataType::Utf8, true));
        }
        fields.push(Field::new(&dimension.name, DataType::Utf8, true));
    }
    let figures = if amounts { DataType::Float64 } else { DataType::Int64 };
    fields.push(Field::new(&counts.measure, figures, true));
    fields.push(Field::new("obs_status", DataType::Utf8, true));
    fields.push(Field::new("conf_status", DataType::Utf8, true));
    Arc::new(Schema::new(fields))
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
