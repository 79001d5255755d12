/*
description: Göteborgs DeSO och RegSO 2025 med ytor i SWEREF 99 TM.
grain: [omrade_niva, omrade]
*/
SELECT 'deso' AS omrade_niva, deso AS omrade, regso AS overordnad, version, geometry FROM raw.gbg_deso_2025
UNION ALL
SELECT 'regso' AS omrade_niva, regso AS omrade, kommun AS overordnad, version, geometry FROM raw.gbg_regso_2025
