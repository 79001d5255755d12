/*
description: >-
  Områden på alla nivåer, DeSO 2018 och RegSO 2020, med överordnat område; kommun och lan är de områden på de nivåerna som det ligger i.
grain: [omrade_niva, omrade, argang]
*/
SELECT
    'deso' AS omrade_niva, n.deso AS omrade, '2018' AS argang, n.deso AS namn,
    'regso' AS overordnad_niva, n.regso AS overordnad, n.kommun, k.lan
FROM raw.scb_deso_regso_nyckel AS n
LEFT JOIN raw.scb_kommuner AS k ON k.kommun = n.kommun
UNION ALL
SELECT DISTINCT
    'regso' AS omrade_niva, n.regso AS omrade, '2020' AS argang, n.regsonamn AS namn,
    'kommun' AS overordnad_niva, n.kommun AS overordnad, n.kommun, k.lan
FROM raw.scb_deso_regso_nyckel AS n
LEFT JOIN raw.scb_kommuner AS k ON k.kommun = n.kommun
UNION ALL
SELECT
    'kommun' AS omrade_niva, kommun AS omrade, '2020' AS argang, kommunnamn AS namn,
    'lan' AS overordnad_niva, lan AS overordnad, kommun, lan
FROM raw.scb_kommuner
UNION ALL
SELECT
    'lan' AS omrade_niva, lan AS omrade, '2020' AS argang, lansnamn AS namn,
    'riket' AS overordnad_niva, '00' AS overordnad, CAST(NULL AS VARCHAR) AS kommun, lan
FROM raw.scb_lan
UNION ALL
SELECT
    'riket' AS omrade_niva, '00' AS omrade, '2020' AS argang, 'Riket' AS namn,
    CAST(NULL AS VARCHAR) AS overordnad_niva, CAST(NULL AS VARCHAR) AS overordnad,
    CAST(NULL AS VARCHAR) AS kommun, CAST(NULL AS VARCHAR) AS lan
