/*
description: >-
  Hur ojämlikt är nyckeltalet mellan grupper av kommuner, med alla WHO:s 21 mått sida vid sida: absoluta och relativa kan säga emot varandra,
  och då ska båda visas. Grupperna är kommuner efter andelen RegSO av områdestyp 1 eller 2 år 2022 (30 procent eller mer, 20, 10, under 10,
  inga), ordnade från mest till minst utmaningar; värdet är kommunernas ovägda medelvärde senaste året, vikten antalet kommuner. Gynnsam
  riktning enligt ref.nyckeltal_mal.
grain: [nyckeltal, matt]
*/
WITH kommuner AS (
    SELECT kommun, count(*) AS n, count(*) FILTER (WHERE omradestyp <= 2) AS x
    FROM core.omradestyp_regso
    GROUP BY kommun
),
grupper AS (
    SELECT
        kommun,
        CASE
            WHEN 10 * x >= 3 * n THEN 1
            WHEN 10 * x >= 2 * n THEN 2
            WHEN 10 * x >= n THEN 3
            WHEN x > 0 THEN 4
            ELSE 5
        END AS grupp
    FROM kommuner
),
varden AS (
    SELECT
        n.nyckeltal, n.titel, n.ar, m.riktning, g.grupp, n.varde,
        max(n.ar) OVER (PARTITION BY n.nyckeltal) AS sista
    FROM core.nyckeltal_kommun AS n
    JOIN ref.nyckeltal_mal AS m ON m.nyckeltal = n.nyckeltal
    JOIN grupper AS g ON g.kommun = n.kommun
    WHERE n.kon = 'T' AND n.varde IS NOT NULL
),
medel AS (
    SELECT
        nyckeltal, titel, ar, riktning, grupp,
        count(*) AS antal,
        -- means of fractions depend on their order in the last digits
        round(avg(varde), 9) AS medel,
        round(stddev_samp(varde) / sqrt(count(*)), 9) AS fel
    FROM varden
    WHERE ar = sista
    GROUP BY nyckeltal, titel, ar, riktning, grupp
),
listor AS (
    SELECT
        nyckeltal, titel, ar,
        sum(antal) AS antal_kommuner,
        unnest(coalesce(
            who_measures(grupp, grupp, medel, antal, fel, 'high') FILTER (WHERE riktning = 'up'),
            who_measures(grupp, grupp, medel, antal, fel, 'low') FILTER (WHERE riktning = 'down')
        )) AS m
    FROM medel
    GROUP BY nyckeltal, titel, ar
),
namn AS (
    SELECT matt, namn, slag
    FROM (VALUES
        ('d', 'Skillnad mellan minst och mest utmaningar', 'absolut'),
        ('r', 'Kvot mellan minst och mest utmaningar', 'relativt'),
        ('aci', 'Absolut koncentrationsindex', 'absolut'),
        ('rci', 'Relativt koncentrationsindex', 'relativt'),
        ('sii', 'Lutningsindex (SII)', 'absolut'),
        ('rii', 'Relativt lutningsindex (RII)', 'relativt'),
        ('bgv', 'Varians mellan grupper', 'absolut'),
        ('bgsd', 'Standardavvikelse mellan grupper', 'absolut'),
        ('cov', 'Variationskoefficient', 'relativt'),
        ('mdmu', 'Medelavstånd till medelvärdet, ovägt', 'absolut'),
        ('mdmw', 'Medelavstånd till medelvärdet, vägt', 'absolut'),
        ('mdbu', 'Medelavstånd till bästa gruppen, ovägt', 'absolut'),
        ('mdbw', 'Medelavstånd till bästa gruppen, vägt', 'absolut'),
        ('mdru', 'Medelavstånd till referensgruppen, ovägt', 'absolut'),
        ('mdrw', 'Medelavstånd till referensgruppen, vägt', 'absolut'),
        ('idisu', 'Disparitetsindex, ovägt', 'relativt'),
        ('idisw', 'Disparitetsindex, vägt', 'relativt'),
        ('ti', 'Theils index gånger 1000', 'relativt'),
        ('mld', 'Medellogavvikelse gånger 1000', 'relativt'),
        ('par', 'Vinst om alla vore som bästa gruppen (PAR)', 'absolut'),
        ('paf', 'Vinst i procent av medelvärdet (PAF)', 'relativt')
    ) AS namnen(matt, namn, slag)
)
SELECT
    l.nyckeltal,
    l.titel,
    l.ar,
    l.antal_kommuner,
    l.m['measure'] AS matt,
    n.namn,
    n.slag,
    l.m['value'] AS varde,
    l.m['lo'] AS lo,
    l.m['hi'] AS hi,
    CASE WHEN l.m['value'] IS NULL OR l.m['lo'] IS NULL OR l.m['hi'] IS NULL THEN 'L' ELSE 'A' END AS obs_status,
    'F' AS conf_status
FROM listor AS l
LEFT JOIN namn AS n ON n.matt = l.m['measure']
-- nobody is the reference of these
WHERE l.m['measure'] NOT IN ('mdru', 'mdrw')
