"""Joining answers to references by the key that is really unique."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

from liit.scoring.answers import Answer, refuse_mixed, refuse_two_models
from liit.scoring.records import Record, as_key


class Pair(NamedTuple):
    """A reference and the answer to it."""

    reference: Record
    answer: Answer


@dataclass(frozen=True, slots=True)
class Joined:
    """Pairs in the references' order, and what found no partner; ``key`` says what they share."""

    pairs: list[Pair]
    missing: list[Record]
    extra: list[Answer]
    key: str
    notes: Sequence[str] = ()


Item = TypeVar("Item", Record, Answer)


class _Way(NamedTuple):
    """One way to join: which attribute of the reference equals which of the answer's record.

    ``repeats`` allows keys that stand more than once, in order. ``reduced`` keys are images without
    folder and suffix: those of different files are no key.
    """

    name: str
    of_reference: str | None
    of_answer: str | None
    with_question: bool
    repeats: bool = False
    reduced: bool = False


_MAY_DISAGREE = 0.1

# In order of preference: of two ways that join as many, the earlier is taken.
_WAYS = (
    _Way("id", "id", "id", False),
    _Way("id and question", "id", "id", True, repeats=True),
    _Way("image and question", "image_path", "image_path", True, repeats=True),
    _Way("image's name and question", "image", "image", True, repeats=True, reduced=True),
    _Way("image (given as id) and question", "image", "id_as_image", True, repeats=True),
    _Way("question", None, None, True),
    _Way("image", "image_path", "image_path", False),
    _Way("image's name", "image", "image", False, reduced=True),
    _Way("image (given as id)", "image", "id_as_image", False),
    _Way("id (given as image)", "id_as_image", "image", False),
)


def join(references: Sequence[Record], answers: Sequence[Answer]) -> Joined:
    """Pair answers with references by whichever key pairs most of them without ambiguity.

    A key that repeats on either side counts only if it is an id or image with the question's
    text, its occurrences in order, and only if both sides repeat it equally often (the text alone
    if the references have neither ids nor images). Where both sides have the question's text it
    must agree, whatever the key, and so must the category: benchmark files exist whose ids and
    order are those of another release. Position is the last resort, for files of equal length
    whose questions agree in order or one of which has no usable key at all.
    """
    references = _evened(references, ())
    answers = _evened(answers, references)
    best: dict[int, int] = {}
    chosen: _Way | None = None
    bare = all(r.id is None and r.image is None for r in references)
    for way in _WAYS:
        if way.name == "question" and bare:
            # text benchmarks: nothing but the text identifies an item
            way = way._replace(repeats=True)  # noqa: PLW2901
        found = _matches(references, answers, way)
        if len(found) > len(best):
            best, chosen = found, way
        if len(best) == min(len(references), len(answers)):
            break
    by_place = _by_place(references, answers)
    if len(by_place) > len(best):
        best, chosen = by_place, None
    used = set(best.values())
    return Joined(
        [Pair(references[r], answers[best[r]]) for r in sorted(best)],
        [record for place, record in enumerate(references) if place not in best],
        [answer for place, answer in enumerate(answers) if place not in used],
        "position" if chosen is None else chosen.name,
        [] if best and chosen is None else _doubtful(references, answers, chosen or _WAYS[0]),
    )


def _evened(items: Sequence[Item], partners: Sequence[Any]) -> Sequence[Item]:
    """Return items without the blank lines at the end of their file beyond the partners' number."""
    end = len(items)
    while end > len(partners) and _record(items[end - 1]).fields == {"value": ""}:
        end -= 1
    return items[:end]


def _record(item: Record | Answer) -> Record:
    return item if isinstance(item, Record) else item.record


def _doubtful(references: Sequence[Record], answers: Sequence[Answer], way: _Way) -> list[str]:
    """Say which keys are not unique; LiitError for two answers to one item from two files."""
    notes: dict[str, list[str]] = defaultdict(list)
    for key, ours, theirs in _groups(references, answers, way):
        if len(theirs) > len(ours):
            refuse_two_models([answers[a] for a in theirs])
        differ = len({answers[a].text for a in theirs}) > 1
        if ours and theirs and differ and (len(ours), len(theirs)) != (1, 1):
            how = "paired in order" if len(ours) == len(theirs) else "left out"
            notes[how].append(str(references[ours[0]].id or key))
    return [
        f"{len(keys)} keys stand more than once and were {how} ({', '.join(keys[:3])}"
        f"{', …' if len(keys) > 3 else ''})"
        for how, keys in notes.items()
    ]


def paired_with_themselves(answers: Sequence[Answer]) -> Joined:
    """Pair answers with their own records, less the field that holds the answer."""
    refuse_mixed(answers)
    pairs = []
    for answer in answers:
        kept = {name: v for name, v in answer.record.fields.items() if name != answer.field}
        pairs.append(Pair(replace(answer.record, fields=kept), answer))
    return Joined(pairs, [], [], "the record itself")


def _groups(
    references: Sequence[Record], answers: Sequence[Answer], way: _Way
) -> Iterator[tuple[Hashable, list[int], list[int]]]:
    """Yield each key of a way with the places of its references and of its answers."""
    category = _categories(references, answers)
    wanted = _places([(r, r.question) for r in references], way.of_reference, way, category)
    given = _places([(a.record, a.question) for a in answers], way.of_answer, way, category)
    for key, ours in wanted.items():
        theirs = given.get(key, [])
        if way.reduced and (
            len({references[r].image_path for r in ours}) > 1
            or len({answers[a].record.image_path for a in theirs}) > 1
        ):
            continue
        yield key[0], ours, theirs


def _matches(references: Sequence[Record], answers: Sequence[Answer], way: _Way) -> dict[int, int]:
    found: dict[int, int] = {}
    disagreeing = 0
    for _, ours, given in _groups(references, answers, way):
        alike = len(ours) == 1 and len({answers[a].text for a in given}) == 1
        theirs = given[:1] if alike else given
        if len(ours) != len(theirs) or (len(ours) > 1 and not way.repeats):
            continue
        for r, a in zip(ours, theirs, strict=True):
            if _agree(references[r], answers[a]):
                found[r] = a
            else:
                disagreeing += 1
    # a few differ by spelling fixes; many mean that the key is of another release of the file
    return found if disagreeing <= _MAY_DISAGREE * (len(found) + disagreeing) else {}


def _places(
    items: Sequence[tuple[Record, str | None]],
    attribute: str | None,
    way: _Way,
    category: Callable[[Record], Hashable],
) -> dict[tuple[Hashable, Hashable], list[int]]:
    places: dict[tuple[Hashable, Hashable], list[int]] = defaultdict(list)
    for place, (record, question) in enumerate(items):
        base = "" if attribute is None else getattr(record, attribute)
        if base is not None and (question or not way.with_question):
            key = (base, question) if way.with_question else base
            places[key, category(record)].append(place)
    return places


def _categories(
    references: Sequence[Record], answers: Sequence[Answer]
) -> Callable[[Record], Hashable]:
    """Return what tells categories apart, if all records of both sides name theirs."""
    ours = {as_key(record.fields.get("category")) for record in references}
    theirs = {as_key(answer.record.fields.get("category")) for answer in answers}
    if None in ours or None in theirs or not ours & theirs:
        return lambda _: None
    return lambda record: as_key(record.fields.get("category"))


def _agree(reference: Record, answer: Answer) -> bool:
    if not reference.question or not answer.question:
        return True
    # prompts may put a context before the question or options after it
    return reference.question in answer.question or answer.question in reference.question


def _by_place(references: Sequence[Record], answers: Sequence[Answer]) -> dict[int, int]:
    if len(references) != len(answers):
        return {}
    pairs = list(zip(references, answers, strict=True))
    told = Counter(r.question for r, a in pairs if r.question and a.question)
    # one question asked of every picture agrees in any order
    in_order = told.total() == len(pairs) and max(told.values()) <= max(1, len(pairs) / 2)
    agreeing = {place: place for place, pair in enumerate(pairs) if _agree(*pair)}
    enough = len(agreeing) >= (1 - _MAY_DISAGREE) * len(pairs)
    return agreeing if enough and (in_order or _keyless(references, answers)) else {}


def _keyless(references: Sequence[Record], answers: Sequence[Answer]) -> bool:
    def usable(ids: list[str | None]) -> bool:
        known = [identity for identity in ids if identity is not None]
        return len(known) == len(ids) and len(set(known)) > len(known) / 2

    ours, theirs = [r.id for r in references], [a.record.id for a in answers]
    if len(set(ours)) == len(ours) and None not in ours and {*theirs} <= {*ours}:
        return False  # answers that are there twice are no reason to go by their place
    return not usable(ours) or not usable(theirs)
