"""What a phase costs: seconds, samples, and the peak of memory while it ran."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from liit.memory import peak_gb, reset_peak

Cost = dict[str, float]


@dataclass
class Meter:
    """Collects the cost of each phase of one step."""

    costs: dict[str, Cost] = field(default_factory=dict)

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[Cost]:
        """Measure what runs inside; the block adds the number of samples to what it is given."""
        reset_peak()
        cost: Cost = {}
        started = time.perf_counter()
        yield cost
        self.add(name, {**cost, "seconds": time.perf_counter() - started})

    def add(self, name: str, cost: Cost) -> None:
        """Record a phase that measured its own time; a second part of a phase adds to the first."""
        before = self.costs.get(name, {})
        cost["seconds"] = round(cost["seconds"] + before.get("seconds", 0.0), 3)
        peak = max(round(peak_gb(), 3), before.get("peak_memory_gb") or 0.0)
        self.costs[name] = {**cost, "peak_memory_gb": peak}
