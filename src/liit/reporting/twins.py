"""Values of the second paper's two streams, drawn: `make cit-1 cit-2`."""

from __future__ import annotations

from pathlib import Path

from liit import paths
from liit.reporting.claims import TWINS
from liit.reporting.run_records import load_runs
from liit.reporting.tables import REFERENCE, Values, upper_bounds, values_by_seed


def twin_values(root: Path) -> Values:
    """Return the metrics of every row of both, named ``<stream>/<method>``.

    Of the seeds that all rows of a stream have; of a stream that was not run, or whose rows have
    none in common, nothing.
    """
    values: Values = {}
    for stream in TWINS:
        folder = root / paths.STREAMS / stream
        seeds: dict[str, set[int]] = {}
        for file in sorted(folder.glob("results/*/*.json")):
            seeds.setdefault(file.parent.name, set()).add(int(file.stem))
        if REFERENCE in seeds and (shared := set.intersection(*seeds.values())):
            runs = load_runs(folder, list(seeds), sorted(shared))
            found = values_by_seed(runs, upper_bounds(runs))
            values |= {f"{stream}/{method}": of_method for method, of_method in found.items()}
    return values
