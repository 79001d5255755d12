/*
description: FIKTIV. Sysselsättning och inkomst bland 20–64 år i varje RegSO och kommun.
grain: [omrade_niva, omrade, ar]
*/
WITH vuxna AS (
    SELECT 'regso_2025' AS omrade_niva, regso_2025 AS omrade, ar, sysselsatt, inkomst
    FROM core.fiktiv_person WHERE alder BETWEEN $yngst AND $aldst
    UNION ALL
    SELECT 'kommun', kommun, ar, sysselsatt, inkomst
    FROM core.fiktiv_person WHERE alder BETWEEN $yngst AND $aldst
)
SELECT
    omrade_niva,
    omrade,
    ar,
    count(*) AS personer_20_64,
    count(*) FILTER (WHERE sysselsatt = 1) AS sysselsatta,
    count(*) FILTER (WHERE sysselsatt = 0) AS ej_sysselsatta,
    100.0 * count(*) FILTER (WHERE sysselsatt = 1) / count(*) AS andel_sysselsatta,
    avg(inkomst) AS medelinkomst_tkr
FROM vuxna
GROUP BY omrade_niva, omrade, ar
