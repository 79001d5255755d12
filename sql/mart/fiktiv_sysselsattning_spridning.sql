/*
description: >-
  FIKTIV. Hur stor är spridningen bredvid kommunens medelvärde? De publicerade värdena i kommunens RegSO, vägda med den publicerade
  folkmängden. Är ett enda RegSO dolt går spridningen inte att räkna, och den rad som saknar den säger det.
grain: [kommun, ar, matt]
*/
WITH varden AS (
    SELECT omrade_niva, omrade, ar, 'andel_sysselsatta' AS matt, andel_sysselsatta AS varde FROM pub.sysselsattning_omrade
    UNION ALL
    SELECT omrade_niva, omrade, ar, 'medelinkomst_tkr' AS matt, medelinkomst_tkr AS varde FROM pub.sysselsattning_omrade
),
omraden AS (
    SELECT v.omrade, substr(v.omrade, 1, 4) AS kommun, v.ar, v.matt, v.varde, b.antal AS vikt
    FROM varden AS v
    JOIN pub.befolkning_omrade AS b
        ON b.omrade_niva = v.omrade_niva AND b.omrade = v.omrade AND b.ar = CAST(v.ar AS VARCHAR)
        AND b.kon = 'totalt' AND b.fodelseregion = 'totalt'
    WHERE v.omrade_niva = 'regso_2025'
),
spridning AS (
    SELECT
        kommun, ar, matt,
        count(*) AS antal_omraden,
        wquantile(varde, vikt, 0.1) AS p10,
        wquantile(varde, vikt, 0.5) AS median,
        wquantile(varde, vikt, 0.9) AS p90,
        gap_bgsd(omrade, varde, vikt) AS avvikelse,
        ineq_cov_between_area(omrade, varde, vikt) AS variation
    FROM omraden
    GROUP BY kommun, ar, matt
)
SELECT
    s.kommun,
    s.ar,
    s.matt,
    k.varde AS medel,
    s.antal_omraden,
    s.p10,
    s.median,
    s.p90,
    s.avvikelse['value'] AS standardavvikelse,
    s.variation AS variationskoefficient
FROM spridning AS s
JOIN varden AS k ON k.omrade_niva = 'kommun' AND k.omrade = s.kommun AND k.ar = s.ar AND k.matt = s.matt
