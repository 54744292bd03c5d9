"""Reasoning in text: GSM8K's last number, BIG-Bench Hard's stated answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from liit.errors import LiitError
from liit.metrics import Scored
from liit.scoring.benchmark import GOLD, Benchmark, Options, Settled, by_group, text_of
from liit.scoring.join import Pair
from liit.scoring.records import Record

_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?|-?\.\d+")
_MARKED = re.compile(r"(?:####|\bA:)\s*([^\n]*)")


def gsm8k(prediction: str, answer: str) -> Scored:
    """Compare numbers: strict the one after the last "A:" or "####", else the last one at all.

    ``answer`` may be a whole worked solution. An answer counts as parsed if it holds a number;
    lenient is always the last number.
    """
    wanted, said = stated_number(answer), stated_number(prediction)
    strict = float(wanted is not None and said == wanted)
    lenient = float(wanted is not None and last_number(prediction) == wanted)
    return Scored(strict, said is not None, max(strict, lenient))


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


def bbh_direct(prediction: str, target: str) -> Scored:
    """Exact match of the stripped texts; lenient ignores case and a final full stop."""
    said, wanted = prediction.strip(), target.strip()
    strict = float(said == wanted)
    lenient = float(said.rstrip(".").lower() == wanted.rstrip(".").lower())
    return Scored(strict, bool(said), max(strict, lenient))


def bbh_cot(prediction: str, target: str) -> Scored:
    """Exact match of what follows the first "answer is ", without one final full stop.

    This is the rule of the BBH authors; a text without the phrase is unparsed. Lenient takes what
    follows the last phrase, up to the end of its line, in any case.
    """
    wanted = target.strip()
    parts = prediction.split("answer is ", 1)
    stated = parts[1].strip().removesuffix(".") if len(parts) == 2 else None
    tail = re.split(r"(?i)answer is:? ", prediction)[-1].strip().split("\n")[0]
    lenient = float(tail.rstrip(".").lower() == wanted.lower())
    strict = float(stated == wanted)
    return Scored(strict, stated is not None, max(strict, lenient))


def _target(record: Record) -> dict[str, str]:
    return {"target": text_of(record.need(GOLD, "answer")), "file": record.document.name}


def _solution(record: Record) -> dict[str, str]:
    facts = _target(record)
    if stated_number(facts["target"]) is None:
        raise LiitError(
            f"{record.where}: the right answer holds no number: {facts['target'][:80]!r}",
            next_step="give the worked solution, or the number alone",
        )
    return facts


def _by_majority(benchmark: Benchmark, pairs: Sequence[Pair], options: Options) -> Settled:
    """Score by the chain-of-thought rule if most answers hold "answer is ", else directly."""
    del options
    reasoned = sum("answer is " in pair.answer.text for pair in pairs) > len(pairs) / 2
    rule = bbh_cot if reasoned else bbh_direct
    note = "rule: " + ("text after the first 'answer is '" if reasoned else "whole answer")
    settled = replace(benchmark, rule=lambda facts, said: rule(said, facts["target"]))
    return Settled(settled, pairs, [note])


BENCHMARKS = (
    Benchmark(
        "gsm8k",
        "accuracy, %",
        _solution,
        lambda facts, said: gsm8k(said, facts["target"]),
        targets=GOLD,
        alone=True,
    ),
    Benchmark(
        "bbh",
        "exact match, %",
        _target,
        figures=by_group(lambda facts: [facts["file"]]),
        settle=_by_majority,
        targets=GOLD,
        alone=True,
    ),
)
