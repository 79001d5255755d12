/*
description: FIKTIV. En rad per person och år med bostadens områden; skyddade uppgifter.
grain: [person, ar]
*/
SELECT
    p.person,
    p.ar,
    p.kon,
    p.alder,
    p.fodelseregion,
    p.utbildning,
    p.sysselsatt,
    p.arbetslosdagar,
    p.bistandsmanader,
    p.inkomst,
    p.upplatelseform,
    f.nyko,
    f.deso_2018,
    f.deso_2025,
    f.regso_2020,
    f.regso_2025,
    f.kommun,
    f.lan
FROM raw.fiktiv_personer AS p
JOIN ref.fiktiv_fastighet AS f ON f.fastighet = p.fastighet
