/*
description: Boendesegregation mellan födda utomlands och födda i Sverige över kommunens RegSO, med spridningen bredvid medelvärdet.
grain: [kommun, ar]
*/
WITH regso AS (
    SELECT
        regso,
        kommun,
        ar,
        max(antal) FILTER (WHERE fodelseregion = 'totalt') AS alla,
        max(antal) FILTER (WHERE fodelseregion = 'utomlands') AS utomlands,
        max(antal) FILTER (WHERE fodelseregion = 'Sverige') AS sverige
    FROM core.befolkning_regso
    GROUP BY regso, kommun, ar
),
matt AS (
    SELECT
        kommun,
        ar,
        count(*) AS antal_regso,
        sum(alla) AS folkmangd,
        100.0 * sum(utomlands) / sum(alla) AS andel_utomlands,
        min(100.0 * utomlands / nullif(alla, 0)) AS lagsta_andel,
        max(100.0 * utomlands / nullif(alla, 0)) AS hogsta_andel,
        seg_dissimilarity(regso, utomlands, alla) AS dissimilaritet,
        seg_isolation(regso, utomlands, alla) AS isolering,
        seg_exposure(regso, utomlands, sverige, alla) AS exponering,
        seg_information_theory(regso, utomlands, alla) AS entropiindex
    FROM regso
    GROUP BY kommun, ar
)
SELECT
    m.kommun,
    k.kommunnamn,
    m.ar,
    m.antal_regso,
    m.folkmangd,
    m.andel_utomlands,
    m.lagsta_andel,
    m.hogsta_andel,
    m.dissimilaritet,
    m.isolering,
    m.exponering,
    m.entropiindex,
    CASE WHEN m.dissimilaritet IS NULL THEN 'L' ELSE 'A' END AS obs_status,
    'F' AS conf_status
FROM matt AS m
JOIN raw.scb_kommuner AS k ON k.kommun = m.kommun
