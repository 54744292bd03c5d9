"""Several processes may run one command: Lightning starts one per device."""

from __future__ import annotations

from pytorch_lightning.utilities import rank_zero_only


def is_other_rank() -> bool:
    """Return whether another process of this run writes the files."""
    return bool(getattr(rank_zero_only, "rank", 0))
