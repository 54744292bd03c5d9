"""Captions: token overlap per item, ROUGE-L and CIDEr-D over a corpus."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from eval.metrics import Scored

_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W_]+", re.UNICODE)


def caption_tokens(text: str) -> list[str]:
    """Split a caption into lower-cased words; every Chinese character is a token of its own."""
    return _TOKEN.findall(text.lower())


def token_f1(prediction: str, references: Sequence[str]) -> Scored:
    """Return the best F1 of shared tokens with one reference (0..1); an empty caption is unparsed.

    Bounded and independent of the other items, unlike CIDEr, so it can be averaged over a few.
    """
    said = Counter(caption_tokens(prediction))
    if not said:
        return Scored(0.0, False, 0.0)
    best = max((_f1(said, Counter(caption_tokens(text))) for text in references), default=0.0)
    return Scored(best, True, best)


def _f1(said: Counter[str], wanted: Counter[str]) -> float:
    shared = (said & wanted).total()
    return 2 * shared / (said.total() + wanted.total())
