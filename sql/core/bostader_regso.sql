/*
description: Lägenheter per RegSO, år och upplåtelseform, med andel av områdets lägenheter.
grain: [regso, ar, upplatelseform]
*/
SELECT
    e.regso,
    e.regsonamn,
    e.kommun,
    b.ar,
    b.upplatelseform,
    b.antal,
    100.0 * b.antal / nullif(sum(b.antal) OVER (PARTITION BY e.regso, b.ar), 0) AS andel,
    CASE WHEN sum(b.antal) OVER (PARTITION BY e.regso, b.ar) = 0 THEN 'L' ELSE b.obs_status END AS obs_status,
    b.conf_status
FROM raw.scb_bostader_regso AS b
JOIN ref.regso_etikett AS e ON e.region = b.region
