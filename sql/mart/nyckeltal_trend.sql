/*
description: >-
  Sluter sig gapet? Om skillnaden i mart.nyckeltal_skillnad minskar eller ökar de fem senaste åren, bredvid om medelvärdet av alla kommuner
  ökar eller minskar: medelvärdet kan bli bättre medan gapet växer. Trend enligt Fingertips (fem år, chi2 över 9,5495, samma tecken när
  något år utelämnas), och Mann–Kendalls test på gapets storlek över alla år. Samma kommuner år från år gör felen försiktiga: «inget belägg»
  betyder inte att inget hänt.
grain: [nyckeltal, kon]
*/
WITH ar AS (
    SELECT * FROM mart.nyckeltal_skillnad WHERE obs_status = 'A'
),
trender AS (
    SELECT
        nyckeltal,
        titel,
        kon,
        min(ar) AS forsta_ar,
        max(ar) AS sista_ar,
        first_value(skillnad ORDER BY ar) AS skillnad_forsta,
        first_value(skillnad ORDER BY ar DESC) AS skillnad_sista,
        gap_trend(ar, skillnad, skillnad_fel) AS gap,
        trend_recent(ar, medel_alla, medel_alla - 1.96 * medelfel_alla, medel_alla + 1.96 * medelfel_alla) AS medel,
        trend_mk(ar, abs(skillnad)) AS lang
    FROM ar
    GROUP BY nyckeltal, titel, kon
)
SELECT
    nyckeltal,
    titel,
    kon,
    forsta_ar,
    sista_ar,
    gap['n'] AS antal_ar,
    skillnad_forsta,
    skillnad_sista,
    CASE gap['marker'] WHEN 'closing' THEN 'minskar' WHEN 'widening' THEN 'ökar' WHEN 'no_evidence' THEN 'inget belägg' END AS gap,
    gap['slope'] AS gap_lutning,
    gap['chi2'] AS gap_chi2,
    CASE
        WHEN lang['p'] IS NULL THEN NULL
        WHEN lang['p'] >= 0.05 OR lang['sen_slope'] = 0 THEN 'inget belägg'
        WHEN lang['sen_slope'] < 0 THEN 'minskar'
        ELSE 'ökar'
    END AS gap_alla_ar,
    lang['sen_slope'] AS gap_lutning_alla_ar,
    lang['p'] AS gap_p_alla_ar,
    CASE medel['marker'] WHEN 'increasing' THEN 'ökar' WHEN 'decreasing' THEN 'minskar' WHEN 'no_change' THEN 'inget belägg' END AS medel,
    medel['slope'] AS medel_lutning,
    CASE
        WHEN gap['marker'] IS NULL OR medel['marker'] IS NULL OR lang['p'] IS NULL THEN 'L'
        ELSE 'A'
    END AS obs_status,
    'F' AS conf_status
FROM trender
