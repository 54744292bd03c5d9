"""The exams of the drawn world: stand-ins that no published figure belongs to."""

from __future__ import annotations

from liit.benchmarks.captions import exam as cider
from liit.benchmarks.reasoning import gsm8k
from liit.metrics import Scored
from liit.metrics.bleu import sentence_bleu_zh
from liit.metrics.boxes import iou
from liit.metrics.caption import token_f1
from liit.metrics.exact import exact_match
from liit.metrics.letter import option_letter
from liit.scoring.exam import Facts, by_item

__all__ = ["box", "caption", "chinese", "choice", "cider", "exact", "number"]


def _exact(facts: Facts, said: str) -> Scored:
    return exact_match(said, facts["answers"])


def _choice(facts: Facts, said: str) -> Scored:
    """Score the option's letter, or its text where the item asks for that (it has no letter)."""
    if "letter" not in facts:
        return _exact(facts, said)
    return option_letter(said, facts["letter"], facts["choices"])


def _number(facts: Facts, said: str) -> Scored:
    """Score the last number, as GSM8K does: the steps before it do not count."""
    return gsm8k({"target": facts["answers"][0]}, said)


exact = by_item(_exact)
number = by_item(_number)
choice = by_item(_choice)
box = by_item(lambda facts, said: iou(said, facts["box"]))
chinese = by_item(lambda facts, said: sentence_bleu_zh(said, facts["references"]))
caption = by_item(lambda facts, said: token_f1(said, facts["references"]))
