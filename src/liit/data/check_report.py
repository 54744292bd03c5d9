"""What `liit data check` reports, as values, as JSON and for the terminal."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from liit.data.overlap import Overlap


@dataclass(frozen=True, slots=True)
class Shared:
    """How many samples of the dataset another one holds too."""

    dataset: str
    exact: int
    near: int


@dataclass
class CheckReport:
    """Everything that `liit data check` found; plain values only, so it is JSON as it stands.

    ``quarantine`` counts kinds of reason; ``tag_mismatches``, ``image_faults`` and ``unfit``
    (what the model cannot be shown) count both the records set aside for it and samples that
    break the rule now (``faults`` lists the first). ``repeats_set_aside`` are exact
    duplicates within, which preparing removes.
    """

    name: str
    samples: int = 0
    set_aside: int = 0
    quarantine: Counter[str] = field(default_factory=Counter)
    skills: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    images_per_sample: Counter[int] = field(default_factory=Counter)
    turns_per_sample: Counter[int] = field(default_factory=Counter)
    tag_mismatches: int = 0
    image_faults: int = 0
    unfit: int = 0
    faults: list[str] = field(default_factory=list)
    samples_with_boxes: int = 0
    boxes: int = 0
    boxes_outside: int = 0
    box_sheet: str | None = None
    repeats_set_aside: int = 0
    repeats_exact: int = 0
    repeats_near: int = 0
    shared: list[Shared] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)

    def to_json(self) -> str:
        """Return the report as JSON with sorted keys."""
        return json.dumps(
            vars(self), indent=2, sort_keys=True, ensure_ascii=False, default=dataclasses.asdict
        )


def render(report: CheckReport) -> RenderableType:
    """Return the report for the terminal: a few small tables."""
    head = Text(f"{report.name}: {report.samples:,} samples, {report.set_aside:,} set aside")
    facts = Table(show_header=False, box=None)
    for label, value in _facts(report):
        facts.add_row(label, value)
    parts: list[RenderableType] = [head, facts]
    for title, counts in (
        ("set aside because", report.quarantine),
        ("skill", report.skills),
        ("language", report.languages),
        ("images", report.images_per_sample),
        ("turns", report.turns_per_sample),
    ):
        if counts:
            table = Table(title, "samples", box=None)
            for key, count in sorted(counts.items(), key=lambda item: (-item[1], str(item[0]))):
                table.add_row(Text(str(key)), f"{count:,}")
            parts.append(table)
    return Group(*parts, *(Text(f"fault: {fault}") for fault in report.faults))


def _facts(report: CheckReport) -> Iterator[tuple[str, str]]:
    yield "image tags that do not match", f"{report.tag_mismatches:,}"
    yield "missing or corrupt images", f"{report.image_faults:,}"
    yield "too long for the model, or with its marks", f"{report.unfit:,}"
    boxes = f"{report.boxes:,} in {report.samples_with_boxes:,} samples, "
    yield "boxes", f"{boxes}{report.boxes_outside:,} samples with one outside 0..1"
    if report.box_sheet:
        yield "boxes drawn", report.box_sheet
    repeats = f"{report.repeats_set_aside:,} set aside, {report.repeats_exact:,} exact and "
    yield "repeats within", f"{repeats}{report.repeats_near:,} near left"
    for shared in report.shared:
        yield f"also in {shared.dataset}", f"{shared.exact:,} exact, {shared.near:,} near"
    for overlap in report.overlaps:
        counts = f"{overlap.same_question:,} questions, {overlap.same_image:,} images, "
        counts += f"{overlap.same_both:,} both (of {overlap.items:,})"
        yield f"exam {overlap.exam} shares", counts
