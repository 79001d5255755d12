/*
description: >-
  Blir områden kvar i sitt läge, eller byter de? Övergångar mellan inkomsttyper (mart.inkomsttyp_regso) från år till år och från filernas
  första år till det sista, och som jämförelse hur den officiella områdestypen samma år svarar mot inkomsttypen. Den officiella typen finns
  för ett år, så dess egna övergångar går inte att räkna. Typer är lägen samma år: alla kan få högre inkomst utan att någon byter typ.
grain: [jamforelse, fran_ar, till_ar, fran_typ, till_typ]
*/
WITH typer AS (
    SELECT regso, ar, inkomsttyp FROM mart.inkomsttyp_regso
),
folk AS (
    SELECT regso, ar, antal FROM core.befolkning_regso WHERE fodelseregion = 'totalt'
),
spann AS (
    SELECT min(ar) AS forsta, max(ar) AS sista FROM typer
),
par AS (
    SELECT 'inkomsttyp' AS jamforelse, f.ar AS fran_ar, t.ar AS till_ar, f.regso, f.inkomsttyp AS fran, t.inkomsttyp AS till
    FROM typer AS f
    JOIN typer AS t ON t.regso = f.regso AND t.ar > f.ar
    CROSS JOIN spann AS s
    WHERE t.ar = f.ar + 1 OR (f.ar = s.forsta AND t.ar = s.sista)
    UNION ALL
    SELECT 'områdestyp mot inkomsttyp' AS jamforelse, o.ar AS fran_ar, i.ar AS till_ar, o.regso, o.omradestyp AS fran, i.inkomsttyp AS till
    FROM core.omradestyp_regso AS o
    JOIN typer AS i ON i.regso = o.regso AND i.ar = o.ar
),
matriser AS (
    -- people where the areas are at the end
    SELECT p.jamforelse, p.fran_ar, p.till_ar, unnest(area_transitions(p.regso, p.fran, p.till, f.antal)) AS cell
    FROM par AS p
    JOIN folk AS f ON f.regso = p.regso AND f.ar = p.till_ar
    GROUP BY p.jamforelse, p.fran_ar, p.till_ar
)
SELECT
    jamforelse,
    fran_ar,
    till_ar,
    CAST(cell['from'] AS INTEGER) AS fran_typ,
    CAST(cell['to'] AS INTEGER) AS till_typ,
    cell['n'] AS antal_regso,
    100.0 * cell['share'] AS andel_regso,
    CAST(cell['pop'] AS BIGINT) AS folkmangd,
    100.0 * cell['pop_share'] AS andel_folkmangd,
    -- nothing comes from a type that no area had
    CASE WHEN cell['share'] IS NULL OR cell['pop_share'] IS NULL THEN 'L' ELSE 'A' END AS obs_status,
    'F' AS conf_status
FROM matriser
