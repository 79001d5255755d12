"""Segregation indices by hand in DuckDB SQL: what somebody writes who has no function for them.

Usage: duckdb_indices.py FILE.parquet THREADS. Reads "NAME REPETITIONS" from standard input, a line each, and answers
"SECONDS ROWS CHECKSUM": the time of all repetitions, and of the last one the number of results and their sum. Every query
sums by area first, as samsyn does, so a finer breakdown could not change the index.
"""

import sys
import time

import duckdb

CELLS = "c AS (SELECT kommun, year, area, grp, sum(n)::DOUBLE AS n FROM t GROUP BY ALL)"
MARGINS = f"""{CELLS},
a AS (SELECT kommun, year, area, sum(n) AS an FROM c GROUP BY ALL),
g AS (SELECT kommun, year, grp, sum(n) AS gn FROM c GROUP BY ALL),
k AS (SELECT kommun, year, sum(an) AS kn FROM a GROUP BY ALL)"""
JOINED = """c JOIN a USING (kommun, year, area) JOIN g USING (kommun, year, grp) JOIN k USING (kommun, year)"""

QUERIES = {
    # every cell has a row in this table; where rows are missing, their |0 − t·N/T| would have to be added
    "D": f"""WITH {MARGINS},
i AS (SELECT kommun, year, sum(gn / kn * (1 - gn / kn)) AS i FROM g JOIN k USING (kommun, year) GROUP BY ALL)
SELECT kommun, year, sum(abs(n - an * gn / kn)) / (2 * any_value(kn) * any_value(i)) AS v
FROM {JOINED} JOIN i USING (kommun, year) GROUP BY ALL""",
    "M": f"""WITH {MARGINS}
SELECT kommun, year, sum(n / kn * ln(n * kn / (an * gn))) AS v FROM {JOINED} WHERE n > 0 GROUP BY ALL""",
    # the same by entropies: faster, and less exact when segregation is low
    "M by entropies": f"""WITH {CELLS},
a AS (SELECT kommun, year, sum(an * ln(an)) AS s, sum(an) AS kn
      FROM (SELECT kommun, year, area, sum(n) AS an FROM c GROUP BY ALL) WHERE an > 0 GROUP BY ALL),
g AS (SELECT kommun, year, sum(gn * ln(gn)) AS s
      FROM (SELECT kommun, year, grp, sum(n) AS gn FROM c GROUP BY ALL) WHERE gn > 0 GROUP BY ALL),
m AS (SELECT kommun, year, sum(n * ln(n)) AS s FROM c WHERE n > 0 GROUP BY ALL)
SELECT kommun, year, (m.s - a.s - g.s + kn * ln(kn)) / kn AS v
FROM m JOIN a USING (kommun, year) JOIN g USING (kommun, year)""",
    "H": f"""WITH {MARGINS},
e AS (SELECT kommun, year, sum(gn / kn * ln(kn / gn)) AS e FROM g JOIN k USING (kommun, year) WHERE gn > 0 GROUP BY ALL)
SELECT kommun, year, sum(n / kn * ln(n * kn / (an * gn))) / any_value(e) AS v
FROM {JOINED} JOIN e USING (kommun, year) WHERE n > 0 GROUP BY ALL""",
}


def main() -> None:
    path, threads = sys.argv[1:]
    connection = duckdb.connect()
    connection.execute(f"SET threads = {int(threads)}")
    connection.execute("CREATE TABLE t AS FROM read_parquet(?)", [path])
    for line in sys.stdin:
        name, repetitions = line.rstrip("\n").rsplit(" ", 1)
        rows = []
        start = time.perf_counter()
        for _ in range(int(repetitions)):
            rows = connection.execute(QUERIES[name]).fetchall()
        seconds = time.perf_counter() - start
        print(seconds, len(rows), sum(row[-1] for row in rows), flush=True)


if __name__ == "__main__":
    main()
