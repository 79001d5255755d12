/*
description: >-
  FIKTIV. Vilken områdestyp har varje RegSO? Socioekonomiskt index (medelvärdet av de tre publicerade andelarna) och typ efter medel och
  standardavvikelse samma år, över de RegSO vars andelar är publicerade: 1 stora utmaningar … 5 mycket goda förutsättningar. Gränserna är
  årets: ett område kan byta typ utan att dess eget index ändras, så indexet står bredvid.
grain: [omrade, ar]
*/
WITH indexen AS (
    SELECT omrade, ar, round(socioeconomic_index(andel_lag_inkomst, andel_kort_utbildning, andel_utan_arbete), 6) AS socioekonomiskt_index
    FROM pub.socioekonomi_omrade
),
granser AS (
    -- means of fractions depend on their order in the last digits
    SELECT ar, round(avg(socioekonomiskt_index), 6) AS medel, round(stddev_pop(socioekonomiskt_index), 6) AS avvikelse FROM indexen GROUP BY ar
)
SELECT
    i.omrade,
    i.ar,
    i.socioekonomiskt_index,
    g.medel,
    g.avvikelse AS standardavvikelse,
    area_type(i.socioekonomiskt_index, g.medel, g.avvikelse) AS omradestyp
FROM indexen AS i
JOIN granser AS g ON g.ar = i.ar
