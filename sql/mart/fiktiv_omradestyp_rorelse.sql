/*
description: >-
  FIKTIV. Blir områden kvar i sin typ? Övergångar från det första året till det sista, i antal RegSO och i publicerad folkmängd vid slutet.
  Områden vars typ inte går att räkna något av åren är inte med.
grain: [fran_ar, till_ar, fran_typ, till_typ]
*/
WITH spann AS (
    SELECT min(ar) AS fran_ar, max(ar) AS till_ar FROM pub.omradestyp_omrade WHERE omradestyp IS NOT NULL
),
matriser AS (
    SELECT s.fran_ar, s.till_ar, unnest(area_transitions(f.omrade, f.omradestyp, t.omradestyp, b.antal)) AS cell
    FROM spann AS s
    JOIN pub.omradestyp_omrade AS f ON f.ar = s.fran_ar
    JOIN pub.omradestyp_omrade AS t ON t.ar = s.till_ar AND t.omrade = f.omrade
    JOIN pub.befolkning_omrade AS b
        ON b.omrade_niva = 'regso_2025' AND b.omrade = f.omrade AND b.ar = CAST(s.till_ar AS VARCHAR)
        AND b.kon = 'totalt' AND b.fodelseregion = 'totalt'
    WHERE f.omradestyp IS NOT NULL AND t.omradestyp IS NOT NULL
    GROUP BY s.fran_ar, s.till_ar
)
SELECT
    fran_ar,
    till_ar,
    CAST(cell['from'] AS INTEGER) AS fran_typ,
    CAST(cell['to'] AS INTEGER) AS till_typ,
    cell['n'] AS antal_omraden,
    100.0 * cell['share'] AS andel_omraden,
    CAST(cell['pop'] AS BIGINT) AS folkmangd,
    100.0 * cell['pop_share'] AS andel_folkmangd
FROM matriser
