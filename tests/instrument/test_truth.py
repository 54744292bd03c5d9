"""What the drawn world knows, read off samples whose facts are plain to see."""

from __future__ import annotations

import math

import numpy as np

from liit.data.sample import ImageRef, Sample, Turn, make_sample
from liit.data.world.datasets import IRRELEVANT
from liit.instrument.truth import redundant, truth_of

IMAGE = ImageRef(data=b"a picture")


def sample(answer: str, *, image: bool = True, **extra: str) -> Sample:
    tag = "<image>\n" if image else ""
    turns = [Turn("user", f"{tag}What is it?"), Turn("assistant", answer)]
    return make_sample("m3it", turns, [IMAGE] if image else [], skill="vqa", extra=extra)


def test_facts_follow_the_order_of_the_ids() -> None:
    plain = sample("a red square")
    copied = sample("a red box", near_duplicate_of=plain.id)
    wrong = sample("a blue square", quality="low")
    beside = sample(IRRELEVANT[0], quality="low")
    text = sample("Paris", image=False)
    every = [plain, copied, wrong, beside, text]
    truth = truth_of(every, [one.id for one in reversed(every)])
    assert truth.spoiled.tolist() == [False, True, True, False, False]
    assert truth.original.tolist()[3:] == [plain.id, plain.id]
    assert truth.skill.tolist() == ["vqa"] * 5 and truth.dataset.tolist() == ["m3it"] * 5
    # without an image, and with a wrong answer that may or may not need it, nothing is said
    assert [None if math.isnan(one) else one for one in truth.needs_image] == [None, 0, None, 1, 1]
    assert truth.take(np.array([1])).spoiled.tolist() == [True]


def test_a_sample_is_redundant_if_its_content_came_before() -> None:
    original = np.array(["a", "b", "a", "a", "c"])
    assert redundant(original, np.array([3, 4, 1, 0, 2])).tolist() == [
        True,
        False,
        True,
        False,
        False,
    ]
