/*
description: >-
  SCB:s etiketter «Kommun (RegSO-namn)» med sin kod. Blanksteg skiljer sig mellan filerna och nyckeln («Botkyrka (Tuna )»), så de räknas inte.
grain: [region]
*/
WITH nyckel AS (
    SELECT DISTINCT
        regso,
        regsonamn,
        kommun,
        regexp_replace(concat(kommunnamn, '(', regsonamn, ')'), '\s', '', 'g') AS etikett
    FROM raw.scb_deso_regso_nyckel
),
etiketter AS (
    SELECT region FROM raw.scb_folkmangd_regso
    UNION
    SELECT region FROM raw.scb_bostader_regso
    UNION
    SELECT region FROM raw.scb_loneinkomst_regso
    UNION
    SELECT region FROM raw.scb_omradestyp_regso
)
SELECT e.region, n.regso, n.regsonamn, n.kommun, substr(n.kommun, 1, 2) AS lan
FROM etiketter AS e
JOIN nyckel AS n ON n.etikett = regexp_replace(e.region, '\s', '', 'g')
