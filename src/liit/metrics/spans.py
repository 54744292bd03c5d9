"""Answer spans: exact match and token F1, by words or by characters."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

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
    prediction: str, answers: Sequence[str], tokens: Callable[[str], list[str]] = word_tokens
) -> tuple[float, float]:
    """Return the best exact match and the best token F1 (0..1) over the references."""
    said = tokens(prediction)
    wanted = [tokens(answer) for answer in answers]
    exact = max((float(said == reference) for reference in wanted), default=0.0)
    return exact, max((_token_f1(said, reference) for reference in wanted), default=0.0)


def _token_f1(said: Sequence[str], wanted: Sequence[str]) -> float:
    shared = (Counter(said) & Counter(wanted)).total()
    return 2 * shared / (len(said) + len(wanted)) if shared else 0.0
