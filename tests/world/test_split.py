"""Training and exams share no scene, no digit image and no set of options."""

from __future__ import annotations

import re

import pytest
from drawn import exam, training_set
from pixels import array, blobs, place_of

from liit.data.sample import ImageRef, Sample, fault_of
from liit.data.world import DATASETS, EXAMS, draw_exam
from liit.data.world.reading import digit_images
from liit.errors import LiitError

EXTRA = ({"answers"}, {"box"}, {"boxes"}, {"references"})
# Charts are split by colour and height, digits by the scan (tested apart); the greys of a scan
# may read as objects here.
READING = re.compile(r" bar|written|digit|next to|in the line")
PARITY = {"vqa": 2, "kvqa": 3, "multilingual": 2, "grounding": 3, "reasoning": 1, "language": 1}


Scene = tuple[tuple[int, ...], frozenset[tuple[str, str, str]]]


def scenes(samples: list[Sample]) -> set[Scene]:
    """Every picture as its canvas and the objects in their places, read from the pixels."""
    found = {
        scene_of(image)
        for sample in samples
        if not READING.search(sample.turns[0].text)
        for image in sample.images
    }
    return {scene for scene in found if scene[1]}


def scene_of(image: ImageRef) -> Scene:
    things = frozenset((blob.size, blob.name, place_of(blob, image)) for blob in blobs(image))
    return array(image).shape, things


def test_no_picture_of_an_exam_is_the_scene_of_a_training_picture() -> None:
    trained = set().union(*(scenes(training_set(name)) for name in DATASETS))
    asked = set().union(*(scenes(exam(task)) for task in EXAMS))
    assert len(trained) > 1000
    assert len(asked) > 300
    assert not trained & asked


def test_no_image_and_no_conversation_of_an_exam_is_trained_on() -> None:
    trained = {image.key for name in DATASETS for s in training_set(name) for image in s.images}
    asked = {image.key for task in EXAMS for item in exam(task) for image in item.images}
    assert not trained & asked
    texts = {
        frozenset(sample.turns[0].text.split("\n"))
        for sample in training_set("llava")
        if not sample.images
    }
    assert not texts & {frozenset(item.turns[0].text.split("\n")) for item in exam("mmlu")}


def test_digit_images_are_real_and_disjoint() -> None:
    train, asked = (
        {image.tobytes() for images in digit_images(part) for image in images}
        for part in ("train", "exam")
    )
    assert not train & asked
    assert len(train) + len(asked) == 1797
    assert 0.1 < len(asked) / 1797 < 0.3


def test_items_are_sound_unique_and_say_how_they_are_scored(
    task: str, exam_items: list[Sample]
) -> None:
    assert [fault_of(item) for item in exam_items] == [None] * len(exam_items)
    assert len({item.id for item in exam_items}) == len(exam_items)
    for item in exam_items:
        assert item.skill == EXAMS[task].skill
        assert set(item.extra) - {"choices"} in EXTRA
        if "answers" in item.extra:
            assert item.turns[-1].text in item.extra["answers"]


def test_an_exam_is_reproducible_and_a_prefix_of_a_longer_one(
    task: str, exam_items: list[Sample]
) -> None:
    assert list(draw_exam(task, 10, 3)) == exam_items[:10]
    assert list(draw_exam(task, 5, 4)) != exam_items[:5]


def test_two_hundred_items_can_be_drawn_from_every_exam(task: str) -> None:
    assert len({item.id for item in draw_exam(task, 200, 0)}) == 200


def test_the_six_skills_have_as_many_sets_as_the_paper() -> None:
    skills = [exam.skill for exam in EXAMS.values()]
    assert {skill: skills.count(skill) for skill in PARITY} == PARITY
    assert set(skills) - set(PARITY) == {"captioning", "multi_image", "multi_turn"}


def test_short_answers_use_the_suffixes_of_llava() -> None:
    for task in EXAMS:
        for item in exam(task):
            if "answers" in item.extra and task != "dialogue":
                ending = "given options directly" if "choices" in item.extra else "word or phrase"
                assert item.turns[-2].text.endswith(f"{ending}.")


def test_an_unknown_exam_is_refused_by_name() -> None:
    with pytest.raises(LiitError, match="'mmmlu'"):
        next(draw_exam("mmmlu", 1, 0))
