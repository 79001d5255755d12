/*
description: Områden på alla nivåer, årgång 2018/2020, med överordnat område.
grain: [omrade_niva, omrade, argang]
*/
SELECT 'deso' AS omrade_niva, deso AS omrade, '2018' AS argang, deso AS namn, regso AS overordnad
FROM raw.scb_deso_regso_nyckel
UNION ALL
SELECT DISTINCT 'regso' AS omrade_niva, regso AS omrade, '2020' AS argang, regsonamn AS namn, kommun AS overordnad
FROM raw.scb_deso_regso_nyckel
UNION ALL
SELECT 'kommun' AS omrade_niva, kommun AS omrade, '2020' AS argang, kommunnamn AS namn, lan AS overordnad
FROM raw.scb_kommuner
UNION ALL
SELECT 'lan' AS omrade_niva, lan AS omrade, '2020' AS argang, lansnamn AS namn, '00' AS overordnad
FROM raw.scb_lan
UNION ALL
SELECT 'riket' AS omrade_niva, '00' AS omrade, '2020' AS argang, 'Riket' AS namn, CAST(NULL AS VARCHAR) AS overordnad
