"""Exact match: the rule that LLaVA uses for GQA, and its lenient form."""

from __future__ import annotations

import re
from collections.abc import Sequence

from liit.metrics import Scored


def gqa_normalise(text: str) -> str:
    """Drop final dots and lower-case: all that LLaVA does before GQA's own evaluator."""
    return text.strip().rstrip(".").lower()


def exact_match(prediction: str, answers: Sequence[str]) -> Scored:
    """Return 1 if the whole answer equals one of the references, case and final dot apart.

    The lenient score accepts a reference that stands as whole words anywhere in the answer's
    first sentence ("The answer is red." for "red"). An empty answer is unparsed.
    """
    said = gqa_normalise(prediction)
    wanted = {gqa_normalise(answer) for answer in answers} - {""}
    if not said:
        return Scored(0.0, False, 0.0)
    strict = float(said in wanted)
    lenient = strict or float(any(states(first_sentence(said), answer) for answer in wanted))
    return Scored(strict, True, lenient)


def first_sentence(text: str) -> str:
    """Return the text up to its first full stop, question mark or line break."""
    return re.split(r"[.!?。！？](?:\s|$)|\n", text.strip(), maxsplit=1)[0]


def states(said: str, answer: str) -> bool:
    """Tell whether a text holds an answer as whole words."""
    return re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", said) is not None
