//! The types that results can have, as ODBC and JDBC drivers ask for them.

use std::sync::LazyLock;

use arrow_flight::sql::{
    Nullable, Searchable, XdbcDataType, XdbcDatetimeSubcode,
    metadata::{XdbcTypeInfo, XdbcTypeInfoData, XdbcTypeInfoDataBuilder},
};

use super::metadata::flight;
use crate::error::{Error, Result};

/// Every type that `wire::type_name` can give, with what a driver wants to know of it.
pub(crate) fn types() -> Result<&'static XdbcTypeInfoData> {
    static TYPES: LazyLock<Result<XdbcTypeInfoData>> = LazyLock::new(build);
    TYPES
        .as_ref()
        .map_err(|error| Error::bug(9077, error.message().to_owned()))
}

fn build() -> Result<XdbcTypeInfoData> {
    use XdbcDataType as T;
    let mut builder = XdbcTypeInfoDataBuilder::new();
    let plain = |name: &str, data_type: T, size: i32| XdbcTypeInfo {
        type_name: name.to_owned(),
        data_type,
        column_size: (size > 0).then_some(size),
        nullable: Nullable::NullabilityNullable,
        searchable: Searchable::Full,
        sql_data_type: data_type,
        local_type_name: Some(name.to_owned()),
        ..XdbcTypeInfo::default()
    };
    let number = |name: &str, data_type: T, size: i32, radix: i32, scale: Option<i32>| XdbcTypeInfo {
        unsigned_attribute: Some(false),
        auto_increment: Some(false),
        num_prec_radix: Some(radix),
        minimum_scale: scale.map(|_| 0),
        maximum_scale: scale,
        ..plain(name, data_type, size)
    };
    let quoted = |name: &str, data_type: T, prefix: &str| XdbcTypeInfo {
        literal_prefix: Some(prefix.to_owned()),
        literal_suffix: Some("'".to_owned()),
        ..plain(name, data_type, 0)
    };
    let moment = |name: &str, data_type: T, prefix: &str, size: i32, subcode: XdbcDatetimeSubcode| XdbcTypeInfo {
        column_size: Some(size),
        sql_data_type: T::XdbcDatetime,
        datetime_subcode: Some(subcode),
        ..quoted(name, data_type, prefix)
    };
    for info in [
        plain("BOOLEAN", T::XdbcBit, 1),
        number("TINYINT", T::XdbcTinyint, 3, 10, Some(0)),
        number("SMALLINT", T::XdbcSmallint, 5, 10, Some(0)),
        number("INTEGER", T::XdbcInteger, 10, 10, Some(0)),
        number("BIGINT", T::XdbcBigint, 19, 10, Some(0)),
        number("REAL", T::XdbcReal, 24, 2, None),
        number("DOUBLE", T::XdbcDouble, 53, 2, None),
        XdbcTypeInfo {
            create_params: Some(vec!["precision".to_owned(), "scale".to_owned()]),
            fixed_prec_scale: false,
            ..number("DECIMAL", T::XdbcDecimal, 38, 10, Some(38))
        },
        XdbcTypeInfo {
            case_sensitive: true,
            ..quoted("VARCHAR", T::XdbcVarchar, "'")
        },
        quoted("VARBINARY", T::XdbcVarbinary, "x'"),
        quoted("GEOMETRY", T::XdbcVarbinary, "x'"),
        // the subcodes of year and date are the same number
        moment("DATE", T::XdbcDate, "DATE '", 10, XdbcDatetimeSubcode::XdbcSubcodeYear),
        moment("TIME", T::XdbcTime, "TIME '", 15, XdbcDatetimeSubcode::XdbcSubcodeTime),
        moment(
            "TIMESTAMP",
            T::XdbcTimestamp,
            "TIMESTAMP '",
            26,
            XdbcDatetimeSubcode::XdbcSubcodeTimestamp,
        ),
        moment(
            "TIMESTAMP WITH TIME ZONE",
            T::XdbcTimestamp,
            "TIMESTAMP '",
            32,
            XdbcDatetimeSubcode::XdbcSubcodeTimestampWithTimezone,
        ),
        quoted("INTERVAL", T::XdbcInterval, "INTERVAL '"),
        plain("ARRAY", T::XdbcUnknownType, 0),
        plain("STRUCT", T::XdbcUnknownType, 0),
        plain("MAP", T::XdbcUnknownType, 0),
        plain("OTHER", T::XdbcUnknownType, 0),
    ] {
        builder.append(info);
    }
    flight(builder.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_types_and_one_type() {
        let types = types().unwrap();
        assert_eq!(types.record_batch(None).unwrap().num_rows(), 20);
        assert_eq!(
            types.record_batch(XdbcDataType::XdbcBigint as i32).unwrap().num_rows(),
            1
        );
    }
}
