//! What published files tell besides their rows: statistics, dictionaries, metadata, names, the order of rows.

use std::collections::BTreeSet;

use arrow::{
    array::{AsArray, RecordBatch},
    datatypes::Int64Type,
};
use parquet::{
    column::page::Page,
    file::{
        reader::{FileReader as _, SerializedFileReader},
        serialized_reader::ReadOptionsBuilder,
        statistics::Statistics,
    },
};

use crate::{
    error::{Error, Result},
    lake::AsWritten,
    protect::{
        CountTable,
        evidence::{Finding, PublishedTable, Wrong},
    },
};

/// What a Parquet file of the lake has besides rows.
const KEYS: [&str; 1] = ["ARROW:schema"];

/// Looks for what the files of a count table tell and its rows do not.
pub(super) fn attack(definition: &CountTable, written: &AsWritten) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    let mut tell = |path: &str, what: &str| {
        found.push(Finding::of_cell(Wrong::File, &definition.table, vec![path.to_owned()]).detail(what));
    };
    let shown = figures(&written.batches, &definition.measure);
    for (path, bytes) in &written.files {
        let broken = |error: parquet::errors::ParquetError| {
            Error::invalid(5083, format!("the file `{path}` of a published table cannot be read")).with_source(error)
        };
        let options = ReadOptionsBuilder::new().with_page_index().build();
        let reader = SerializedFileReader::new_with_options(bytes.clone(), options).map_err(broken)?;
        let metadata = reader.metadata();
        let schema = metadata.file_metadata().schema_descr();
        for pair in metadata.file_metadata().key_value_metadata().into_iter().flatten() {
            if !KEYS.contains(&pair.key.as_str()) {
                tell(path, "metadata that the rows do not need");
            }
        }
        let random = path
            .rsplit('/')
            .next()
            .and_then(|name| name.strip_prefix("part-"))
            .and_then(|name| name.strip_suffix(".zstd.parquet"))
            .is_some_and(|name| uuid::Uuid::parse_str(name).is_ok());
        if !random {
            tell(path, "a name that samsyn did not give");
        }
        let Some(at) = (0..schema.num_columns()).find(|at| schema.column(*at).name() == definition.measure) else {
            continue;
        };
        let mut told: BTreeSet<i64> = BTreeSet::new();
        let ends = |statistics: Option<&Statistics>, told: &mut BTreeSet<i64>| {
            if let Some(Statistics::Int64(statistics)) = statistics {
                told.extend(statistics.min_opt());
                told.extend(statistics.max_opt());
            }
        };
        for (number, group) in metadata.row_groups().iter().enumerate() {
            if group.column(at).bloom_filter_offset().is_some() {
                tell(path, "a Bloom filter of the figures");
            }
            ends(group.column(at).statistics(), &mut told);
            let group = reader.get_row_group(number).map_err(broken)?;
            let mut pages = group.get_column_page_reader(at).map_err(broken)?;
            while let Some(page) = pages.get_next_page().map_err(broken)? {
                ends(page.statistics(), &mut told);
                if let Page::DictionaryPage { buf, .. } = &page {
                    told.extend(
                        buf.chunks_exact(8)
                            .filter_map(|bytes| Some(i64::from_le_bytes(bytes.try_into().ok()?))),
                    );
                }
            }
        }
        for group in metadata.column_index().into_iter().flatten() {
            use parquet::file::page_index::column_index::ColumnIndexMetaData;
            if let Some(ColumnIndexMetaData::INT64(pages)) = group.get(at) {
                told.extend(pages.min_values_iter().flatten());
                told.extend(pages.max_values_iter().flatten());
            }
        }
        if !told.is_subset(&shown) {
            tell(
                path,
                "statistics or a dictionary with figures that its rows do not have",
            );
        }
    }
    if !in_order(definition, &written.batches)? {
        let what = "the order of rows is not that of their keys";
        found.push(Finding::of_cell(Wrong::File, &definition.table, Vec::new()).detail(what));
    }
    Ok(found)
}

fn figures(batches: &[RecordBatch], measure: &str) -> BTreeSet<i64> {
    batches
        .iter()
        .filter_map(|batch| batch.column_by_name(measure)?.as_primitive_opt::<Int64Type>())
        .flat_map(|column| column.iter().flatten())
        .collect()
}

/// Whether rows stand in the order of level and code, dimension by dimension.
fn in_order(definition: &CountTable, batches: &[RecordBatch]) -> Result<bool> {
    let table = PublishedTable::read(definition, batches, &mut Vec::new())?;
    let key = |cell: usize| -> Vec<(&str, &str)> {
        let places = table.cells[cell].key.iter().zip(&table.coordinates);
        definition
            .dimensions
            .iter()
            .zip(places)
            .map(|(dimension, (place, of))| {
                let place = &of[*place as usize];
                let level = place
                    .level
                    .map_or("total", |level| dimension.levels[level].name.as_str());
                (level, place.code.as_str())
            })
            .collect()
    };
    Ok((1..table.cells.len()).all(|cell| key(cell - 1) < key(cell)))
}
