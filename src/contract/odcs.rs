//! The file format of contracts: Open Data Contract Standard 3.1, the parts that samsyn reads; the rest is checked to be of the standard.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Column, Contract, LogicalType, Marker, yaml::parse_yaml};
use crate::{
    error::{Error, Location, Result, did_you_mean},
    model::{Sensitivity, conf_status, obs_status},
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "keys of the standard that samsyn passes over are still checked by name"
)]
struct File {
    api_version: String,
    kind: String,
    id: String,
    #[serde(default)]
    name: Option<String>,
    version: String,
    status: String,
    #[serde(default)]
    domain: Option<String>,
    #[serde(default)]
    tenant: Option<String>,
    #[serde(default)]
    data_product: Option<String>,
    #[serde(default)]
    description: Option<Description>,
    schema: Vec<Object>,
    #[serde(default)]
    custom_properties: Vec<Custom>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    authoritative_definitions: Vec<Value>,
    #[serde(default)]
    support: Vec<Value>,
    #[serde(default)]
    price: Option<Value>,
    #[serde(default)]
    team: Option<Value>,
    #[serde(default)]
    roles: Vec<Value>,
    #[serde(default)]
    servers: Vec<Value>,
    #[serde(default)]
    sla_default_element: Option<String>,
    #[serde(default)]
    sla_properties: Vec<Value>,
    #[serde(default)]
    contract_created_ts: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "keys of the standard that samsyn passes over are still checked by name"
)]
struct Description {
    #[serde(default)]
    purpose: Option<String>,
    #[serde(default)]
    usage: Option<String>,
    #[serde(default)]
    limitations: Option<String>,
    #[serde(default)]
    authoritative_definitions: Vec<Value>,
    #[serde(default)]
    custom_properties: Vec<Custom>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Custom {
    property: String,
    value: Value,
    #[serde(default)]
    #[expect(dead_code, reason = "documentation of the property")]
    description: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "keys of the standard that samsyn passes over are still checked by name"
)]
struct Object {
    #[serde(default)]
    id: Option<String>,
    name: String,
    #[serde(default)]
    physical_name: Option<String>,
    #[serde(default)]
    physical_type: Option<String>,
    #[serde(default)]
    logical_type: Option<String>,
    #[serde(default)]
    business_name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    data_granularity_description: Option<String>,
    properties: Vec<Property>,
    #[serde(default)]
    quality: Vec<Value>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    custom_properties: Vec<Custom>,
    #[serde(default)]
    authoritative_definitions: Vec<Value>,
    #[serde(default)]
    relationships: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "keys of the standard that samsyn passes over are still checked by name"
)]
struct Property {
    #[serde(default)]
    id: Option<String>,
    name: String,
    #[serde(default)]
    physical_name: Option<String>,
    #[serde(default)]
    physical_type: Option<String>,
    logical_type: LogicalType,
    #[serde(default)]
    logical_type_options: Options,
    #[serde(default)]
    business_name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    unique: bool,
    #[serde(default)]
    primary_key: bool,
    #[serde(default)]
    primary_key_position: Option<u32>,
    #[serde(default)]
    partitioned: bool,
    #[serde(default)]
    critical_data_element: bool,
    #[serde(default)]
    classification: Option<Sensitivity>,
    #[serde(default)]
    encrypted_name: Option<String>,
    #[serde(default)]
    transform_source_objects: Vec<String>,
    #[serde(default)]
    transform_logic: Option<String>,
    #[serde(default)]
    transform_description: Option<String>,
    #[serde(default)]
    examples: Vec<Value>,
    #[serde(default)]
    quality: Vec<Quality>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    custom_properties: Vec<Custom>,
    #[serde(default)]
    authoritative_definitions: Vec<Value>,
    #[serde(default)]
    relationships: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "keys of the standard that samsyn passes over are still checked by name"
)]
struct Options {
    #[serde(default)]
    minimum: Option<f64>,
    #[serde(default)]
    maximum: Option<f64>,
    #[serde(default)]
    pattern: Option<String>,
    #[serde(default)]
    min_length: Option<u32>,
    #[serde(default)]
    max_length: Option<u32>,
    #[serde(default)]
    format: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "keys of the standard that samsyn passes over are still checked by name"
)]
struct Quality {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    metric: Option<String>,
    #[serde(default)]
    rule: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    arguments: Option<Arguments>,
    #[serde(default)]
    must_be: Option<f64>,
    #[serde(default)]
    severity: Option<String>,
    #[serde(default)]
    dimension: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Arguments {
    valid_values: Vec<Value>,
}

impl Contract {
    /// Reads the contract in `text`, the content of `file`.
    ///
    /// # Errors
    /// SAMSYN-2010 for what is not the standard, 2011 for a property that samsyn cannot use.
    pub fn parse(text: &str, file: &str) -> Result<Self> {
        let parsed: File = parse_yaml(text, file)?;
        let place = |word: &str| find(text, file, word);
        if !parsed.api_version.starts_with("v3.") || parsed.kind != "DataContract" {
            return Err(
                Error::invalid(2011, "this is no data contract of the Open Data Contract Standard 3")
                    .hint("start the file with `apiVersion: v3.1.0` and `kind: DataContract`")
                    .at(place("apiVersion")),
            );
        }
        let [object] = <[Object; 1]>::try_from(parsed.schema).map_err(|all| {
            Error::invalid(2011, format!("a contract describes one table, this has {}", all.len()))
                .hint("write one file for each")
                .at(place("schema"))
        })?;
        let mut all = properties(
            parsed.custom_properties,
            &["classification", "licence", "attribution", "missingMarkers"],
            text,
            file,
        )?;
        let classification = match all.remove("classification") {
            None => Sensitivity::Protected,
            Some(value) => serde_json::from_value(value).map_err(|_| {
                Error::invalid(2011, "`classification` must be public, internal or protected")
                    .at(place("classification"))
            })?,
        };
        let markers = markers(all.remove("missingMarkers"), text, file)?;
        let mut columns = Vec::new();
        for property in object.properties {
            columns.push(column(property, classification, &markers, text, file)?);
        }
        let text_of = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
        Ok(Self {
            name: parsed.name.unwrap_or_else(|| parsed.id.clone()),
            id: parsed.id,
            version: parsed.version,
            description: parsed.description.and_then(|d| d.purpose).or(object.description),
            classification,
            licence: text_of(all.remove("licence")),
            attribution: text_of(all.remove("attribution")),
            columns,
            text: text.into(),
        })
    }
}

fn column(
    property: Property,
    classification: Sensitivity,
    shared: &BTreeMap<String, Marker>,
    text: &str,
    file: &str,
) -> Result<Column> {
    let mut own = properties(
        property.custom_properties,
        &["header", "unit", "missingMarkers"],
        text,
        file,
    )?;
    let pattern = match &property.logical_type_options.pattern {
        None => None,
        Some(pattern) => Some(regex::Regex::new(&format!("^(?:{pattern})$")).map_err(|error| {
            Error::invalid(
                2011,
                format!("the pattern of `{}` is no regular expression", property.name),
            )
            .with_source(error)
            .at(find(text, file, pattern))
        })?),
    };
    let mut markers_here = markers(own.remove("missingMarkers"), text, file)?;
    // text has no missing markers of the file as a whole: a dash may be a word
    let numeric = matches!(property.logical_type, LogicalType::Integer | LogicalType::Number);
    if property.logical_type != LogicalType::String
        && property.logical_type != LogicalType::Object
        && !(property.primary_key)
    {
        // and a dash that is zero in a number says nothing in a date
        for (marker, meaning) in shared.iter().filter(|(_, meaning)| numeric || meaning.value.is_none()) {
            markers_here.entry(marker.clone()).or_insert_with(|| meaning.clone());
        }
    }
    for (marker, meaning) in &markers_here {
        let fits = match (meaning.value, property.logical_type) {
            (Some(value), LogicalType::Integer) => value.fract() == 0.0 && value.abs() < 9e15,
            (Some(value), LogicalType::Number) => value.is_finite(),
            (Some(_), _) => false,
            (None, _) => true,
        };
        if !fits {
            return Err(Error::invalid(
                2011,
                format!(
                    "the value of the marker `{marker}` is not of the type of `{}`",
                    property.name
                ),
            )
            .hint("leave `value` out, or give the column its own `missingMarkers`")
            .at(find(text, file, &property.name)));
        }
    }
    let codes = property
        .quality
        .into_iter()
        .find_map(|rule| rule.arguments)
        .map(|arguments| {
            let code = |value: Value| match value {
                Value::String(code) => Ok(code),
                // YAML reads 0114 as 114
                _ if property.logical_type == LogicalType::String => Err(Error::invalid(
                    2011,
                    format!("the code list of `{}` has a code that is no text", property.name),
                )
                .hint("write codes in quotation marks; they lose their leading zeros otherwise")
                .at(find(text, file, "validValues"))),
                other => Ok(other.to_string()),
            };
            arguments
                .valid_values
                .into_iter()
                .map(code)
                .collect::<Result<Vec<String>>>()
        })
        .transpose()?;
    Ok(Column {
        header: own.remove("header").and_then(|value| value.as_str().map(str::to_owned)),
        unit: own.remove("unit").and_then(|value| value.as_str().map(str::to_owned)),
        required: property.required || property.primary_key,
        unique: property.unique,
        primary_key: property.primary_key.then(|| property.primary_key_position.unwrap_or(1)),
        description: property.description,
        sensitivity: property.classification.unwrap_or(classification),
        minimum: property.logical_type_options.minimum,
        maximum: property.logical_type_options.maximum,
        logical_type: property.logical_type,
        name: property.name,
        pattern,
        codes,
        markers: markers_here,
    })
}

fn properties(list: Vec<Custom>, known: &[&str], text: &str, file: &str) -> Result<BTreeMap<String, Value>> {
    let mut map = BTreeMap::new();
    for Custom { property, value, .. } in list {
        if !known.contains(&property.as_str()) {
            let error = Error::invalid(2011, format!("samsyn does not know the custom property `{property}`"))
                .at(find(text, file, &property));
            return Err(match did_you_mean(&property, known.iter().copied()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!("it knows {} here", known.join(", "))),
            });
        }
        map.insert(property, value);
    }
    Ok(map)
}

fn markers(value: Option<Value>, text: &str, file: &str) -> Result<BTreeMap<String, Marker>> {
    let Some(value) = value else { return Ok(BTreeMap::new()) };
    let wrong = |why: String| {
        Error::invalid(2011, format!("`missingMarkers` cannot be read: {why}"))
            .hint("write each marker as \"..\": {obs_status: Q, conf_status: C}, with `value: 0` when it stands for a number")
            .at(find(text, file, "missingMarkers"))
    };
    let markers: BTreeMap<String, Marker> = serde_json::from_value(value).map_err(|error| wrong(error.to_string()))?;
    for meaning in markers.values() {
        if !obs_status::ALL.contains(&meaning.obs_status.as_str())
            || !conf_status::ALL.contains(&meaning.conf_status.as_str())
        {
            return Err(wrong("a status is not of the SDMX code lists".into()));
        }
        if meaning.value.is_none()
            && meaning.obs_status == obs_status::NORMAL
            && meaning.conf_status == conf_status::FREE
        {
            return Err(wrong("a marker without value needs a status that says why".into()));
        }
    }
    Ok(markers)
}

/// The first place where `word` stands in `text`.
fn find(text: &str, file: &str, word: &str) -> Location {
    for (number, line) in text.lines().enumerate() {
        if let Some(at) = line.find(word) {
            return Location {
                file: file.to_owned(),
                line: number as u64 + 1,
                column: line[..at].chars().count() as u64 + 1,
            };
        }
    }
    Location {
        file: file.to_owned(),
        line: 1,
        column: 1,
    }
}
