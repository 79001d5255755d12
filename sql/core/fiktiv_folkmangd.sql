/*
description: FIKTIV. Folkmängd per RegSO som producenten publicerar den, med dess egna statuskoder; bara totaler.
grain: [region, fodelseregion, kon, ar]
*/
WITH nyckel AS (
    SELECT DISTINCT
        regso,
        -- blanks differ between the file and the key, so they do not count
        regexp_replace(concat(kommunnamn, '(', regsonamn, ')'), '\s', '', 'g') AS etikett
    FROM raw.fiktiv_nyckel_deso2018
)
SELECT n.regso, f.region, f.fodelseregion, f.kon, f.ar, f.antal, f.obs_status, f.conf_status
FROM raw.fiktiv_folkmangd_regso AS f
LEFT JOIN nyckel AS n ON n.etikett = regexp_replace(f.region, '\s', '', 'g')
-- the same persons are counted in pub.befolkning_omrade: the producer's breakdown beside it would undo what is hidden there
WHERE f.fodelseregion = 'totalt'
