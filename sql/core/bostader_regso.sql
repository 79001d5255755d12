/*
description: Lägenheter per RegSO, år och upplåtelseform, med andel av områdets lägenheter.
grain: [regso, ar, upplatelseform]
*/
WITH rader AS (
    SELECT
        e.regso,
        e.regsonamn,
        e.kommun,
        e.lan,
        b.ar,
        b.upplatelseform,
        b.antal,
        b.obs_status,
        b.conf_status,
        sum(b.antal) OVER (PARTITION BY e.regso, b.ar) AS alla,
        -- a share of a sum with a hole in it would be wrong
        count(*) OVER (PARTITION BY e.regso, b.ar) = count(b.antal) OVER (PARTITION BY e.regso, b.ar) AS hela
    FROM raw.scb_bostader_regso AS b
    JOIN ref.regso_etikett AS e ON e.region = b.region
)
SELECT
    regso,
    regsonamn,
    kommun,
    lan,
    ar,
    upplatelseform,
    antal,
    CASE WHEN hela THEN 100.0 * antal / nullif(alla, 0) END AS andel,
    CASE
        WHEN antal IS NULL THEN obs_status
        WHEN NOT hela THEN 'M'
        WHEN alla = 0 THEN 'L'
        ELSE obs_status
    END AS obs_status,
    conf_status
FROM rader
