"""Shares, determinism and soundness of the training sets."""

from __future__ import annotations

import re
from math import sqrt

import numpy as np
import pytest
from drawn import DUPLICATES, LOW_QUALITY, SIZE, even_shares, training_set
from pixels import array, blobs

from liit.data.sample import Sample, fault_of
from liit.data.world import DATASETS, draw_dataset
from liit.data.world.language import short_fact
from liit.errors import LiitError

CHINESE = re.compile("[\u4e00-\u9fff]")


def within(count: int, size: int, share: float) -> bool:
    """Whether a binomial count is within four standard deviations of its mean."""
    return abs(count - size * share) <= 4 * sqrt(size * share * (1 - share)) + 1


def test_every_sample_is_sound_and_has_its_own_id(dataset: list[Sample]) -> None:
    assert [fault_of(sample) for sample in dataset] == [None] * SIZE
    assert len({sample.id for sample in dataset}) == SIZE


def test_shares_are_as_stated(dataset: list[Sample]) -> None:
    name = dataset[0].source
    copies = sum("near_duplicate_of" in sample.extra for sample in dataset)
    low = sum(sample.extra.get("quality") == "low" for sample in dataset)
    assert within(copies, SIZE, DUPLICATES)
    assert within(low, SIZE, LOW_QUALITY)
    for skill, share in even_shares(name).items():
        count = sum(sample.skill == skill for sample in dataset)
        # Copies follow their originals, which makes a skill's count a little less certain.
        assert abs(count - SIZE * share) <= 8 * sqrt(SIZE * share) + 1


def test_a_draw_is_reproducible_and_a_prefix_of_a_longer_one(dataset: list[Sample]) -> None:
    name = dataset[0].source
    again = draw_dataset(
        name, 40, 3, duplicates=DUPLICATES, low_quality=LOW_QUALITY, skills=even_shares(name)
    )
    assert list(again) == dataset[:40]


def test_another_seed_draws_other_samples() -> None:
    other = draw_dataset(
        "llava", 100, 4, duplicates=0.0, low_quality=0.0, skills=even_shares("llava")
    )
    shared = {sample.id for sample in other} & {sample.id for sample in training_set("llava")}
    assert len(shared) <= 5  # text-only questions have few wordings


def test_a_near_duplicate_shows_the_same_objects_slightly_moved(dataset: list[Sample]) -> None:
    by_id = {sample.id: sample for sample in dataset}
    checked = 0
    for sample in dataset:
        origin = by_id.get(sample.extra.get("near_duplicate_of", ""))
        if origin is None or re.search("digit|number|written", sample.turns[-2].text):
            continue  # the grey of a scanned digit may be the white of an object
        assert origin.skill == sample.skill
        assert len(origin.images) == len(sample.images)
        for image, earlier in zip(sample.images, origin.images, strict=True):
            ours, theirs = ({b.name: b.box for b in blobs(i)} for i in (image, earlier))
            assert ours.keys() == theirs.keys()
            moved = [np.abs(np.subtract(ours[name], theirs[name])).max() for name in ours]
            assert max(moved) <= 4
        checked += 1
    assert checked > 50


def test_low_quality_answers_differ_from_the_true_ones() -> None:
    shares = {"vqa": 0.5, "captioning": 0.3, "grounding": 0.2}
    drawn = {
        low: list(draw_dataset("llava", 200, 5, duplicates=0.0, low_quality=low, skills=shares))
        for low in (0.0, 1.0)
    }
    same = [a.turns[-1] == b.turns[-1] for a, b in zip(drawn[0.0], drawn[1.0], strict=True)]
    assert all(a.turns[:-1] == b.turns[:-1] for a, b in zip(drawn[0.0], drawn[1.0], strict=True))
    assert not any(same)


def test_chinese_is_in_m3it_alone_and_only_in_its_multilingual_skill() -> None:
    for name in DATASETS:
        for sample in training_set(name):
            text = " ".join(turn.text for turn in sample.turns)
            assert bool(CHINESE.search(text)) == (sample.skill == "multilingual")
            assert sample.skill != "multilingual" or name == "m3it"


def test_images_are_small_and_one_third_is_not_square() -> None:
    images = [image for sample in training_set("llava") for image in sample.images]
    shapes = [array(image).shape[:2] for image in images]
    assert set(shapes) == {(48, 48), (36, 48), (48, 36)}
    oblong = sum(height != width for height, width in shapes)
    assert 0.2 < oblong / len(shapes) < 0.4


def test_answers_are_short_and_only_minigpt4_is_all_long() -> None:
    words = {
        name: [len(turn.text.split()) for s in training_set(name) for turn in s.turns[1::2]]
        for name in DATASETS
    }
    assert max(max(counts) for counts in words.values()) <= 60
    medians = {name: float(np.median(counts)) for name, counts in words.items()}
    assert max(medians, key=lambda name: medians[name]) == "minigpt4"


def test_unknown_names_are_refused_by_name() -> None:
    with pytest.raises(LiitError, match="'lava'"):
        next(draw_dataset("lava", 1, 0, duplicates=0, low_quality=0, skills={"vqa": 1}))
    with pytest.raises(LiitError, match="no skill 'video'"):
        next(draw_dataset("llava", 1, 0, duplicates=0, low_quality=0, skills={"video": 1}))


def test_a_dataset_that_cannot_be_that_large_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DATASETS["llava"], "language", (short_fact,))
    with pytest.raises(LiitError, match="no 2000 different samples of skill language"):
        list(draw_dataset("llava", 2000, 0, duplicates=0, low_quality=0, skills={"language": 1}))
