"""Spatial indices by PySAL's `segregation` and by EquiPop.

Usage: spatial_indices.py FILE.csv. The file has the columns area, east, north, x, t. Reads "NAME REPETITIONS" from
standard input, a line each, and answers "SECONDS CHECKSUM MEGABYTES": the time of all repetitions, the last result, and
the largest memory of the process so far.
"""

import contextlib
import io
import resource
import sys
import time
import warnings

warnings.filterwarnings("ignore")


def main() -> None:
    import geopandas
    import pandas

    frame = pandas.read_csv(sys.argv[1])
    places = geopandas.GeoDataFrame(
        frame, geometry=geopandas.points_from_xy(frame.east, frame.north).buffer(50), crs="EPSG:3006"
    )

    def kernel_d() -> float:
        from segregation.multigroup import MultiDissim

        frame = places.assign(rest=places.t - places.x)
        return MultiDissim(frame, groups=["x", "rest"], distance=2000).statistic

    def proximity() -> float:
        from segregation.singlegroup import SpatialProximity

        return SpatialProximity(places, "x", "t").statistic

    def knn() -> float:
        from equipop.fastcounts import run_knn_counts

        if not cells:
            # one row a person, as it wants them
            people = frame.loc[frame.index.repeat(frame.t.astype(int))]
            people = people.assign(g=(people.groupby(level=0).cumcount() < people.x).astype(int))
            from equipop.cells import build_cells

            with contextlib.redirect_stdout(io.StringIO()):
                cells.append(build_cells(people, "east", "north", binary_vars=["g"]))
        with contextlib.redirect_stdout(io.StringIO()):
            out = run_knn_counts(cells[0], [200, 400, 800, 1600], report=False)
        return float(out.filter(regex="^T_.*1600$").sum().sum())

    cells: list = []
    calls = {"kernel D": kernel_d, "SP": proximity, "kNN": knn}
    for line in sys.stdin:
        name, repetitions = line.rstrip("\n").rsplit(" ", 1)
        value = 0.0
        # what is compiled at the first call is not part of the time
        calls[name]()
        start = time.perf_counter()
        for _ in range(int(repetitions)):
            value = calls[name]()
        seconds = time.perf_counter() - start
        print(seconds, value, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, flush=True)


if __name__ == "__main__":
    main()
