/*
description: Officiell områdestyp per RegSO.
grain: [regso, ar]
*/
SELECT e.regso, e.regsonamn, e.kommun, e.lan, o.ar, o.omradestyp, o.obs_status, o.conf_status
FROM raw.scb_omradestyp_regso AS o
JOIN ref.regso_etikett AS e ON e.region = o.region
