/*
description: Koladas nyckeltal med titel och statuskoder i SDMX.
grain: [nyckeltal, kommun, ar, kon]
*/
SELECT
    d.nyckeltal,
    l.titel,
    d.kommun,
    d.kommunnamn,
    d.ar,
    d.kon,
    d.varde,
    CASE
        WHEN d.varde IS NOT NULL THEN 'A'
        WHEN d.status = 'Privacy' THEN 'Q'
        WHEN d.status = 'Not applicable' THEN 'L'
        ELSE 'M'
    END AS obs_status,
    CASE WHEN d.varde IS NULL AND d.status = 'Privacy' THEN 'C' ELSE 'F' END AS conf_status
FROM raw.kolada_kpi_data AS d
LEFT JOIN raw.kolada_kpi_list AS l ON l.nyckeltal = d.nyckeltal
