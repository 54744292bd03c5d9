"""The table of all benchmarks, found in the folder of their modules."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from liit.errors import LiitError
from liit.scoring.benchmark import Benchmark

FOLDER = "liit.benchmarks"


@cache
def benchmarks() -> dict[str, Benchmark]:
    """Return every benchmark by name: what the modules of the folder list as ``BENCHMARKS``."""
    names = [module.name for module in iter_modules(import_module(FOLDER).__path__)]
    modules = [import_module(f"{FOLDER}.{name}") for name in sorted(names)]
    return {one.name: one for module in modules for one in getattr(module, "BENCHMARKS", ())}


def benchmark(name: str) -> Benchmark:
    """Return the benchmark of that name; LiitError if there is none."""
    known = benchmarks()
    if name not in known:
        raise LiitError(
            f"no benchmark is named {name!r}", next_step=f"choose from: {', '.join(known)}"
        )
    return known[name]
