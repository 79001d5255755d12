/*
description: FIKTIV. Områden på alla nivåer med årgång och överordnat område.
grain: [omrade_niva, omrade, argang]
*/
SELECT 'deso' AS omrade_niva, deso AS omrade, '2018' AS argang, deso AS namn, regso AS overordnad
FROM raw.fiktiv_nyckel_deso2018
UNION ALL
SELECT 'deso' AS omrade_niva, deso AS omrade, '2025' AS argang, deso AS namn, regso AS overordnad
FROM raw.fiktiv_nyckel_deso2025
UNION ALL
SELECT DISTINCT 'regso' AS omrade_niva, regso AS omrade, '2020' AS argang, regsonamn AS namn, kommun AS overordnad
FROM raw.fiktiv_nyckel_deso2018
UNION ALL
SELECT DISTINCT 'regso' AS omrade_niva, regso AS omrade, '2025' AS argang, regsonamn AS namn, kommun AS overordnad
FROM raw.fiktiv_nyckel_deso2025
UNION ALL
SELECT DISTINCT 'kommun' AS omrade_niva, kommun AS omrade, '2025' AS argang, kommunnamn AS namn, substr(kommun, 1, 2) AS overordnad
FROM raw.fiktiv_nyckel_deso2025
UNION ALL
SELECT 'nyko' AS omrade_niva, nyko AS omrade, '2025' AS argang, nykonamn AS namn, kommun AS overordnad
FROM raw.fiktiv_nyko
