//! The rest of the protocol: what drivers send besides queries, in the order in which they send it.

use std::collections::BTreeMap;

use arrow::array::Float64Array;
use arrow_flight::{
    HandshakeRequest, RenewFlightEndpointRequest,
    sql::{
        ActionCancelQueryRequest, ActionCreatePreparedStatementRequest, ActionCreatePreparedStatementResult,
        CommandGetCatalogs, CommandStatementIngest, CommandStatementSubstraitPlan,
    },
};
use tonic::Request;

use super::*;

/// One handshake with this `authorization` header: the header of the answer.
async fn handshake(client: &mut Client, authorization: &str) -> Result<String, tonic::Status> {
    let mut request = Request::new(stream::iter([HandshakeRequest::default()]));
    request
        .metadata_mut()
        .insert("authorization", authorization.parse().unwrap());
    let response = client.inner_mut().handshake(request).await?;
    let header = response
        .metadata()
        .get("authorization")
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    response.into_inner().try_collect::<Vec<_>>().await?;
    Ok(header)
}

async fn create(client: &mut Client, sql: &str) -> Result<ActionCreatePreparedStatementResult, FlightError> {
    let request = ActionCreatePreparedStatementRequest {
        query: sql.to_owned(),
        transaction_id: None,
    };
    let action = Action::new("CreatePreparedStatement", request.as_any().encode_to_vec());
    let mut answers = client.do_action(action).await?;
    let body = answers.message().await.map_err(FlightError::from)?.unwrap().body;
    Ok(Any::decode(&*body).unwrap().unpack().unwrap().unwrap())
}

fn descriptor(command: &impl ProstMessageExt) -> FlightDescriptor {
    FlightDescriptor::new_cmd(command.as_any().encode_to_vec())
}

#[tokio::test]
async fn a_jdbc_driver_logs_in_with_a_token_and_prepares_everything() {
    let server = Running::start(true).await;
    let mut client = server.client().await;
    client.handshake("anna", "annas lösen").await.unwrap();
    let token = client.token().unwrap().clone();
    // another connection, which has only the token: it handshakes with it all the same
    let mut client = server.client().await;
    let bearer = format!("Bearer {token}");
    assert_eq!(handshake(&mut client, &bearer).await.unwrap(), bearer);
    assert_eq!(
        handshake(&mut client, "Bearer None").await.unwrap_err().code(),
        Code::Unauthenticated
    );
    client.set_token(token);
    // unknown parameters of the address come as headers
    client.set_header("usesystemtruststore", "true");
    client.set_header("retainauth", "true");
    // metadata without a catalog
    let info = client.get_sql_info(vec![]).await.unwrap();
    assert!(read(&mut client, info).await.num_rows() > 90);
    let found = tables(
        &mut client,
        CommandGetTables {
            table_name_filter_pattern: Some("%".into()),
            db_schema_filter_pattern: Some("pub".into()),
            table_types: vec!["TABLE".into()],
            include_schema: true,
            ..Default::default()
        },
    )
    .await;
    assert_eq!(found.num_rows(), 1);
    // a query: prepared, bound, asked for, read, closed
    let made = create(
        &mut client,
        "SELECT name FROM pub.population WHERE persons < ? ORDER BY persons",
    )
    .await
    .unwrap();
    assert_eq!(decoded(&made.dataset_schema).field(0).name(), "name");
    assert_eq!(decoded(&made.parameter_schema).field(0).data_type(), &DataType::Int64);
    let wanted = CommandPreparedStatementQuery {
        prepared_statement_handle: made.prepared_statement_handle,
    };
    // not bound yet
    let mut request = Request::new(descriptor(&wanted));
    request.metadata_mut().insert("authorization", bearer.parse().unwrap());
    let status = client.inner_mut().get_flight_info(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    // updates are refused when prepared, so that no driver believes that they were done
    let (code, text) = refused(create(&mut client, "DELETE FROM pub.population").await);
    assert_eq!(code, Code::PermissionDenied, "{text}");
}

#[tokio::test]
async fn a_bound_number_is_compared_as_what_it_is() {
    let server = Running::start(false).await;
    let mut client = server.client().await;
    let mut prepared = client
        .prepare("SELECT name FROM pub.population WHERE persons < ?".to_owned(), None)
        .await
        .unwrap();
    for (bound, expected) in [(20.0, 1), (20.5, 2), (1e300, 4), (f64::INFINITY, 4)] {
        let values = RecordBatch::try_from_iter([("x", Arc::new(Float64Array::from(vec![bound])) as ArrayRef)]);
        prepared.set_parameters(values.unwrap()).unwrap();
        let info = prepared.execute().await.unwrap();
        assert_eq!(read(&mut client, info).await.num_rows(), expected, "{bound}");
    }
}

#[tokio::test]
async fn announced_types_are_those_after_analysis() {
    let server = Running::start(false).await;
    let mut client = server.client().await;
    for (sql, expected) in [
        (
            "SELECT CASE WHEN persons > 10 THEN 1 ELSE 2.5 END AS x FROM pub.population WHERE persons = 10",
            DataType::Float64,
        ),
        ("SELECT coalesce(NULL, 1, 2.5) AS x", DataType::Float64),
        ("SELECT nullif(1, 2.5) AS x", DataType::Float64),
        ("SELECT NULL AS x UNION ALL SELECT 2.5", DataType::Float64),
        ("SELECT 1 AS x UNION ALL SELECT '2'", DataType::Utf8),
        ("VALUES (1), (2.5)", DataType::Float64),
        ("SELECT greatest(1, 2.5) AS x", DataType::Float64),
        ("SELECT persons + 0.5 AS x FROM pub.population", DataType::Float64),
        (
            "SELECT sum(persons) / count(*) AS x FROM pub.population",
            DataType::Int64,
        ),
        ("SELECT [1, 2.5][1] AS x", DataType::Float64),
        ("SELECT name || 1 AS x FROM pub.population", DataType::Utf8),
    ] {
        let rows = query(&mut client, sql).await;
        assert_eq!(rows.schema().field(0).data_type(), &expected, "{sql}");
        if sql.contains("ELSE 2.5") {
            assert_eq!(
                rows.column(0).as_primitive::<arrow::datatypes::Float64Type>().values(),
                &[2.5]
            );
        }
    }
}

#[tokio::test]
async fn the_columns_of_a_listing_are_those_of_a_query() {
    let server = Running::start(false).await;
    let mut client = server.client().await;
    let listed = tables(
        &mut client,
        CommandGetTables {
            include_schema: true,
            ..Default::default()
        },
    )
    .await;
    assert_eq!(listed.num_rows(), 2);
    for row in 0..listed.num_rows() {
        let (schema, table) = (&column(&listed, 1)[row], &column(&listed, 2)[row]);
        let bytes = bytes::Bytes::copy_from_slice(listed.column(4).as_binary::<i32>().value(row));
        let rows = query(&mut client, &format!("SELECT * FROM {schema}.{table}")).await;
        for (told, read) in decoded(&bytes).fields().iter().zip(rows.schema().fields()) {
            assert_eq!(
                (told.name(), told.data_type(), told.is_nullable()),
                (read.name(), read.data_type(), read.is_nullable())
            );
            let said: BTreeMap<_, _> = read.metadata().iter().collect();
            for (key, value) in said {
                assert_eq!(told.metadata().get(key), Some(value), "{key}");
            }
        }
    }
}

#[tokio::test]
async fn every_server_fact_that_drivers_read_is_there() {
    let server = Running::start(false).await;
    let mut client = server.client().await;
    let info = client.get_sql_info(vec![]).await.unwrap();
    let facts = read(&mut client, info).await;
    let codes = facts.column(0).as_primitive::<arrow::datatypes::UInt32Type>().values();
    for code in (0..=11).chain([100, 101]).chain(500..=576) {
        assert!(codes.contains(&code), "SqlInfo {code}");
    }
    assert!(codes.is_sorted());
}

#[tokio::test]
async fn what_would_write_or_is_not_there_is_refused_with_a_clear_code() {
    let server = Running::start(false).await;
    let mut client = server.client().await;
    // Substrait goes round the guard, so there is none
    let plan = CommandStatementSubstraitPlan {
        plan: Some(arrow_flight::sql::SubstraitPlan {
            plan: vec![1, 2, 3].into(),
            version: "0.57".into(),
        }),
        transaction_id: None,
    };
    let status = client.inner_mut().get_flight_info(descriptor(&plan)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented, "{status}");
    let status = client.inner_mut().get_schema(descriptor(&plan)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented, "{status}");
    for action in [
        "CreatePreparedSubstraitPlan",
        "BeginTransaction",
        "EndSavepoint",
        "nonsense",
    ] {
        let (code, text) = refused(client.do_action(Action::new(action, "")).await);
        assert_eq!(code, Code::Unimplemented, "{action}: {text}");
    }
    let ingest = CommandStatementIngest {
        table: "population".into(),
        schema: Some("pub".into()),
        ..Default::default()
    };
    let rows = RecordBatch::try_from_iter([("x", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]).unwrap();
    let mut messages = arrow_flight::utils::batches_to_flight_data(&rows.schema(), vec![rows]).unwrap();
    for command in [
        descriptor(&ingest),
        descriptor(&plan),
        descriptor(&CommandGetCatalogs {}),
    ] {
        messages[0].flight_descriptor = Some(command);
        let status = client
            .inner_mut()
            .do_put(stream::iter(messages.clone()))
            .await
            .unwrap_err();
        assert!(
            matches!(status.code(), Code::PermissionDenied | Code::Unimplemented),
            "{status}"
        );
        assert!(status.message().starts_with("SAMSYN-70"), "{status}");
    }
    let status = client
        .inner_mut()
        .do_exchange(stream::iter(messages))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    let ids = server.lake.release_ids().await.unwrap();
    assert_eq!(ids.len(), 2);
}

#[tokio::test]
async fn session_options_and_older_actions_are_answered() {
    let server = Running::start(true).await;
    let mut client = server.client().await;
    client.handshake("anna", "annas lösen").await.unwrap();
    let answer = async |client: &mut Client, name: &str, body: Vec<u8>| {
        let mut answers = client.do_action(Action::new(name, body)).await.unwrap();
        answers.message().await.unwrap().map(|answer| answer.body)
    };
    let told = answer(&mut client, "GetSessionOptions", vec![]).await.unwrap();
    let text = String::from_utf8_lossy(&told);
    assert!(
        text.contains("catalog") && text.contains("samsyn") && text.contains("pub"),
        "{text}"
    );
    let info = client.execute("SELECT 1 AS one".into(), None).await.unwrap();
    let renew = RenewFlightEndpointRequest {
        endpoint: Some(info.endpoint[0].clone()),
    };
    assert!(
        answer(&mut client, "RenewFlightEndpoint", renew.encode_to_vec())
            .await
            .is_some()
    );
    let cancel = ActionCancelQueryRequest {
        info: info.encode_to_vec().into(),
    };
    let done = answer(&mut client, "CancelQuery", cancel.as_any().encode_to_vec()).await;
    assert!(done.is_some());
    let (code, _) = refused(client.do_get(info.endpoint[0].ticket.clone().unwrap()).await);
    assert_eq!(code, Code::NotFound);
    // a name or value that is not possible is said in the answer: setting `schema` to a number
    assert!(
        answer(&mut client, "SetSessionOptions", vec![])
            .await
            .unwrap()
            .is_empty()
    );
    let schema = [&[10, 17, 10, 6][..], b"schema", &[18, 7, 10, 5], b"other"].concat();
    assert!(
        !answer(&mut client, "SetSessionOptions", schema)
            .await
            .unwrap()
            .is_empty()
    );
    let schema = [&[10, 15, 10, 6][..], b"schema", &[18, 5, 10, 3], b"pub"].concat();
    assert!(
        answer(&mut client, "SetSessionOptions", schema)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(answer(&mut client, "CloseSession", vec![]).await.is_some());
    let (code, _) = refused(client.get_catalogs().await);
    assert_eq!(code, Code::Unauthenticated);
}

#[tokio::test]
async fn bytes_that_are_no_message_are_the_clients_mistake() {
    let server = Running::start(false).await;
    let mut client = server.client().await;
    for bytes in [&b""[..], b"\xff\xff\xff", b"\x0a\x05hello", &[0; 1000]] {
        // a message of a type that nobody knows is well-formed
        let code = if bytes.ends_with(b"hello") {
            Code::Unimplemented
        } else {
            Code::InvalidArgument
        };
        let wanted = FlightDescriptor::new_cmd(bytes.to_vec());
        let status = client.inner_mut().get_flight_info(wanted.clone()).await.unwrap_err();
        assert_eq!(status.code(), code, "{status}");
        let status = client.inner_mut().get_schema(wanted.clone()).await.unwrap_err();
        assert_eq!(status.code(), code, "{status}");
        let status = client.inner_mut().poll_flight_info(wanted).await.unwrap_err();
        assert_eq!(status.code(), code, "{status}");
        let status = client
            .inner_mut()
            .do_get(Ticket::new(bytes.to_vec()))
            .await
            .unwrap_err();
        assert_eq!(status.code(), code, "{status}");
        for action in [
            "CreatePreparedStatement",
            "CancelFlightInfo",
            "CancelQuery",
            "RenewFlightEndpoint",
        ] {
            let (code, text) = refused(client.do_action(Action::new(action, bytes.to_vec())).await);
            assert_eq!(code, Code::InvalidArgument, "{action}: {text}");
        }
    }
    let path = FlightDescriptor::new_path(vec!["pub".into(), "population".into()]);
    let status = client.inner_mut().get_flight_info(path).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}
