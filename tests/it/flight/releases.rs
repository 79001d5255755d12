//! One statement reads one release, whatever is published meanwhile.

use super::*;

async fn publish(lake: &Lake, rows: usize) -> ReleaseId {
    let previous = lake.current_release().await.unwrap();
    let names: Vec<String> = (0..rows).map(|i| format!("ort {i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let next = release(lake, previous.as_ref(), &names).await;
    lake.commit_release(&next).await.unwrap();
    next.id
}

fn count(batch: &RecordBatch) -> Vec<i64> {
    batch.column(0).as_primitive::<Int64Type>().values().to_vec()
}

#[tokio::test]
async fn a_promised_result_is_that_of_its_release() {
    let server = Running::start(false).await;
    let mut client = server.client().await;
    let sql = "SELECT count(*) AS n FROM pub.population";
    let promised = client.execute(sql.to_owned(), None).await.unwrap();
    let mut prepared = client.prepare(sql.to_owned(), None).await.unwrap();
    publish(&server.lake, 7).await;
    assert_eq!(count(&read(&mut client, promised).await), [4]);
    // a statement is planned once, at the release there was then
    let info = prepared.execute().await.unwrap();
    assert_eq!(count(&read(&mut client, info).await), [4]);
    assert_eq!(count(&query(&mut client, sql).await), [7]);
    let tagged = r#"SELECT count(*) AS n FROM "baslinje-2014".pub.population"#;
    assert_eq!(count(&query(&mut client, tagged).await), [3]);
}

#[tokio::test]
async fn a_long_stream_keeps_its_files() {
    let server = Running::start(false).await;
    publish(&server.lake, 5_000).await;
    let mut client = server.client().await;
    // the table is read again for every batch of the other side, long after the first rows were sent
    let sql = "SELECT p.name, p.persons, s.value FROM generate_series(1, 400) s CROSS JOIN pub.population p";
    let info = client.execute(sql.to_owned(), None).await.unwrap();
    let mut rows = client.do_get(info.endpoint[0].ticket.clone().unwrap()).await.unwrap();
    let mut total = rows.try_next().await.unwrap().unwrap().num_rows();
    for size in [3, 9, 2] {
        publish(&server.lake, size).await;
        if let Some(batch) = rows.try_next().await.unwrap() {
            total += batch.num_rows();
        }
    }
    while let Some(batch) = rows.try_next().await.unwrap() {
        total += batch.num_rows();
    }
    assert_eq!(total, 400 * 5_000);
}

#[tokio::test]
async fn a_statement_never_mixes_two_releases() {
    let server = Running::start(false).await;
    let lake = server.lake.clone();
    let mut publisher = JoinSet::new();
    publisher.spawn(async move {
        for size in 5..25 {
            publish(&lake, size).await;
        }
    });
    let mut client = server.client().await;
    let sql = "SELECT (SELECT count(*) FROM pub.population) - (SELECT count(*) FROM ref.area) AS n,
                      (SELECT count(*) FROM pub.population) AS size";
    let mut sizes = Vec::new();
    while sizes.last() != Some(&24) {
        let batch = query(&mut client, sql).await;
        assert_eq!(count(&batch), [0]);
        sizes.push(batch.column(1).as_primitive::<Int64Type>().value(0));
    }
    assert!(sizes.is_sorted(), "{sizes:?}");
    publisher.join_all().await;
}
