/*
description: >-
  Nyckeltalens spridning över kommunerna. Medel är kommunernas ovägda medelvärde, inte rikets värde: Kolada ger inte täljare och nämnare.
grain: [nyckeltal, ar, kon]
*/
SELECT
    nyckeltal,
    titel,
    ar,
    kon,
    count(*) AS kommuner,
    count(varde) AS kommuner_med_varde,
    round(avg(varde), 6) AS ovagt_medel,
    min(varde) AS lagsta,
    round(percentile_cont(0.25) WITHIN GROUP (ORDER BY varde), 6) AS nedre_kvartil,
    round(median(varde), 6) AS median,
    round(percentile_cont(0.75) WITHIN GROUP (ORDER BY varde), 6) AS ovre_kvartil,
    max(varde) AS hogsta,
    CASE WHEN count(varde) = 0 THEN 'M' ELSE 'A' END AS obs_status,
    'F' AS conf_status
FROM core.nyckeltal_kommun
GROUP BY nyckeltal, titel, ar, kon
