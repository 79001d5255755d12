"""An analyst's first hour: connect, look around, read into pandas and polars, ask with parameters, be refused."""

import adbc_driver_flightsql.dbapi
import adbc_driver_manager
import pandas
import polars
import pyarrow
import pytest

from conftest import ENGINEER, PASSWORD, USER, Server, tables


def test_password_token_and_no_login(server):
    for connection in [server.connect(USER, PASSWORD), server.connect(token="robot")]:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1 AS one")
            assert cursor.fetchall() == [(1,)]
    for wrong in [{"user": USER, "password": "fel"}, {"token": "fel"}, {}]:
        with pytest.raises(adbc_driver_manager.Error) as refused:
            with server.connect(**wrong) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        assert refused.value.status_code == adbc_driver_manager.AdbcStatusCode.UNAUTHENTICATED


def test_an_open_server_on_loopback_needs_no_login(lake, tmp_path):
    server = Server(lake, tmp_path / "server.log")
    try:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)
            assert {schema for schema, _ in tables(connection)} <= {"pub", "ref", "meta"}
    finally:
        code = server.stop()
    assert code == 0, server.log.read_text()


def test_catalogs_schemas_tables_and_columns(connection):
    listing = connection.adbc_get_objects(depth="all").read_all().to_pylist()
    catalogs = {entry["catalog_name"]: entry for entry in listing}
    assert "samsyn" in catalogs
    schemas = {s["db_schema_name"]: s for s in catalogs["samsyn"]["catalog_db_schemas"]}
    assert set(schemas) == {"pub", "ref", "meta"}
    assert schemas["pub"]["db_schema_tables"]
    for table in schemas["pub"]["db_schema_tables"]:
        assert table["table_type"] == "BASE TABLE"
        for number, column in enumerate(table["table_columns"], start=1):
            assert column["column_name"] and column["ordinal_position"] == number
            assert column["xdbc_type_name"]
    assert connection.adbc_get_table_types() == ["BASE TABLE"]
    assert (connection.adbc_current_catalog, connection.adbc_current_db_schema) == ("samsyn", "pub")
    facts = connection.adbc_get_info()
    assert facts["vendor_name"] == "samsyn"


def test_filters_of_listings(connection, published):
    name = sorted(published)[0]
    for filters, found in [
        ({"db_schema_filter": "pub", "table_name_filter": name}, {("pub", name)}),
        ({"table_name_filter": "no_such_table"}, set()),
        ({"table_types_filter": ["VIEW"]}, set()),
    ]:
        listing = connection.adbc_get_objects(depth="tables", catalog_filter="samsyn", **filters)
        got = {
            (schema["db_schema_name"], table["table_name"])
            for entry in listing.read_all().to_pylist()
            for schema in entry["catalog_db_schemas"] or []
            for table in schema["db_schema_tables"] or []
        }
        assert got == found


def test_published_tables_into_pandas_and_polars(connection, published):
    rows = 0
    for table, columns in sorted(published.items()):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM pub.{table}")
            frame = cursor.fetch_df()
        assert isinstance(frame, pandas.DataFrame) and list(frame.columns) == columns
        other = polars.read_database(f"SELECT * FROM pub.{table}", connection)
        assert other.columns == columns and other.height == len(frame)
        schema = connection.adbc_get_table_schema(table, db_schema_filter="pub")
        assert schema.names == columns
        rows += len(frame)
    assert rows > 0


def test_prepared_query_with_question_marks(connection, published):
    table = sorted(published)[0]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM pub.{table}")
        frame = cursor.fetch_arrow_table()
        text = next(f.name for f in frame.schema if pyarrow.types.is_string(f.type))
        value = next(v for v in frame[text].to_pylist() if v is not None)
        expected = frame[text].to_pylist().count(value)
        cursor.execute(f'SELECT count(*) FROM pub.{table} WHERE "{text}" = ? AND ? > 0', (value, 5))
        assert cursor.fetchone() == (expected,)
        # again with others, one of them not there
        cursor.execute(f'SELECT count(*) FROM pub.{table} WHERE "{text}" = ? AND ? > 0', ("finns inte ?", 5))
        assert cursor.fetchone() == (0,)
        cursor.execute(f'SELECT count(*) FROM pub.{table} WHERE "{text}" = $1', (value,))
        assert cursor.fetchone() == (expected,)


def test_parameters_of_many_types(connection):
    with connection.cursor() as cursor:
        for value in [1, 1.5, "å'\";--", True, None, b"\x00\xff"]:
            cursor.execute("SELECT ? AS x, '?' AS mark", (value,))
            got, mark = cursor.fetchone()
            assert mark == "?"
            assert got == value or str(got) == str(value)


def test_types_that_clients_choke_on(connection):
    query = """
        SELECT CAST('x' AS VARCHAR) AS text, arrow_cast('d', 'Dictionary(Int32, Utf8)') AS dictionary,
               CAST(1 AS BIGINT UNSIGNED) AS number, NULL AS nothing, now() AS moment, [1, 2] AS list,
               row_number() OVER () AS n, '' AS empty, 'åäö😀' AS letters, CAST('NaN' AS DOUBLE) AS nan
    """
    with connection.cursor() as cursor:
        cursor.execute(query)
        table = cursor.fetch_arrow_table()
    types = {field.name: field.type for field in table.schema}
    assert types["text"] == types["dictionary"] == types["nothing"] == pyarrow.string()
    assert types["number"] == types["n"] == pyarrow.int64()
    assert types["moment"].unit == "us"
    assert table["letters"].to_pylist() == ["åäö😀"] and table["empty"].to_pylist() == [""]
    assert table["list"].to_pylist() == [[1, 2]]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE pub.x AS SELECT 1",
        "CREATE SCHEMA x",
        "DROP TABLE pub.x",
        "INSERT INTO pub.x VALUES (1)",
        "COPY (SELECT 1) TO '/tmp/samsyn_should_not_exist.csv'",
        "CREATE EXTERNAL TABLE p STORED AS CSV LOCATION '/etc/passwd'",
        "SET datafusion.execution.batch_size = 1",
    ],
)
def test_nothing_can_be_changed(connection, statement):
    with connection.cursor() as cursor, pytest.raises(adbc_driver_manager.Error) as refused:
        cursor.execute(statement)
    assert refused.value.status_code == adbc_driver_manager.AdbcStatusCode.UNAUTHORIZED
    assert "SAMSYN-" in str(refused.value)


def test_nothing_can_be_uploaded(connection):
    with connection.cursor() as cursor, pytest.raises(adbc_driver_manager.Error, match="SAMSYN-7011"):
        cursor.adbc_ingest("x", pyarrow.table({"a": [1]}), mode="create")


@pytest.mark.parametrize("schema", ["raw", "core", "mart", "system"])
def test_what_a_reader_may_not_see_is_absent(server, connection, schema):
    with server.connect(ENGINEER, PASSWORD) as engineer:
        hidden = [name for found, name in tables(engineer) if found == schema]
    assert schema not in {found for found, _ in tables(connection)}
    for name in [*hidden, "nothing"]:
        for query in [f"SELECT * FROM {schema}.{name}", f"EXPLAIN SELECT * FROM {schema}.{name}"]:
            with connection.cursor() as cursor, pytest.raises(adbc_driver_manager.Error) as refused:
                cursor.execute(query)
            assert "SAMSYN-2" in str(refused.value)


def test_a_hidden_table_is_in_no_listing_by_sql(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT table_schema FROM information_schema.tables")
        seen = {schema for (schema,) in cursor.fetchall()}
    assert seen <= {"pub", "ref", "meta", "information_schema"}


def test_mistakes_say_where_and_what_next(connection, published):
    table, columns = sorted(published.items())[0]
    with connection.cursor() as cursor, pytest.raises(adbc_driver_manager.ProgrammingError) as wrong:
        cursor.execute(f"SELECT {columns[0]}x\nFROM pub.{table}")
    assert "SAMSYN-21" in str(wrong.value) and "line 1" in str(wrong.value), wrong.value


def test_a_large_result_comes_in_small_messages(server):
    # a driver that takes at most 4 MiB a message, as Grafana does
    key = "adbc.flight.sql.client_option.with_max_msg_size"
    options = {key: str(4 << 20), "username": USER, "password": PASSWORD}
    query = """
        WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 4000)
        SELECT n, repeat('å', 2000) AS text FROM t
    """
    with (
        adbc_driver_flightsql.dbapi.connect(server.uri, db_kwargs=options, autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(query)
        table = cursor.fetch_arrow_table()
    assert table.num_rows == 4000
