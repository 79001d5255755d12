/*
description: >-
  EXEMPEL på mål för Koladas nyckeltal, att byta mot egna: nivå, år och önskad riktning. Inget av målen är beslutat av någon; nivåerna är
  valda så att flera kommuner redan är där.
grain: [nyckeltal]
*/
SELECT nyckeltal, mal, mal_ar, riktning
FROM (VALUES
    ('N15428', 90.0, 2030, 'up'),
    ('N17461', 80.0, 2030, 'up'),
    ('N17538', 60.0, 2030, 'up'),
    ('N11821', 97.0, 2030, 'up'),
    ('N11050', 50.0, 2030, 'up'),
    ('N15813', 80.0, 2030, 'up'),
    ('N00943', 40.0, 2030, 'up'),
    ('N00945', 45.0, 2030, 'up'),
    ('N07907', 15.0, 2030, 'down'),
    ('N17625', 4.0, 2030, 'down'),
    ('U07417', 20.0, 2030, 'down'),
    ('U07452', 10.0, 2030, 'down')
) AS malen(nyckeltal, mal, mal_ar, riktning)
