/*
description: >-
  Hur stor är skillnaden mellan kvinnor och män i kommunen, och minskar den? Senaste året med båda könen, och Mann–Kendalls test med Sens
  lutning på skillnadens storlek över alla år. Små kommuner hoppar mellan åren: lutning utan belägg är brus. Med 290 kommuner ger slumpen
  ensam belägg i ungefär var tjugonde.
grain: [nyckeltal, kommun]
*/
WITH par AS (
    SELECT
        k.nyckeltal, k.titel, k.kommun, k.kommunnamn, k.ar,
        k.varde AS kvinnor, m.varde AS man, k.varde - m.varde AS skillnad
    FROM core.nyckeltal_kommun AS k
    JOIN core.nyckeltal_kommun AS m ON m.nyckeltal = k.nyckeltal AND m.kommun = k.kommun AND m.ar = k.ar AND m.kon = 'M'
    WHERE k.kon = 'K' AND k.varde IS NOT NULL AND m.varde IS NOT NULL
),
trender AS (
    SELECT
        nyckeltal, titel, kommun, kommunnamn,
        max(ar) AS ar,
        count(*) AS antal_ar,
        first_value(kvinnor ORDER BY ar DESC) AS kvinnor,
        first_value(man ORDER BY ar DESC) AS man,
        first_value(skillnad ORDER BY ar DESC) AS skillnad,
        trend_mk(ar, abs(skillnad)) AS trend
    FROM par
    GROUP BY nyckeltal, titel, kommun, kommunnamn
)
SELECT
    nyckeltal,
    titel,
    kommun,
    kommunnamn,
    ar,
    antal_ar,
    kvinnor,
    man,
    round(skillnad, 6) AS skillnad,
    round(trend['sen_slope'], 6) AS lutning,
    trend['p'] AS p,
    CASE
        WHEN trend['p'] IS NULL THEN NULL
        WHEN trend['p'] >= 0.05 THEN 'inget belägg'
        WHEN trend['sen_slope'] < 0 THEN 'minskar'
        WHEN trend['sen_slope'] > 0 THEN 'ökar'
        ELSE 'inget belägg'
    END AS gap,
    CASE WHEN trend['p'] IS NULL OR trend['sen_slope'] IS NULL THEN 'L' ELSE 'A' END AS obs_status,
    'F' AS conf_status
FROM trender
