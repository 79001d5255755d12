/*
description: >-
  Hur åtskilt bor människor efter födelseregion och ligger bostäder efter upplåtelseform, i kommunen, länet och urvalet (alla län i filerna),
  och var ligger åtskillnaden? Områdena är RegSO på alla nivåer. M delas i mellan och inom delar: kommunens delar är de officiella
  områdestyperna, länets är kommunerna, urvalets är länen. Små områden är ojämna av slump: forvantad är D om alla bodde slumpvis, korrigerad
  är det som återstår, m_korrigerad är M utan slumpens bidrag. Fokusgrupp är födda utomlands och hyresrätt. Lägenheter utan uppgift är inte med.
grain: [omrade_niva, omrade, ar, doman]
*/
WITH celler AS (
    SELECT
        b.regso, b.kommun, b.lan, b.ar, 'fodelseregion' AS doman, b.fodelseregion AS grupp,
        CASE WHEN b.fodelseregion = 'utomlands' THEN 'fokus' ELSE 'ovriga' END AS fokus, b.antal AS n
    FROM core.befolkning_regso AS b
    WHERE b.fodelseregion <> 'totalt'
    UNION ALL
    SELECT
        b.regso, b.kommun, b.lan, b.ar, 'upplatelseform' AS doman, b.upplatelseform AS grupp,
        CASE WHEN b.upplatelseform = 'hyresrätt' THEN 'fokus' ELSE 'ovriga' END AS fokus, b.antal AS n
    FROM core.bostader_regso AS b
    WHERE b.upplatelseform <> 'uppgift saknas'
),
nivaer AS (
    SELECT
        'kommun' AS omrade_niva, c.kommun AS omrade, 'områdestyper' AS delar, CAST(o.omradestyp AS VARCHAR) AS del,
        c.regso, c.ar, c.doman, c.grupp, c.fokus, c.n
    FROM celler AS c
    LEFT JOIN core.omradestyp_regso AS o ON o.regso = c.regso
    UNION ALL
    SELECT 'lan' AS omrade_niva, lan AS omrade, 'kommuner' AS delar, kommun AS del, regso, ar, doman, grupp, fokus, n FROM celler
    UNION ALL
    SELECT 'urval' AS omrade_niva, 'urval' AS omrade, 'län' AS delar, lan AS del, regso, ar, doman, grupp, fokus, n FROM celler
),
matt AS (
    SELECT
        omrade_niva, omrade, ar, doman, delar,
        count(*) FILTER (WHERE n IS NULL) AS saknas,
        seg_coverage(regso, grupp, n) AS underlag,
        count(DISTINCT del) AS antal_delar,
        sum(n) AS antal,
        100.0 * sum(n) FILTER (WHERE fokus = 'fokus') / nullif(sum(n), 0) AS andel_fokus,
        seg_dissimilarity_random(regso, fokus, n, 'fokus') AS d,
        seg_isolation(regso, fokus, n, 'fokus') AS isolering,
        seg_gini(regso, grupp, n) AS gini,
        seg_information_theory(regso, grupp, n) AS h,
        seg_mutual_information_corrected(regso, grupp, n) AS m_korrigerad,
        seg_mutual_information_decompose(del, regso, grupp, n) AS delning
    FROM nivaer
    GROUP BY omrade_niva, omrade, ar, doman, delar
)
SELECT
    m.omrade_niva,
    m.omrade,
    CASE WHEN m.omrade_niva = 'urval' THEN 'Länen i filerna' ELSE o.namn END AS namn,
    m.ar,
    m.doman,
    m.underlag['n_units'] AS antal_regso,
    CASE WHEN m.saknas = 0 THEN m.antal END AS antal,
    CASE WHEN m.saknas = 0 THEN m.andel_fokus END AS andel_fokus,
    m.d['value'] AS dissimilaritet,
    m.d['expected'] AS dissimilaritet_forvantad,
    m.d['corrected'] AS dissimilaritet_korrigerad,
    m.isolering,
    m.gini,
    m.h AS entropiindex,
    m.delning['value'] AS m,
    m.m_korrigerad,
    m.delar,
    m.antal_delar,
    m.delning['between'] AS m_mellan,
    m.delning['within'] AS m_inom,
    100.0 * m.delning['between'] / nullif(m.delning['value'], 0) AS andel_mellan,
    CASE
        WHEN m.saknas > 0 THEN 'M'
        WHEN m.d['corrected'] IS NULL OR m.h IS NULL OR m.m_korrigerad IS NULL OR m.delning['value'] IS NULL OR m.delning['value'] = 0 THEN 'L'
        ELSE 'A'
    END AS obs_status,
    'F' AS conf_status
FROM matt AS m
LEFT JOIN ref.omrade AS o ON o.omrade_niva = m.omrade_niva AND o.omrade = m.omrade
