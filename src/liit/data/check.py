"""`liit data check`: what a prepared dataset holds, what is wrong with it, what it shares."""

from __future__ import annotations

import heapq
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from liit.data.check_report import CheckReport, Shared
from liit.data.contact_sheet import draw_sheet, sample_boxes
from liit.data.duplicates import Fingerprints, count_across, count_within
from liit.data.images import ImageCheck, probe_image
from liit.data.languages import language_of
from liit.data.overlap import ExamItems
from liit.data.readers._boxes import box_fault
from liit.data.sample import IMAGE_TAG, ImageRef, Sample, fault_of
from liit.data.store import Quarantined, SampleStore, read_quarantine

SHEET_ROWS = 8
"""Samples with boxes on the contact sheet: those with the smallest ids, so the same ones always."""

FAULTS_SHOWN = 20

_VARYING = re.compile(r"^image .*?: |'[^']*'|\"[^\"]*\"|\[[^\]]*\]|\b[0-9a-f]{16}\b|\d[\d,.]*")


def check_dataset(
    store: SampleStore,
    *,
    others: Mapping[str, SampleStore] | None = None,
    exams: Mapping[str, SampleStore] | None = None,
    check_images: ImageCheck = "header",
    sheet: Path | None = None,
) -> CheckReport:
    """Check a prepared dataset against itself, other datasets and evaluation sets.

    ``sheet`` is where the PNG with drawn boxes goes, if the dataset has boxes. One pass over the
    dataset, one over each other one; memory is about 0.3 kB a sample.
    """
    records = itertools.chain[Sample | Quarantined](read_quarantine(store.path), store)
    return check_records(
        store.path.stem,
        records,
        store.image_root,
        others=others,
        exams=exams,
        check_images=check_images,
        sheet=sheet,
    )


def check_records(
    name: str,
    records: Iterable[Sample | Quarantined],
    image_root: Path | None,
    *,
    others: Mapping[str, SampleStore] | None = None,
    exams: Mapping[str, SampleStore] | None = None,
    check_images: ImageCheck = "header",
    sheet: Path | None = None,
) -> CheckReport:
    """Check what a reader yields, before it is prepared; arguments as :func:`check_dataset`."""
    report = CheckReport(name)
    walk = _Walk(report, image_root, check_images)
    held = [ExamItems(exam, items, items.image_root) for exam, items in (exams or {}).items()]
    prints = Fingerprints.of(walk.samples(records, held))
    walk.finish()
    report.overlaps = [exam.overlap() for exam in held]
    report.repeats_exact, report.repeats_near = count_within(prints)
    for other, store in (others or {}).items():
        report.shared.append(Shared(other, *count_across(prints, Fingerprints.of(store))))
    if sheet is not None and walk.with_boxes:
        draw_sheet(walk.sheet_samples(), image_root, sheet)
        report.box_sheet = str(sheet)
    return report


class _Walk:
    """One pass over the records that fills in the report."""

    def __init__(
        self, report: CheckReport, image_root: Path | None, check_images: ImageCheck
    ) -> None:
        self.report, self.image_root, self.check_images = report, image_root, check_images
        self.with_boxes: list[tuple[int, int, Sample]] = []
        self._counts = {name: Counter[object]() for name in ("why", "skill", "lang", "img", "turn")}
        self._probed: dict[str, str | None] = {}

    def samples(
        self, records: Iterable[Sample | Quarantined], exams: list[ExamItems]
    ) -> Iterator[Sample]:
        for record in records:
            if isinstance(record, Quarantined):
                self._set_aside(record)
                continue
            self._count(record)
            for exam in exams:
                exam.see(record, self.image_root)
            yield record

    def finish(self) -> None:
        report, counts = self.report, self._counts
        report.quarantine = {str(key): n for key, n in sorted(counts["why"].items(), key=str)}
        report.skills = {str(key): n for key, n in sorted(counts["skill"].items(), key=str)}
        report.languages = {str(key): n for key, n in sorted(counts["lang"].items(), key=str)}
        report.images_per_sample = _by_number(counts["img"])
        report.turns_per_sample = _by_number(counts["turn"])

    def sheet_samples(self) -> list[Sample]:
        return sorted((sample for _, _, sample in self.with_boxes), key=lambda s: s.id)

    def _set_aside(self, record: Quarantined) -> None:
        report = self.report
        report.set_aside += 1
        self._counts["why"][_VARYING.sub("…", record.reason).strip("… :") or record.reason] += 1
        report.tag_mismatches += "image tag" in record.reason
        report.image_faults += record.reason.startswith("image ")
        report.repeats_set_aside += record.reason.startswith("duplicate id")

    def _count(self, sample: Sample) -> None:
        report, counts = self.report, self._counts
        report.samples += 1
        counts["skill"][sample.skill or "(no label)"] += 1
        text = " ".join(turn.text.replace(IMAGE_TAG, "") for turn in sample.turns)
        counts["lang"][language_of(text)] += 1
        counts["img"][len(sample.images)] += 1
        counts["turn"][len(sample.turns)] += 1
        if (reason := fault_of(sample)) is not None:
            report.tag_mismatches += "image tag" in reason
            self._fault(sample, reason)
        for image in sample.images:
            if (reason := self._probe(image)) is not None:
                report.image_faults += 1
                self._fault(sample, f"image {image.key}: {reason}")
        self._count_boxes(sample)

    def _count_boxes(self, sample: Sample) -> None:
        boxes = sample_boxes(sample) if sample.images else []
        if not boxes:
            return
        self.report.samples_with_boxes += 1
        self.report.boxes += len(boxes)
        outside = next(filter(None, (box_fault(turn.text) for turn in sample.turns)), None)
        if outside:
            self.report.boxes_outside += 1
            self._fault(sample, outside)
        item = (-int(sample.id, 16), self.report.samples, sample)
        if len(self.with_boxes) == SHEET_ROWS and item < self.with_boxes[0]:
            return
        # Drawing needs every pixel, whatever the check looks at.
        if len(sample.images) == 1 and not probe_image(sample.images[0], self.image_root, "decode"):
            heapq.heappush(self.with_boxes, item)
            if len(self.with_boxes) > SHEET_ROWS:
                heapq.heappop(self.with_boxes)

    def _probe(self, image: ImageRef) -> str | None:
        if image.path is None:
            return probe_image(image, None, self.check_images)
        if self.image_root is None:
            return None
        if image.path not in self._probed:
            self._probed[image.path] = probe_image(image, self.image_root, self.check_images)
        return self._probed[image.path]

    def _fault(self, sample: Sample, reason: str) -> None:
        if len(self.report.faults) < FAULTS_SHOWN:
            record = sample.extra.get("record", sample.id)
            self.report.faults.append(f"{sample.id} ({record}): {reason}")


def _by_number(counts: Counter[object]) -> dict[int, int]:
    return {int(str(key)): counts[key] for key in sorted(counts, key=lambda key: int(str(key)))}
