/*
description: >-
  Vilka områden bör följas först: RegSO av officiell områdestyp 1 eller 2, eller med inkomsttyp 1 eller 2, i de län som filerna har, med hur
  inkomstläget ändrats, hur många som bor där och hur osäker områdets plats i kommunen är. grund säger varför området är med, utveckling om
  avståndet till medelområdet ändrats med mer än en tiondels standardavvikelse. Rangen är efter andel hyresrätt, den enda av filernas andelar
  som hör till fastigheterna; inkomsten är ett medelvärde utan antal och kan inte få något intervall.
grain: [regso]
*/
WITH lagen AS (
    SELECT
        f.regso, f.regsonamn, f.kommun,
        f.inkomsttyp AS inkomsttyp_fran, t.inkomsttyp AS inkomsttyp_till,
        t.medel_tkr, f.avvikelse AS avvikelse_fran, t.avvikelse AS avvikelse_till
    FROM mart.inkomsttyp_regso AS f
    JOIN mart.inkomsttyp_regso AS t ON t.regso = f.regso AND t.ar = $till_ar
    WHERE f.ar = $fran_ar
)
SELECT
    l.regso,
    l.regsonamn,
    l.kommun,
    k.kommunnamn,
    o.omradestyp,
    l.inkomsttyp_fran,
    l.inkomsttyp_till,
    CASE
        WHEN o.omradestyp <= 2 AND l.inkomsttyp_till <= 2 THEN 'områdestyp och inkomst'
        WHEN o.omradestyp <= 2 THEN 'områdestyp'
        ELSE 'inkomst'
    END AS grund,
    b.antal AS folkmangd,
    l.medel_tkr,
    l.avvikelse_till AS avvikelse,
    round(l.avvikelse_till - l.avvikelse_fran, 6) AS avvikelse_forandring,
    CASE
        WHEN l.avvikelse_till - l.avvikelse_fran > 0.1 THEN 'närmare'
        WHEN l.avvikelse_till - l.avvikelse_fran < -0.1 THEN 'längre bort'
        ELSE 'oförändrat'
    END AS utveckling,
    u.andel AS andel_fokus,
    r.andel AS andel_hyresratt,
    r.rang,
    r.rang_lo,
    r.rang_hi,
    r.antal_omraden,
    u.bidrag AS bidrag_segregation,
    CASE
        WHEN o.omradestyp IS NULL OR l.inkomsttyp_till IS NULL OR l.inkomsttyp_fran IS NULL OR b.antal IS NULL THEN 'M'
        WHEN r.andel IS NULL OR r.rang IS NULL OR u.andel IS NULL OR u.bidrag IS NULL THEN 'L'
        ELSE 'A'
    END AS obs_status,
    'F' AS conf_status
FROM lagen AS l
JOIN core.omradestyp_regso AS o ON o.regso = l.regso
LEFT JOIN core.befolkning_regso AS b ON b.regso = l.regso AND b.ar = $till_ar AND b.fodelseregion = 'totalt'
LEFT JOIN (
    SELECT regso, andel_fokus AS andel, bidrag FROM mart.segregation_regso WHERE ar = $till_ar AND doman = 'fodelseregion'
) AS u ON u.regso = l.regso
LEFT JOIN (
    SELECT regso, andel, rang, rang_lo, rang_hi, antal_omraden FROM mart.rangordning_regso WHERE matt = 'andel_hyresrätt'
) AS r ON r.regso = l.regso
LEFT JOIN raw.scb_kommuner AS k ON k.kommun = l.kommun
WHERE o.omradestyp <= 2 OR l.inkomsttyp_till <= 2
