"""Answer spans: SQuAD F1 and exact match, XQuAD by characters, TyDi QA's byte spans, ANLS."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_SPACELESS = re.compile(
    r"[\u0e00-\u0e7f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]"
)


def squad_normalise(text: str) -> str:
    """Lower-case, drop ASCII punctuation and articles, collapse white space (SQuAD v1.1)."""
    text = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    return " ".join(_ARTICLES.sub(" ", text).split())


def mixed_tokens(text: str) -> list[str]:
    """Split normalised text into words; where a script has no spaces, into characters.

    Text in such a script loses all Unicode punctuation; any other is treated as by SQuAD.
    """
    if _SPACELESS.search(text) is None:
        return word_tokens(text)
    kept = "".join(
        " " if unicodedata.category(letter).startswith("P") else letter for letter in text
    )
    return _SPACELESS.sub(lambda match: f" {match.group()} ", squad_normalise(kept)).split()


def word_tokens(text: str) -> list[str]:
    """Split normalised text into words."""
    return squad_normalise(text).split()


def exact_and_f1(
    prediction: str,
    answers: Sequence[str],
    tokens: Callable[[str], list[str]] = word_tokens,
) -> tuple[float, float]:
    """Return the best exact match and the best token F1 (0..1) over the references."""
    said = tokens(prediction)
    wanted = [tokens(answer) for answer in answers]
    exact = max((float(said == reference) for reference in wanted), default=0.0)
    return exact, max((_token_f1(said, reference) for reference in wanted), default=0.0)


def anls(prediction: str, answers: Sequence[str], threshold: float = 0.5) -> float:
    """Average normalised Levenshtein similarity of one answer (0..1), best reference.

    Similarities below the threshold count as 0. Biten et al. 2019, equation 1.
    """
    return max((_similarity(prediction, answer, threshold) for answer in answers), default=0.0)


def relaxed_match(prediction: str, answer: str, tolerance: float = 0.05) -> float:
    """Return 1 if two numbers differ by at most 5 %, or two other texts are equal but for case.

    ChartQA's relaxed accuracy; "96%" reads as 0.96.
    """
    said, wanted = _as_number(prediction), _as_number(answer)
    if said is not None and wanted:
        return float(abs(said - wanted) / abs(wanted) <= tolerance)
    return float(prediction.strip().lower() == answer.strip().lower())


def _token_f1(said: Sequence[str], wanted: Sequence[str]) -> float:
    shared = (Counter(said) & Counter(wanted)).total()
    return 2 * shared / (len(said) + len(wanted)) if shared else 0.0


def _similarity(one: str, other: str, threshold: float) -> float:
    one, other = (" ".join(text.strip().lower().split()) for text in (one, other))
    longest = max(len(one), len(other))
    if not longest:
        return 1.0
    similarity = 1 - edit_distance(one, other) / longest
    return similarity if similarity >= threshold else 0.0


def edit_distance(one: str, other: str) -> int:
    """Levenshtein distance in characters."""
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, start=1):
        diagonal, row[0] = row[0], place
        for column, wanted in enumerate(other, start=1):
            diagonal, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, diagonal + (letter != wanted)),
            )
    return row[-1]


def _as_number(text: str) -> float | None:
    text = text.strip()
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None


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
    precision = right / answered if answered else 0.0
    recall = right / asked if asked else 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _span_f1(one: tuple[int, int], other: tuple[int, int]) -> float:
    shared = max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return 2 * shared / ((one[1] - one[0]) + (other[1] - other[0])) if shared else 0.0
