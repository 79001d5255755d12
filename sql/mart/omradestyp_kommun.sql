/*
description: >-
  Vilka kommuner har störst andel av sina RegSO i områdestyp 1 och 2, hur säker är rangen, och vilka skiljer sig från riket mer än slumpen?
  Alla kommuner. En kommun med få områden får en hög eller låg andel lätt: utjamnad_andel drar den mot riket (empirisk Bayes), intervallet är
  Wilsons, rangen är lägst och högst möjlig (95 procent) och tratt jämför med riket (Spiegelhalter, med hänsyn till överspridning).
grain: [kommun, ar]
*/
WITH kommuner AS (
    SELECT kommun, ar, count(*) AS n, count(*) FILTER (WHERE omradestyp <= 2) AS x
    FROM core.omradestyp_regso
    GROUP BY kommun, ar
),
listor AS (
    SELECT ar, rank_intervals(kommun, x, n) AS ranger, eb_global(kommun, x, n, 'binomial') AS utjamnade, funnel(kommun, x, n) AS trattar
    FROM kommuner
    GROUP BY ar
),
ranger AS (SELECT ar, unnest(ranger) AS r FROM listor),
utjamnade AS (SELECT ar, unnest(utjamnade) AS u FROM listor),
trattar AS (SELECT ar, unnest(trattar) AS t FROM listor)
SELECT
    k.kommun,
    o.namn AS kommunnamn,
    k.ar,
    k.n AS antal_regso,
    k.x AS antal_typ_1_2,
    100.0 * k.x / k.n AS andel,
    100.0 * ci_wilson_lo(k.x, k.n) AS andel_lo,
    100.0 * ci_wilson_hi(k.x, k.n) AS andel_hi,
    100.0 * u.u['value'] AS utjamnad_andel,
    r.r['rank'] AS rang,
    r.r['lo'] AS rang_lo,
    r.r['hi'] AS rang_hi,
    100.0 * t.t['target'] AS andel_riket,
    t.t['z_adjusted'] AS avvikelse,
    CASE t.t['status']
        WHEN 'low 99.8' THEN 'lägre (99,8 %)'
        WHEN 'low 95' THEN 'lägre (95 %)'
        WHEN 'high 95' THEN 'högre (95 %)'
        WHEN 'high 99.8' THEN 'högre (99,8 %)'
        ELSE 'som väntat'
    END AS tratt,
    'A' AS obs_status,
    'F' AS conf_status
FROM kommuner AS k
JOIN ranger AS r ON r.ar = k.ar AND r.r['area'] = k.kommun
JOIN utjamnade AS u ON u.ar = k.ar AND u.u['area'] = k.kommun
JOIN trattar AS t ON t.ar = k.ar AND t.t['area'] = k.kommun
LEFT JOIN ref.omrade AS o ON o.omrade_niva = 'kommun' AND o.omrade = k.kommun
