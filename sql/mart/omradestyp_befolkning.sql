/*
description: >-
  Hur många områden och hur många människor har varje områdestyp i riket, i länen och i kommunerna? Typerna täcker landet, folkmängden bara
  de län som filerna har: folkmangd_kand är de kända personerna, antal_regso_med_folkmangd säger i hur många av områdena. Nivån urval är
  RegSO med känd folkmängd; bara där, och i de län och kommuner som är hela, går andelen av områdena och andelen av folket att jämföra.
grain: [omrade_niva, omrade, ar, omradestyp]
*/
WITH regso AS (
    SELECT o.kommun, o.lan, o.ar, o.omradestyp, b.antal AS folkmangd
    FROM core.omradestyp_regso AS o
    LEFT JOIN core.befolkning_regso AS b ON b.regso = o.regso AND b.ar = o.ar AND b.fodelseregion = 'totalt'
),
nivaer AS (
    SELECT 'riket' AS omrade_niva, '00' AS omrade, ar, omradestyp, folkmangd FROM regso
    UNION ALL
    SELECT 'urval' AS omrade_niva, 'urval' AS omrade, ar, omradestyp, folkmangd FROM regso WHERE folkmangd IS NOT NULL
    UNION ALL
    SELECT 'lan' AS omrade_niva, lan AS omrade, ar, omradestyp, folkmangd FROM regso
    UNION ALL
    SELECT 'kommun' AS omrade_niva, kommun AS omrade, ar, omradestyp, folkmangd FROM regso
),
alla AS (
    SELECT omrade_niva, omrade, ar, count(*) AS antal_regso, count(folkmangd) AS kanda, sum(folkmangd) AS folkmangd
    FROM nivaer
    GROUP BY omrade_niva, omrade, ar
),
typer AS (
    SELECT omrade_niva, omrade, ar, omradestyp, count(*) AS antal_regso, count(folkmangd) AS kanda, sum(folkmangd) AS folkmangd
    FROM nivaer
    GROUP BY omrade_niva, omrade, ar, omradestyp
)
SELECT
    a.omrade_niva,
    a.omrade,
    CASE WHEN a.omrade_niva = 'urval' THEN 'RegSO med folkmängd i filerna' ELSE o.namn END AS namn,
    a.ar,
    r.omradestyp,
    r.typnamn,
    coalesce(t.antal_regso, 0) AS antal_regso,
    100.0 * coalesce(t.antal_regso, 0) / a.antal_regso AS andel_regso,
    coalesce(t.kanda, 0) AS antal_regso_med_folkmangd,
    CASE WHEN a.kanda > 0 THEN coalesce(t.folkmangd, 0) END AS folkmangd_kand,
    CASE WHEN a.kanda > 0 THEN 100.0 * coalesce(t.folkmangd, 0) / nullif(a.folkmangd, 0) END AS andel_folkmangd_kand,
    100.0 * a.kanda / a.antal_regso AS tackning,
    CASE WHEN a.kanda = 0 THEN 'M' WHEN a.folkmangd = 0 THEN 'L' WHEN a.kanda < a.antal_regso THEN 'E' ELSE 'A' END AS obs_status,
    'F' AS conf_status
FROM alla AS a
CROSS JOIN ref.omradestyp AS r
LEFT JOIN typer AS t ON t.omrade_niva = a.omrade_niva AND t.omrade = a.omrade AND t.ar = a.ar AND t.omradestyp = r.omradestyp
LEFT JOIN ref.omrade AS o ON o.omrade_niva = a.omrade_niva AND o.omrade = a.omrade
