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
        max(antal) FILTER (WHERE fodelseregion = 'Sverige') AS sverige,
        count(*) FILTER (WHERE antal IS NULL) AS saknas,
        count(*) FILTER (WHERE conf_status <> 'F') AS dolda
    FROM core.befolkning_regso
    GROUP BY regso, kommun, ar
),
matt AS (
    SELECT
        kommun,
        ar,
        count(*) AS antal_regso,
        sum(saknas) AS saknas,
        sum(dolda) AS dolda,
        sum(alla) AS folkmangd,
        100.0 * sum(utomlands) / nullif(sum(alla), 0) AS andel_utomlands,
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
    -- a sum with a hole in it would be wrong
    CASE WHEN m.saknas = 0 THEN m.folkmangd END AS folkmangd,
    CASE WHEN m.saknas = 0 THEN m.andel_utomlands END AS andel_utomlands,
    CASE WHEN m.saknas = 0 THEN m.lagsta_andel END AS lagsta_andel,
    CASE WHEN m.saknas = 0 THEN m.hogsta_andel END AS hogsta_andel,
    m.dissimilaritet,
    m.isolering,
    m.exponering,
    m.entropiindex,
    CASE
        WHEN m.dolda > 0 THEN 'Q'
        WHEN m.saknas > 0 THEN 'M'
        WHEN m.dissimilaritet IS NULL THEN 'L'
        ELSE 'A'
    END AS obs_status,
    CASE WHEN m.dolda > 0 THEN 'C' ELSE 'F' END AS conf_status
FROM matt AS m
LEFT JOIN raw.scb_kommuner AS k ON k.kommun = m.kommun
