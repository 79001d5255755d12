//! Whoever tries to read more, to change something, or to bring the server down.

use super::*;

/// What the server says to a query: rows, or code and text.
async fn answer(client: &mut Client, sql: &str) -> Result<Vec<RecordBatch>, (Code, String)> {
    let status = |error| match error {
        FlightError::Tonic(status) => (status.code(), status.message().to_owned()),
        other => panic!("{sql}: {other}"),
    };
    let info = client.execute(sql.to_owned(), None).await.map_err(status)?;
    let rows = client
        .do_get(info.endpoint[0].ticket.clone().unwrap())
        .await
        .map_err(status)?;
    rows.try_collect().await.map_err(status)
}

/// All text of an answer.
fn shown(batches: &[RecordBatch]) -> String {
    arrow::util::pretty::pretty_format_batches(batches).unwrap().to_string()
}

#[tokio::test]
async fn a_hidden_table_is_like_one_that_does_not_exist() {
    let server = Running::start(false).await;
    let mut client = server.client().await;
    // `person` is there and `nobody` is not; both names have six letters, so that places in texts agree
    let names = [
        "core.X",
        "CORE.X",
        "Core.X",
        "\"core\".X",
        "\"core\".\"X\"",
        "`core`.`X`",
        "core . X",
        "core/**/./*x*/X",
        "samsyn.core.X",
        "SAMSYN.CORE.X",
        "\"samsyn\".\"core\".\"X\"",
        "\"baslinje-2014\".core.X",
        "\"baslinje-2014\".\"mart\".X",
        "mart.X",
        "raw.X",
        "system.X",
        "\"core.X\"",
        "nowhere.core.X",
    ];
    let uses = [
        "SELECT * FROM T",
        "SELECT count(*) FROM T",
        "FROM T",
        "TABLE T",
        "SELECT 1 FROM T LIMIT 0",
        "SELECT * FROM pub.population WHERE EXISTS (SELECT 1 FROM T)",
        "SELECT * FROM pub.population WHERE area_code IN (SELECT area_code FROM T)",
        "SELECT (SELECT max(persons) FROM T)",
        "WITH x AS (SELECT * FROM T) SELECT * FROM x",
        "WITH x AS (SELECT * FROM T) SELECT 1",
        "WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT 1 FROM T) SELECT * FROM x",
        "SELECT 1 UNION ALL SELECT persons FROM T",
        "SELECT * FROM pub.population p JOIN T t ON p.area_code = t.area_code",
        "SELECT * FROM pub.population, LATERAL (SELECT * FROM T) AS t",
        "SELECT * FROM (SELECT * FROM T) AS t",
        "FROM pub.population |> UNION ALL (SELECT * FROM T)",
        "EXPLAIN SELECT * FROM T",
        "EXPLAIN VERBOSE SELECT * FROM T",
        "EXPLAIN FORMAT TREE SELECT * FROM T",
        "EXPLAIN FORMAT pgjson SELECT * FROM T",
        "EXPLAIN (FORMAT graphviz) SELECT * FROM T",
        "EXPLAIN ANALYZE SELECT * FROM T",
        "EXPLAIN EXPLAIN SELECT * FROM T",
        "DESCRIBE T",
        "DESC T",
        "DESCRIBE SELECT * FROM T",
        "SHOW COLUMNS FROM T",
        "SHOW FULL COLUMNS IN T",
        "SHOW CREATE TABLE T",
        "INSERT INTO T SELECT * FROM T",
        "DELETE FROM T",
        "DROP TABLE T",
        "COPY T TO '/tmp/samsyn-x.csv'",
        "CREATE VIEW pub.v AS SELECT * FROM T",
        "SELECT T.* FROM pub.population",
        "SELECT * FROM pub.population /* */; SELECT * FROM T",
    ];
    for name in names {
        for form in uses {
            let mut told = Vec::new();
            for table in ["person", "nobody"] {
                let sql = form
                    .split(' ')
                    .map(|word| match word {
                        "T" => name.replace('X', table),
                        "T)" => name.replace('X', table) + ")",
                        "T.*" => name.replace('X', table) + ".*",
                        other => other.to_owned(),
                    })
                    .collect::<Vec<_>>()
                    .join(" ");
                let Err((code, text)) = answer(&mut client, &sql).await else {
                    panic!("{sql} was answered");
                };
                assert!(
                    matches!(code, Code::NotFound | Code::InvalidArgument | Code::PermissionDenied),
                    "{sql}: {code:?} {text}"
                );
                for word in [
                    "persons",
                    "DataFusion",
                    "Some(",
                    "backtrace",
                    "parquet",
                    "memory:",
                    "closed/",
                ] {
                    assert!(!text.contains(word), "{sql}: {text}");
                }
                told.push((code, text.replace(table, "X")));
            }
            assert_eq!(told[0], told[1], "{form} with {name}");
        }
    }
}

#[tokio::test]
async fn listings_by_sql_show_the_current_catalog_and_nothing_hidden() {
    let server = Running::start(true).await;
    let mut client = server.client().await;
    client.handshake("anna", "annas lösen").await.unwrap();
    let rows = query(
        &mut client,
        "SELECT table_catalog, table_schema, table_name FROM information_schema.tables
         WHERE table_schema <> 'information_schema' ORDER BY 1, 2, 3",
    )
    .await;
    assert_eq!(column(&rows, 0), ["samsyn", "samsyn"]);
    assert_eq!(column(&rows, 1), ["pub", "ref"]);
    for sql in [
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM information_schema.columns",
        "SELECT * FROM information_schema.schemata",
        "SELECT * FROM information_schema.views",
        "SELECT * FROM \"baslinje-2014\".information_schema.columns",
        "SHOW TABLES",
        "SHOW COLUMNS FROM pub.population",
        "DESCRIBE pub.population",
    ] {
        let text = shown(&[query(&mut client, sql).await]);
        assert!(
            !text.contains("person ") && !text.contains("core") && !text.contains("mart"),
            "{sql}: {text}"
        );
    }
    let tagged = "SELECT DISTINCT table_catalog FROM \"baslinje-2014\".information_schema.tables";
    assert_eq!(column(&query(&mut client, tagged).await, 0), ["baslinje-2014"]);
    for name in ["df_settings", "\"DF_SETTINGS\"", "DF_Settings"] {
        let sql = format!("SELECT name FROM information_schema.{name} WHERE name LIKE '%runtime%'");
        if let Ok(rows) = answer(&mut client, &sql).await {
            assert_eq!(
                rows.iter().map(RecordBatch::num_rows).sum::<usize>(),
                0,
                "{}",
                shown(&rows)
            );
        }
    }
    let functions = query(&mut client, "SHOW FUNCTIONS").await;
    assert!(shown(&[functions]).contains("date_trunc"));

    let mut engineer = server.client().await;
    engineer.handshake("bo", "bos lösen").await.unwrap();
    let sql = "SELECT DISTINCT table_schema FROM information_schema.tables ORDER BY 1";
    assert!(column(&query(&mut engineer, sql).await, 0).contains(&"core".to_owned()));
    query(&mut engineer, "EXPLAIN ANALYZE SELECT * FROM core.person").await;
}

#[tokio::test]
async fn a_plan_tells_no_files() {
    let server = Running::start(false).await;
    let mut client = server.client().await;
    for form in [
        "EXPLAIN",
        "EXPLAIN VERBOSE",
        "EXPLAIN FORMAT INDENT",
        "EXPLAIN FORMAT TREE",
        "EXPLAIN FORMAT pgjson",
        "EXPLAIN FORMAT graphviz",
        "EXPLAIN (FORMAT tree)",
        "EXPLAIN (VERBOSE, FORMAT indent)",
    ] {
        let sql = format!("{form} SELECT name, sum(persons) FROM pub.population WHERE persons > 1 GROUP BY name");
        // a form that does not exist is refused
        if let Ok(rows) = answer(&mut client, &sql).await {
            let text = shown(&rows);
            for word in [
                ".parquet",
                "open/",
                "closed/",
                "memory:",
                "_delta_log",
                "_samsyn",
                "/tmp",
            ] {
                assert!(!text.contains(word), "{sql}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn nothing_but_reading_is_possible() {
    let server = Running::start(true).await;
    for (user, password) in [("anna", "annas lösen"), ("bo", "bos lösen")] {
        let mut client = server.client().await;
        client.handshake(user, password).await.unwrap();
        for sql in [
            "CREATE TABLE pub.x AS SELECT 1",
            "CREATE TEMPORARY TABLE x (a INT)",
            "CREATE VIEW v AS SELECT 1",
            "CREATE OR REPLACE VIEW pub.population AS SELECT 1",
            "CREATE SCHEMA x",
            "CREATE DATABASE x",
            "CREATE FUNCTION f(INT) RETURNS INT RETURN $1",
            "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
            "CREATE UNBOUNDED EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
            "COPY (SELECT 1) TO '/tmp/samsyn-x.csv'",
            "COPY pub.population TO 's3://x/y.parquet'",
            "INSERT INTO pub.population VALUES ('1', 'x', 1)",
            "WITH x AS (SELECT 1) INSERT INTO pub.population SELECT '1', 'x', 1",
            "UPDATE pub.population SET persons = 1",
            "DELETE FROM pub.population",
            "TRUNCATE TABLE pub.population",
            "MERGE INTO pub.population USING pub.population p ON true WHEN MATCHED THEN DELETE",
            "DROP TABLE pub.population",
            "DROP SCHEMA pub CASCADE",
            "ALTER TABLE pub.population ADD COLUMN x INT",
            "SELECT 1 AS x INTO pub.x",
            "SET datafusion.execution.batch_size = 1",
            "SET datafusion.runtime.memory_limit = '1G'",
            "SET datafusion.catalog.default_schema = 'core'",
            "RESET datafusion.execution.batch_size",
            "SHOW ALL",
            "SHOW datafusion.runtime.temp_directory",
            "USE core",
            "PREPARE p AS SELECT 1",
            "EXECUTE p",
            "DEALLOCATE p",
            "BEGIN",
            "COMMIT",
            "ROLLBACK",
            "ANALYZE TABLE pub.population COMPUTE STATISTICS",
            "VACUUM",
            "CALL f()",
            "GRANT SELECT ON pub.population TO x",
            "EXPLAIN INSERT INTO pub.population VALUES ('1', 'x', 1)",
            "EXPLAIN COPY (SELECT 1) TO '/tmp/samsyn-x.csv'",
            "EXPLAIN CREATE TABLE x AS SELECT 1",
            "SELECT 1; DROP TABLE pub.population",
            "/* SELECT */ DROP TABLE pub.population -- SELECT 1",
            "SELECT * FROM '/etc/passwd'",
            "SELECT * FROM \"/etc/passwd\"",
            "SELECT * FROM 'file:///etc/passwd'",
            "SELECT * FROM read_csv('/etc/passwd')",
            "SELECT * FROM read_parquet('/etc/passwd')",
            "SELECT * FROM parquet_metadata('/etc/passwd')",
            "SELECT * FROM glob('/etc/*')",
            "SELECT read_file('/etc/passwd')",
            "SELECT pg_read_file('/etc/passwd')",
            "SELECT getenv('HOME')",
            "SELECT input_file_name() FROM pub.population",
            "",
            " ; ",
            "-- nothing",
        ] {
            let Err((code, text)) = answer(&mut client, sql).await else {
                panic!("{sql} was answered");
            };
            assert!(
                matches!(code, Code::PermissionDenied | Code::InvalidArgument | Code::NotFound),
                "{sql}: {code:?} {text}"
            );
            assert!(text.starts_with("SAMSYN-") && !text.contains("root:"), "{sql}: {text}");
            assert!(
                !text.contains("DataFusion") && !text.contains("datafusion/") && !text.contains("Some("),
                "{sql}: {text}"
            );
        }
        let rows = query(&mut client, "SELECT count(*) FROM pub.population").await;
        assert_eq!(rows.column(0).as_primitive::<Int64Type>().value(0), 4);
    }
    assert!(!std::path::Path::new("/tmp/samsyn-x.csv").exists());
    let ids = server.lake.release_ids().await.unwrap();
    assert_eq!(ids.len(), 2);
}

#[tokio::test]
async fn errors_show_no_values() {
    let server = Running::start(false).await;
    let mut client = server.client().await;
    for (sql, code) in [
        ("SELECT CAST(name AS BIGINT) FROM pub.population", "SAMSYN-2912"),
        ("SELECT CAST(name AS DATE) FROM pub.population", "SAMSYN-29"),
        ("SELECT to_timestamp(name) FROM pub.population", "SAMSYN-29"),
        (
            "SELECT arrow_cast(name, 'Timestamp(Nanosecond, None)') FROM pub.population",
            "SAMSYN-29",
        ),
        (
            "SELECT CAST(persons * 10000 AS SMALLINT) FROM pub.population",
            "SAMSYN-2912",
        ),
        ("SELECT 1 / (persons - 10) FROM pub.population", "SAMSYN-2910"),
        ("SELECT decode(name, 'hex') FROM pub.population", "SAMSYN-29"),
        (
            "SELECT p.persons FROM pub.population p JOIN ref.area a ON p.persons = CAST(a.name AS BIGINT)",
            "SAMSYN-29",
        ),
    ] {
        let Err((found, text)) = answer(&mut client, sql).await else {
            panic!("{sql} was answered");
        };
        assert_eq!(found, Code::InvalidArgument, "{sql}: {text}");
        assert!(text.starts_with(code), "{sql}: {text}");
        for value in ["Berga", "Björkö", "Åsen", "9223372036854775807", "100000", "400000"] {
            assert!(!text.contains(value), "{sql}: {text}");
        }
    }
}

#[tokio::test]
async fn no_statement_is_too_deep_for_the_server() {
    let server = Running::start(false).await;
    let mut client = server.client().await;
    let sizes = [50, 95, 240, 480, 990, 3_000, 30_000];
    for size in sizes {
        let times = |what: &str| what.repeat(size);
        let list = |what: &str, with: &str| vec![what; size].join(with);
        let ctes = |body: &dyn Fn(usize) -> String| {
            let all: Vec<_> = (1..=size).map(|i| format!("c{i} AS ({})", body(i))).collect();
            format!(
                "WITH c0 AS (SELECT 1 AS n), {} SELECT count(*) FROM c{size}",
                all.join(", ")
            )
        };
        let from = (0..size).map(|i| format!("t AS t{i}")).collect::<Vec<_>>().join(", ");
        let joins = (0..size)
            .map(|i| format!("JOIN ref.area a{i} USING (area_code)"))
            .collect::<Vec<_>>()
            .join(" ");
        for sql in [
            format!("SELECT {}1{}", times("("), times(")")),
            format!("SELECT {}1{}", times("abs("), times(")")),
            format!("SELECT {}1", times("NOT ")),
            format!("SELECT {}1", times("- ")),
            format!("SELECT {}", list("1", " + ")),
            format!("SELECT {}", list("1", " - -")),
            format!("SELECT * FROM pub.population WHERE {}", list("persons = 7", " OR ")),
            format!(
                "SELECT * FROM pub.population WHERE {}",
                list("(persons > 7 AND name = 'x')", " OR ")
            ),
            format!("SELECT * FROM pub.population WHERE name IN ({})", list("'x'", ", ")),
            format!("SELECT {} FROM pub.population", list("name", " || ")),
            format!("SELECT 1{}", times("::int")),
            format!("SELECT 1{}", times(" IS NULL")),
            format!("SELECT make_array(1){}", times("[1]")),
            format!("SELECT {}1{}", times("CASE WHEN true THEN "), times(" END")),
            format!("SELECT CASE {} END", times("WHEN 1 = 2 THEN 3 ")),
            format!("SELECT {}1{}", times("(SELECT "), times(")")),
            format!("{}SELECT 1{}", times("SELECT * FROM ("), times(") AS t")),
            list("SELECT 1", " UNION ALL "),
            list("SELECT 1", " UNION "),
            list("SELECT 1", " EXCEPT "),
            format!("VALUES {}", list("(1)", ", ")),
            format!("WITH t AS (SELECT 1 AS n) SELECT count(*) FROM {from}"),
            format!("SELECT count(*) FROM pub.population {joins}"),
            ctes(&|i| format!("SELECT n FROM c{}", i - 1)),
            ctes(&|i| format!("SELECT x.n FROM c{} x, c{} y", i - 1, i - 1)),
            ctes(&|i| format!("SELECT n + n AS n FROM c{}", i - 1)),
            ctes(&|i| format!("SELECT n + n AS n FROM c{}", i - 1)) + " WHERE n > 3",
            format!("FROM pub.population {}", times("|> WHERE persons > 0 ")),
            format!("{}SELECT 1", times("EXPLAIN ")),
            format!("SELECT '{}'", times("?")),
            format!("SELECT {}", list("?", ", ")),
        ] {
            if let Err((code, text)) = answer(&mut client, &sql).await {
                assert!(
                    matches!(
                        code,
                        Code::ResourceExhausted | Code::InvalidArgument | Code::PermissionDenied
                    ),
                    "{size}: {}: {code:?} {text}",
                    &sql[..60.min(sql.len())]
                );
            }
        }
    }
    let rows = query(&mut client, "SELECT 1 AS one").await;
    assert_eq!(rows.num_rows(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_client_that_goes_away_stops_its_query() {
    let server = Running::start(false).await;
    // the connection stays, so that only the query can end
    let mut client = server.client().await;
    query(&mut client, "SELECT 1 AS one").await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    for sql in [
        "SELECT count(*) FROM generate_series(1, 100000000000) WHERE value % 7 = 9",
        "SELECT sum(a.value) FROM generate_series(1, 1000) a, generate_series(1, 100000000000) b",
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
        "SELECT count(*) FROM generate_series(1, 100000000000) GROUP BY value % 3",
    ] {
        let info = client.execute(sql.to_owned(), None).await.unwrap();
        let mut rows = client.do_get(info.endpoint[0].ticket.clone().unwrap()).await.unwrap();
        let first = tokio::time::timeout(Duration::from_millis(300), rows.next()).await;
        assert!(first.is_err(), "{sql} is too quick for this test");
        drop(rows);
        let ended = tokio::time::timeout(Duration::from_secs(60), async {
            while tasks() > before {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        ended.await.unwrap_or_else(|_| panic!("{sql} still runs"));
        // and the server still answers
        assert_eq!(query(&mut client, "SELECT 1 AS one").await.num_rows(), 1);
    }
}
