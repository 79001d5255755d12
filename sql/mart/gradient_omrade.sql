/*
description: >-
  Hur brant ändras andelen från områden med lägst löneinkomst till områden med högst, och har det blivit brantare? Första och sista året. SII
  är skillnaden i procentenheter mellan toppen och botten av områdenas inkomstordning, RII kvoten mellan botten och topp, koncentrationsindex
  (Erreygers) hur andelen samlas i toppen (positivt) eller botten (negativt). Varje RegSO väger med sitt folk eller sina lägenheter. Kommuner
  med färre än fem RegSO är inte med: en lutning genom så få punkter säger inget. Intervallen rymmer slumpen i andelarna, inte att områden
  ligger vid sidan av linjen.
grain: [omrade_niva, omrade, ar, matt]
*/
WITH andelar AS (
    SELECT
        regso, kommun, lan, ar, 'andel_utomlands' AS matt,
        max(antal) FILTER (WHERE fodelseregion = 'utomlands') AS x,
        max(antal) FILTER (WHERE fodelseregion = 'totalt') AS n
    FROM core.befolkning_regso
    GROUP BY regso, kommun, lan, ar
    UNION ALL
    SELECT
        regso, kommun, lan, ar, concat('andel_', upplatelseform) AS matt,
        antal AS x,
        CASE WHEN count(*) OVER alla = count(antal) OVER alla THEN sum(antal) OVER alla END AS n
    FROM core.bostader_regso
    WINDOW alla AS (PARTITION BY regso, ar)
),
omraden AS (
    SELECT
        a.regso, a.kommun, a.lan, a.ar, a.matt, i.medel_tkr, a.n, 100.0 * a.x / a.n AS andel,
        -- half a person more on either side: an area where all or nobody is one has an error too
        100.0 * sqrt((a.x + 0.5) * (a.n - a.x + 0.5)) / ((a.n + 1) * sqrt(a.n)) AS fel
    FROM andelar AS a
    LEFT JOIN core.inkomst_regso AS i ON i.regso = a.regso AND i.ar = a.ar
    WHERE a.matt <> 'andel_uppgift saknas' AND (a.n IS NULL OR a.n > 0) AND a.ar IN ($fran_ar, $till_ar)
),
nivaer AS (
    SELECT 'kommun' AS omrade_niva, kommun AS omrade, ar, matt, medel_tkr, andel, n, fel FROM omraden
    UNION ALL
    SELECT 'lan' AS omrade_niva, lan AS omrade, ar, matt, medel_tkr, andel, n, fel FROM omraden
    UNION ALL
    SELECT 'urval' AS omrade_niva, 'urval' AS omrade, ar, matt, medel_tkr, andel, n, fel FROM omraden
),
matt AS (
    SELECT
        omrade_niva, omrade, ar, matt,
        count(*) AS antal_regso,
        count(*) FILTER (WHERE andel IS NULL OR medel_tkr IS NULL) AS saknas,
        sum(n * andel) / nullif(sum(n), 0) AS medel,
        sii(medel_tkr, andel, n, fel) AS sii,
        rii(medel_tkr, andel, n, fel) AS rii,
        rci(medel_tkr, andel, n, fel, 'erreygers', 0, 100) AS rci
    FROM nivaer
    GROUP BY omrade_niva, omrade, ar, matt
    HAVING count(*) >= 5
)
SELECT
    m.omrade_niva,
    m.omrade,
    CASE WHEN m.omrade_niva = 'urval' THEN 'Länen i filerna' ELSE o.namn END AS namn,
    m.ar,
    m.matt,
    m.antal_regso,
    CASE WHEN m.saknas = 0 THEN round(m.medel, 6) END AS medel,
    m.sii['value'] AS sii,
    m.sii['lo'] AS sii_lo,
    m.sii['hi'] AS sii_hi,
    m.rii['value'] AS rii,
    m.rii['lo'] AS rii_lo,
    m.rii['hi'] AS rii_hi,
    m.rci['value'] AS koncentrationsindex,
    m.rci['lo'] AS koncentrationsindex_lo,
    m.rci['hi'] AS koncentrationsindex_hi,
    CASE
        WHEN m.saknas > 0 THEN 'M'
        -- a ratio of the ends is not there where the line goes below zero
        WHEN m.sii['lo'] IS NULL OR m.rii['value'] IS NULL OR m.rii['lo'] IS NULL OR m.rii['hi'] IS NULL OR m.rci['lo'] IS NULL THEN 'L'
        ELSE 'A'
    END AS obs_status,
    'F' AS conf_status
FROM matt AS m
LEFT JOIN ref.omrade AS o ON o.omrade_niva = m.omrade_niva AND o.omrade = m.omrade
