/*
description: >-
  Områdets sammansättning: befolkningen efter födelseregion och lägenheterna efter upplåtelseform, i RegSO, kommun och län.
grain: [omrade_niva, omrade, ar, indelning, grupp]
*/
WITH celler AS (
    SELECT regso, kommun, lan, ar, 'fodelseregion' AS indelning, fodelseregion AS grupp, antal, conf_status
    FROM core.befolkning_regso
    WHERE fodelseregion <> 'totalt'
    UNION ALL
    SELECT regso, kommun, lan, ar, 'upplatelseform' AS indelning, upplatelseform AS grupp, antal, conf_status
    FROM core.bostader_regso
),
nivaer AS (
    SELECT 'regso' AS omrade_niva, regso AS omrade, ar, indelning, grupp, antal, conf_status FROM celler
    UNION ALL
    SELECT 'kommun' AS omrade_niva, kommun AS omrade, ar, indelning, grupp, antal, conf_status FROM celler
    UNION ALL
    SELECT 'lan' AS omrade_niva, lan AS omrade, ar, indelning, grupp, antal, conf_status FROM celler
),
grupper AS (
    SELECT
        omrade_niva,
        omrade,
        ar,
        indelning,
        grupp,
        sum(antal) AS antal,
        count(*) FILTER (WHERE antal IS NULL) AS saknas,
        count(*) FILTER (WHERE conf_status <> 'F') AS dolda
    FROM nivaer
    GROUP BY omrade_niva, omrade, ar, indelning, grupp
),
helheter AS (
    SELECT
        *,
        sum(antal) OVER (PARTITION BY omrade_niva, omrade, ar, indelning) AS alla,
        sum(saknas) OVER (PARTITION BY omrade_niva, omrade, ar, indelning) AS saknas_alla,
        sum(dolda) OVER (PARTITION BY omrade_niva, omrade, ar, indelning) AS dolda_alla
    FROM grupper
)
SELECT
    h.omrade_niva,
    h.omrade,
    o.namn,
    h.ar,
    h.indelning,
    h.grupp,
    -- a sum with a hole in it would be wrong
    CASE WHEN h.saknas = 0 THEN h.antal END AS antal,
    CASE WHEN h.saknas_alla = 0 THEN 100.0 * h.antal / nullif(h.alla, 0) END AS andel,
    CASE
        WHEN h.dolda_alla > 0 THEN 'Q'
        WHEN h.saknas_alla > 0 THEN 'M'
        WHEN h.alla = 0 THEN 'L'
        ELSE 'A'
    END AS obs_status,
    CASE WHEN h.dolda_alla > 0 THEN 'C' ELSE 'F' END AS conf_status
FROM helheter AS h
LEFT JOIN ref.omrade AS o ON o.omrade_niva = h.omrade_niva AND o.omrade = h.omrade
