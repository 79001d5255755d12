/*
description: FIKTIV. Kommunens medelvärde med sin spridning, lägsta och högsta RegSO.
grain: [kommun, ar]
*/
WITH omraden AS (
    SELECT substr(o.omrade, 1, 4) AS kommun, o.ar, o.andel_sysselsatta, o.personer_20_64
    FROM mart.fiktiv_sysselsattning_omrade AS o
    WHERE o.omrade_niva = 'regso_2025' AND o.personer_20_64 >= $minsta_befolkning
)
SELECT
    k.omrade AS kommun,
    k.ar,
    k.personer_20_64,
    count(*) AS omraden,
    min(o.personer_20_64) AS minsta_omrade_personer,
    k.andel_sysselsatta,
    min(o.andel_sysselsatta) AS lagsta_omrade,
    max(o.andel_sysselsatta) AS hogsta_omrade,
    max(o.andel_sysselsatta) - min(o.andel_sysselsatta) AS skillnad
FROM mart.fiktiv_sysselsattning_omrade AS k
JOIN omraden AS o ON o.kommun = k.omrade AND o.ar = k.ar
WHERE k.omrade_niva = 'kommun'
GROUP BY k.omrade, k.ar, k.personer_20_64, k.andel_sysselsatta
