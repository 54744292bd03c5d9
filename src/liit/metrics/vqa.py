"""VQA soft accuracy: the official scorer's rule, and the M4C rule of TextVQA and LLaVA."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from liit.metrics import Scored
from liit.metrics.exact import first_sentence

Mode = Literal["official", "m4c"]

_NUMBERS = "zero one two three four five six seven eight nine ten"
_NUMBER_OF = {word: str(n) for n, word in enumerate(_NUMBERS.split())} | {"none": "0"}
_ARTICLES = {"a", "an", "the"}
_PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'

# The scorers' table of contractions: most entries are the contraction without an apostrophe, or
# without one of its two; the last lines are irregular in the published tables.
_ONE_APOSTROPHE = """
ain't aren't can't could've couldn't didn't doesn't don't hadn't hasn't haven't he'd he's how'd
how'll how's I'm I've isn't it'd it'll ma'am mightn't might've mustn't must've needn't not've
o'clock oughtn't shan't should've shouldn't somebody'll somebody's someone'd someone'll someone's
something'd something'll that's there'd there're there's they'd they'll they're they've 'twas
wasn't we've weren't what'll what're what's what've when's where'd where's where've who'd who'll
who's who've why'll why're why's won't would've wouldn't y'all you'd you'll you're you've
"""
_TWO_APOSTROPHES = """
couldn't've hadn't've he'd've I'd've it'd've mightn't've she'd've shouldn't've somebody'd've
someone'd've something'd've there'd've they'd've we'd've who'd've wouldn't've y'all'll you'd've
"""
_CONTRACTIONS = (
    {word.replace("'", ""): word for word in _ONE_APOSTROPHE.split()}
    | {"".join(word.split("'", 1)): word for word in _TWO_APOSTROPHES.split()}
    | {"".join(word.rsplit("'", 1)): word for word in _TWO_APOSTROPHES.split()}
    | {"yall'd've": "y'all'd've", "y'alld've": "y'all'd've", "y'all'dve": "y'all'd've"}
    | {"ow's'at": "'ow's'at", "'ows'at": "'ow's'at", "'ow'sat": "'ow's'at"}
    | {"somebody'd": "somebodyd"}
)

# Both published scorers misspell the look-behind, so a full stop goes whenever no digit follows;
# and they pass re.UNICODE (32) where the count belongs, so only the first 32 go.
_PERIOD = re.compile(r"(?!<=\d)(\.)(?!\d)")
_PERIODS_AT_MOST = 32
_COMMA_IN_NUMBER = {"official": re.compile(r"\d,\d"), "m4c": re.compile(r"(?<=\d),+(?=\d)")}


def soft_accuracy(
    prediction: str, answers: Sequence[str], mode: Mode = "official", *, leave_out: bool = True
) -> Scored:
    """Return VQA accuracy: the mean over the left-out annotator of min(1, matches / 3).

    ``official`` (VQAv2, OK-VQA, VizWiz): both sides are normalised, but only when the annotators
    disagree. ``m4c`` (TextVQA): both sides always are, and commas and question marks go first.
    The lenient score is the best over the answer, its first sentence, and what follows
    "answer is". An empty answer is unparsed. Annotators are left out by their place, so that files
    without answer ids score alike. ``leave_out=False``: min(1, matches / 3) over all of them, as a
    copy of VizWiz's scorer has it. Antol et al. 2015, section 3.3.
    """
    said = _flat(prediction)
    if not said:
        return Scored(0.0, False, 0.0)
    strict = _soft(said, answers, mode, leave_out)
    readings = {
        first_sentence(said).rstrip("."),
        re.split(r"(?i)answer is:? ", said)[-1].rstrip("."),
    }
    lenient = max([strict, *(_soft(text, answers, "m4c", leave_out) for text in sorted(readings))])
    return Scored(strict, True, lenient)


def _soft(said: str, answers: Sequence[str], mode: Mode, leave_out: bool) -> float:
    references = [_flat(answer) for answer in answers]
    if mode == "m4c":
        said = m4c_normalise(said)
        references = [m4c_normalise(answer) for answer in references]
    elif len(set(references)) > 1:
        said = official_normalise(said)
        references = [official_normalise(answer) for answer in references]
    matches = [reference == said for reference in references]
    total = sum(matches)
    if not references:
        return 0.0
    if not leave_out:
        return min(1.0, total / 3)
    return sum(min(1.0, (total - match) / 3) for match in matches) / len(references)


def official_normalise(text: str) -> str:
    """Normalise as the official VQA scorer: punctuation, number words, articles, contractions."""
    return _plain_words(_without_punctuation(text, "official"))


def m4c_normalise(text: str) -> str:
    """Normalise as M4C's evaluator: as the official one after dropping commas and "?"."""
    text = text.lower().replace(",", "").replace("?", "").replace("'s", " 's")
    return _plain_words(_without_punctuation(_flat(text), "m4c"))


def _flat(text: str) -> str:
    return text.replace("\n", " ").replace("\t", " ").strip()


def _without_punctuation(text: str, mode: Mode) -> str:
    joined = _COMMA_IN_NUMBER[mode].search(text) is not None
    kept = text
    for mark in _PUNCTUATION:
        touches_space = f"{mark} " in text or f" {mark}" in text
        kept = kept.replace(mark, "" if touches_space or joined else " ")
    return _PERIOD.sub("", kept, count=_PERIODS_AT_MOST)


def _plain_words(text: str) -> str:
    words = (_NUMBER_OF.get(word, word) for word in text.lower().split())
    return " ".join(_CONTRACTIONS.get(word, word) for word in words if word not in _ARTICLES)
