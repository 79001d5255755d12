//! The derived route: figures computed from published cells only, or above minima and rounded.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, RecordBatch, StringArray},
    compute::{cast, concat_batches, lexsort_to_indices, nullif, take},
    datatypes::{DataType, Field, Float64Type, Int64Type, Schema},
    row::{RowConverter, SortField},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AuditResult, LevelShare, Protected, Report, Zeros,
    primary::{small_denominator, unsafe_share},
};
use crate::{
    error::{Error, Result, did_you_mean},
    model::{Layer, TableId, conf_status, obs_status},
};

/// A count and the count that it is part of, behind a percentage, a rate or a mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareRule {
    /// Column of the part.
    pub part: String,
    /// Column of the whole.
    pub whole: String,
    /// The row is hidden when the part, the whole or what the part leaves of it is 1 to threshold − 1.
    pub threshold: u64,
    /// The row is hidden when the whole is less than this.
    #[serde(default)]
    pub least: u64,
}

/// When a computed figure may be published.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DerivedRule {
    /// Columns that identify a row; published as they are, in hidden rows too.
    pub keys: Vec<String>,
    /// Published figures with the decimals that they are rounded to. With minima none may be a whole number: those are
    /// counts, and hidden counts can be found again from published totals, so `counts` protects them.
    pub values: BTreeMap<String, u32>,
    /// Columns that must be at least so much, or the row's figures are hidden; not published themselves.
    #[serde(default)]
    pub minima: BTreeMap<String, f64>,
    /// Parts and wholes behind the figures, or the row's figures are hidden; not published themselves. A percentage is as
    /// unsafe as the smallest of the two counts and their difference: who knows one of them knows the others from it.
    #[serde(default)]
    pub shares: Vec<ShareRule>,
    /// Whether everything that the table was made from is published; then no minima are needed.
    #[serde(default)]
    pub only_published: bool,
}

impl DerivedRule {
    /// Whether a column is the part or the whole of a share.
    fn in_share(&self, name: &str) -> bool {
        self.shares
            .iter()
            .any(|share| share.part == name || share.whole == name)
    }
}

/// Least that a minimum can be: figures of one or two persons, or areas, tell each of them.
const LEAST_MINIMUM: f64 = 3.0;

/// So many figures that are all whole numbers are counts, whatever their type is.
const WHOLE_ROWS: usize = 5;

/// Most decimals of a figure that is computed from closed tables.
const MOST_DECIMALS: u32 = 3;

/// Publishes computed figures.
///
/// # Errors
/// SAMSYN-5022 when there is nothing, 5023 for a column that is missing, 5024 when neither minima are given nor
/// everything comes from published tables, 5025 for a column that is neither key, value nor minimum, 5026 for a value
/// or a minimum that is no number, 5027 for a rule that protects nothing, 5028 for keys that are missing or not unique,
/// 5029 for counts.
pub fn protect_derived(
    table: TableId,
    batches: &[RecordBatch],
    rule: &DerivedRule,
    ancestors: &[TableId],
) -> Result<Protected> {
    let twice = rule
        .keys
        .iter()
        .find(|key| rule.values.contains_key(*key) || rule.minima.contains_key(*key) || rule.in_share(key));
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
    if let Some((name, _)) = rule
        .minima
        .iter()
        .find(|(_, minimum)| !(**minimum >= LEAST_MINIMUM && minimum.is_finite()))
    {
        return Err(
            Error::invalid(5027, format!("the minimum of `{name}` of `{table}` protects nobody"))
                .hint("figures of one or two tell each of them; give at least 3"),
        );
    }
    if let Some(share) = rule.shares.iter().find(|share| share.threshold < 2) {
        return Err(Error::invalid(
            5027,
            format!(
                "the threshold of the share of `{}` of `{table}` protects nobody",
                share.part
            ),
        )
        .hint("a count is unsafe when 0 < n < threshold; give at least 2"));
    }
    if !rule.only_published
        && let Some((name, _)) = rule.values.iter().find(|(_, decimals)| **decimals > MOST_DECIMALS)
    {
        return Err(Error::refused(
            5027,
            format!("value `{name}` of `{table}` has more than {MOST_DECIMALS} decimals"),
        )
        .hint("so exact a figure gives away the counts behind it; round it"));
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
    } else if rule.minima.is_empty() && rule.shares.is_empty() {
        return Err(
            Error::refused(5024, format!("`{table}` has neither minima nor only published sources"))
                .hint("give `minima: {column: number}`, for example the persons and areas behind a figure"),
        );
    }
    let schema = batches
        .iter()
        .find(|batch| batch.num_rows() > 0)
        .map(RecordBatch::schema)
        .ok_or_else(|| Error::refused(5022, format!("`{table}` would be empty")).hint("check the model"))?;
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    if let Some(status) = ["obs_status", "conf_status"]
        .into_iter()
        .find(|name| names.contains(name))
    {
        return Err(
            Error::invalid(5025, format!("`{table}` gets its own `{status}` and has one already"))
                .hint("leave it out of the model"),
        );
    }
    let wanted = || {
        let shares = rule.shares.iter().flat_map(|share| [&share.part, &share.whole]);
        rule.keys
            .iter()
            .chain(rule.values.keys())
            .chain(rule.minima.keys())
            .chain(shares)
    };
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
            format!("column `{extra}` of `{table}` is neither key, value, minimum nor part of a share"),
        )
        .hint("a figure that nobody thought of would be published; name it or take it out of the model"));
    }
    let whole = sorted(&concat_batches(&schema, batches)?, &rule.keys)?;
    identified(&whole, rule, &table)?;
    let enough = enough(&whole, rule, &table)?;
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
        additive: true,
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

/// Refuses keys that are missing or not unique; the rows are sorted by them.
fn identified(batch: &RecordBatch, rule: &DerivedRule, table: &TableId) -> Result<()> {
    let refuse = |what: String, hint: &str| Err(Error::refused(5028, what).hint(hint));
    let mut columns = Vec::with_capacity(rule.keys.len());
    for name in &rule.keys {
        let Some(column) = batch.column_by_name(name) else {
            continue;
        };
        if column.logical_null_count() > 0 {
            return refuse(
                format!("key `{name}` of `{table}` has {} NULLs", column.logical_null_count()),
                "give them a code of their own, or leave the rows out",
            );
        }
        columns.push(Arc::clone(column));
    }
    let twice = if columns.is_empty() {
        batch.num_rows().saturating_sub(1)
    } else {
        let fields = columns
            .iter()
            .map(|column| SortField::new(column.data_type().clone()))
            .collect();
        let rows = RowConverter::new(fields)?.convert_columns(&columns)?;
        (1..rows.num_rows())
            .filter(|row| rows.row(*row) == rows.row(row - 1))
            .count()
    };
    if twice > 0 {
        return refuse(
            format!("`{table}` has {twice} rows whose keys stand in another row too"),
            "name all columns that identify a row as keys; a join that multiplies rows does this too",
        );
    }
    Ok(())
}

/// Whether a column holds numbers.
fn is_number(data_type: &DataType) -> bool {
    data_type.is_integer() || data_type.is_floating() || data_type.is_decimal()
}

/// Rows in which every minimum is met.
fn enough(batch: &RecordBatch, rule: &DerivedRule, table: &TableId) -> Result<BooleanArray> {
    let mut fine = vec![true; batch.num_rows()];
    for (name, minimum) in &rule.minima {
        let Some(column) = batch.column_by_name(name) else {
            continue;
        };
        if !is_number(column.data_type()) {
            return Err(Error::invalid(
                5026,
                format!("minimum `{name}` of `{table}` is {} and no number", column.data_type()),
            )
            .hint("name a column that counts what is behind the figures"));
        }
        let numbers = cast(column, &DataType::Float64)?;
        for (row, value) in numbers.as_primitive::<Float64Type>().iter().enumerate() {
            fine[row] &= value.is_some_and(|value| value >= *minimum);
        }
    }
    for share in &rule.shares {
        let (parts, wholes) = (
            whole_numbers(batch, &share.part, table)?,
            whole_numbers(batch, &share.whole, table)?,
        );
        for ((fine, part), whole) in fine.iter_mut().zip(parts).zip(wholes) {
            *fine &= match (part, whole) {
                (Some(part), Some(whole)) => {
                    !unsafe_share(part, whole, share.threshold, Zeros::Published)
                        && !small_denominator(whole, share.least)
                }
                _ => false,
            };
        }
    }
    Ok(BooleanArray::from(fine))
}

/// The counts of a column; NULL where there is none.
///
/// # Errors
/// SAMSYN-5026 for a column that holds no counts.
fn whole_numbers(batch: &RecordBatch, name: &str, table: &TableId) -> Result<Vec<Option<u64>>> {
    let Some(column) = batch.column_by_name(name) else {
        return Ok(vec![None; batch.num_rows()]);
    };
    let wrong = |what: &str| {
        Error::invalid(5026, format!("`{name}` of a share of `{table}` {what}"))
            .hint("name the counts that the figure was computed from, whole numbers from 0")
    };
    if !column.data_type().is_integer() {
        return Err(wrong(&format!("is {} and no whole number", column.data_type())));
    }
    let numbers = cast(column, &DataType::Int64)?;
    numbers
        .as_primitive::<Int64Type>()
        .iter()
        .map(|count| {
            count
                .map(|count| u64::try_from(count).map_err(|_| wrong("has negative values")))
                .transpose()
        })
        .collect()
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
        if !is_number(array.data_type()) {
            return Err(Error::invalid(
                5026,
                format!("value `{name}` of `{table}` is {} and no number", array.data_type()),
            )
            .hint("make it a key, or cast it"));
        }
        if !rule.only_published
            && (array.data_type().is_integer() || rule.minima.contains_key(name) || rule.in_share(name))
        {
            return Err(Error::refused(
                5029,
                format!("value `{name}` of `{table}` is a count, which minima do not protect"),
            )
            .hint(
                "publish counts with `protect: {counts: …}`; an amount that only looks like one can be cast to double",
            ));
        }
        let shown: ArrayRef = if array.data_type().is_integer() {
            Arc::clone(array)
        } else {
            let scale = 10_f64.powi(i32::try_from(*decimals).unwrap_or(15));
            let numbers = cast(array, &DataType::Float64)?;
            let figures = numbers.as_primitive::<Float64Type>();
            let whole = figures.iter().flatten().all(|value| value.fract().abs() <= 0.0);
            if !rule.only_published && whole && figures.len() - figures.null_count() >= WHOLE_ROWS {
                return Err(Error::refused(
                    5029,
                    format!("value `{name}` of `{table}` has whole numbers only: these are counts, which minima do not protect"),
                )
                .hint("publish counts with `protect: {counts: …}`"));
            }
            // what is no number was not computable; adding zero makes of −0 a 0
            let rounded = numbers.as_primitive::<Float64Type>().iter().map(|value| {
                value
                    .map(|v| (v * scale).round() / scale + 0.0)
                    .filter(|v| v.is_finite())
            });
            Arc::new(rounded.collect::<Float64Array>())
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
