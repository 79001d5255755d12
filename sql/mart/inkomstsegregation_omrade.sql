/*
description: >-
  Ligger områden med låg, mellan och hög löneinkomst i olika kommuner? Länets (och urvalets) folk ordnat efter sitt RegSO:s medelinkomst i
  tjugo lika många områden: för varje gräns hur åtskilda de under gränsen är från dem över den (H), och rangordnad, hela ordningens index
  (Reardon). 0 alla kommuner har samma blandning, 1 helt åtskilt. Skillnader inom områden syns inte.
grain: [omrade_niva, omrade, ar, grans]
*/
WITH omraden AS (
    SELECT i.regso, i.kommun, i.lan, i.ar, i.medel_tkr, b.antal AS n
    FROM core.inkomst_regso AS i
    JOIN core.befolkning_regso AS b ON b.regso = i.regso AND b.ar = i.ar AND b.fodelseregion = 'totalt'
    WHERE i.medel_tkr IS NOT NULL
),
rader AS (
    SELECT 'lan' AS omrade_niva, lan AS omrade, regso, kommun, ar, medel_tkr, n FROM omraden
    UNION ALL
    SELECT 'urval' AS omrade_niva, 'urval' AS omrade, regso, kommun, ar, medel_tkr, n FROM omraden
),
rangade AS (
    SELECT
        omrade_niva, omrade, ar, kommun, n,
        ntile(20) OVER (PARTITION BY omrade_niva, omrade, ar ORDER BY medel_tkr, regso) AS rang
    FROM rader
),
listor AS (
    SELECT
        omrade_niva, omrade, ar,
        count(DISTINCT kommun) AS antal_kommuner,
        seg_rank_order(kommun, rang, n) AS rangordnad,
        unnest(seg_rank_profile(kommun, rang, n)) AS grans
    FROM rangade
    GROUP BY omrade_niva, omrade, ar
)
SELECT
    l.omrade_niva,
    l.omrade,
    CASE WHEN l.omrade_niva = 'urval' THEN 'Länen i filerna' ELSE o.namn END AS namn,
    l.ar,
    CAST(l.grans['rank'] AS INTEGER) AS grans,
    100.0 * l.grans['p'] AS andel_under,
    l.grans['value'] AS entropiindex,
    l.rangordnad,
    l.antal_kommuner,
    CASE WHEN l.rangordnad IS NULL OR l.grans['value'] IS NULL THEN 'L' ELSE 'E' END AS obs_status,
    'F' AS conf_status
FROM listor AS l
LEFT JOIN ref.omrade AS o ON o.omrade_niva = l.omrade_niva AND o.omrade = l.omrade
