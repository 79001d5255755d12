/*
description: >-
  Hur stor del av löneinkomsterna har de områden där de lägst avlönade tiondelarna av folket bor? Lorenzkurvan över RegSO i varje tiondel,
  för län, urvalet och kommuner med minst fem RegSO; samma skattning som i mart.inkomstskillnad_omrade. Vore områdena lika hade varje
  tiondel en tiondel.
grain: [omrade_niva, omrade, ar, andel_folk]
*/
WITH omraden AS (
    SELECT i.regso, i.kommun, i.lan, i.ar, i.medel_tkr AS varde, b.antal AS vikt
    FROM core.inkomst_regso AS i
    JOIN core.befolkning_regso AS b ON b.regso = i.regso AND b.ar = i.ar AND b.fodelseregion = 'totalt'
),
nivaer AS (
    SELECT 'kommun' AS omrade_niva, kommun AS omrade, regso, ar, varde, vikt FROM omraden
    UNION ALL
    SELECT 'lan' AS omrade_niva, lan AS omrade, regso, ar, varde, vikt FROM omraden
    UNION ALL
    SELECT 'urval' AS omrade_niva, 'urval' AS omrade, regso, ar, varde, vikt FROM omraden
),
kurvor AS (
    SELECT omrade_niva, omrade, ar, unnest(lorenz(regso, varde, vikt, 10)) AS punkt
    FROM nivaer
    GROUP BY omrade_niva, omrade, ar
    HAVING count(*) >= 5
)
SELECT
    k.omrade_niva,
    k.omrade,
    CASE WHEN k.omrade_niva = 'urval' THEN 'Länen i filerna' ELSE o.namn END AS namn,
    k.ar,
    CAST(round(100.0 * k.punkt['p']) AS INTEGER) AS andel_folk,
    100.0 * k.punkt['l'] AS andel_inkomst,
    'E' AS obs_status,
    'F' AS conf_status
FROM kurvor AS k
LEFT JOIN ref.omrade AS o ON o.omrade_niva = k.omrade_niva AND o.omrade = k.omrade
