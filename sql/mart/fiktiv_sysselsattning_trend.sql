/*
description: >-
  FIKTIV. Sluter sig gapet mellan kommunens högsta och lägsta RegSO medan medelvärdet ändras? Mann–Kendalls test och Sens lutning på båda, ur
  de publicerade värdena; p under 0,05 är belägg. Medelvärdet kan stiga medan gapet växer.
grain: [kommun]
*/
WITH trender AS (
    SELECT
        kommun,
        first_value(skillnad ORDER BY ar) AS gap_forsta,
        first_value(skillnad ORDER BY ar DESC) AS gap_sista,
        trend_mk(CAST(ar AS INTEGER), skillnad) AS gap,
        trend_mk(CAST(ar AS INTEGER), andel_sysselsatta) AS medel
    FROM pub.sysselsattning_kommun
    GROUP BY kommun
)
SELECT
    kommun,
    gap['n'] AS antal_ar,
    gap_forsta,
    gap_sista,
    gap['sen_slope'] AS gap_lutning,
    gap['p'] AS gap_p,
    medel['sen_slope'] AS medel_lutning,
    medel['p'] AS medel_p
FROM trender
