"""Reference checks: what the untouched model has to give before any adapted one is believed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from statistics import fmean
from typing import Any

from liit import paths, prompts
from liit.config import Exam, Params
from liit.data.sample import Sample, Turn
from liit.data.sources import BENCHMARK, image_root
from liit.data.store import SampleStore, write_store
from liit.doctor.choice_check import PART, ChoiceCheck
from liit.doctor.data import absent_parts
from liit.doctor.findings import Finding, judged
from liit.doctor.weights import local_folder
from liit.metrics.boxes import iou, relative
from liit.preparation.prepare import prepare
from liit.squares import from_square

WORK = paths.SCRATCH / "doctor"
OCR_LINE = f"\n{prompts.OCR.rstrip()}"
DEVICE_ITEMS = 20

Answers = Sequence[tuple[Sample, Mapping[str, Any]]]
"""Every item of an exam with its mark: answer, score, whether it could be read."""


@dataclass(frozen=True, slots=True)
class ReferenceCheck:
    """One reference value: the exam, how the figure is made, the range that others report.

    ``items`` changes what is asked.
    """

    name: str
    exam: str
    figure: Callable[[Answers], float]
    low: float
    high: float
    source: str
    items: Callable[[Iterable[Sample]], Iterable[Sample]] = iter

    @property
    def expected(self) -> str:
        """The range in words."""
        return f"{self.low:g} to {self.high:g} expected ({self.source})"

    def measure(self, params: Params) -> Finding:
        """Ask the untouched model the whole exam."""
        (answers,) = _answers(params, self, {_name(params): _model(params)})
        return self.judge(self.figure(answers), len(answers))

    def judge(self, value: float, answered: int) -> Finding:
        """Return the finding for a measured value."""
        detail = f"{value:.2f} over {answered:,} items; {self.expected}"
        step = "check prompt, padding and box frame before anything is trained"
        return judged(PART, self.name, self.low <= value <= self.high, detail, step)


@dataclass(frozen=True, slots=True)
class DeviceCheck:
    """Answers on the accelerator against those of float32 on the CPU."""

    name: str = "device against CPU"
    exam: str = "gqa_testdev"
    expected: str = f"answers of {DEVICE_ITEMS} GQA items equal those of float32 on the CPU"

    @staticmethod
    def items(samples: Iterable[Sample]) -> Iterable[Sample]:
        """Return the first few."""
        return islice(samples, DEVICE_ITEMS)

    def measure(self, params: Params) -> Finding:
        """Ask both models the same items."""
        from liit.model.load import load_model

        name = _name(params)
        plain = load_model(local_folder(params) or "", dtype="float32")
        models = {name: _model(params), f"{name}-float32-cpu": plain}
        ours, theirs = (
            [mark["prediction"] for _, mark in answers]
            for answers in _answers(params, self, models)
        )
        same = sum(mine == other for mine, other in zip(ours, theirs, strict=True))
        detail = f"{same} of {len(ours)} answers are those of float32 on the CPU"
        step = "check driver, attention kernel and precision"
        # one tie may fall the other way in 16 bits
        return judged(PART, self.name, same >= len(ours) - 1, detail, step)


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
    correct = []
    for sample, mark in answers:
        box, (width, height) = sample.extra["box"], sample.extra["size"]
        if not padded:
            x1, y1, x2, y2 = from_square(tuple(box), (width, height))
            box = relative((x1, y1, x2, y2), "pixel", (width, height))
        correct.append(iou(mark["prediction"], box).value >= 0.5)
    return 100 * fmean(correct)


def without_ocr(sample: Sample) -> Sample:
    """Drop the line of OCR tokens from the question."""
    *before, question, answer = sample.turns
    head, mark, rest = question.text.partition(OCR_LINE)
    text = head + rest[rest.find("\n") :] if mark else head
    return dataclasses.replace(sample, turns=(*before, Turn("user", text), answer))


GQA = ReferenceCheck("GQA", "gqa_testdev", mean_score, 61, 63, "62.0 in LLaVA's model zoo")
SCIENCEQA = ReferenceCheck(
    "ScienceQA, with image", "scienceqa_test", with_image, 66, 70, "66.8 in the model zoo"
)
OCR = ReferenceCheck(
    "TextVQA with OCR tokens", "textvqa_val", mean_score, 57, 59.5, "58.2 in the model zoo"
)
NO_OCR = ReferenceCheck(
    "TextVQA without", "textvqa_val", mean_score, 44.5, 46.5, "45.5 on VLMEvalKit's board",
    partial(map, without_ocr),
)  # fmt: skip
REFCOCO = ReferenceCheck(
    "RefCOCO testA, better frame", "refcoco_testA", hits_in_better_frame, 62, 66,
    "64.4 in lmms-eval, pull request 52",
)  # fmt: skip
MMMU = ReferenceCheck(
    "MMMU, validation", "mmmu_val", mean_score, 34.5, 36.5, "35.1 to 36.2 elsewhere"
)
CHECKS = (DeviceCheck(), GQA, SCIENCEQA, OCR, NO_OCR, REFCOCO, MMMU)
"""In this order, for evaluation on LLaVA-1.5-7B; the ranges cover what others report."""
MMLU = ChoiceCheck("MMLU", "eval/mmlu/test", 29.3, "cloze, 57 subjects, the model's card")
CHECKS_OF: dict[str, tuple[DeviceCheck | ReferenceCheck | ChoiceCheck, ...]] = {
    "smollm2": (MMLU,),
    "one-gpu": (DeviceCheck(),),
}
"""Of scales with another model. SmolVLM's published values are those of images cut into tiles."""

TEXTVQA = Exam(
    task="textvqa_val",
    skill="reading",
    format=BENCHMARK,
    files=("eval/textvqa/TextVQA_0.5.1_val.json",),
    image_root="eval/textvqa/train_images",
    options={"task": "textvqa"},
)
"""Asked by these checks alone: it tells a wrong prompt like no other set."""


def reference_values(params: Params, *, run: bool) -> Iterator[Finding]:
    """Yield one finding per check, measured where ``run`` and everything it needs is there.

    Stops at the first value out of its range: what stands above it would say nothing.
    """
    if params.model.mini is not None:
        reason = "the scale trains its own model: nobody has published values for it"
        yield Finding(PART, "model", "not run", reason)
        return
    if params.model.template != "vicuna" and params.scale not in CHECKS_OF:
        yield Finding(PART, "model", "not run", "the values known here are those of LLaVA-1.5-7B")
        return
    failed = ""
    for check in CHECKS_OF.get(params.scale, CHECKS):
        lacking = failed or _lacking(params, check)
        if lacking or not run:
            step = f"{'mend that first, then ' if lacking else ''}liit doctor --reference"
            yield Finding(PART, check.name, "not run", lacking or check.expected, step)
            continue
        finding = check.measure(params)
        yield finding
        if finding.state == "missing":
            failed = f"{check.name} failed"


def _exam(params: Params, check: ReferenceCheck | DeviceCheck) -> Exam | None:
    """Return the scale's own definition of the exam, or TextVQA's."""
    return {exam.task: exam for exam in (TEXTVQA, *params.exams)}.get(check.exam)


def _lacking(params: Params, check: ReferenceCheck | DeviceCheck | ChoiceCheck) -> str:
    if isinstance(check, ChoiceCheck):
        return check.lacking(params)
    if local_folder(params) is None:
        return "no weights"
    if isinstance(check, DeviceCheck) and params.devices.accelerator == "cpu":
        return "no accelerator to compare"
    exam = _exam(params, check)
    if exam is None:
        return "the scale does not ask this exam"
    absent = absent_parts(params, exam)
    return f"no {', '.join(absent)}" if absent else ""


def _answers(
    params: Params, check: ReferenceCheck | DeviceCheck, models: Mapping[str, Any]
) -> Iterator[Answers]:
    """Ask every model the check's items; answers are kept, so that a killed run goes on where it
    was.
    """
    from liit.evaluation.evaluator import Evaluator

    exam, folder = _exam(params, check), WORK / check.name.replace(" ", "_")
    assert exam is not None
    root, store = image_root(params, exam), folder / f"{exam.task}.arrow"
    if not store.is_file():
        original = store.with_suffix(".original.arrow")
        prepare(params, exam, original)
        write_store(check.items(SampleStore(original, root)), store)
    evaluator = Evaluator(
        _encoder(params),
        [exam.task],
        tasks_dir=paths.TASKS,
        exams_dir=folder,
        store=folder / "answers.sqlite",
        batch_size=params.evaluate.batch_size,
        image_roots={exam.task: root} if root else {},
    )
    for name, model in models.items():
        evaluator.run(model, name)
        yield list(zip(SampleStore(store, root), evaluator.predictions(), strict=True))


def _name(params: Params) -> str:
    return f"untouched-{params.model.checkpoint}-{params.model.revision}"


def _encoder(params: Params) -> Any:
    from liit.base import encoder_of
    from liit.model.load import load_processor

    folder = local_folder(params) or ""
    return encoder_of(params, load_processor(folder, pad=params.model.pad_to_square))


def _model(params: Params) -> Any:
    from liit.evaluation.exams import open_merged
    from liit.model.load import Theta

    return open_merged(params, Theta(str(local_folder(params) or "")))
