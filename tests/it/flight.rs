//! The Flight SQL server, over the network stack, as drivers talk to it.

mod attack;
mod protocol;
mod releases;

use std::{io::Write as _, net::SocketAddr, sync::Arc, time::Duration};

use arrow::{
    array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray},
    compute::concat_batches,
    datatypes::{DataType, Field, Int64Type, Schema, SchemaRef},
};
use arrow_flight::{
    Action, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus, FlightDescriptor, FlightInfo, IpcMessage,
    SchemaResult, Ticket,
    error::FlightError,
    sql::{
        Any, CommandGetDbSchemas, CommandGetPrimaryKeys, CommandGetTables, CommandGetXdbcTypeInfo,
        CommandPreparedStatementQuery, CommandStatementQuery, ProstMessageExt, SqlInfo, client::FlightSqlServiceClient,
    },
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use prost::Message as _;
use samsyn::{
    engine::{Engine, EngineOptions},
    lake::{Lake, LakeOptions, Pin, Release, WriteMeta},
    model::{Clock, ReleaseId},
    serve::{self, ServeOptions, client::Login},
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet};
use tonic::{Code, transport::Channel};

type Client = FlightSqlServiceClient<Channel>;

/// A lake with one table in each of `pub`, `ref`, `core` and `mart`, two releases, and a tag on the first.
async fn lake() -> Engine {
    let options = LakeOptions {
        clock: Clock::System,
        storage: std::collections::BTreeMap::default(),
    };
    let url = format!("memory://flight-{}", uuid::Uuid::new_v4());
    let lake = Lake::open(&url, &options).await.unwrap();
    let mut release = release(&lake, None, &["Berga", "Björkö", "Åsen"]).await;
    lake.commit_release(&release).await.unwrap();
    lake.tag("baslinje-2014", release.id).await.unwrap();
    release = self::release(&lake, Some(&release), &["Berga", "Björkö", "Åsen", "Ön"]).await;
    lake.commit_release(&release).await.unwrap();
    let options = EngineOptions {
        threads: 2,
        memory: None,
    };
    Engine::new(lake, options).unwrap()
}

async fn release(lake: &Lake, previous: Option<&Release>, names: &[&str]) -> Release {
    let mut release = Release::after(previous, "test", lake.clock().now());
    let codes: Vec<String> = (1..=names.len()).map(|i| format!("99{i:02}")).collect();
    let schema = Arc::new(Schema::new(vec![
        Field::new("area_code", DataType::Utf8, false)
            .with_metadata([("description".to_owned(), "code of the area".to_owned())].into()),
        Field::new("name", DataType::Utf8, true),
        Field::new("persons", DataType::Int64, true),
    ]));
    let persons: Vec<i64> = (1..).map(|i| i * 10).take(names.len()).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(codes)),
        Arc::new(StringArray::from(names.to_vec())),
        Arc::new(Int64Array::from(persons)),
    ];
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
    for table in ["pub.population", "ref.area", "core.person", "mart.person"] {
        let id = table.parse().unwrap();
        let rows = stream::iter([Ok(batch.clone())]);
        let rows = Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&schema), rows));
        let written = lake.write(&id, rows, &WriteMeta::default()).await.unwrap();
        let pin = Pin {
            version: written.version,
            rows: written.rows,
            bytes: written.bytes,
            content_hash: written.content_hash,
            fingerprint: String::new(),
            origin: samsyn::lake::Origin::default(),
            pipeline: "test".into(),
            contract: None,
            description: Some("persons by area".into()),
            key: vec!["area_code".into()],
            files: written.files,
        };
        release.tables.insert(id, pin);
    }
    release
}

/// A running server; stops when dropped.
struct Running {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    tasks: JoinSet<samsyn::error::Result<()>>,
    lake: Lake,
    _users: Option<tempfile::NamedTempFile>,
}

impl Running {
    async fn start(users: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let users = users.then(|| {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            for (name, role) in [("anna", "reader"), ("bo", "engineer")] {
                let head = if name == "anna" { "users:\n" } else { "" };
                let hash = serve::hash_password(&format!("{name}s lösen")).unwrap();
                writeln!(
                    file,
                    "{head}  - {{name: {name}, role: {role}, password_hash: '{hash}'}}"
                )
                .unwrap();
            }
            file
        });
        let options = ServeOptions::new(address, users.as_ref().map(|file| file.path().to_owned()));
        let engine = lake().await;
        let lake = engine.lake().clone();
        let (stop, stopped) = oneshot::channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            serve::serve_on(listener, engine, options, async move {
                let _ = stopped.await;
            })
            .await
        });
        Self {
            address,
            stop: Some(stop),
            tasks,
            lake,
            _users: users,
        }
    }

    async fn client(&self) -> Client {
        serve::client::connect(&format!("grpc://{}", self.address), &Login::Anonymous)
            .await
            .unwrap()
    }
}

fn decoded(schema: &bytes::Bytes) -> Schema {
    Schema::try_from(IpcMessage(schema.clone())).unwrap()
}

async fn read(client: &mut Client, info: FlightInfo) -> RecordBatch {
    assert_eq!(info.endpoint.len(), 1, "one endpoint");
    assert!(info.endpoint[0].location.is_empty(), "read where you asked");
    let announced = Arc::new(decoded(&info.schema));
    let mut stream = client.do_get(info.endpoint[0].ticket.clone().unwrap()).await.unwrap();
    let batches: Vec<_> = stream.by_ref().try_collect().await.unwrap();
    assert_eq!(stream.schema(), Some(&announced), "FlightInfo and DoGet agree");
    concat_batches(&announced, &batches).unwrap()
}

async fn query(client: &mut Client, sql: &str) -> RecordBatch {
    let info = client.execute(sql.to_owned(), None).await.unwrap();
    read(client, info).await
}

fn refused<T>(result: Result<T, FlightError>) -> (Code, String) {
    match result.err().expect("an error") {
        FlightError::Tonic(status) => (status.code(), status.message().to_owned()),
        other => panic!("{other}"),
    }
}

fn column(batch: &RecordBatch, i: usize) -> Vec<String> {
    batch
        .column(i)
        .as_string::<i32>()
        .iter()
        .flatten()
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn queries_read_the_newest_release_and_tags_read_theirs() {
    let server = Running::start(false).await;
    let mut client = server.client().await;
    let rows = query(
        &mut client,
        "SELECT name, persons FROM pub.population ORDER BY area_code",
    )
    .await;
    assert_eq!(column(&rows, 0), ["Berga", "Björkö", "Åsen", "Ön"]);
    assert_eq!(rows.column(1).as_primitive::<Int64Type>().values(), &[10, 20, 30, 40]);
    let then = query(
        &mut client,
        r#"SELECT count(*) AS n FROM "baslinje-2014".pub.population"#,
    )
    .await;
    assert_eq!(then.column(0).as_primitive::<Int64Type>().value(0), 3);
    let none = query(&mut client, "SELECT name FROM pub.population WHERE persons < 0").await;
    assert_eq!((none.num_rows(), none.num_columns()), (0, 1));
}

#[tokio::test]
async fn every_way_to_ask_gives_the_same_schema() {
    let server = Running::start(false).await;
    let mut client = server.client().await;
    for sql in [
        "SELECT * FROM pub.population",
        "SELECT area_code AS \"a.b\", row_number() OVER (ORDER BY area_code) AS n, now() AS at, NULL AS nothing FROM pub.population",
        "SELECT count(*), avg(persons), array_agg(name), arrow_cast('x', 'Dictionary(Int32, Utf8)') FROM pub.population",
        "SELECT persons FROM pub.population UNION ALL SELECT 1",
        "SHOW TABLES",
    ] {
        let descriptor = FlightDescriptor::new_cmd(
            CommandStatementQuery {
                query: sql.to_owned(),
                transaction_id: None,
            }
            .as_any()
            .encode_to_vec(),
        );
        let asked: SchemaResult = client
            .inner_mut()
            .get_schema(descriptor.clone())
            .await
            .unwrap()
            .into_inner();
        let asked = decoded(&asked.schema);
        let polled = client
            .inner_mut()
            .poll_flight_info(descriptor)
            .await
            .unwrap()
            .into_inner();
        assert!(polled.flight_descriptor.is_none());
        assert_eq!(decoded(&polled.info.unwrap().schema), asked, "{sql}");
        let mut prepared = client.prepare(sql.to_owned(), None).await.unwrap();
        assert_eq!(prepared.dataset_schema().unwrap(), &asked, "{sql}");
        let info = prepared.execute().await.unwrap();
        assert_eq!(decoded(&info.schema), asked, "{sql}");
        read(&mut client, info).await;
        prepared.close().await.unwrap();
        let direct = query(&mut client, sql).await;
        assert_eq!(direct.schema().as_ref(), &asked, "{sql}");
        for field in asked.fields() {
            assert!(field.is_nullable() && field.metadata().contains_key("ARROW:FLIGHT:SQL:TYPE_NAME"));
            assert!(!matches!(
                field.data_type(),
                DataType::Utf8View | DataType::Dictionary(..) | DataType::UInt64 | DataType::Null
            ));
        }
    }
}

async fn tables(client: &mut Client, wanted: CommandGetTables) -> RecordBatch {
    let info = client.get_tables(wanted).await.unwrap();
    read(client, info).await
}

#[tokio::test]
async fn metadata_lists_what_a_reader_may_read_of_the_current_catalog() {
    let server = Running::start(false).await;
    let mut client = server.client().await;
    let info = client.get_catalogs().await.unwrap();
    assert_eq!(column(&read(&mut client, info).await, 0), ["baslinje-2014", "samsyn"]);

    let schemas = |catalog: Option<&str>, pattern: Option<&str>| CommandGetDbSchemas {
        catalog: catalog.map(str::to_owned),
        db_schema_filter_pattern: pattern.map(str::to_owned),
    };
    for (wanted, names) in [
        (schemas(None, None), vec!["meta", "pub", "ref"]),
        (schemas(Some("samsyn"), Some("p%")), vec!["pub"]),
        (schemas(Some(""), None), vec![]),
        (schemas(Some("nowhere"), None), vec![]),
    ] {
        let info = client.get_db_schemas(wanted).await.unwrap();
        let found = read(&mut client, info).await;
        assert_eq!(column(&found, 1), names);
        assert!(column(&found, 0).iter().all(|catalog| catalog == "samsyn"));
        assert!(found.schema().field(0).is_nullable() && !found.schema().field(1).is_nullable());
    }

    let all = tables(&mut client, CommandGetTables::default()).await;
    assert_eq!(all.num_columns(), 4);
    assert_eq!(column(&all, 1), ["pub", "ref"]);
    assert_eq!(column(&all, 2), ["population", "area"]);
    assert_eq!(column(&all, 3), ["BASE TABLE", "BASE TABLE"]);
    for (kind, count) in [("table", 2), ("Base Table", 2), ("VIEW", 0)] {
        let wanted = CommandGetTables {
            table_types: vec![kind.into()],
            ..Default::default()
        };
        assert_eq!(tables(&mut client, wanted).await.num_rows(), count, "{kind}");
    }
    let tagged = CommandGetTables {
        catalog: Some("baslinje-2014".into()),
        table_name_filter_pattern: Some("pop\\_%".into()),
        ..Default::default()
    };
    assert_eq!(tables(&mut client, tagged).await.num_rows(), 0);
    let with_schema = CommandGetTables {
        catalog: Some("baslinje-2014".into()),
        table_name_filter_pattern: Some("pop%".into()),
        include_schema: true,
        ..Default::default()
    };
    let found = tables(&mut client, with_schema).await;
    let columns = decoded(&bytes::Bytes::copy_from_slice(
        found.column(4).as_binary::<i32>().value(0),
    ));
    assert_eq!(columns.field(0).name(), "area_code");
    assert_eq!(columns.field(2).data_type(), &DataType::Int64);
    assert_eq!(columns.field(2).metadata()["ARROW:FLIGHT:SQL:TYPE_NAME"], "BIGINT");
    assert_eq!(columns.field(0).metadata()["ARROW:FLIGHT:SQL:TABLE_NAME"], "population");
}

#[tokio::test]
async fn keys_types_and_server_facts_are_told() {
    let server = Running::start(false).await;
    let mut client = server.client().await;
    let info = client
        .get_primary_keys(CommandGetPrimaryKeys {
            catalog: None,
            db_schema: Some("pub".into()),
            table: "population".into(),
        })
        .await
        .unwrap();
    let keys = read(&mut client, info).await;
    assert_eq!(column(&keys, 3), ["area_code"]);
    let info = client.get_exported_keys(Default::default()).await.unwrap();
    let keys = read(&mut client, info).await;
    assert_eq!((keys.num_rows(), keys.num_columns()), (0, 13));
    let info = client.get_imported_keys(Default::default()).await.unwrap();
    assert_eq!(read(&mut client, info).await.num_columns(), 13);
    let info = client.get_cross_reference(Default::default()).await.unwrap();
    assert_eq!(read(&mut client, info).await.num_columns(), 13);
    let info = client.get_table_types().await.unwrap();
    assert_eq!(column(&read(&mut client, info).await, 0), ["BASE TABLE"]);
    let info = client
        .get_xdbc_type_info(CommandGetXdbcTypeInfo { data_type: Some(-5) })
        .await
        .unwrap();
    assert_eq!(column(&read(&mut client, info).await, 0), ["BIGINT"]);
    let info = client.get_sql_info(vec![]).await.unwrap();
    assert!(read(&mut client, info).await.num_rows() > 90);
    let info = client
        .get_sql_info(vec![SqlInfo::SqlIdentifierQuoteChar, SqlInfo::FlightSqlServerReadOnly])
        .await
        .unwrap();
    assert_eq!(read(&mut client, info).await.num_rows(), 2);
}

#[tokio::test]
async fn prepared_statements_are_bound_again_and_again_until_closed() {
    let server = Running::start(false).await;
    let mut client = server.client().await;
    let sql = "SELECT name FROM pub.population WHERE persons > ? AND name <> ? ORDER BY persons";
    let mut prepared = client.prepare(sql.to_owned(), None).await.unwrap();
    let types: Vec<_> = prepared
        .parameter_schema()
        .unwrap()
        .fields()
        .iter()
        .map(|f| f.data_type().clone())
        .collect();
    assert_eq!(types, [DataType::Int64, DataType::Utf8]);
    let (code, text) = refused(prepared.execute().await);
    assert_eq!(code, Code::InvalidArgument, "{text}");
    let bind = |persons: Vec<i64>, names: Vec<&str>| {
        RecordBatch::try_from_iter([
            ("param_0", Arc::new(Int64Array::from(persons)) as ArrayRef),
            ("x", Arc::new(StringArray::from(names))),
        ])
        .unwrap()
    };
    for (persons, names, expected) in [
        (vec![15], vec!["Ön"], vec!["Björkö", "Åsen"]),
        (vec![35], vec![""], vec!["Ön"]),
        (vec![35, 25], vec!["", "Ön"], vec!["Ön", "Åsen"]),
    ] {
        prepared.set_parameters(bind(persons, names)).unwrap();
        let info = prepared.execute().await.unwrap();
        assert_eq!(column(&read(&mut client, info).await, 0), expected);
    }
    // text is cast to what the query wants, or refused without being shown
    let texts = |persons: &str| {
        RecordBatch::try_from_iter([
            ("a", Arc::new(StringArray::from(vec![persons])) as ArrayRef),
            ("b", Arc::new(StringArray::from(vec![""]))),
        ])
        .unwrap()
    };
    prepared.set_parameters(texts("35")).unwrap();
    let info = prepared.execute().await.unwrap();
    assert_eq!(column(&read(&mut client, info).await, 0), ["Ön"]);
    prepared.set_parameters(texts("hemligt")).unwrap();
    let (code, text) = refused(prepared.execute().await);
    assert!(
        code == Code::InvalidArgument && !text.contains("hemligt"),
        "{code:?} {text}"
    );
    // the client hides its handle, so close one that we made by hand
    let mut again = client.prepare("SELECT 1".to_owned(), None).await.unwrap();
    again.execute().await.unwrap();
    again.close().await.unwrap();
    let gone = CommandPreparedStatementQuery {
        prepared_statement_handle: vec![7; 16].into(),
    };
    let descriptor = FlightDescriptor::new_cmd(gone.as_any().encode_to_vec());
    let status = client.inner_mut().get_flight_info(descriptor).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
}

#[tokio::test]
async fn a_closed_statement_is_not_found() {
    let server = Running::start(false).await;
    let mut client = server.client().await;
    let action = |name: &str, any: Any| Action::new(name, any.encode_to_vec());
    let create = arrow_flight::sql::ActionCreatePreparedStatementRequest {
        query: "SELECT 1".into(),
        transaction_id: None,
    };
    let mut answers = client
        .do_action(action("CreatePreparedStatement", create.as_any()))
        .await
        .unwrap();
    let body = answers.message().await.unwrap().unwrap().body;
    let any = Any::decode(&*body).unwrap();
    let made: arrow_flight::sql::ActionCreatePreparedStatementResult = any.unpack().unwrap().unwrap();
    let handle = made.prepared_statement_handle;
    let wanted = CommandPreparedStatementQuery {
        prepared_statement_handle: handle.clone(),
    };
    let descriptor = FlightDescriptor::new_cmd(wanted.as_any().encode_to_vec());
    client.inner_mut().get_flight_info(descriptor.clone()).await.unwrap();
    let close = arrow_flight::sql::ActionClosePreparedStatementRequest {
        prepared_statement_handle: handle,
    };
    client
        .do_action(action("ClosePreparedStatement", close.as_any()))
        .await
        .unwrap();
    let status = client.inner_mut().get_flight_info(descriptor).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound, "{status}");
}

#[tokio::test]
async fn mistakes_and_forbidden_things_have_their_codes() {
    let server = Running::start(false).await;
    let mut client = server.client().await;
    for (sql, code, part) in [
        ("SELEKT 1", Code::InvalidArgument, "SAMSYN-21"),
        ("SELECT nam FROM pub.population", Code::InvalidArgument, "line 1"),
        ("SELECT ?, $1", Code::InvalidArgument, "SAMSYN-7020"),
        ("SELECT 1; SELECT 2", Code::InvalidArgument, "one"),
        ("CREATE TABLE x AS SELECT 1", Code::PermissionDenied, "SAMSYN-2110"),
        ("DROP TABLE pub.population", Code::PermissionDenied, "SAMSYN-2110"),
        (
            "INSERT INTO pub.population SELECT * FROM pub.population",
            Code::PermissionDenied,
            "SAMSYN-2110",
        ),
        ("COPY (SELECT 1) TO '/tmp/x.csv'", Code::PermissionDenied, "SAMSYN-2110"),
        (
            "CREATE EXTERNAL TABLE p STORED AS CSV LOCATION '/etc/passwd'",
            Code::PermissionDenied,
            "SAMSYN-2110",
        ),
        (
            "SET datafusion.execution.batch_size = 1",
            Code::PermissionDenied,
            "SAMSYN-2110",
        ),
    ] {
        let (found, text) = refused(client.execute(sql.to_owned(), None).await);
        assert_eq!(found, code, "{sql}: {text}");
        assert!(text.contains(part) && text.len() < 4100, "{sql}: {text}");
        let (prepared, _) = refused(client.prepare(sql.to_owned(), None).await);
        assert_eq!(prepared, code, "{sql}");
    }
    // what a reader may not see is as absent as what does not exist
    for sql in [
        "SELECT * FROM core.person",
        "SELECT * FROM core.nothing",
        "EXPLAIN SELECT * FROM core.person",
        r#"SELECT * FROM "baslinje-2014".core.person"#,
        "SELECT * FROM '/etc/passwd'",
    ] {
        let (code, text) = refused(client.execute(sql.to_owned(), None).await);
        assert!(
            matches!(code, Code::InvalidArgument | Code::NotFound),
            "{sql}: {code:?} {text}"
        );
        assert!(!text.contains("area_code"), "{text}");
    }
    let (code, text) = refused(client.execute_update("DELETE FROM pub.population".into(), None).await);
    assert_eq!(code, Code::PermissionDenied, "{text}");
    let (code, _) = refused(client.begin_transaction().await);
    assert_eq!(code, Code::Unimplemented);
    let status = client
        .inner_mut()
        .get_flight_info(FlightDescriptor::new_cmd("nonsense"))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let status = client.inner_mut().do_get(Ticket::new("nonsense")).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    // an error while rows are on their way is an error of the query
    let info = client
        .execute("SELECT 1 / (persons - 20) AS x FROM pub.population".into(), None)
        .await
        .unwrap();
    let rows = client.do_get(info.endpoint[0].ticket.clone().unwrap()).await.unwrap();
    let (code, text) = refused(rows.try_collect::<Vec<_>>().await);
    assert_eq!(code, Code::InvalidArgument, "{text}");
}

#[tokio::test]
async fn a_login_gives_a_token_and_without_it_nothing_is_told() {
    let server = Running::start(true).await;
    let mut client = server.client().await;
    let (code, _) = refused(client.execute("SELECT 1".into(), None).await);
    assert_eq!(code, Code::Unauthenticated);
    let (code, _) = refused(client.get_catalogs().await);
    assert_eq!(code, Code::Unauthenticated);
    assert!(client.handshake("anna", "fel").await.is_err());
    client.set_token("None".into());
    let (code, _) = refused(client.get_catalogs().await);
    assert_eq!(code, Code::Unauthenticated);
    client.clear_token();
    client.handshake("anna", "annas lösen").await.unwrap();
    assert!(client.token().is_some());
    assert_eq!(tables(&mut client, CommandGetTables::default()).await.num_rows(), 2);
    let info = client.execute("SELECT 1".into(), None).await.unwrap();

    // another session cannot read this one's results; an engineer sees every layer
    let mut other = server.client().await;
    other.handshake("bo", "bos lösen").await.unwrap();
    let (code, _) = refused(other.do_get(info.endpoint[0].ticket.clone().unwrap()).await);
    assert_eq!(code, Code::NotFound);
    let found = tables(&mut other, CommandGetTables::default()).await;
    assert!(column(&found, 1).contains(&"core".to_owned()), "{found:?}");
    query(&mut other, "SELECT * FROM core.person").await;
    read(&mut client, info).await;

    // closing the session takes the token back
    client.do_action(Action::new("CloseSession", "")).await.unwrap();
    let (code, _) = refused(client.get_catalogs().await);
    assert_eq!(code, Code::Unauthenticated);
}

#[tokio::test]
async fn a_cancelled_query_ends_with_that_word() {
    let server = Running::start(false).await;
    let mut client = server.client().await;
    let sql =
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 1000000000) SELECT count(*) FROM t";
    let info = client.execute(sql.into(), None).await.unwrap();
    let rows = client.do_get(info.endpoint[0].ticket.clone().unwrap()).await.unwrap();
    let mut canceller = server.client().await;
    let request = CancelFlightInfoRequest { info: Some(info) };
    let mut answers = canceller
        .do_action(Action::new("CancelFlightInfo", request.encode_to_vec()))
        .await
        .unwrap();
    let answer = CancelFlightInfoResult::decode(&*answers.message().await.unwrap().unwrap().body).unwrap();
    assert_eq!(answer.status(), CancelStatus::Cancelled);
    let ended = tokio::time::timeout(Duration::from_secs(20), rows.try_collect::<Vec<_>>())
        .await
        .expect("the stream ends");
    assert_eq!(refused(ended).0, Code::Cancelled);
}

#[tokio::test]
async fn the_small_client_reads_and_tells_errors() {
    let server = Running::start(true).await;
    let url = format!("grpc://{}", server.address);
    let login = Login::Password {
        user: "anna".into(),
        password: samsyn::model::Redacted::new("annas lösen".into()),
    };
    let (schema, rows) = serve::client::query(&url, &login, "SELECT name FROM pub.population")
        .await
        .unwrap();
    let rows: Vec<_> = rows.try_collect().await.unwrap();
    let schema: SchemaRef = schema;
    assert_eq!(concat_batches(&schema, &rows).unwrap().num_rows(), 4);
    let error = serve::client::query(&url, &login, "SELECT * FROM pub.populatio")
        .await
        .err()
        .unwrap();
    assert!(error.code() >= 2100 && error.code() < 2200, "{error:?}");
    let error = serve::client::query(&url, &Login::Anonymous, "SELECT 1")
        .await
        .err()
        .unwrap();
    assert_eq!(error.kind(), samsyn::error::Kind::Unauthenticated);
}

#[tokio::test]
async fn servers_start_and_stop_cleanly_or_say_why_not() {
    let mut server = Running::start(false).await;
    let options = ServeOptions::new(server.address, None);
    let error = serve::bind(&options).await.unwrap_err();
    assert_eq!((error.code(), error.exit_code()), (7001, 3));
    assert!(error.hint_text().unwrap().contains("--listen"));

    let open = ServeOptions::new("0.0.0.0:0".parse().unwrap(), None);
    let error = serve::serve(lake().await, open, std::future::pending())
        .await
        .unwrap_err();
    assert_eq!(error.code(), 7002);

    let mut client = server.client().await;
    query(&mut client, "SELECT 1").await;
    server.stop.take().unwrap().send(()).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(15), server.tasks.join_next()).await;
    ended.expect("stops in time").unwrap().unwrap().unwrap();
    let _ = ReleaseId(1);
}
