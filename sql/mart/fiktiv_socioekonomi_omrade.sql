/*
description: >-
  FIKTIV. De tre andelarna bakom det socioekonomiska indexet i varje RegSO: låg ekonomisk standard (under 60 procent av medianen samma år,
  alla åldrar), högst förgymnasial utbildning och långvarigt bistånd (minst tio månader) eller arbetslöshet (mer än ett halvår), 20–64 år.
grain: [omrade, ar]
*/
WITH grans AS (
    SELECT ar, 0.6 * median(inkomst) AS lag FROM core.fiktiv_person GROUP BY ar
),
personer AS (
    SELECT
        p.regso_2025 AS omrade,
        p.ar,
        p.inkomst < g.lag AS lag_inkomst,
        CASE WHEN p.alder BETWEEN $yngst AND $aldst AND p.utbildning <> 'Uppgift saknas' THEN p.utbildning = 'Förgymnasial' END AS kort_utbildning,
        CASE WHEN p.alder BETWEEN $yngst AND $aldst THEN p.bistandsmanader >= 10 OR p.arbetslosdagar > 182 END AS utan_arbete
    FROM core.fiktiv_person AS p
    JOIN grans AS g ON g.ar = p.ar
)
SELECT
    omrade,
    ar,
    count(*) FILTER (WHERE lag_inkomst) AS med_lag_inkomst,
    count(*) FILTER (WHERE NOT lag_inkomst) AS utan_lag_inkomst,
    count(*) FILTER (WHERE kort_utbildning) AS med_kort_utbildning,
    count(*) FILTER (WHERE NOT kort_utbildning) AS utan_kort_utbildning,
    count(*) FILTER (WHERE utan_arbete) AS personer_utan_arbete,
    count(*) FILTER (WHERE NOT utan_arbete) AS personer_med_arbete,
    100.0 * count(*) FILTER (WHERE lag_inkomst) / count(lag_inkomst) AS andel_lag_inkomst,
    100.0 * count(*) FILTER (WHERE kort_utbildning) / count(kort_utbildning) AS andel_kort_utbildning,
    100.0 * count(*) FILTER (WHERE utan_arbete) / count(utan_arbete) AS andel_utan_arbete
FROM personer
GROUP BY omrade, ar
