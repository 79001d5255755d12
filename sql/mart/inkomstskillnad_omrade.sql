/*
description: >-
  Hur ojämnt är löneinkomsten fördelad mellan områden i kommunen, länet och urvalet (alla län i filerna), och hur mycket av det ligger mellan
  kommuner eller län? RegSO:s medelvärden vägda med folkmängden, en skattning: antalet inkomsttagare finns inte i filerna, och skillnader
  mellan människor inom ett område syns inte. Delarna är kommunens områdestyper, länets kommuner, urvalets län.
grain: [omrade_niva, omrade, ar]
*/
WITH omraden AS (
    SELECT i.regso, i.kommun, i.lan, i.ar, i.medel_tkr AS varde, b.antal AS vikt, CAST(o.omradestyp AS VARCHAR) AS omradestyp
    FROM core.inkomst_regso AS i
    LEFT JOIN core.befolkning_regso AS b ON b.regso = i.regso AND b.ar = i.ar AND b.fodelseregion = 'totalt'
    LEFT JOIN core.omradestyp_regso AS o ON o.regso = i.regso
),
nivaer AS (
    SELECT 'kommun' AS omrade_niva, kommun AS omrade, 'områdestyper' AS delar, omradestyp AS del, regso, ar, varde, vikt FROM omraden
    UNION ALL
    SELECT 'lan' AS omrade_niva, lan AS omrade, 'kommuner' AS delar, kommun AS del, regso, ar, varde, vikt FROM omraden
    UNION ALL
    SELECT 'urval' AS omrade_niva, 'urval' AS omrade, 'län' AS delar, lan AS del, regso, ar, varde, vikt FROM omraden
),
matt AS (
    SELECT
        omrade_niva, omrade, ar, delar,
        count(*) AS antal_regso,
        count(*) FILTER (WHERE varde IS NULL OR vikt IS NULL) AS saknas,
        wquantile(varde, vikt, 0.1) AS p10,
        wquantile(varde, vikt, 0.5) AS median,
        wquantile(varde, vikt, 0.9) AS p90,
        ineq_p90p10(varde, vikt) AS p90p10,
        ineq_s80s20(varde, vikt) AS s80s20,
        ineq_gini(regso, varde, vikt) AS gini,
        ineq_theil_decompose(del, varde, vikt) AS theil
    FROM nivaer
    GROUP BY omrade_niva, omrade, ar, delar
)
SELECT
    m.omrade_niva,
    m.omrade,
    CASE WHEN m.omrade_niva = 'urval' THEN 'Länen i filerna' ELSE o.namn END AS namn,
    m.ar,
    m.antal_regso,
    m.p10,
    m.median,
    m.p90,
    m.p90p10,
    m.s80s20,
    m.gini,
    m.theil['value'] AS theil,
    m.delar,
    m.theil['between'] AS theil_mellan,
    m.theil['within'] AS theil_inom,
    100.0 * m.theil['between'] / nullif(m.theil['value'], 0) AS andel_mellan,
    CASE WHEN m.saknas > 0 THEN 'M' WHEN m.gini IS NULL OR m.theil['value'] IS NULL OR m.theil['value'] = 0 THEN 'L' ELSE 'E' END AS obs_status,
    'F' AS conf_status
FROM matt AS m
LEFT JOIN ref.omrade AS o ON o.omrade_niva = m.omrade_niva AND o.omrade = m.omrade
