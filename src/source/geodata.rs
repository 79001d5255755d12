//! Geodata: GeoParquet and GeoJSON; attributes as columns and the geometry as WKB with its reference system in the column's metadata.

use std::{collections::HashMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, BinaryBuilder, BooleanArray, Int64Array, RecordBatch, StringArray},
    compute::{cast, filter_record_batch},
    datatypes::{DataType, Field, Schema, SchemaRef},
};
use geojson::{FeatureCollection, GeoJson, JsonValue};
use parquet::{arrow::arrow_reader::ArrowReaderMetadata, file::metadata::KeyValue};
use serde_json::{Value, json};

use super::{Delivered, Layout, Parcel, Quarantined, SourceKind, number, parquet as columns, schema};
use crate::{
    contract::{Contract, LogicalType},
    error::{Error, Result},
};

/// Reads a delivered GeoParquet or GeoJSON file.
pub(super) fn read(contract: &Contract, delivered: &Delivered) -> Result<Parcel> {
    let geometry = contract
        .columns
        .iter()
        .find(|column| column.logical_type == LogicalType::Object)
        .ok_or_else(|| {
            Error::invalid(3120, format!("the contract `{}` has no geometry", contract.id))
                .hint("add a column with `logicalType: object`")
        })?;
    let parquet = delivered.bytes.starts_with(b"PAR1");
    let (raw, crs) = if parquet {
        (
            columns::batches(delivered)?,
            parquet_crs(delivered, geometry.delivered_as())?,
        )
    } else {
        let (batch, crs) = from_geojson(contract, delivered, geometry.delivered_as())?;
        (vec![batch], crs)
    };
    let schema = with_crs(
        &schema(SourceKind::Geodata, &Layout::default(), contract),
        &geometry.name,
        &crs,
    );
    let total: usize = raw.iter().map(RecordBatch::num_rows).sum();
    let mut quarantined = Vec::new();
    let mut kept = Vec::new();
    let conformed = columns::conform(contract, delivered, &raw, &schema)?;
    for batch in conformed {
        let fine = valid(&batch, &geometry.name, delivered, &mut quarantined)?;
        kept.push(filter_record_batch(&batch, &fine)?);
    }
    Ok(Parcel {
        schema,
        batches: kept,
        notes: Vec::new(),
        quarantined,
        rows_delivered: total as u64,
    })
}

/// Which rows have a geometry that can be read; the others are set aside.
fn valid(
    batch: &RecordBatch,
    name: &str,
    delivered: &Delivered,
    quarantined: &mut Vec<Quarantined>,
) -> Result<BooleanArray> {
    let missing = || Error::bug(9040, "the geometry is gone");
    let rows = batch
        .column_by_name("_row")
        .and_then(|column| column.as_any().downcast_ref::<Int64Array>())
        .ok_or_else(missing)?;
    let bytes = cast(batch.column_by_name(name).ok_or_else(missing)?, &DataType::Binary)?;
    let bytes = bytes.as_binary::<i32>();
    Ok((0..batch.num_rows())
        .map(|at| {
            let fine = bytes.is_valid(at) && wkb::reader::read_wkb(bytes.value(at)).is_ok();
            if !fine {
                quarantined.push(Quarantined {
                    file: delivered.name.clone(),
                    row: u64::try_from(rows.value(at)).unwrap_or_default(),
                    column: Some(name.to_owned()),
                    rule: "geometry",
                    reason: "the geometry is missing or cannot be read".to_owned(),
                });
            }
            Some(fine)
        })
        .collect())
}

fn with_crs(schema: &SchemaRef, geometry: &str, crs: &Value) -> SchemaRef {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| {
            let field = field.as_ref().clone();
            if field.name() != geometry {
                return field;
            }
            let mut metadata: HashMap<String, String> = field.metadata().clone();
            metadata.insert("ARROW:extension:name".to_owned(), "geoarrow.wkb".to_owned());
            metadata.insert("ARROW:extension:metadata".to_owned(), json!({ "crs": crs }).to_string());
            field.with_metadata(metadata)
        })
        .collect();
    Arc::new(Schema::new(fields))
}

fn parquet_crs(delivered: &Delivered, column: &str) -> Result<Value> {
    let broken = || {
        Error::invalid(3121, format!("`{}` is Parquet but not GeoParquet", delivered.name))
            .hint("use `kind: parquet`, or have it written as GeoParquet with WKB")
    };
    let metadata = ArrowReaderMetadata::load(
        &delivered.bytes,
        parquet::arrow::arrow_reader::ArrowReaderOptions::default(),
    )
    .map_err(|_| broken())?;
    let pairs: Vec<KeyValue> = metadata
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .cloned()
        .unwrap_or_default();
    let geo = pairs
        .into_iter()
        .find(|pair| pair.key == "geo")
        .and_then(|pair| pair.value)
        .ok_or_else(broken)?;
    let geo: Value = serde_json::from_str(&geo).map_err(|_| broken())?;
    let described = geo
        .get("columns")
        .and_then(|columns| columns.get(column))
        .ok_or_else(broken)?;
    if described.get("encoding").and_then(Value::as_str) != Some("WKB") {
        return Err(broken());
    }
    // by the format's rule a missing system is longitude and latitude of WGS 84
    Ok(described.get("crs").cloned().unwrap_or_else(|| json!("OGC:CRS84")))
}

fn from_geojson(contract: &Contract, delivered: &Delivered, geometry: &str) -> Result<(RecordBatch, Value)> {
    let broken = |why: String| {
        Error::invalid(3122, format!("`{}` is no GeoJSON: {why}", delivered.name))
            .hint("fetch it again, or check the `kind` of the source")
    };
    let text = std::str::from_utf8(&delivered.bytes).map_err(|error| broken(error.to_string()))?;
    let parsed: GeoJson = text
        .parse()
        .map_err(|_| broken("it cannot be parsed; it looks half-written".to_owned()))?;
    let collection =
        FeatureCollection::try_from(parsed).map_err(|_| broken("it is no FeatureCollection".to_owned()))?;
    let crs = collection
        .foreign_members
        .as_ref()
        .and_then(|members| members.get("crs"))
        .and_then(|crs| crs.pointer("/properties/name"))
        .cloned()
        .unwrap_or_else(|| json!("OGC:CRS84"));
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for column in &contract.columns {
        let name = column.delivered_as();
        if name == geometry {
            let mut builder = BinaryBuilder::new();
            for feature in &collection.features {
                match feature.geometry.as_ref().and_then(to_wkb) {
                    Some(bytes) => builder.append_value(bytes),
                    None => builder.append_null(),
                }
            }
            fields.push(Field::new(name, DataType::Binary, true));
            arrays.push(Arc::new(builder.finish()));
            continue;
        }
        let known = collection
            .features
            .iter()
            .any(|feature| feature.properties.as_ref().is_some_and(|p| p.contains_key(name)));
        if !known {
            continue;
        }
        let texts: StringArray = collection
            .features
            .iter()
            .map(|feature| property(feature.properties.as_ref()?.get(name)?))
            .collect();
        let texts: ArrayRef = match column.logical_type {
            LogicalType::Integer => Arc::new(
                texts
                    .iter()
                    .map(|text| text.and_then(number::integer))
                    .collect::<Int64Array>(),
            ),
            _ => Arc::new(texts),
        };
        fields.push(Field::new(name, texts.data_type().clone(), true));
        arrays.push(texts);
    }
    Ok((RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?, crs))
}

fn property(value: &JsonValue) -> Option<String> {
    match value {
        JsonValue::Null => None,
        JsonValue::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn to_wkb(geometry: &geojson::Geometry) -> Option<Vec<u8>> {
    let shape = geo::Geometry::<f64>::try_from(geometry.value.clone()).ok()?;
    let mut bytes = Vec::new();
    wkb::writer::write_geometry(&mut bytes, &shape, &wkb::writer::WriteOptions::default()).ok()?;
    Some(bytes)
}
