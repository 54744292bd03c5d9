"""`liit data check`: what a prepared dataset holds, what is wrong with it, what it shares."""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from liit.data.check_report import CheckReport, Shared
from liit.data.contact_sheet import draw_sheet
from liit.data.duplicates import Fingerprints, count_across, count_within
from liit.data.images import ImageCheck, Prober, probe_image
from liit.data.languages import language_of
from liit.data.overlap import ExamItems
from liit.data.readers._boxes import box_fault, boxes_of
from liit.data.sample import IMAGE_TAG, Sample, fault_of
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
    unfit: Callable[[Sample], str | None] | None = None,
    sheet: Path | None = None,
) -> CheckReport:
    """Check a prepared dataset against itself, other datasets and evaluation sets.

    ``unfit`` says why the model cannot be shown a sample (:func:`liit.fitting.training_fault`).
    ``sheet`` is where the PNG with drawn boxes goes, if the dataset has boxes. One pass over the
    dataset, one over each other one; memory is about 0.3 kB a sample.
    """
    report = CheckReport(store.path.stem)
    for record in read_quarantine(store.path):
        _count_set_aside(report, record)
    walk = _Walk(report, Prober(store.image_root, check_images), unfit or fault_of)
    held = [ExamItems(exam, items, items.image_root) for exam, items in (exams or {}).items()]
    prints = Fingerprints.of(walk.samples(store, held))
    report.overlaps = [exam.overlap() for exam in held]
    report.repeats_exact, report.repeats_near = count_within(prints)
    for other, samples in (others or {}).items():
        report.shared.append(Shared(other, *count_across(prints, Fingerprints.of(samples))))
    if sheet is not None and walk.with_boxes:
        shown = sorted((sample for _, _, sample in walk.with_boxes), key=lambda s: s.id)
        draw_sheet(shown, store.image_root, sheet)
        report.box_sheet = str(sheet)
    return report


def _count_set_aside(report: CheckReport, record: Quarantined) -> None:
    report.set_aside += 1
    report.quarantine[_VARYING.sub("…", record.reason).strip("… :") or record.reason] += 1
    report.tag_mismatches += "image tag" in record.reason
    report.image_faults += record.reason.startswith("image ")
    report.unfit += record.file == report.name  # found in the store, not in a raw file
    report.repeats_set_aside += record.reason.startswith("duplicate id")


class _Walk:
    """One pass over the samples that fills in the report."""

    def __init__(
        self, report: CheckReport, prober: Prober, unfit: Callable[[Sample], str | None]
    ) -> None:
        self.report, self.prober, self.unfit = report, prober, unfit
        self.with_boxes: list[tuple[int, int, Sample]] = []

    def samples(self, samples: Iterable[Sample], exams: list[ExamItems]) -> Iterator[Sample]:
        for sample in samples:
            self._count(sample)
            for exam in exams:
                exam.see(sample, self.prober.image_root)
            yield sample

    def _count(self, sample: Sample) -> None:
        report = self.report
        report.samples += 1
        report.skills[sample.skill or "(no label)"] += 1
        text = " ".join(turn.text.replace(IMAGE_TAG, "") for turn in sample.turns)
        report.languages[language_of(text)] += 1
        report.images_per_sample[len(sample.images)] += 1
        report.turns_per_sample[len(sample.turns)] += 1
        if (reason := fault_of(sample)) is not None:
            report.tag_mismatches += "image tag" in reason
            self._fault(sample, reason)
        elif (reason := self.unfit(sample)) is not None:
            report.unfit += 1
            self._fault(sample, reason)
        for image in sample.images:
            if (reason := self.prober.fault([image])) is not None:
                report.image_faults += 1
                self._fault(sample, reason)
        self._count_boxes(sample)

    def _count_boxes(self, sample: Sample) -> None:
        boxes = boxes_of(sample.turns) if sample.images else []
        if not boxes:
            return
        self.report.samples_with_boxes += 1
        self.report.boxes += len(boxes)
        if (reason := box_fault(sample.turns)) is not None:
            self.report.boxes_outside += 1
            self._fault(sample, reason)
        item = (-int(sample.id, 16), self.report.samples, sample)
        if len(self.with_boxes) == SHEET_ROWS and item < self.with_boxes[0]:
            return
        # Drawing needs every pixel, whatever the check looks at.
        root = self.prober.image_root
        if len(sample.images) == 1 and not probe_image(sample.images[0], root, "decode"):
            heapq.heappush(self.with_boxes, item)
            if len(self.with_boxes) > SHEET_ROWS:
                heapq.heappop(self.with_boxes)

    def _fault(self, sample: Sample, reason: str) -> None:
        if len(self.report.faults) < FAULTS_SHOWN:
            record = sample.extra.get("record", sample.id)
            self.report.faults.append(f"{sample.id} ({record}): {reason}")
