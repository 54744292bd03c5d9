"""Chosen samples to look at, a few of each step and skill, with their pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from liit.data.sample import Sample
from liit.data.store import SampleStore
from liit.reporting.run_records import RunRecord, selection_here
from liit.reporting.samples import png, thumbnails
from liit.seeds import generator
from liit.selection.files import read_selection
from liit.tracking import Picture, Table, TrackedRun
from liit.tracking.contents import job_of

EACH = 2
"""Samples that are shown of a step and skill."""
COLUMNS = ("step", "skill", "source", "id", "scorer", "score", "question", "answer", "picture")


def samples_run(root: Path, record: RunRecord, opened: Chosen) -> TrackedRun | None:
    """Return a table of samples that a run chose; None where they are not on this machine."""
    result = record.result
    rows = [
        row
        for step in result["selections"]
        if (folder := selection_here(root, result, step))
        for row in opened.rows(folder, step, result["seed"])
    ]
    return job_of(record, "samples", tables={"samples": Table(COLUMNS, rows)}) if rows else None


class Chosen:
    """The stream's prepared datasets, in which chosen samples are looked up by id."""

    def __init__(self, stores: Mapping[str, SampleStore]) -> None:
        """Read the id and the skill of every sample."""
        self.stores = stores
        self.places = {
            id_: (name, row, skill or "unlabelled")
            for name, store in stores.items()
            for row, (id_, skill) in enumerate(
                zip(store.column("id"), store.column("skill"), strict=True)
            )
        }

    def rows(self, folder: Path, step: str, seed: int) -> list[list[object]]:
        """Return :data:`COLUMNS` of a seeded few of each skill in a selection's folder."""
        chosen = {row["id"]: row for row in read_selection(folder).to_pylist()}
        by_skill: dict[str, list[str]] = {}
        for id_ in sorted(chosen.keys() & self.places.keys()):
            by_skill.setdefault(self.places[id_][2], []).append(id_)
        shown = []
        for skill, ids in sorted(by_skill.items()):
            draw = generator(seed, "shown", step, skill)
            for id_ in sorted(draw.choice(ids, min(EACH, len(ids)), replace=False).tolist()):
                name, row, _ = self.places[id_]
                sample, why = self.stores[name][row], chosen[id_]
                told = [step, skill, name, id_, why["scorer"], why["score"]]
                picture = _picture(sample, self.stores[name].image_root)
                shown.append([*told, *_texts(sample), picture])
        return shown


def _texts(sample: Sample) -> list[str]:
    """Return all that the user and all that the assistant says."""
    return [
        "\n".join(turn.text for turn in sample.turns if turn.role == role)
        for role in ("user", "assistant")
    ]


def _picture(sample: Sample, image_root: Path | None) -> Picture | None:
    images = list(thumbnails(sample, image_root))
    return Picture(png(_side_by_side(images))) if images else None


def _side_by_side(images: Sequence[Image.Image]) -> Image.Image:
    if len(images) == 1:
        return images[0]
    sheet = Image.new("RGB", (sum(i.width for i in images), max(i.height for i in images)), "white")
    left = 0
    for image in images:
        sheet.paste(image, (left, 0))
        left += image.width
    return sheet
