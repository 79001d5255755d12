/*
description: Medelvärde av löneinkomst per RegSO och år, som SCB publicerar det.
grain: [regso, ar]
*/
SELECT e.regso, e.regsonamn, e.kommun, e.lan, i.ar, i.medel_tkr, i.obs_status, i.conf_status
FROM raw.scb_loneinkomst_regso AS i
JOIN ref.regso_etikett AS e ON e.region = i.region
