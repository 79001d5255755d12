/*
description: >-
  Vilka RegSO i kommunen har högst andel, hur säker är rangen, och vilka skiljer sig från kommunen mer än slumpen? Senaste året, med trenden
  över filernas år. Ranger utan intervall säger mer än man vet: rang_lo till rang_hi är alla möjliga (95 procent). utjamnad drar små områden
  mot kommunen, tratt jämför med kommunens andel med hänsyn till överspridning. Andelarna beskriver sammansättning; de är inte problem i sig.
grain: [regso, matt]
*/
WITH celler AS (
    SELECT
        regso, regsonamn, kommun, ar, 'andel_utomlands' AS matt,
        max(antal) FILTER (WHERE fodelseregion = 'utomlands') AS x,
        max(antal) FILTER (WHERE fodelseregion = 'totalt') AS n
    FROM core.befolkning_regso
    GROUP BY regso, regsonamn, kommun, ar
    UNION ALL
    SELECT
        regso, regsonamn, kommun, ar, 'andel_hyresrätt' AS matt,
        max(antal) FILTER (WHERE upplatelseform = 'hyresrätt') AS x,
        CASE WHEN count(*) = count(antal) THEN sum(antal) END AS n
    FROM core.bostader_regso
    GROUP BY regso, regsonamn, kommun, ar
),
trender AS (
    SELECT regso, matt, trend_cochran_armitage(ar, x, n) AS trend FROM celler GROUP BY regso, matt
),
senaste AS (
    SELECT * FROM celler WHERE ar = $till_ar
),
listor AS (
    SELECT
        kommun, matt,
        count(*) AS antal_omraden,
        100.0 * sum(x) / nullif(sum(n), 0) AS andel_kommun,
        rank_intervals(regso, x, n) AS ranger,
        shrink_logit(regso, x, n) AS utjamnade,
        funnel(regso, x, n) AS trattar
    FROM senaste
    GROUP BY kommun, matt
),
ranger AS (SELECT matt, unnest(ranger) AS r FROM listor),
utjamnade AS (SELECT matt, unnest(utjamnade) AS u FROM listor),
trattar AS (SELECT matt, unnest(trattar) AS t FROM listor)
SELECT
    s.regso,
    s.regsonamn,
    s.kommun,
    s.ar,
    s.matt,
    s.x AS antal,
    s.n AS av,
    100.0 * s.x / nullif(s.n, 0) AS andel,
    100.0 * ci_wilson_lo(s.x, s.n) AS andel_lo,
    100.0 * ci_wilson_hi(s.x, s.n) AS andel_hi,
    100.0 * u.u['value'] AS utjamnad,
    l.antal_omraden,
    r.r['rank'] AS rang,
    r.r['lo'] AS rang_lo,
    r.r['hi'] AS rang_hi,
    l.andel_kommun,
    t.t['z_adjusted'] AS avvikelse,
    CASE t.t['status']
        WHEN 'low 99.8' THEN 'lägre (99,8 %)'
        WHEN 'low 95' THEN 'lägre (95 %)'
        WHEN 'as expected' THEN 'som väntat'
        WHEN 'high 95' THEN 'högre (95 %)'
        WHEN 'high 99.8' THEN 'högre (99,8 %)'
    END AS tratt,
    100.0 * d.trend['slope'] AS trend,
    d.trend['p'] AS trend_p,
    CASE
        WHEN s.x IS NULL OR s.n IS NULL OR u.u['area'] IS NULL THEN 'M'
        WHEN s.n = 0 OR r.r['rank'] IS NULL OR u.u['value'] IS NULL OR t.t['z_adjusted'] IS NULL OR t.t['status'] IS NULL OR d.trend['p'] IS NULL THEN 'L'
        ELSE 'A'
    END AS obs_status,
    'F' AS conf_status
FROM senaste AS s
JOIN listor AS l ON l.kommun = s.kommun AND l.matt = s.matt
LEFT JOIN trender AS d ON d.regso = s.regso AND d.matt = s.matt
LEFT JOIN ranger AS r ON r.matt = s.matt AND r.r['area'] = s.regso
LEFT JOIN utjamnade AS u ON u.matt = s.matt AND u.u['area'] = s.regso
LEFT JOIN trattar AS t ON t.matt = s.matt AND t.t['area'] = s.regso
