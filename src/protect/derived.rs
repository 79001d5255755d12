//! The derived route: figures computed from published cells only, or above minima and rounded.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, RecordBatch, StringArray},
    compute::{cast, concat_batches, lexsort_to_indices, nullif, take},
    datatypes::{DataType, Field, Float64Type, Schema},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AuditResult, LevelShare, Protected, Report};
use crate::{
    error::{Error, Result, did_you_mean},
    model::{Layer, TableId, conf_status, obs_status},
};

/// When a computed figure may be published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DerivedRule {
    /// Columns that identify a row; published as they are.
    pub keys: Vec<String>,
    /// Published figures with the decimals that they are rounded to.
    pub values: BTreeMap<String, u32>,
    /// Columns that must be at least so much, or the row's figures are hidden; not published unless they are values.
    #[serde(default)]
    pub minima: BTreeMap<String, f64>,
    /// Whether everything that the table was made from is published; then no minima are needed.
    #[serde(default)]
    pub only_published: bool,
}

/// Publishes computed figures.
///
/// # Errors
/// SAMSYN-5024 when neither minima are given nor everything comes from published tables, 5025 for a column that is neither
/// key, value nor minimum, 5023 for one that is missing, 5026 for a value that is no number.
pub fn protect_derived(
    table: TableId,
    batches: &[RecordBatch],
    rule: &DerivedRule,
    ancestors: &[TableId],
) -> Result<Protected> {
    let twice = rule
        .keys
        .iter()
        .find(|key| rule.values.contains_key(*key) || rule.minima.contains_key(*key));
    if let Some(name) = twice {
        return Err(Error::refused(
            5027,
            format!("`{name}` of `{table}` is a key and a figure; a key is shown in hidden rows too"),
        )
        .hint("name it once"));
    }
    if let Some((name, _)) = rule.values.iter().find(|(_, decimals)| **decimals > 15) {
        return Err(
            Error::invalid(5027, format!("value `{name}` of `{table}` has more than 15 decimals")).hint("round it"),
        );
    }
    if rule.only_published {
        if ancestors.is_empty() {
            return Err(Error::refused(
                5024,
                format!("`{table}` says that it comes from published tables only, but it reads none"),
            )
            .hint("give `minima`"));
        }
        if let Some(closed) = ancestors
            .iter()
            .find(|id| !matches!(id.layer, Layer::Pub | Layer::Ref | Layer::Meta))
        {
            return Err(Error::refused(
                5024,
                format!("`{table}` says that it comes from published tables only, but it reads `{closed}`"),
            )
            .hint("read the `pub` table instead, or give `minima`"));
        }
    } else if rule.minima.is_empty() {
        return Err(
            Error::refused(5024, format!("`{table}` has neither minima nor only published sources"))
                .hint("give `minima: {column: number}`, for example the persons and areas behind a figure"),
        );
    }
    let schema = batches
        .first()
        .map(RecordBatch::schema)
        .ok_or_else(|| Error::refused(5022, format!("`{table}` would be empty")).hint("check the model"))?;
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let wanted = || rule.keys.iter().chain(rule.values.keys()).chain(rule.minima.keys());
    if let Some(missing) = wanted().find(|name| !names.contains(&name.as_str())) {
        let error = Error::invalid(5023, format!("`{table}` has no column `{missing}`"));
        return Err(match did_you_mean(missing, names.iter().copied()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("it has {}", names.join(", "))),
        });
    }
    if let Some(extra) = names.iter().find(|name| !wanted().any(|known| known == *name)) {
        return Err(Error::refused(
            5025,
            format!("column `{extra}` of `{table}` is neither key, value nor minimum"),
        )
        .hint("a figure that nobody thought of would be published; name it or take it out of the model"));
    }
    let whole = sorted(&concat_batches(&schema, batches)?, &rule.keys)?;
    let enough = enough(&whole, rule)?;
    let batch = published(&whole, rule, &enough, &table)?;
    let hidden = enough.iter().filter(|fine| *fine == Some(false)).count() as u64;
    let share = LevelShare {
        table: table.clone(),
        level: rule.keys.join(" × "),
        cells: whole.num_rows() as u64,
        hidden,
        primary: hidden,
        secondary: 0,
    };
    let report = Report {
        method: "derived",
        levels: vec![share],
        audit: AuditResult::default(),
    };
    Ok(Protected::new(table, batch.schema(), vec![batch], report))
}

fn sorted(batch: &RecordBatch, keys: &[String]) -> Result<RecordBatch> {
    let columns: Vec<arrow::compute::SortColumn> = keys
        .iter()
        .filter_map(|key| batch.column_by_name(key))
        .map(|values| arrow::compute::SortColumn {
            values: Arc::clone(values),
            options: None,
        })
        .collect();
    if columns.is_empty() {
        return Ok(batch.clone());
    }
    let order = lexsort_to_indices(&columns, None)?;
    let columns = batch
        .columns()
        .iter()
        .map(|column| take(column, &order, None))
        .collect::<std::result::Result<_, _>>()?;
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}

/// Rows in which every minimum is met.
fn enough(batch: &RecordBatch, rule: &DerivedRule) -> Result<BooleanArray> {
    let mut fine = vec![true; batch.num_rows()];
    for (name, minimum) in &rule.minima {
        let Some(column) = batch.column_by_name(name) else {
            continue;
        };
        let numbers = cast(column, &DataType::Float64)?;
        for (row, value) in numbers.as_primitive::<Float64Type>().iter().enumerate() {
            fine[row] &= value.is_some_and(|value| value >= *minimum);
        }
    }
    Ok(BooleanArray::from(fine))
}

fn published(batch: &RecordBatch, rule: &DerivedRule, enough: &BooleanArray, table: &TableId) -> Result<RecordBatch> {
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    let schema = batch.schema();
    for name in &rule.keys {
        let at = schema.index_of(name)?;
        fields.push(schema.field(at).clone());
        columns.push(Arc::clone(batch.column(at)));
    }
    let hide = arrow::compute::not(enough)?;
    let mut missing = vec![false; batch.num_rows()];
    for (name, decimals) in &rule.values {
        let at = schema.index_of(name)?;
        let array = batch.column(at);
        let shown: ArrayRef = if array.data_type().is_integer() {
            Arc::clone(array)
        } else if array.data_type().is_floating() {
            let scale = 10_f64.powi(i32::try_from(*decimals).unwrap_or(15));
            let numbers = cast(array, &DataType::Float64)?;
            let rounded: Float64Array = numbers
                .as_primitive::<Float64Type>()
                .unary(|value| (value * scale).round() / scale);
            // what is no number was not computable
            Arc::new(
                rounded
                    .iter()
                    .map(|value| value.filter(|v| v.is_finite()))
                    .collect::<Float64Array>(),
            )
        } else {
            return Err(Error::invalid(
                5026,
                format!("value `{name}` of `{table}` is {} and no number", array.data_type()),
            )
            .hint("make it a key, or cast it"));
        };
        for (row, missing) in missing.iter_mut().enumerate() {
            *missing |= shown.is_null(row);
        }
        fields.push(Field::new(name, shown.data_type().clone(), true));
        columns.push(nullif(&shown, &hide)?);
    }
    let mut obs = Vec::with_capacity(batch.num_rows());
    let mut conf = Vec::with_capacity(batch.num_rows());
    for (row, missing) in missing.iter().enumerate() {
        let (o, c) = match (enough.value(row), missing) {
            (false, _) => (obs_status::SUPPRESSED, conf_status::CONFIDENTIAL),
            (true, true) => (obs_status::NOT_APPLICABLE, conf_status::FREE),
            (true, false) => (obs_status::NORMAL, conf_status::FREE),
        };
        obs.push(o);
        conf.push(c);
    }
    fields.push(Field::new("obs_status", DataType::Utf8, true));
    columns.push(Arc::new(StringArray::from(obs)));
    fields.push(Field::new("conf_status", DataType::Utf8, true));
    columns.push(Arc::new(StringArray::from(conf)));
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}
