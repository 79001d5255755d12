/*
description: FIKTIV. Kommunens medelvärde med sin spridning, lägsta och högsta RegSO, ur de publicerade andelarna.
grain: [kommun, ar]
*/
SELECT
    k.omrade AS kommun,
    k.ar,
    k.andel_sysselsatta,
    min(o.andel_sysselsatta) AS lagsta_omrade,
    max(o.andel_sysselsatta) AS hogsta_omrade,
    max(o.andel_sysselsatta) - min(o.andel_sysselsatta) AS skillnad
FROM pub.sysselsattning_omrade AS k
LEFT JOIN pub.sysselsattning_omrade AS o
    ON o.omrade_niva = 'regso_2025' AND substr(o.omrade, 1, 4) = k.omrade AND o.ar = k.ar
WHERE k.omrade_niva = 'kommun'
GROUP BY k.omrade, k.ar, k.andel_sysselsatta
