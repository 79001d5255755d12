//! Sums over published figures: never a silent sum of what is left when something is hidden.

use serde_json::{Value, json};

use crate::cli::Folder;

/// One value of one row.
fn one(folder: &Folder, sql: &str) -> Value {
    let rows = folder.sql(sql);
    let row = rows[0].as_object().unwrap();
    assert_eq!((rows.as_array().unwrap().len(), row.len()), (1, 1), "{sql}");
    row.values().next().unwrap().clone()
}

/// Every way of writing a sum over the RegSO of 2025 of one year; some of them are hidden.
#[test]
fn a_sum_with_a_hidden_part_is_not_known() {
    let folder = Folder::demo(500, (2023, 2024));
    folder.samsyn(&["run"]).good();
    let rows = "FROM pub.befolkning_omrade AS p WHERE omrade_niva = 'deso_2025' AND ar = '2024' AND kon = 'totalt' \
                AND fodelseregion <> 'totalt'";
    let hidden = one(&folder, &format!("SELECT count(*) {rows} AND conf_status = 'C'"));
    let shown = one(&folder, &format!("SELECT sum(antal) {rows} AND conf_status = 'F'"));
    assert!(
        hidden.as_i64().unwrap() > 5 && shown.as_i64().unwrap() > 50,
        "{hidden} {shown}"
    );
    // what is not known
    for sql in [
        format!("SELECT sum(antal) {rows}"),
        format!("SELECT avg(antal) {rows}"),
        format!("SELECT sum(p.antal) AS summa {rows}"),
        format!("SELECT sum(antal) + 0 {rows}"),
        format!("SELECT sum(2.0 * antal) {rows}"),
        format!("SELECT sum(CAST(antal AS DOUBLE) / 10) {rows}"),
        format!("SELECT sum(round(antal / 3.0)) {rows}"),
        format!("SELECT sum(CASE WHEN fodelseregion <> 'x' THEN antal END) {rows}"),
        format!("SELECT sum(CASE WHEN fodelseregion <> 'x' THEN antal ELSE 0 END) {rows}"),
        format!("SELECT sum(n) FROM (SELECT antal AS n {rows})"),
        format!("WITH t AS (SELECT * {rows}) SELECT sum(antal) FROM t"),
        format!("SELECT sum(n) FROM (SELECT omrade, sum(antal) AS n {rows} GROUP BY omrade)"),
        format!("SELECT sum(n) FROM (SELECT antal AS n {rows} UNION ALL SELECT 1)"),
        format!("SELECT max(n) FROM (SELECT sum(antal) OVER () AS n {rows})"),
        format!("SELECT sum(antal) FILTER (WHERE antal IS NULL OR antal > 0) {rows}"),
        "SELECT sum(p.antal) FROM pub.befolkning_omrade AS p JOIN (VALUES ('2024')) AS v(ar) ON p.ar = v.ar".to_owned(),
        "SELECT sum(p.antal) FROM (VALUES ('2024')) AS v(ar) RIGHT JOIN pub.befolkning_omrade AS p ON p.ar = v.ar"
            .to_owned(),
        format!("SELECT (SELECT sum(antal) {rows})"),
    ] {
        assert_eq!(one(&folder, &sql), Value::Null, "{sql}");
    }
    // what is said to be about what is shown, and what is whole
    let total = "FROM pub.befolkning_omrade WHERE omrade_niva = 'kommun' AND ar = '2024' AND kon = 'totalt' AND fodelseregion = 'totalt'";
    let whole = one(&folder, &format!("SELECT sum(antal) {total}"));
    assert!(whole.as_i64() > shown.as_i64());
    for (sql, known) in [
        (
            format!("SELECT sum(antal) FILTER (WHERE conf_status = 'F') {rows}"),
            &shown,
        ),
        (format!("SELECT sum(coalesce(antal, 0)) {rows}"), &shown),
        (
            format!("SELECT sum(antal) FROM (SELECT antal {rows} AND antal IS NOT NULL)"),
            &shown,
        ),
        (
            format!("SELECT sum(CASE WHEN conf_status = 'F' THEN antal END) {rows}"),
            &shown,
        ),
        (
            format!("SELECT sum(n) FROM (SELECT omrade, sum(antal) AS n {total} GROUP BY omrade)"),
            &whole,
        ),
        (format!("SELECT count(antal) {rows} AND conf_status = 'C'"), &json!(0)),
    ] {
        assert_eq!(one(&folder, &sql), *known, "{sql}");
    }
    // groups of which nothing is hidden keep their sums; the name of the column stays
    let groups = folder.sql(&format!(
        "SELECT omrade, sum(antal), count(*) - count(antal) AS dolda {rows} GROUP BY omrade ORDER BY omrade"
    ));
    let (mut with, mut without) = (0, 0);
    for row in groups.as_array().unwrap() {
        let sum = row
            .as_object()
            .unwrap()
            .iter()
            .find(|(name, _)| name.starts_with("sum("))
            .unwrap();
        let gaps = row["dolda"].as_i64().unwrap();
        assert_eq!(sum.1.is_null(), gaps > 0, "{row}");
        if gaps > 0 { with += 1 } else { without += 1 }
    }
    assert!(with > 0 && without > 0);
    // windows that move
    let moving = folder.sql(&format!(
        "SELECT count(*) FILTER (WHERE (n IS NULL) <> (dolda > 0)) AS fel, count(n) > 0 AS nagon FROM (
           SELECT sum(antal) OVER w AS n, count(*) FILTER (WHERE antal IS NULL) OVER w AS dolda {rows}
           WINDOW w AS (ORDER BY omrade, fodelseregion ROWS BETWEEN 1 PRECEDING AND CURRENT ROW))"
    ));
    assert_eq!(moving, json!([{ "fel": 0, "nagon": true }]));
    // tables that are not published are summed as SQL does
    assert_eq!(
        one(&folder, "SELECT sum(x) FROM (VALUES (1), (NULL), (2)) AS v(x)"),
        json!(3)
    );
}
