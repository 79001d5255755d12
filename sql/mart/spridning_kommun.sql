/*
description: >-
  Kommunens medelvärde med sin spridning över RegSO: lägsta, kvartiler, högsta, standardavvikelse och variationskoefficient. Andelarnas medelvärde är kommunens
  egen andel. Löneinkomstens är RegSO:s medelvärden vägda med folkmängden, en skattning (status E): antalet inkomsttagare finns inte i filerna.
grain: [kommun, ar, matt]
*/
WITH folk AS (
    SELECT
        regso,
        kommun,
        ar,
        max(antal) FILTER (WHERE fodelseregion = 'totalt') AS alla,
        max(antal) FILTER (WHERE fodelseregion = 'utomlands') AS utomlands
    FROM core.befolkning_regso
    GROUP BY regso, kommun, ar
),
bostader AS (
    SELECT regso, kommun, ar, sum(antal) AS alla, count(*) FILTER (WHERE antal IS NULL) AS saknas
    FROM core.bostader_regso
    GROUP BY regso, kommun, ar
),
omraden AS (
    SELECT
        regso, kommun, ar, 'andel_utomlands' AS matt, 'procent' AS enhet, 'A' AS som,
        CAST(alla AS DOUBLE) AS vikt, 100.0 * utomlands / nullif(alla, 0) AS varde, alla IS NULL OR utomlands IS NULL AS saknas
    FROM folk
    UNION ALL
    SELECT
        b.regso, b.kommun, b.ar, concat('andel_', b.upplatelseform) AS matt, 'procent' AS enhet, 'A' AS som,
        CAST(h.alla AS DOUBLE) AS vikt, 100.0 * b.antal / nullif(h.alla, 0) AS varde, h.saknas > 0 AS saknas
    FROM core.bostader_regso AS b
    JOIN bostader AS h ON h.regso = b.regso AND h.ar = b.ar
    WHERE b.upplatelseform <> 'uppgift saknas'
    UNION ALL
    SELECT
        i.regso, i.kommun, i.ar, 'medelloneinkomst' AS matt, 'tkr' AS enhet, 'E' AS som,
        CAST(f.alla AS DOUBLE) AS vikt, i.medel_tkr AS varde, i.medel_tkr IS NULL OR f.alla IS NULL AS saknas
    FROM core.inkomst_regso AS i
    LEFT JOIN folk AS f ON f.regso = i.regso AND f.ar = i.ar
),
matt AS (
    SELECT
        kommun,
        ar,
        matt,
        enhet,
        som,
        count(*) FILTER (WHERE saknas) AS saknas,
        count(varde) AS antal_omraden,
        sum(vikt * varde) / nullif(sum(vikt), 0) AS medel,
        min(varde) AS lagsta,
        percentile_cont(0.25) WITHIN GROUP (ORDER BY varde) AS nedre_kvartil,
        median(varde) AS median,
        percentile_cont(0.75) WITHIN GROUP (ORDER BY varde) AS ovre_kvartil,
        max(varde) AS hogsta,
        -- an area without dwellings has no share and no weight
        gap_bgsd(regso, varde, vikt) FILTER (WHERE vikt > 0) AS avvikelse,
        ineq_cov_between_area(regso, varde, vikt) FILTER (WHERE vikt > 0) AS variation,
        wquantile(varde, vikt) FILTER (WHERE vikt > 0) AS vagd_median
    FROM omraden
    GROUP BY kommun, ar, matt, enhet, som
)
SELECT
    m.kommun,
    k.kommunnamn,
    m.ar,
    m.matt,
    m.enhet,
    m.antal_omraden,
    -- sums of fractions depend on their order in the last digits; six decimals do not
    CASE WHEN m.saknas = 0 THEN round(m.medel, 6) END AS medel,
    CASE WHEN m.saknas = 0 THEN round(m.lagsta, 6) END AS lagsta,
    CASE WHEN m.saknas = 0 THEN round(m.nedre_kvartil, 6) END AS nedre_kvartil,
    CASE WHEN m.saknas = 0 THEN round(m.median, 6) END AS median,
    CASE WHEN m.saknas = 0 THEN round(m.ovre_kvartil, 6) END AS ovre_kvartil,
    CASE WHEN m.saknas = 0 THEN round(m.hogsta, 6) END AS hogsta,
    CASE WHEN m.saknas = 0 THEN round(m.avvikelse['value'], 6) END AS standardavvikelse,
    CASE WHEN m.saknas = 0 THEN round(m.variation, 6) END AS variationskoefficient,
    CASE WHEN m.saknas = 0 THEN round(m.vagd_median, 6) END AS vagd_median,
    CASE WHEN m.saknas > 0 THEN 'M' WHEN m.medel IS NULL OR m.variation IS NULL THEN 'L' ELSE m.som END AS obs_status,
    'F' AS conf_status
FROM matt AS m
LEFT JOIN raw.scb_kommuner AS k ON k.kommun = m.kommun
