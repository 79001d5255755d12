"""The same published tables read from disk, without samsyn: any Delta reader can."""

import deltalake
import duckdb
import polars


def served(connection, table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM pub.{table}")
        return cursor.fetch_arrow_table()


def rows(table):
    """Rows in an order that does not depend on the reader."""
    return sorted((tuple(row.values()) for row in table.to_pylist()), key=repr)


def test_polars_reads_the_same_rows(lake, connection, published):
    for table, columns in sorted(published.items()):
        frame = polars.read_delta(str(lake / "open" / "pub" / table))
        assert frame.columns == columns
        assert rows(frame.to_arrow()) == rows(served(connection, table))


def test_duckdb_reads_the_same_figures(lake, connection, published):
    for table in sorted(published):
        files = deltalake.DeltaTable(str(lake / "open" / "pub" / table)).file_uris()
        there = duckdb.sql("SELECT count(*) FROM read_parquet($files)", params={"files": files}).fetchall()[0][0]
        expected = served(connection, table)
        assert there == expected.num_rows
        numbers = [f.name for f in expected.schema if str(f.type) in ("int64", "int32")]
        for column in numbers:
            total = duckdb.sql(f'SELECT sum("{column}") FROM read_parquet($files)', params={"files": files})
            wanted = sum(v for v in expected[column].to_pylist() if v is not None)
            assert (total.fetchall()[0][0] or 0) == wanted, f"{table}.{column}"


def test_the_closed_zone_is_elsewhere(lake):
    assert not {path.name for path in (lake / "open").iterdir()} & {"raw", "core", "mart", "system"}
