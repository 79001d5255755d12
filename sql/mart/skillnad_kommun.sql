/*
description: >-
  Hur stor är skillnaden mellan kommunens högsta och lägsta RegSO, hur stor är spridningen bredvid medelvärdet, och har skillnaden ändrats
  sedan filernas första år? Intervallen (Newcombe; Katz för kvoten) behandlar folket som ett av flera möjliga utfall; registret självt har
  inget urvalsfel. De gäller de två områdena som de är och tar inte hänsyn till att just dessa två är ytterst. Fyra år räcker inte till en
  trend (gap_trend vill ha fem); forandring är den raka skillnaden mellan åren. Kommuner med ett enda RegSO har inget att jämföra.
grain: [kommun, ar, matt]
*/
WITH celler AS (
    SELECT
        regso, regsonamn, kommun, ar, 'andel_utomlands' AS matt,
        max(antal) FILTER (WHERE fodelseregion = 'utomlands') AS x,
        max(antal) FILTER (WHERE fodelseregion = 'totalt') AS n
    FROM core.befolkning_regso
    GROUP BY regso, regsonamn, kommun, ar
    UNION ALL
    SELECT
        regso, regsonamn, kommun, ar, concat('andel_', upplatelseform) AS matt,
        antal AS x,
        CASE WHEN count(*) OVER alla = count(antal) OVER alla THEN sum(antal) OVER alla END AS n
    FROM core.bostader_regso
    WINDOW alla AS (PARTITION BY regso, ar)
),
omraden AS (
    SELECT
        *,
        -- the same share twice: the lower code comes first
        row_number() OVER (PARTITION BY kommun, ar, matt ORDER BY CAST(x AS DOUBLE) / n DESC, regso) AS fran_hogst,
        row_number() OVER (PARTITION BY kommun, ar, matt ORDER BY CAST(x AS DOUBLE) / n, regso DESC) AS fran_lagst
    FROM celler
    WHERE matt <> 'andel_uppgift saknas' AND (n IS NULL OR n > 0)
),
grupper AS (
    SELECT
        kommun, ar, matt,
        count(*) AS antal_omraden,
        count(*) FILTER (WHERE x IS NULL OR n IS NULL) AS saknas,
        100.0 * sum(x) / nullif(sum(n), 0) AS medel,
        max(regso) FILTER (WHERE fran_hogst = 1) AS hogsta_regso,
        max(regsonamn) FILTER (WHERE fran_hogst = 1) AS hogsta_namn,
        max(regso) FILTER (WHERE fran_lagst = 1) AS lagsta_regso,
        max(regsonamn) FILTER (WHERE fran_lagst = 1) AS lagsta_namn,
        gap_abs(CASE WHEN fran_hogst = 1 THEN 'hogsta' WHEN fran_lagst = 1 THEN 'lagsta' ELSE 'ovriga' END, x, n, 'hogsta', 'lagsta', 'share', 100) AS skillnad,
        gap_rel(CASE WHEN fran_hogst = 1 THEN 'hogsta' WHEN fran_lagst = 1 THEN 'lagsta' ELSE 'ovriga' END, x, n, 'hogsta', 'lagsta') AS kvot,
        gap_bgsd(regso, 100.0 * x / n, n) AS spridning,
        ineq_cov_between_area(regso, 100.0 * x / n, n) AS variation
    FROM omraden
    GROUP BY kommun, ar, matt
)
SELECT
    g.kommun,
    k.kommunnamn,
    g.ar,
    g.matt,
    g.antal_omraden,
    CASE WHEN g.saknas = 0 THEN g.medel END AS medel,
    g.spridning['value'] AS standardavvikelse,
    g.variation AS variationskoefficient,
    CASE WHEN g.saknas = 0 THEN g.hogsta_regso END AS hogsta_regso,
    CASE WHEN g.saknas = 0 THEN g.hogsta_namn END AS hogsta_namn,
    g.skillnad['a'] AS hogsta,
    CASE WHEN g.saknas = 0 THEN g.lagsta_regso END AS lagsta_regso,
    CASE WHEN g.saknas = 0 THEN g.lagsta_namn END AS lagsta_namn,
    g.skillnad['b'] AS lagsta,
    g.skillnad['value'] AS skillnad,
    g.skillnad['lo'] AS skillnad_lo,
    g.skillnad['hi'] AS skillnad_hi,
    g.kvot['value'] AS kvot,
    g.kvot['lo'] AS kvot_lo,
    g.kvot['hi'] AS kvot_hi,
    g.skillnad['value'] - first_value(g.skillnad['value']) OVER (PARTITION BY g.kommun, g.matt ORDER BY g.ar) AS forandring,
    CASE
        WHEN g.saknas > 0 THEN 'M'
        -- one area, or a ratio to nobody
        WHEN g.skillnad['value'] IS NULL OR g.kvot['value'] IS NULL OR g.kvot['lo'] IS NULL OR g.variation IS NULL THEN 'L'
        ELSE 'A'
    END AS obs_status,
    'F' AS conf_status
FROM grupper AS g
LEFT JOIN raw.scb_kommuner AS k ON k.kommun = g.kommun
