//! What the server can do, as drivers ask for it (SqlInfo).
//!
//! Each value lies in the child of the union that the drivers read it from, which is not always what the protocol's
//! text says; a value in another child, or none, makes some driver fail. What can go wrong: ODBC tests the lower levels of a bit
//! mask first, so only the highest level is set.

use std::{collections::BTreeMap, sync::OnceLock};

use arrow::{
    compute::can_cast_types,
    datatypes::{DataType, IntervalUnit, TimeUnit},
};
use arrow_flight::sql::{
    SqlSupportsConvert as C,
    metadata::{SqlInfoData, SqlInfoDataBuilder},
};
use datafusion::{
    execution::SessionStateDefaults, logical_expr::Documentation, sql::sqlparser::keywords::ALL_KEYWORDS,
};

use super::metadata::flight;
use crate::{engine::Session, error::Result};

/// All values, made with the functions of the first session that asks; every session has the same.
pub(crate) fn values(session: &Session) -> Result<&'static SqlInfoData> {
    static VALUES: OnceLock<SqlInfoData> = OnceLock::new();
    if let Some(values) = VALUES.get() {
        return Ok(values);
    }
    let values = build(session.function_names())?;
    Ok(VALUES.get_or_init(|| values))
}

fn build(registered: Vec<String>) -> Result<SqlInfoData> {
    let mut info = SqlInfoDataBuilder::new();
    // names and versions
    info.append(0, "samsyn");
    info.append(1, env!("CARGO_PKG_VERSION"));
    info.append(2, "1.5");
    for (code, value) in [(3, true), (4, true), (5, false), (9, true), (10, false), (11, false)] {
        info.append(code, value);
    }
    info.append(6, "");
    info.append(7, "");
    for code in [8, 100, 101] {
        info.append(code, 0_i32);
    }
    // what SQL can do
    for code in [
        500, 501, 502, 519, 527, 536, 537, 556, 563, 565, 566, 572, 573, 574, 575, 576,
    ] {
        info.append(code, false);
    }
    for code in [506, 515, 516, 518, 520, 521, 523, 524, 532, 539] {
        info.append(code, true);
    }
    info.append(503, 3_i32); // names without quotes become lowercase
    info.append(504, "\"");
    info.append(505, 0_i32); // names in quotes keep their case; drivers read that from «unknown»
    info.append(507, 0_i32); // NULL sorts high
    info.append(508, ALL_KEYWORDS);
    for (code, words) in (509..).zip(functions(registered)) {
        info.append(code, words);
    }
    info.append(513, "\\");
    info.append(514, "");
    info.append(517, conversions());
    info.append(522, 3_i32); // GROUP BY of anything
    info.append(525, 4_i32); // extended grammar
    info.append(526, 4_i32); // full SQL-92
    info.append(528, 6_i32); // all outer joins
    info.append(529, "schema");
    info.append(530, "");
    info.append(531, "catalog");
    for code in [533, 534, 535, 564, 570, 571] {
        info.append(code, 0_i32);
    }
    info.append(538, 15_i32); // subqueries everywhere
    info.append(540, 3_i32); // UNION and UNION ALL
    for code in (541..=561).filter(|code| *code != 556) {
        info.append(code, 0_i64); // no limit
    }
    info.append(562, 0_i64); // no transactions; drivers read a 64-bit number here
    for code in [567, 568, 569] {
        info.append(code, 2_i32); // forward only, read only
    }
    flight(info.build())
}

/// Names of the registered functions: numeric, text, system, date and time. DataFusion's own by the section of their
/// documentation; the others compute figures.
fn functions(registered: Vec<String>) -> [Vec<String>; 4] {
    let mut sections: BTreeMap<String, usize> = BTreeMap::new();
    let mut add = |name: &str, aliases: &[String], documentation: Option<&Documentation>, otherwise: usize| {
        let section = documentation.map_or("", |documentation| documentation.doc_section.label);
        let list = match section {
            "Math Functions" | "General Functions" | "Statistical Functions" | "Approximate Functions" => 0,
            "String Functions" | "Regular Expression Functions" | "Binary String Functions" => 1,
            "Time and Date Functions" => 3,
            "" => otherwise,
            _ => 2,
        };
        for name in aliases.iter().map(String::as_str).chain([name]) {
            sections.insert(name.to_owned(), list);
        }
    };
    for function in SessionStateDefaults::default_scalar_functions() {
        add(function.name(), function.aliases(), function.documentation(), 2);
    }
    for function in SessionStateDefaults::default_aggregate_functions() {
        add(function.name(), function.aliases(), function.documentation(), 0);
    }
    for function in SessionStateDefaults::default_window_functions() {
        add(function.name(), function.aliases(), function.documentation(), 0);
    }
    let mut lists: [Vec<String>; 4] = Default::default();
    for name in registered {
        let list = sections.get(&name).copied().unwrap_or(0);
        lists[list].push(name.to_uppercase());
    }
    lists
}

/// Which types can be cast to which, by asking the engine's cast.
fn conversions() -> BTreeMap<i32, Vec<i32>> {
    let kinds = [
        (C::SqlConvertBigint, DataType::Int64),
        (C::SqlConvertBinary, DataType::Binary),
        (C::SqlConvertBit, DataType::Boolean),
        (C::SqlConvertChar, DataType::Utf8),
        (C::SqlConvertDate, DataType::Date32),
        (C::SqlConvertDecimal, DataType::Decimal128(38, 10)),
        (C::SqlConvertFloat, DataType::Float64),
        (C::SqlConvertInteger, DataType::Int32),
        (C::SqlConvertIntervalDayTime, DataType::Interval(IntervalUnit::DayTime)),
        (
            C::SqlConvertIntervalYearMonth,
            DataType::Interval(IntervalUnit::YearMonth),
        ),
        (C::SqlConvertNumeric, DataType::Decimal128(38, 10)),
        (C::SqlConvertReal, DataType::Float32),
        (C::SqlConvertSmallint, DataType::Int16),
        (C::SqlConvertTime, DataType::Time64(TimeUnit::Microsecond)),
        (C::SqlConvertTimestamp, DataType::Timestamp(TimeUnit::Microsecond, None)),
        (C::SqlConvertTinyint, DataType::Int8),
        (C::SqlConvertVarbinary, DataType::Binary),
        (C::SqlConvertVarchar, DataType::Utf8),
    ];
    kinds
        .iter()
        .map(|(from, source)| {
            let targets = kinds
                .iter()
                .filter(|(_, target)| can_cast_types(source, target))
                .map(|(to, _)| *to as i32)
                .collect();
            (*from as i32, targets)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{AsArray, UnionArray};

    #[test]
    fn values_lie_where_drivers_read_them() {
        let values = build(vec!["abs".to_owned()]).unwrap();
        let all = values.record_batch([]).unwrap();
        let codes = all.column(0).as_primitive::<arrow::datatypes::UInt32Type>();
        let value = all.column(1).as_any().downcast_ref::<UnionArray>().unwrap();
        let child = |code: u32| value.type_id(codes.values().iter().position(|c| *c == code).unwrap());
        for (code, expected) in [
            (0, 0),
            (3, 1),
            (4, 1),
            (8, 3),
            (504, 0),
            (508, 4),
            (510, 4),
            (517, 5),
            (525, 3),
            (541, 2),
            (562, 2),
        ] {
            assert_eq!(child(code), expected, "SqlInfo {code}");
        }
        assert_eq!(values.record_batch([504, 99_999]).unwrap().num_rows(), 1);
    }

    #[test]
    fn functions_are_sorted_into_their_lists() {
        let names = ["abs", "sum", "upper", "date_trunc", "seg_dissimilarity", "version"];
        let [numeric, text, system, time] = functions(names.map(str::to_owned).to_vec());
        assert_eq!(numeric, ["ABS", "SUM", "SEG_DISSIMILARITY"]);
        assert_eq!((text, time), (vec!["UPPER".to_owned()], vec!["DATE_TRUNC".to_owned()]));
        assert_eq!(system, ["VERSION"]);
    }
}
