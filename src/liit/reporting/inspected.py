"""A page with samples of one selection, their pictures and the reasons of their choice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from liit import paths
from liit.files import write_text
from liit.inspection.kept import KeptSelection
from liit.inspection.look import Look
from liit.reporting.explorer import packed
from liit.reporting.html import samples_page_text


def write_page(looks: Sequence[Look], kept: KeptSelection, asked: Path | bool) -> Path:
    """Write the page to the file that was asked for, or below scratch/, and return where."""
    method, seed, step = kept.place
    name = looks[0].facts.id if len(looks) == 1 else "samples"
    default = paths.SCRATCH / "inspect" / f"{method}-{seed}-{step}-{name}.html"
    file = asked if isinstance(asked, Path) else default
    content = packed([kept], {look.facts.id: [look] for look in looks}, {})
    write_text(file, samples_page_text(kept.method.label, kept.place, content))
    return file
