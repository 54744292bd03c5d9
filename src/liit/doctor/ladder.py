"""The sanity ladder: what the untouched model has to give before any adapted one is believed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from liit import paths
from liit.config import Exam, Params
from liit.data.prepare import BENCHMARK, image_root, prepare
from liit.data.sample import Sample, Turn
from liit.data.store import SampleStore, write_store
from liit.doctor.data import absent_parts
from liit.doctor.findings import Finding
from liit.doctor.weights import local_folder
from liit.metrics.boxes import from_padded_square, iou, relative

PART = "reference values"
WORK = paths.SCRATCH / "doctor"
OCR_LINE = "\nReference OCR token:"
DEVICE_ITEMS = 20

Answers = Sequence[tuple[Sample, Mapping[str, Any]]]
"""Every item of an exam with its mark: answer, score, whether it could be read."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One reference value: the exam, how the figure is made, the range that others report."""

    name: str
    exam: str
    figure: Callable[[Answers], float]
    low: float
    high: float
    source: str
    change: Callable[[Sample], Sample] | None = None


def mean_score(answers: Answers) -> float:
    """Percentage of the items' scores."""
    return 100 * fmean(mark["score"] for _, mark in answers)


def with_image(answers: Answers) -> float:
    """As ``mean_score``, over the questions that show an image."""
    return mean_score([(sample, mark) for sample, mark in answers if sample.images])


def hits_in_better_frame(answers: Answers) -> float:
    """Acc@0.5 of boxes, read in the padded and in the original frame: the higher of the two."""
    return max(hits(answers, padded=True), hits(answers, padded=False))


def hits(answers: Answers, *, padded: bool) -> float:
    """Acc@0.5 of the same answers in one frame; references lie in the padded square."""
    found = []
    for sample, mark in answers:
        box, (width, height) = sample.extra["box"], sample.extra["size"]
        if not padded:
            box = relative(from_padded_square(tuple(box), width, height), "pixel", (width, height))
        found.append(iou(mark["prediction"], box).value >= 0.5)
    return 100 * fmean(found)


def without_ocr(sample: Sample) -> Sample:
    """Drop the line of OCR tokens from the question."""
    *before, question, answer = sample.turns
    head, mark, rest = question.text.partition(OCR_LINE)
    text = head + rest[rest.find("\n") :] if mark else head
    return dataclasses.replace(sample, turns=(*before, Turn("user", text), answer))


RUNGS = (
    Rung("GQA", "gqa_testdev", mean_score, 61, 63, "62.0 in LLaVA's model zoo"),
    Rung("ScienceQA, with image", "scienceqa_test", with_image, 66, 70, "66.8 in the model zoo"),
    Rung("TextVQA with OCR tokens", "textvqa_val", mean_score, 57, 59.5, "58.2 in the model zoo"),
    Rung(
        "TextVQA without",
        "textvqa_val",
        mean_score,
        44.5,
        46.5,
        "45.5 on VLMEvalKit's board",
        without_ocr,
    ),
    Rung(
        "RefCOCO testA, better frame",
        "refcoco_testA",
        hits_in_better_frame,
        62,
        66,
        "64.4 in lmms-eval, pull request 52",
    ),
    Rung("MMMU, validation", "mmmu_val", mean_score, 34.5, 36.5, "35.1 to 36.2 elsewhere"),
)
"""The values of evaluation on LLaVA-1.5-7B; tolerances cover what others report."""

TEXTVQA = Exam(
    task="textvqa_val",
    skill="reading",
    format=BENCHMARK,
    files=("eval/textvqa/TextVQA_0.5.1_val.json",),
    image_root="eval/textvqa/train_images",
    options={"task": "textvqa"},
)
"""Asked by the ladder alone: it tells a wrong prompt like no other set."""


def climb(params: Params, *, run: bool) -> Iterator[Finding]:
    """Yield one finding per rung, measured where ``run`` and everything it needs is there.

    Stops at the first value out of its range: what stands above it would say nothing.
    """
    if params.model.mini is not None:
        reason = "the scale trains its own model: nobody has published values for it"
        yield Finding(PART, "ladder", "not run", reason)
        return
    failed = ""
    for rung in (None, *RUNGS):
        name = "device against CPU" if rung is None else rung.name
        lacking = failed or _lacking(params, rung)
        if lacking or not run:
            step = "mend that first, then " if lacking else ""
            detail = lacking or _expected(rung)
            yield Finding(PART, name, "not run", detail, f"{step}liit doctor --ladder")
            continue
        finding = _device(params) if rung is None else _measured(params, rung)
        yield finding
        if finding.state == "missing":
            failed = f"{name} failed"


def exam_of(params: Params, task: str) -> Exam | None:
    """Return the scale's own definition of an exam, or TextVQA's."""
    known = {exam.task: exam for exam in (TEXTVQA, *params.exams)}
    return known.get(task)


def judged(rung: Rung, value: float, answered: int) -> Finding:
    """Return the finding for a measured value."""
    inside = rung.low <= value <= rung.high
    detail = f"{value:.2f} over {answered:,} items; {_expected(rung)}"
    step = "" if inside else "check prompt, padding and box frame before anything is trained"
    return Finding(PART, rung.name, "ok" if inside else "missing", detail, step)


def _expected(rung: Rung | None) -> str:
    if rung is None:
        return f"answers of {DEVICE_ITEMS} GQA items equal those of float32 on the CPU"
    return f"{rung.low:g} to {rung.high:g} expected ({rung.source})"


def _lacking(params: Params, rung: Rung | None) -> str:
    if local_folder(params) is None:
        return "no weights"
    if rung is None and params.devices.accelerator == "cpu":
        return "no accelerator to compare"
    exam = exam_of(params, "gqa_testdev" if rung is None else rung.exam)
    if exam is None:
        return "the scale does not ask this exam"
    absent = absent_parts(params, exam)
    return f"no {', '.join(absent)}" if absent else ""


def _measured(params: Params, rung: Rung) -> Finding:
    exam = exam_of(params, rung.exam)
    assert exam is not None
    answers = _asked(params, exam, WORK / rung.name.replace(" ", "_"), rung.change)
    return judged(rung, rung.figure(answers), len(answers))


def _asked(
    params: Params, exam: Exam, folder: Path, change: Callable[[Sample], Sample] | None
) -> Answers:
    """Ask the untouched model every item of an exam; answers are kept, so that a killed run
    goes on where it was."""
    from liit.evaluation.run import Examiner

    root, file = image_root(params, exam), folder / f"{exam.task}.arrow"
    if not file.is_file():
        prepare(params, exam, file)
        if change is not None:
            write_store([change(sample) for sample in SampleStore(file, root)], file)
    examiner = Examiner(
        _encoder(params),
        [exam.task],
        tasks_dir=paths.TASKS,
        exams_dir=folder,
        store=folder / "answers.sqlite",
        batch_size=params.evaluate.batch_size,
        image_roots={exam.task: root} if root else {},
    )
    examiner.run(_model(params), f"untouched-{params.model.checkpoint}-{params.model.revision}")
    return list(zip(SampleStore(file, root), examiner.predictions(), strict=True))


def _device(params: Params) -> Finding:
    """Compare short answers on the accelerator with those of float32 on the CPU."""
    from liit.evaluation.decoding import greedy
    from liit.model.load import load_model

    exam = exam_of(params, "gqa_testdev")
    assert exam is not None
    file = WORK / "device" / f"{exam.task}.arrow"
    if not file.is_file():
        prepare(params, exam, file)
    encoder, root = _encoder(params), image_root(params, exam)
    store = SampleStore(file, root)
    plain = load_model(local_folder(params) or "", dtype="float32")
    answers = []
    for model in (_model(params), plain):
        said = []
        for row in range(min(DEVICE_ITEMS, len(store))):
            asked = dataclasses.replace(store[row], turns=store[row].turns[:-1])
            batch = encoder.collate([encoder.encode(asked, root)], pad="left")
            del batch["ids"], batch["labels"]
            if "pixel_values" in batch:
                batch["pixel_values"] = batch["pixel_values"].to(model.dtype)
            batch = {name: one.to(model.device) for name, one in batch.items()}
            said += greedy(model, batch, limit=8, end=encoder.tokenizer.eos_token_id)
        answers.append(said)
    same = sum(one == other for one, other in zip(*answers, strict=True))
    enough = same >= len(answers[0]) - 1  # one tie may fall the other way in 16 bits
    step = "" if enough else "check driver, attention kernel and precision"
    detail = f"{same} of {len(answers[0])} answers are those of float32 on the CPU"
    return Finding(PART, "device against CPU", "ok" if enough else "missing", detail, step)


def _encoder(params: Params) -> Any:
    from liit.base import encoder_of
    from liit.model.load import load_processor

    folder = local_folder(params) or ""
    return encoder_of(params, load_processor(folder, pad=params.model.pad_to_square))


def _model(params: Params) -> Any:
    from liit.base import open_examined
    from liit.model.load import Theta

    return open_examined(params, Theta(str(local_folder(params) or "")))
