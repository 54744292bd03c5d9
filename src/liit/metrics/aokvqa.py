"""A-OKVQA: multiple choice and direct answers."""

from __future__ import annotations

from collections.abc import Sequence

from liit.metrics import Scored
from liit.metrics.letter import LETTERS, lenient_letter, llava_letter
from liit.metrics.vqa import m4c_normalise


def multiple_choice(prediction: str, choices: Sequence[str], correct: int) -> Scored:
    """Return 1 if the answer is the text of the right choice, or its letter as LLaVA gives it."""
    said = prediction.strip()
    letter = llava_letter(said, len(choices))
    if said in choices:
        place: int | None = list(choices).index(said)
    else:
        place = LETTERS.index(letter) if letter else None
    loose = lenient_letter(said, choices)
    lenient = place if place is not None else LETTERS.index(loose) if loose else None
    return Scored(float(place == correct), place is not None, float(lenient == correct))


def direct_answer(prediction: str, answers: Sequence[str]) -> Scored:
    """Return min(1, matches / 3) over the raw answers: no normalisation, no one left out.

    The lenient score normalises both sides as M4C does.
    """
    said = prediction.strip()
    if not said:
        return Scored(0.0, False, 0.0)
    strict = min(1.0, sum(said == answer for answer in answers) / 3)
    plain = m4c_normalise(said.rstrip("."))
    lenient = min(1.0, sum(plain == m4c_normalise(answer) for answer in answers) / 3)
    return Scored(strict, True, max(strict, lenient))
