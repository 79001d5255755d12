/*
description: Folkmängd per RegSO och år, totalt, födda i Sverige och födda utomlands.
grain: [regso, ar, fodelseregion]
*/
WITH rader AS (
    SELECT e.regso, e.regsonamn, e.kommun, e.lan, f.ar, f.fodelseregion, f.antal, f.obs_status, f.conf_status
    FROM raw.scb_folkmangd_regso AS f
    JOIN ref.regso_etikett AS e ON e.region = f.region
),
utomlands AS (
    SELECT
        t.regso, t.regsonamn, t.kommun, t.lan, t.ar,
        'utomlands' AS fodelseregion,
        t.antal - s.antal AS antal,
        -- the difference is as certain as the less certain of the two
        CASE WHEN t.obs_status = 'A' THEN s.obs_status ELSE t.obs_status END AS obs_status,
        CASE WHEN t.conf_status = 'F' THEN s.conf_status ELSE t.conf_status END AS conf_status
    FROM rader AS t
    JOIN rader AS s ON s.regso = t.regso AND s.ar = t.ar AND s.fodelseregion = 'Sverige'
    WHERE t.fodelseregion = 'totalt'
)
SELECT regso, regsonamn, kommun, lan, ar, fodelseregion, antal, obs_status, conf_status FROM rader
UNION ALL
SELECT regso, regsonamn, kommun, lan, ar, fodelseregion, antal, obs_status, conf_status FROM utomlands
