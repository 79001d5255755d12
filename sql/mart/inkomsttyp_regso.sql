/*
description: >-
  Hur står sig områdets löneinkomst, och har läget ändrats? Områdestypernas regel (medel och en och två standardavvikelser, samma år) på
  medelvärdet av löneinkomst: 1 lägst … 5 högst. Det är INTE den officiella områdestypen, som bygger på tre andra andelar som filerna inte
  har och på hela landets RegSO: gränserna här är över de RegSO som filerna har. Den officiella typen står bredvid för det år som den finns.
grain: [regso, ar]
*/
WITH tiondelar AS (
    SELECT regso, regsonamn, kommun, lan, ar, medel_tkr, CAST(round(medel_tkr * 10) AS BIGINT) AS tiondelar, obs_status, conf_status
    FROM core.inkomst_regso
),
granser AS (
    -- whole tenths: sums of whole numbers are the same in any order, so no area changes type by rounding
    SELECT
        ar,
        CAST(sum(tiondelar) AS DOUBLE) / count(tiondelar) / 10 AS medel,
        sqrt(CAST(count(tiondelar) * sum(tiondelar * tiondelar) - sum(tiondelar) * sum(tiondelar) AS DOUBLE)) / count(tiondelar) / 10 AS avvikelse
    FROM tiondelar
    GROUP BY ar
)
SELECT
    t.regso,
    t.regsonamn,
    t.kommun,
    t.lan,
    t.ar,
    t.medel_tkr,
    round(g.medel, 6) AS medel_alla_tkr,
    round(g.avvikelse, 6) AS standardavvikelse_tkr,
    round((t.medel_tkr - g.medel) / nullif(g.avvikelse, 0), 6) AS avvikelse,
    -- the rule wants an index that is high where life is hard
    area_type(-t.medel_tkr, -g.medel, g.avvikelse) AS inkomsttyp,
    CASE
        WHEN t.medel_tkr IS NULL THEN t.obs_status
        WHEN g.avvikelse = 0 THEN 'L'
        ELSE 'A'
    END AS obs_status,
    t.conf_status
FROM tiondelar AS t
JOIN granser AS g ON g.ar = t.ar
