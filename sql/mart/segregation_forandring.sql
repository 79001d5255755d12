/*
description: >-
  Har åtskillnaden ändrats i sig, eller bara folkets sammansättning? Förändringen av M mellan två år i kommun, län och urvalet, delad (Shapley,
  Elbers) i gruppernas storlek, områdenas storlek och struktur. Strukturen är det som återstår när grupper och områden är lika stora båda
  åren: den är segregationens egen förändring.
grain: [omrade_niva, omrade, doman]
*/
WITH celler AS (
    SELECT regso, kommun, lan, ar, 'fodelseregion' AS doman, fodelseregion AS grupp, antal AS n
    FROM core.befolkning_regso
    WHERE fodelseregion <> 'totalt' AND ar IN ($fran_ar, $till_ar)
    UNION ALL
    SELECT regso, kommun, lan, ar, 'upplatelseform' AS doman, upplatelseform AS grupp, antal AS n
    FROM core.bostader_regso
    WHERE upplatelseform <> 'uppgift saknas' AND ar IN ($fran_ar, $till_ar)
),
bada AS (
    SELECT
        regso, kommun, lan, doman, grupp,
        -- 0 where there is no row, NULL where the row has no count
        CASE WHEN count(*) FILTER (WHERE ar = $fran_ar) = 0 THEN 0 ELSE max(n) FILTER (WHERE ar = $fran_ar) END AS fore,
        CASE WHEN count(*) FILTER (WHERE ar = $till_ar) = 0 THEN 0 ELSE max(n) FILTER (WHERE ar = $till_ar) END AS efter
    FROM celler
    GROUP BY regso, kommun, lan, doman, grupp
),
nivaer AS (
    SELECT 'kommun' AS omrade_niva, kommun AS omrade, regso, doman, grupp, fore, efter FROM bada
    UNION ALL
    SELECT 'lan' AS omrade_niva, lan AS omrade, regso, doman, grupp, fore, efter FROM bada
    UNION ALL
    SELECT 'urval' AS omrade_niva, 'urval' AS omrade, regso, doman, grupp, fore, efter FROM bada
),
matt AS (
    SELECT
        omrade_niva, omrade, doman,
        count(*) FILTER (WHERE fore IS NULL OR efter IS NULL) AS saknas,
        seg_mutual_information(regso, grupp, fore) AS m_fore,
        seg_mutual_information(regso, grupp, efter) AS m_efter,
        seg_change(regso, grupp, fore, efter) AS delar
    FROM nivaer
    GROUP BY omrade_niva, omrade, doman
)
SELECT
    m.omrade_niva,
    m.omrade,
    CASE WHEN m.omrade_niva = 'urval' THEN 'Länen i filerna' ELSE o.namn END AS namn,
    m.doman,
    CAST($fran_ar AS INTEGER) AS fran_ar,
    CAST($till_ar AS INTEGER) AS till_ar,
    m.m_fore,
    m.m_efter,
    m.delar['value'] AS forandring,
    m.delar['additions'] + m.delar['removals'] AS nya_och_borttagna,
    m.delar['group_marginal'] AS gruppernas_storlek,
    m.delar['unit_marginal'] AS omradenas_storlek,
    m.delar['structural'] AS struktur,
    CASE WHEN m.saknas > 0 THEN 'M' WHEN m.delar['structural'] IS NULL OR m.m_fore IS NULL OR m.m_efter IS NULL THEN 'L' ELSE 'A' END AS obs_status,
    'F' AS conf_status
FROM matt AS m
LEFT JOIN ref.omrade AS o ON o.omrade_niva = m.omrade_niva AND o.omrade = m.omrade
