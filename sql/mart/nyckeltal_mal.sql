/*
description: >-
  Når kommunen målet i tid? Nuvarande takt mot den takt som behövs, från första året med värde till det sista, för nyckeltal med mål i
  ref.nyckeltal_mal (exempel, att byta mot egna), med trenden (Mann–Kendall) bredvid: en takt utan belägg är kanske bara slump.
grain: [nyckeltal, kommun]
*/
WITH varden AS (
    SELECT n.nyckeltal, n.titel, n.kommun, n.kommunnamn, n.ar, n.varde, m.mal, m.mal_ar, m.riktning
    FROM core.nyckeltal_kommun AS n
    JOIN ref.nyckeltal_mal AS m ON m.nyckeltal = n.nyckeltal
    WHERE n.kon = 'T' AND n.varde IS NOT NULL
),
matt AS (
    SELECT
        nyckeltal, titel, kommun, kommunnamn, mal, mal_ar,
        min(ar) AS forsta_ar,
        max(ar) AS ar,
        goal_status(ar, varde, mal, mal_ar, 'up') FILTER (WHERE riktning = 'up') AS upp,
        goal_status(ar, varde, mal, mal_ar, 'down') FILTER (WHERE riktning = 'down') AS ned,
        max(riktning) AS riktning,
        trend_mk_p(ar, varde) AS trend_p
    FROM varden
    GROUP BY nyckeltal, titel, kommun, kommunnamn, mal, mal_ar
),
lagen AS (
    SELECT *, CASE WHEN riktning = 'up' THEN upp ELSE ned END AS lage FROM matt
)
SELECT
    nyckeltal,
    titel,
    kommun,
    kommunnamn,
    forsta_ar,
    ar,
    lage['n'] AS antal_ar,
    lage['baseline'] AS utgangsvarde,
    lage['value'] AS varde,
    mal,
    mal_ar,
    CASE lage['status'] WHEN 'reached' THEN 'nått' WHEN 'in_pace' THEN 'i takt' WHEN 'behind' THEN 'efter' WHEN 'away' THEN 'fel håll' END AS lage,
    lage['actual_pace'] AS takt,
    -- nothing more is needed for a goal that is reached
    CASE WHEN lage['status'] = 'reached' THEN 0 ELSE lage['required_pace'] END AS behovd_takt,
    lage['projected'] AS framskrivet,
    trend_p,
    CASE
        WHEN lage['status'] IS NULL OR lage['actual_pace'] IS NULL OR trend_p IS NULL THEN 'L'
        WHEN lage['status'] <> 'reached' AND lage['required_pace'] IS NULL THEN 'L'
        WHEN lage['projected'] IS NULL THEN 'L'
        ELSE 'A'
    END AS obs_status,
    'F' AS conf_status
FROM lagen
