/*
description: >-
  Skiljer sig nyckeltalet mellan kommuner med många områden med utmaningar och kommuner utan? Kommuner där minst en femtedel av RegSO är av
  områdestyp 1 eller 2 år 2022 mot kommuner utan något sådant område; grupperna är desamma alla år. Ovägda medelvärden av kommuner, ty
  Kolada ger inte täljare och nämnare; intervallet (95 procent, Welch) säger hur mycket skillnaden kunde ändras om kommunerna vore andra.
grain: [nyckeltal, kon, ar]
*/
WITH kommuner AS (
    SELECT kommun, count(*) AS n, count(*) FILTER (WHERE omradestyp <= 2) AS x
    FROM core.omradestyp_regso
    GROUP BY kommun
),
grupper AS (
    SELECT kommun, CASE WHEN x = 0 THEN 'utan' WHEN 5 * x >= n THEN 'med' ELSE 'mellan' END AS grupp
    FROM kommuner
),
medel AS (
    SELECT
        n.nyckeltal, n.titel, n.kon, n.ar,
        count(n.varde) AS kommuner_alla,
        avg(n.varde) AS medel_alla,
        stddev_samp(n.varde) / sqrt(count(n.varde)) AS fel_alla,
        count(n.varde) FILTER (WHERE g.grupp = 'med') AS kommuner_med,
        avg(n.varde) FILTER (WHERE g.grupp = 'med') AS medel_med,
        var_samp(n.varde) FILTER (WHERE g.grupp = 'med') AS varians_med,
        count(n.varde) FILTER (WHERE g.grupp = 'utan') AS kommuner_utan,
        avg(n.varde) FILTER (WHERE g.grupp = 'utan') AS medel_utan,
        var_samp(n.varde) FILTER (WHERE g.grupp = 'utan') AS varians_utan
    FROM core.nyckeltal_kommun AS n
    JOIN grupper AS g ON g.kommun = n.kommun
    GROUP BY n.nyckeltal, n.titel, n.kon, n.ar
),
fel AS (
    -- with five kommuner or fewer in a group a standard error says little
    SELECT
        *,
        kommuner_med > 5 AND kommuner_utan > 5 AS nog,
        sqrt(varians_med / kommuner_med + varians_utan / kommuner_utan) AS fel
    FROM medel
)
-- means of fractions depend on their order in the last digits; six decimals do not
SELECT
    nyckeltal,
    titel,
    kon,
    ar,
    kommuner_alla,
    CASE WHEN nog THEN round(medel_alla, 6) END AS medel_alla,
    CASE WHEN nog THEN round(fel_alla, 6) END AS medelfel_alla,
    kommuner_med,
    CASE WHEN nog THEN round(medel_med, 6) END AS medel_med,
    kommuner_utan,
    CASE WHEN nog THEN round(medel_utan, 6) END AS medel_utan,
    CASE WHEN nog THEN round(medel_med - medel_utan, 6) END AS skillnad,
    CASE WHEN nog THEN round(fel, 6) END AS skillnad_fel,
    CASE WHEN nog THEN round(medel_med - medel_utan - 1.96 * fel, 6) END AS skillnad_lo,
    CASE WHEN nog THEN round(medel_med - medel_utan + 1.96 * fel, 6) END AS skillnad_hi,
    CASE WHEN nog THEN 'A' ELSE 'M' END AS obs_status,
    'F' AS conf_status
FROM fel
