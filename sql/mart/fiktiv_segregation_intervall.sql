/*
description: >-
  FIKTIV. Hur åtskilt bor en grupp, när celler är dolda? Ur de publicerade cellerna bara: D och isolering ligger mellan lo och hi vad som än
  står i de dolda cellerna, och andel_dold av folket bor där cellen är dold. Ju finare områden, desto mer är dolt och desto bredare intervall:
  det är vad skyddet kostar, och ingen behöver gissa. En cell som inte finns är 0, ty nollor publiceras.
grain: [kommun, omradesindelning, ar, grupp]
*/
WITH kommuner AS (
    SELECT omrade, overordnad AS kommun FROM ref.fiktiv_omrade WHERE omrade_niva = 'nyko'
),
alla AS (
    SELECT
        b.omrade_niva AS omradesindelning,
        b.omrade,
        CASE WHEN b.omrade_niva = 'nyko' THEN k.kommun ELSE substr(b.omrade, 1, 4) END AS kommun,
        b.ar,
        b.antal
    FROM pub.befolkning_omrade AS b
    LEFT JOIN kommuner AS k ON k.omrade = b.omrade
    WHERE b.omrade_niva IN ('nyko', 'deso_2025', 'regso_2025') AND b.kon = 'totalt' AND b.fodelseregion = 'totalt'
),
grupper AS (
    SELECT omrade_niva, omrade, ar, fodelseregion AS grupp, antal
    FROM pub.befolkning_omrade
    WHERE kon = 'totalt' AND fodelseregion <> 'totalt'
),
celler AS (
    SELECT
        a.omradesindelning, a.omrade, a.kommun, a.ar, a.antal AS alla, v.grupp,
        CASE WHEN g.omrade IS NULL THEN 0 ELSE g.antal END AS antal
    FROM alla AS a
    CROSS JOIN (SELECT DISTINCT grupp FROM grupper) AS v
    LEFT JOIN grupper AS g ON g.omrade_niva = a.omradesindelning AND g.omrade = a.omrade AND g.ar = a.ar AND g.grupp = v.grupp
),
matt AS (
    SELECT
        kommun, omradesindelning, ar, grupp,
        seg_dissimilarity_bounds(omrade, antal, alla) AS d,
        seg_isolation_bounds(omrade, antal, alla) AS isolering
    FROM celler
    GROUP BY kommun, omradesindelning, ar, grupp
)
SELECT
    kommun,
    omradesindelning,
    ar,
    grupp,
    d['n_units'] AS antal_omraden,
    d['n_suppressed'] AS dolda_omraden,
    100.0 * d['share_hidden'] AS andel_dold,
    -- rounded outwards: the interval holds the true value still
    floor(1000 * d['lo']) / 1000 AS d_lo,
    ceil(1000 * d['hi']) / 1000 AS d_hi,
    floor(1000 * isolering['lo']) / 1000 AS isolering_lo,
    ceil(1000 * isolering['hi']) / 1000 AS isolering_hi
FROM matt
