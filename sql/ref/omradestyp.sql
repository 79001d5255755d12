/*
description: De fem områdestyperna med SCB:s namn.
grain: [omradestyp]
*/
SELECT omradestyp, typnamn
FROM (VALUES
    (1, 'områden med stora socioekonomiska utmaningar'),
    (2, 'områden med socioekonomiska utmaningar'),
    (3, 'socioekonomiskt blandade områden'),
    (4, 'områden med goda socioekonomiska förutsättningar'),
    (5, 'områden med mycket goda socioekonomiska förutsättningar')
) AS typer(omradestyp, typnamn)
