"""TyDi QA's primary tasks: passages and minimal answers as byte spans."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liit.metrics import Scored, ratio
from liit.scoring.answers import Answer
from liit.scoring.benchmark import Benchmark
from liit.scoring.exam import Facts, Marked
from liit.scoring.files import Document
from liit.scoring.layouts import all_records
from liit.scoring.records import Record


@dataclass(frozen=True, slots=True)
class TydiLabel:
    """One annotator's, or the system's, answer to a TyDi QA question.

    ``passage`` is the index of the chosen passage (-1: none), ``span`` the byte range of the
    minimal answer (None: none), ``yes_no`` one of "yes", "no", "none".
    """

    passage: int
    span: tuple[int, int] | None
    yes_no: str

    @property
    def has_minimal(self) -> bool:
        """Whether there is a span or a yes/no answer."""
        return self.span is not None or self.yes_no != "none"


Judged = tuple[bool, bool, float]
"""Whether the gold has an answer, whether the system has one, and how right it is (0..1)."""


def judge_passage(gold: Sequence[TydiLabel], said: TydiLabel) -> Judged:
    """Judge a passage choice; two annotators must have chosen a passage for there to be one."""
    chosen = [label.passage for label in gold if label.passage >= 0]
    has_gold, has_answer = len(chosen) >= 2, said.passage >= 0
    return has_gold, has_answer, float(has_gold and has_answer and said.passage in chosen)


def judge_minimal(gold: Sequence[TydiLabel], said: TydiLabel) -> Judged:
    """Judge a minimal answer by the best byte F1, or by an equal yes/no."""
    has_gold = sum(label.has_minimal for label in gold) >= 2
    if not has_gold or not said.has_minimal:
        return has_gold, said.has_minimal, 0.0
    if said.yes_no != "none":
        return True, True, float(any(label.yes_no == said.yes_no for label in gold))
    spans = [label.span for label in gold if label.span is not None]
    return True, True, max((_span_f1(span, said.span) for span in spans if said.span), default=0.0)


def tydi_f1(judged: Sequence[Judged]) -> float:
    """Macro F1 (0..1) over the questions of one language."""
    right = sum(value for _, _, value in judged)
    asked, answered = sum(gold for gold, _, _ in judged), sum(said for _, said, _ in judged)
    precision, recall = ratio(right, answered), ratio(right, asked)
    return ratio(2 * precision * recall, precision + recall)


def _span_f1(one: tuple[int, int], other: tuple[int, int]) -> float:
    shared = max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return 2 * shared / ((one[1] - one[0]) + (other[1] - other[0])) if shared else 0.0


def score(facts: Facts, said: str) -> Scored:
    """Score the minimal answer."""
    del said
    _, answered, value = judge_minimal(facts["gold"], facts["label"])
    return Scored(value, answered, value)


def figures(marked: Sequence[Marked]) -> dict[str, float]:
    """Macro F1 per language, and averaged over all but English."""
    judges = {"minimal_f1": judge_minimal, "passage_f1": judge_passage}
    languages: dict[str, list[Facts]] = defaultdict(list)
    for one in marked:
        languages[one.facts["language"]].append(one.facts)
    by_language = {
        language: {
            name: tydi_f1([judge(facts["gold"], facts["label"]) for facts in languages[language]])
            for name, judge in judges.items()
        }
        for language in sorted(languages)
    }
    others = [language for language in languages if language != "english"] or list(languages)
    return {
        f"avg_{name}": sum(by_language[language][name] for language in others) / len(others)
        for name in judges
    } | {f"{x}.{name}": f1 for x, scores in by_language.items() for name, f1 in scores.items()}


def total(marked: Sequence[Marked]) -> float:
    """Return the mean F1 of the minimal answers, in %."""
    return 100 * figures(marked)["avg_minimal_f1"]


def _facts(record: Record) -> dict[str, object]:
    language = str(record.fields.get("language", "unknown")).lower()
    gold = [_gold_label(label) for label in record.fields["annotations"]]
    return {"gold": gold, "language": language}


def _gold_label(label: Mapping[str, Any]) -> TydiLabel:
    span = label["minimal_answer"]
    return TydiLabel(
        int(label["passage_answer"]["candidate_index"]),
        _span(span.get("plaintext_start_byte", -1), span.get("plaintext_end_byte", -1)),
        str(label.get("yes_no_answer", "none")).lower(),
    )


def _said_label(fields: Mapping[str, Any]) -> TydiLabel:
    span = fields.get("minimal_answer") or {}
    return TydiLabel(
        int(fields.get("passage_answer_index", -1)),
        _span(span.get("start_byte_offset", -1), span.get("end_byte_offset", -1)),
        str(fields.get("yes_no_answer", "none")).lower(),
    )


def _span(start: int, end: int) -> tuple[int, int] | None:
    return (start, end) if start >= 0 and end >= 0 else None


def _tydi_answers(documents: Sequence[Document], _field: str | None) -> list[Answer]:
    records = all_records(documents)
    for record in records:
        if not {"minimal_answer", "yes_no_answer"} & record.fields.keys():
            record.need(("minimal_answer",), "minimal answer")
    return [Answer(record, str(_said_label(record.fields)), None) for record in records]


BENCHMARKS = (
    Benchmark(
        "tydiqa",
        "minimal-answer F1, %, mean over the languages but English",
        _facts,
        score,
        total,
        figures,
        lambda record: {"label": _said_label(record.fields)},
        targets=("annotations",),
        answers=_tydi_answers,
    ),
)
