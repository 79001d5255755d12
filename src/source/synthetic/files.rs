//! The files, each in the shape that its producer uses.
//!
//! The register extract is written row by row as the persons are generated (one buffer per year and chunk of lineages);
//! the public tables are counted at the same time. Text in ISO-8859-1 is encoded by hand, one byte a character.

use std::{fmt::Write as _, sync::Arc};

use arrow::{
    array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema},
};
use bytes::Bytes;
use parquet::{arrow::ArrowWriter, file::metadata::KeyValue, file::properties::WriterProperties};

use super::{
    Delivery,
    people::{BirthRegion, PersonYear},
    spec::Spec,
    world::{Deso, KOMMUNER, World},
};
use crate::error::{Error, Result};

/// The header of the register extract.
const PERSON_COLUMNS: &str = "LöpNr_Person;LöpNr_Hushåll;FNR;År;Kön;Ålder;Födelseregion;Utbildningsnivå;Sysselsatt;DagarArbetslös;MånaderBistånd;DispInk_KE_tkr;Upplåtelseform;PostNyckel";

/// Counts of a kommun, year and sex for the indicator file.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    persons: u64,
    born_abroad: u64,
    in_age: u64,
    employed: u64,
}

/// What one chunk of lineages becomes; parts are joined in the order of the chunks.
#[derive(Debug)]
pub(super) struct Part {
    first: i32,
    /// Register rows, one buffer a year.
    text: Vec<Vec<u8>>,
    /// Persons by year, RegSO and birth region.
    regso: Vec<u64>,
    /// By year, kommun and sex (woman, man).
    kommun: Vec<Tally>,
}

impl Part {
    pub(super) fn new(spec: &Spec, world: &World) -> Self {
        let years = spec.year_count();
        Self {
            first: *spec.years.start(),
            text: vec![Vec::new(); years],
            regso: vec![0; years * world.regso.len() * 4],
            kommun: vec![Tally::default(); years * KOMMUNER.len() * 2],
        }
    }

    pub(super) fn add(&mut self, world: &World, row: &PersonYear) {
        let Some(year) = usize::try_from(row.year - self.first)
            .ok()
            .filter(|year| *year < self.text.len())
        else {
            return;
        };
        let Some(property) = world.properties.get(row.property) else {
            return;
        };
        let regso = world.regso_of(row.property);
        self.regso[(year * world.regso.len() + regso) * 4 + row.birth as usize] += 1;
        let tally =
            &mut self.kommun[(year * KOMMUNER.len() + world.kommun_of(row.property)) * 2 + usize::from(!row.female)];
        tally.persons += 1;
        tally.born_abroad += u64::from(row.birth != BirthRegion::Sverige);
        if (20..65).contains(&row.age) {
            tally.in_age += 1;
            tally.employed += u64::from(row.employed == Some(true));
        }
        let out = &mut self.text[year];
        hex(out, row.person);
        out.push(b';');
        hex(out, row.household);
        out.push(b';');
        out.extend_from_slice(property.fnr.as_bytes());
        out.push(b';');
        number(out, u64::from(row.year.unsigned_abs()));
        out.extend_from_slice(if row.female { b";K;" } else { b";M;" });
        number(out, u64::from(row.age));
        out.push(b';');
        latin1(out, row.birth.label());
        out.push(b';');
        latin1(out, row.education.label());
        out.push(b';');
        optional(out, row.employed.map(u64::from), b".");
        out.push(b';');
        optional(out, row.unemployed_days.map(u64::from), b".");
        out.push(b';');
        optional(out, row.assistance_months.map(u64::from), b".");
        out.push(b';');
        match row.income {
            Some(income) => {
                number(out, u64::from(income / 10));
                out.push(b',');
                number(out, u64::from(income % 10));
            }
            None => out.extend_from_slice(b".."),
        }
        out.push(b';');
        latin1(out, property.tenure.label());
        out.push(b';');
        number(out, u64::from(row.record_key));
        out.extend_from_slice(b"\r\n");
    }
}

fn hex(out: &mut Vec<u8>, value: u64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in value.to_be_bytes() {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

fn number(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

fn optional(out: &mut Vec<u8>, value: Option<u64>, marker: &[u8]) {
    match value {
        Some(value) => number(out, value),
        None => out.extend_from_slice(marker),
    }
}

/// Appends `text` in ISO-8859-1; `?` for what it lacks.
fn latin1(out: &mut Vec<u8>, text: &str) {
    out.extend(text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')));
}

/// All files, in a fixed order.
pub(super) fn all(spec: &Spec, world: &World, parts: Vec<Part>) -> Result<Vec<Delivery>> {
    let delivery = |name: &str, dataset: &str, bytes: Vec<u8>| Delivery {
        name: name.to_owned(),
        dataset: dataset.to_owned(),
        bytes: Bytes::from(bytes),
    };
    let mut files = vec![
        delivery(
            "fiktiv_nyckel_deso2018.csv",
            "fiktiv_nyckel_deso2018",
            area_key(world, &world.deso2018, "2018", "2020"),
        ),
        delivery(
            "fiktiv_nyckel_deso2025.csv",
            "fiktiv_nyckel_deso2025",
            area_key(world, &world.deso2025, "2025", "2025"),
        ),
        delivery(
            "fiktiv_deso_forandringar.csv",
            "fiktiv_deso_forandringar",
            changes(world),
        ),
        delivery("fiktiv_nyko.csv", "fiktiv_nyko", nyko(world)),
        delivery("fiktiv_fastigheter.geojson", "fiktiv_fastigheter", properties(world)),
        delivery(
            "fiktiv_folkmangd_regso.csv",
            "fiktiv_folkmangd_regso",
            population(spec, world, &parts),
        ),
        delivery("fiktiv_kolada.parquet", "fiktiv_kolada", indicators(spec, &parts)?),
    ];
    let mut years = vec![Vec::new(); spec.year_count()];
    for (year, text) in spec.years.clone().zip(&mut years) {
        text.reserve(
            parts
                .iter()
                .map(|part| part.text[index(spec, year)].len())
                .sum::<usize>()
                + 1024,
        );
        latin1(
            text,
            &format!(
                "FIKTIVT REGISTERUTDRAG - inga verkliga personer\r\n\r\nBefolkning i Fiktiva län den 31 december {year}\r\n\
                 Leverans: påhittad, frö {}\r\n\r\n{PERSON_COLUMNS}\r\n",
                spec.seed
            ),
        );
    }
    for part in parts {
        for (text, rows) in years.iter_mut().zip(part.text) {
            text.extend_from_slice(&rows);
        }
    }
    for (year, mut text) in spec.years.clone().zip(years) {
        latin1(
            &mut text,
            "\r\nFotnot: . = ej tillämpligt, .. = uppgift saknas\r\n\
             Fotnot: DispInk_KE_tkr är hushållets disponibla inkomst per konsumtionsenhet i tusental kronor\r\n\
             Källa: fiktiv (samsyn, syntetiska data)\r\n",
        );
        files.push(delivery(
            &format!("fiktiv_personer_{year}.csv"),
            "fiktiv_personer",
            text,
        ));
    }
    Ok(files)
}

fn index(spec: &Spec, year: i32) -> usize {
    usize::try_from(year - spec.years.start()).unwrap_or(0)
}

/// As SCB's key: UTF-8 with BOM, comma, CRLF, every cell quoted.
fn area_key(world: &World, areas: &[Deso], deso: &str, regso: &str) -> Vec<u8> {
    let mut text =
        format!("\u{feff}\"Kommun\",\"Kommunnamn\",\"DeSO_{deso}\",\"RegSO_{regso}\",\"RegSOkod_{regso}\"\r\n");
    for area in areas {
        let parent = &world.regso[area.regso];
        let (code, name, _) = KOMMUNER[parent.kommun];
        line(
            &mut text,
            &format!(
                "\"{code}\",\"{name}\",\"{}\",\"{}\",\"{}\"",
                area.code, parent.name, parent.code
            ),
        );
    }
    text.into_bytes()
}

fn changes(world: &World) -> Vec<u8> {
    let mut text = "deso_fran,deso_till,forandringstyp,datum\r\n".to_owned();
    for change in &world.changes {
        line(
            &mut text,
            &format!("{},{},{},2025-01-01", change.from, change.to, change.kind),
        );
    }
    text.into_bytes()
}

/// The municipality's own list: NYKO and the district («stadsdelsområde») that sums them.
fn nyko(world: &World) -> Vec<u8> {
    let mut text = "FIKTIV nyckelkodslista\r\n\r\nKommunkod;NYKO;Nykonamn;Stadsdelsområde\r\n".to_owned();
    for (code, kommun) in &world.nyko {
        let (kommun, name, _) = KOMMUNER[*kommun];
        let district = &code[..3];
        line(
            &mut text,
            &format!("{kommun};{code};Kvarter {code};{name} område {district}"),
        );
    }
    text.push_str("\r\nKälla: fiktiv (samsyn, syntetiska data)\r\n");
    let mut bytes = Vec::with_capacity(text.len());
    latin1(&mut bytes, &text);
    bytes
}

fn line(text: &mut String, content: &str) {
    text.push_str(content);
    text.push_str("\r\n");
}

/// GeoJSON with the `crs` member that municipalities' exports carry; coordinates in metres, EPSG:3006.
fn properties(world: &World) -> Vec<u8> {
    let mut text = String::with_capacity(world.properties.len() * 420 + 400);
    text.push_str(
        "{\n\"type\": \"FeatureCollection\",\n\"name\": \"fiktiv_fastigheter\",\n\
         \"description\": \"FIKTIV: påhittade fastigheter i öppet hav. Källa: fiktiv (samsyn, syntetiska data)\",\n\
         \"crs\": { \"type\": \"name\", \"properties\": { \"name\": \"urn:ogc:def:crs:EPSG::3006\" } },\n\"features\": [\n",
    );
    for (number, property) in world.properties.iter().enumerate() {
        let (e, n) = (property.east, property.north);
        let (right, top) = (e + 100, n + 100);
        let (kommun, _, _) = KOMMUNER[world.kommun_of(number)];
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{{ \"type\": \"Feature\", \"properties\": {{ \"fnr\": \"{}\", \"beteckning\": \"{}\", \"kommun\": \"{kommun}\", \
             \"nyko\": \"{}\", \"deso2018\": \"{}\", \"deso2025\": \"{}\", \"upplatelseform\": \"{}\", \
             \"version\": \"FIKTIV_2025_v1\" }}, \"geometry\": {{ \"type\": \"Polygon\", \"coordinates\": \
             [ [ [ {e}, {n} ], [ {right}, {n} ], [ {right}, {top} ], [ {e}, {top} ], [ {e}, {n} ] ] ] }} }}",
            property.fnr,
            property.name,
            world.nyko[property.nyko].0,
            world.deso2018[property.deso2018].code,
            world.deso2025[property.deso2025].code,
            property.tenure.label(),
        );
        text.push_str(if number + 1 == world.properties.len() {
            "\n"
        } else {
            ",\n"
        });
    }
    text.push_str("]\n}\n");
    text.into_bytes()
}

/// As SCB's statistical database exports: the area as «Kommun (RegSO)», a column a year, footnotes behind the data.
/// One label of the main municipality has a stray blank before the bracket, as real files have.
fn population(spec: &Spec, world: &World, parts: &[Part]) -> Vec<u8> {
    let mut text = "\u{feff}\"region\",\"födelseregion\",\"kön\"".to_owned();
    for year in spec.years.clone() {
        let _ = write!(text, ",\"Antal {year}\"");
    }
    text.push_str("\r\n");
    for (number, regso) in world.regso.iter().enumerate() {
        let stray = if number == 3 { " " } else { "" };
        let label = format!("{} ({}{stray})", KOMMUNER[regso.kommun].1, regso.name);
        let mut cells = vec![Vec::new(); 5];
        for year in 0..spec.year_count() {
            let at = (year * world.regso.len() + number) * 4;
            let mut counts = [0_u64; 4];
            for part in parts {
                for (sum, count) in counts.iter_mut().zip(&part.regso[at..at + 4]) {
                    *sum += count;
                }
            }
            let hidden = hide(counts);
            for (birth, count) in counts.iter().enumerate() {
                cells[birth].push(match *count {
                    _ if hidden[birth] => "..".to_owned(),
                    0 => "-".to_owned(),
                    count => count.to_string(),
                });
            }
            cells[4].push(counts.iter().sum::<u64>().to_string());
        }
        let labels = BirthRegion::ALL.iter().map(|birth| birth.label()).chain(["totalt"]);
        for (birth, values) in labels.zip(&cells) {
            let values: Vec<String> = values
                .iter()
                .map(|v| {
                    if v.contains(['.', '-']) {
                        format!("\"{v}\"")
                    } else {
                        v.clone()
                    }
                })
                .collect();
            line(
                &mut text,
                &format!("\"{label}\",\"{birth}\",\"totalt\",{}", values.join(",")),
            );
        }
    }
    text.push_str(
        "\r\n\"FIKTIV: alla uppgifter är påhittade och visar ingen verklig befolkning.\"\r\n\
         \"Fotnot:\"\r\n\".. = uppgiften är dold av sekretesskäl\"\r\n\"- = inget finns att redovisa\"\r\n\
         \"Källa: fiktiv (samsyn, syntetiska data)\"\r\n",
    );
    text.into_bytes()
}

/// Hides counts 1–4, and the next smallest until at least two are hidden whose sum is at least 10, so that the total
/// beside them gives none away.
fn hide(counts: [u64; 4]) -> [bool; 4] {
    let mut hidden = counts.map(|count| (1..5).contains(&count));
    if !hidden.contains(&true) {
        return hidden;
    }
    let mut order: Vec<usize> = (0..4).filter(|at| counts[*at] > 0 && !hidden[*at]).collect();
    order.sort_by_key(|at| counts[*at]);
    for at in order {
        let (mut cells, mut sum) = (0, 0);
        for (count, _) in counts.iter().zip(hidden).filter(|(_, hidden)| *hidden) {
            cells += 1;
            sum += count;
        }
        if cells >= 2 && sum >= 10 {
            break;
        }
        hidden[at] = true;
    }
    hidden
}

/// As Kolada's open data: one row per indicator, municipality, year and gender; `value` is NULL when `status` is set.
fn indicators(spec: &Spec, parts: &[Part]) -> Result<Vec<u8>> {
    let (mut kpi, mut municipality, mut gender, mut status) = (vec![], vec![], vec![], vec![]);
    let (mut period, mut count, mut value) = (vec![], vec![], vec![]);
    for name in ["FIK001", "FIK002"] {
        for (number, (code, _, _)) in KOMMUNER.iter().enumerate() {
            for year in spec.years.clone() {
                let at = (index(spec, year) * KOMMUNER.len() + number) * 2;
                for (label, sexes) in [("T", 0..2), ("K", 0..1), ("M", 1..2)] {
                    let mut tally = Tally::default();
                    for part in parts {
                        for more in &part.kommun[at + sexes.start..at + sexes.end] {
                            tally.persons += more.persons;
                            tally.born_abroad += more.born_abroad;
                            tally.in_age += more.in_age;
                            tally.employed += more.employed;
                        }
                    }
                    // Employment comes a year later than population, as in reality.
                    let late = name == "FIK002" && year == *spec.years.end();
                    let (part_of, whole) = if name == "FIK001" {
                        (tally.born_abroad, tally.persons)
                    } else {
                        (tally.employed, tally.in_age)
                    };
                    kpi.push(name);
                    municipality.push(*code);
                    period.push(year);
                    gender.push(label);
                    count.push((!late).then(|| i64::try_from(whole).unwrap_or(i64::MAX)));
                    status.push(if late || whole == 0 { "Missing" } else { "" });
                    value.push((!late && whole > 0).then(|| ((part_of * 1000 + whole / 2) / whole) as f64 / 10.0));
                }
            }
        }
    }
    let schema = Arc::new(Schema::new(vec![
        Field::new("kpi", DataType::Utf8, false),
        Field::new("municipality", DataType::Utf8, false),
        Field::new("period", DataType::Int32, false),
        Field::new("gender", DataType::Utf8, false),
        Field::new("count", DataType::Int64, true),
        Field::new("status", DataType::Utf8, false),
        Field::new("value", DataType::Float64, true),
    ]));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(kpi)),
        Arc::new(StringArray::from(municipality)),
        Arc::new(Int32Array::from(period)),
        Arc::new(StringArray::from(gender)),
        Arc::new(Int64Array::from(count)),
        Arc::new(StringArray::from(status)),
        Arc::new(Float64Array::from(value)),
    ];
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;
    let note = "FIKTIV: FIK001 andel utrikes födda, FIK002 andel sysselsatta 20-64 år, procent. Källa: fiktiv (samsyn)";
    let settings = WriterProperties::builder()
        .set_key_value_metadata(Some(vec![KeyValue::new("note".to_owned(), note.to_owned())]))
        .build();
    let wrong = |error| Error::bug(9802, "the indicator file could not be written").with_source(error);
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, Some(settings)).map_err(wrong)?;
    writer.write(&batch).map_err(wrong)?;
    writer.close().map_err(wrong)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hiding_leaves_no_single_hidden_cell() {
        assert_eq!(hide([500, 30, 20, 10]), [false; 4]);
        assert_eq!(hide([500, 30, 3, 100]), [false, true, true, false]);
        assert_eq!(hide([500, 1, 2, 100]), [false, true, true, true]);
        assert_eq!(hide([500, 0, 0, 3]), [true, false, false, true]);
        assert_eq!(hide([500, 0, 9, 8]), [false; 4]);
    }

    #[test]
    fn numbers_and_letters_are_written_as_expected() {
        let mut out = Vec::new();
        hex(&mut out, 0x0a1b);
        number(&mut out, 0);
        number(&mut out, 4_294_967_295);
        latin1(&mut out, "å€");
        assert_eq!(out, b"0000000000000a1b04294967295\xe5?");
    }
}
