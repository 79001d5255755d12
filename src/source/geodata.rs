//! Geodata: GeoParquet and GeoJSON; attributes as columns and the geometry as WKB with its reference system in the column's metadata.
//!
//! What can go wrong: a shape that a map library drops without a word, so every geometry is walked to its last coordinate, and a row with
//! a broken one is set aside.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, BinaryBuilder, RecordBatch, StringArray},
    datatypes::{Field, Schema, SchemaRef},
};
use parquet::{arrow::arrow_reader::ArrowReaderMetadata, file::metadata::KeyValue};
use serde_json::{Map, Value, json};

use super::{
    Delivered, Layout, Parcel, SourceKind,
    parquet::{self as columns, Broken},
    schema, wkb,
};
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
    let (raw, names, crs) = if delivered.bytes.starts_with(b"PAR1") {
        let raw = columns::batches(delivered)?;
        let names = raw.first().map(columns::names).unwrap_or_default();
        (raw, names, parquet_crs(delivered, geometry.delivered_as())?)
    } else {
        from_geojson(contract, delivered, geometry.delivered_as())?
    };
    let schema = with_crs(
        &schema(SourceKind::Geodata, &Layout::default(), contract),
        &geometry.name,
        &crs,
    );
    let mut sorted = columns::conform(contract, delivered, &raw, &names, &schema)?;
    let mut broken = BTreeMap::new();
    for batch in &sorted.batches {
        broken.extend(bad_shapes(batch, &geometry.name)?);
    }
    sorted.set_aside(&delivered.name, broken)?;
    sorted.parcel(contract, delivered, &names, schema)
}

/// The rows without a whole geometry.
fn bad_shapes(batch: &RecordBatch, name: &str) -> Result<BTreeMap<i64, Broken>> {
    let rows = columns::row_numbers(batch)?;
    let shapes = batch
        .column_by_name(name)
        .and_then(|column| column.as_binary_opt::<i32>())
        .ok_or_else(|| Error::bug(9040, "the geometry is gone"))?;
    let bad = |at: usize| {
        let wrong = if shapes.is_valid(at) {
            wkb::check(shapes.value(at)).err()?
        } else {
            "there is none, or it cannot be read"
        };
        let broken = Broken {
            column: name.to_owned(),
            rule: "geometry",
            reason: format!("the geometry: {wrong}"),
        };
        Some((rows.value(at), broken))
    };
    Ok((0..batch.num_rows()).filter_map(bad).collect())
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

/// Features as columns of text, geometries as WKB; also the names of all properties, and the reference system.
fn from_geojson(
    contract: &Contract,
    delivered: &Delivered,
    geometry: &str,
) -> Result<(Vec<RecordBatch>, Vec<String>, Value)> {
    let broken = |why: &str| {
        Error::invalid(3122, format!("`{}` is no GeoJSON: {why}", delivered.name))
            .hint("fetch it again, or check the `kind` of the source")
    };
    let bytes = delivered
        .bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(&delivered.bytes);
    let mut parsed: Map<String, Value> = serde_json::from_slice(bytes).map_err(|error| {
        let place = format!("it cannot be parsed at line {}", error.line());
        broken(&if error.is_eof() {
            format!("{place}; it looks half-written")
        } else {
            place
        })
    })?;
    let features = match parsed.get_mut("features").map(Value::take) {
        Some(Value::Array(features)) if parsed.get("type").and_then(Value::as_str) == Some("FeatureCollection") => {
            features
        }
        _ => return Err(broken("it is no FeatureCollection")),
    };
    let crs = parsed
        .get("crs")
        .and_then(|crs| crs.pointer("/properties/name"))
        .cloned()
        .unwrap_or_else(|| json!("OGC:CRS84"));
    let property = |feature: &Value, name: &str| text(feature.get("properties")?.get(name)?);
    let names: BTreeSet<String> = features
        .iter()
        .filter_map(|feature| feature.get("properties")?.as_object())
        .flat_map(|properties| properties.keys().cloned())
        .collect();
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for column in &contract.columns {
        let name = column.delivered_as();
        let array: ArrayRef = if name == geometry {
            let mut builder = BinaryBuilder::new();
            for feature in &features {
                builder.append_option(feature.get("geometry").and_then(to_wkb));
            }
            Arc::new(builder.finish())
        } else if names.contains(name) {
            Arc::new(
                features
                    .iter()
                    .map(|feature| property(feature, name))
                    .collect::<StringArray>(),
            )
        } else {
            continue;
        };
        fields.push(Field::new(name, array.data_type().clone(), true));
        arrays.push(array);
    }
    if features.is_empty() {
        return Ok((Vec::new(), Vec::new(), crs));
    }
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
    Ok((vec![batch], names.into_iter().collect(), crs))
}

/// A property as text; numbers without decimals as whole ones.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => {
            let written = number.to_string();
            Some(written.strip_suffix(".0").unwrap_or(&written).to_owned())
        }
        other => Some(other.to_string()),
    }
}

fn to_wkb(geometry: &Value) -> Option<Vec<u8>> {
    let parsed = geojson::Geometry::from_json_value(geometry.clone()).ok()?;
    let shape = geo::Geometry::<f64>::try_from(parsed.value).ok()?;
    let mut bytes = Vec::new();
    ::wkb::writer::write_geometry(&mut bytes, &shape, &::wkb::writer::WriteOptions::default()).ok()?;
    Some(bytes)
}
