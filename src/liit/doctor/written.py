"""Weights that were written here: whether their bytes are still those of their records."""

from __future__ import annotations

from collections.abc import Iterator

from liit import paths, stamps
from liit.doctor.findings import Finding
from liit.errors import LiitError
from liit.files import read_cache

PART = "written"


def written() -> Iterator[Finding]:
    """Yield every damaged file or folder of weights, of the base and of all tables' adapters.

    Everything is read, the large ones too.
    """
    from liit.base import RECORD, theta_zero
    from liit.model.load import WEIGHTS
    from liit.model.sealed import KNOWN, Seal, expect_intact

    seals: list[Seal] = list(theta_zero().seals) if RECORD.is_file() else []
    adapters = f"adapters/*/*/*/{stamps.FILE}"
    for record in sorted([*paths.ROOT.glob(adapters), *paths.TABLES.glob(f"*/{adapters}")]):
        made = read_cache(record)
        kept = {WEIGHTS: str(made.get("weights")), **made.get("state", {})}
        seals += [(record.parent / name, digest) for name, digest in kept.items()]
    KNOWN.unlink(missing_ok=True)  # what it knows would not be read
    damaged = 0
    for seal in seals:
        try:
            expect_intact((seal,))
        except LiitError as fault:
            damaged += 1
            yield Finding(PART, str(seal[0]), "missing", fault.problem, fault.next_step.rstrip("."))
    if not damaged:
        yield Finding(PART, "weights", "ok", f"{len(seals)} as their records say")
