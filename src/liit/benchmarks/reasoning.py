"""Reasoning in text: GSM8K's last number, BIG-Bench Hard's stated answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from liit.benchmarks._short import known_texts
from liit.errors import LiitError
from liit.metrics import Scored
from liit.scoring.benchmark import GOLD, Benchmark, Options, Settled
from liit.scoring.exam import Facts
from liit.scoring.join import Pair
from liit.scoring.records import Record

_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?|-?\.\d+")
_MARKED = re.compile(r"(?:####|\bA:)\s*([^\n]*)")


def gsm8k(facts: Facts, said: str) -> Scored:
    """Compare numbers: strict the one after the last "A:" or "####", else the last one at all.

    The target may be a whole worked solution. An answer counts as parsed if it holds a number;
    lenient is always the last number.
    """
    wanted, stated = stated_number(facts["target"]), stated_number(said)
    strict = float(wanted is not None and stated == wanted)
    lenient = float(wanted is not None and last_number(said) == wanted)
    return Scored(strict, stated is not None, max(strict, lenient))


def stated_number(text: str) -> float | None:
    """Return the first number after the last "####" or "A:" on its line, else the last number."""
    marked = _MARKED.findall(text)
    found = _NUMBER.findall(marked[-1]) if marked else []
    return _value(found[0]) if found else last_number(text)


def last_number(text: str) -> float | None:
    """Return the last number of a text, thousands separators removed, or None."""
    found = _NUMBER.findall(text)
    return _value(found[-1]) if found else None


def _value(number: str) -> float:
    return float(number.replace(",", ""))


def bbh_direct(facts: Facts, said: str) -> Scored:
    """Exact match of the stripped texts; lenient ignores case and a final full stop."""
    said, wanted = said.strip(), facts["target"].strip()
    strict = float(said == wanted)
    lenient = float(said.rstrip(".").lower() == wanted.rstrip(".").lower())
    return Scored(strict, bool(said), max(strict, lenient))


def bbh_cot(facts: Facts, said: str) -> Scored:
    """Exact match of what follows the first "answer is ", without one final full stop.

    This is the rule of the BBH authors; a text without the phrase is unparsed. Lenient takes what
    follows the last phrase, up to the end of its line, in any case.
    """
    wanted = facts["target"].strip()
    parts = said.split("answer is ", 1)
    stated = parts[1].strip().removesuffix(".") if len(parts) == 2 else None
    tail = re.split(r"(?i)answer is:? ", said)[-1].strip().split("\n")[0]
    lenient = float(tail.rstrip(".").lower() == wanted.lower())
    strict = float(stated == wanted)
    return Scored(strict, stated is not None, max(strict, lenient))


def _target(record: Record) -> dict[str, object]:
    target = known_texts(record, [record.need(GOLD, "answer")])[0]
    return {"target": target, "groups": [record.document.name]}


def _solution(record: Record) -> dict[str, str]:
    target = known_texts(record, [record.need(GOLD, "answer")])[0]
    if stated_number(target) is None:
        raise LiitError(
            f"{record.where}: the right answer holds no number: {target[:80]!r}",
            next_step="give the worked solution, or the number alone",
        )
    return {"target": target}


def _by_majority(benchmark: Benchmark, pairs: Sequence[Pair], _options: Options) -> Settled:
    """Score by the chain-of-thought rule if most answers hold "answer is ", else directly."""
    reasoned = sum("answer is " in pair.answer.text for pair in pairs) > len(pairs) / 2
    rule = bbh_cot if reasoned else bbh_direct
    note = "rule: " + ("text after the first 'answer is '" if reasoned else "whole answer")
    return Settled(replace(benchmark, rule=rule), pairs, [note])


BENCHMARKS = (
    Benchmark("gsm8k", "accuracy, %", _solution, gsm8k, targets=GOLD, alone=True),
    Benchmark("bbh", "exact match, %", _target, settle=_by_majority, targets=GOLD, alone=True),
)
