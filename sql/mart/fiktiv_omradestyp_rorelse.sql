/*
description: >-
  FIKTIV. Blir områden kvar i sin typ? Övergångar från det första året till det sista, i antal RegSO och i publicerad folkmängd vid slutet.
  Områden vars typ inte går att räkna något av åren är inte med; en typ som inget område kom från har inga andelar.
grain: [fran_ar, till_ar, fran_typ, till_typ]
*/
WITH spann AS (
    SELECT min(ar) AS fran_ar, max(ar) AS till_ar FROM pub.omradestyp_omrade
),
matriser AS (
    SELECT unnest(area_transitions(f.omrade, f.omradestyp, t.omradestyp, b.antal)) AS cell
    FROM spann AS s
    JOIN pub.omradestyp_omrade AS f ON f.ar = s.fran_ar
    JOIN pub.omradestyp_omrade AS t ON t.ar = s.till_ar AND t.omrade = f.omrade
    JOIN pub.befolkning_omrade AS b
        ON b.omrade_niva = 'regso_2025' AND b.omrade = f.omrade AND b.ar = CAST(s.till_ar AS VARCHAR)
        AND b.kon = 'totalt' AND b.fodelseregion = 'totalt'
    WHERE f.omradestyp IS NOT NULL AND t.omradestyp IS NOT NULL
)
SELECT
    s.fran_ar,
    s.till_ar,
    f.typ AS fran_typ,
    t.typ AS till_typ,
    coalesce(m.cell['n'], 0) AS antal_omraden,
    100.0 * m.cell['share'] AS andel_omraden,
    CAST(coalesce(m.cell['pop'], 0) AS BIGINT) AS folkmangd,
    100.0 * m.cell['pop_share'] AS andel_folkmangd
FROM spann AS s
CROSS JOIN (VALUES (1), (2), (3), (4), (5)) AS f(typ)
CROSS JOIN (VALUES (1), (2), (3), (4), (5)) AS t(typ)
LEFT JOIN matriser AS m ON m.cell['from'] = f.typ AND m.cell['to'] = t.typ
