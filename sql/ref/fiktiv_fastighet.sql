/*
description: FIKTIV. Fastigheter, de minsta delarna av alla indelningar; NYKO och DeSO är oberoende av varandra.
grain: [fastighet]
*/
SELECT
    f.fastighet,
    f.nyko,
    f.deso2018 AS deso_2018,
    f.deso2025 AS deso_2025,
    a.regso AS regso_2020,
    b.regso AS regso_2025,
    f.kommun,
    substr(f.kommun, 1, 2) AS lan,
    f.geometry
FROM raw.fiktiv_fastigheter AS f
LEFT JOIN raw.fiktiv_nyckel_deso2018 AS a ON a.deso = f.deso2018
LEFT JOIN raw.fiktiv_nyckel_deso2025 AS b ON b.deso = f.deso2025
