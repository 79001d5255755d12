/*
description: Göteborgs DeSO och RegSO, årgång 2025, med ytor i SWEREF 99 TM (EPSG:3006).
grain: [omrade_niva, omrade, argang]
*/
SELECT
    'deso' AS omrade_niva, d.deso AS omrade, '2025' AS argang, d.deso AS namn,
    'regso' AS overordnad_niva, d.regso AS overordnad, d.kommun, d.version, d.geometry
FROM raw.gbg_deso_2025 AS d
UNION ALL
SELECT
    'regso' AS omrade_niva, r.regso AS omrade, '2025' AS argang, r.regsonamn AS namn,
    'kommun' AS overordnad_niva, r.kommun AS overordnad, r.kommun, r.version, r.geometry
FROM raw.gbg_regso_2025 AS r
