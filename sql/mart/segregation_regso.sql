/*
description: >-
  Vilka RegSO avviker mest från sin kommun, och hur stor del av kommunens segregation kommer från dem? lokal är områdets egen segregation (hur
  mycket dess blandning skiljer sig från kommunens), bidrag dess del av kommunens M, lokalkvot fokusgruppens andel i området genom andelen
  i kommunen. Fokusgrupp är födda utomlands och hyresrätt. Ett område avviker lika mycket åt båda håll: se lokalkvot.
grain: [regso, ar, doman]
*/
WITH celler AS (
    SELECT regso, regsonamn, kommun, ar, 'fodelseregion' AS doman, fodelseregion AS grupp, fodelseregion = 'utomlands' AS fokus, antal AS n
    FROM core.befolkning_regso
    WHERE fodelseregion <> 'totalt'
    UNION ALL
    SELECT regso, regsonamn, kommun, ar, 'upplatelseform' AS doman, upplatelseform AS grupp, upplatelseform = 'hyresrätt' AS fokus, antal AS n
    FROM core.bostader_regso
    WHERE upplatelseform <> 'uppgift saknas'
),
omraden AS (
    SELECT
        regso, regsonamn, kommun, ar, doman,
        count(*) FILTER (WHERE n IS NULL) AS saknas,
        sum(n) FILTER (WHERE fokus) AS x,
        sum(n) AS t
    FROM celler
    GROUP BY regso, regsonamn, kommun, ar, doman
),
kommuner AS (
    SELECT kommun, ar, doman, sum(x) AS x, sum(t) AS t, sum(saknas) AS saknas FROM omraden GROUP BY kommun, ar, doman
),
lokala AS (
    SELECT kommun, ar, doman, unnest(seg_local(regso, grupp, n)) AS l
    FROM celler
    GROUP BY kommun, ar, doman
),
delar AS (
    SELECT kommun, ar, doman, l['area'] AS regso, l['value'] AS lokal, l['share'] AS andel FROM lokala
),
hela AS (
    SELECT kommun, ar, doman, seg_mutual_information(regso, grupp, n) AS m
    FROM celler
    GROUP BY kommun, ar, doman
)
SELECT
    o.regso,
    o.regsonamn,
    o.kommun,
    o.ar,
    o.doman,
    CASE WHEN k.saknas = 0 THEN o.t END AS antal,
    CASE WHEN k.saknas = 0 THEN 100.0 * o.x / nullif(o.t, 0) END AS andel_fokus,
    CASE WHEN k.saknas = 0 THEN seg_location_quotient(o.x, o.t, k.x, k.t) END AS lokalkvot,
    d.lokal,
    100.0 * d.andel * d.lokal / nullif(h.m, 0) AS bidrag,
    CASE
        WHEN k.saknas > 0 THEN 'M'
        -- one area is its kommun, and without segregation nobody contributes
        WHEN d.lokal IS NULL OR h.m IS NULL OR h.m = 0 OR k.x = 0 OR o.t = 0 THEN 'L'
        ELSE 'A'
    END AS obs_status,
    'F' AS conf_status
FROM omraden AS o
JOIN kommuner AS k ON k.kommun = o.kommun AND k.ar = o.ar AND k.doman = o.doman
LEFT JOIN hela AS h ON h.kommun = o.kommun AND h.ar = o.ar AND h.doman = o.doman
LEFT JOIN delar AS d ON d.regso = o.regso AND d.ar = o.ar AND d.doman = o.doman
