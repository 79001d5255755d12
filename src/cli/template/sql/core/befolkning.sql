/*
description: Persons by kommun and year.
grain: [kommun, ar]
*/
SELECT kommun, ar, antal, obs_status, conf_status
FROM raw.befolkning
WHERE ar >= $first_year
