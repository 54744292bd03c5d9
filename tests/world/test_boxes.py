"""Boxes against the pixels of the padded picture."""

from __future__ import annotations

import re

import numpy as np
import pytest
from drawn import exam, training_set
from pixels import Blob, array, blobs, padded

from liit.data.sample import Sample
from liit.data.world.facts import COLOURS

BOX = re.compile(r"\[(\d\.\d\d), (\d\.\d\d), (\d\.\d\d), (\d\.\d\d)\]")
TOLERANCE = 0.005 + 1e-9  # two decimals


def spoiled(sample: Sample) -> bool:
    return sample.extra.get("quality") == "low"


def fractions(blob: Blob, side: int) -> np.ndarray:
    return np.array(blob.box) / side


@pytest.mark.parametrize("task", ["refcoco", "refcoco_plus", "refcocog"])
def test_the_box_is_exactly_one_object_of_the_described_look(task: str) -> None:
    shapes_of_images = set()
    for item in exam(task):
        shapes_of_images.add(array(item.images[0]).shape[:2])
        side = len(padded(item.images[0]))
        described = item.turns[0].text.split("describes: ")[1]
        (box,) = (np.array([float(v) for v in m]) for m in BOX.findall(item.turns[1].text))
        assert box.tolist() == item.extra["box"]
        matches = [
            blob
            for blob in blobs(item.images[0])
            if np.abs(fractions(blob, side) - box).max() <= TOLERANCE
        ]
        assert len(matches) == 1
        (blob,) = matches
        head = described.split(" that is ")[0]
        named = [c for c in COLOURS if c in head.split()]
        assert named in ([], [blob.colour])
        assert blob.shape in head or "object" in head
    assert len(shapes_of_images) == 3  # padding matters in both directions


def test_a_description_without_place_fits_one_object_only() -> None:
    for item in exam("refcoco_plus"):
        words = item.turns[0].text.split("describes: ")[1].rstrip(".").split()
        fitting = [
            blob
            for blob in blobs(item.images[0])
            if all(word in (blob.size, blob.colour, blob.shape, "object") for word in words)
        ]
        assert len(fitting) == 1


def test_detection_lists_every_object_of_the_kind() -> None:
    checked = 0
    for item in training_set("lamm"):
        if " all " not in item.turns[0].text or item.skill != "detection" or spoiled(item):
            continue
        checked += 1
        kind = item.turns[0].text.rsplit(" all ", 1)[1].rstrip(".").removesuffix(" in the image")
        side = len(padded(item.images[0]))
        wanted = [
            blob
            for blob in blobs(item.images[0])
            if kind in (f"{blob.colour} objects", blob.shape + "s", blob.shape + "es")
        ]
        boxes = sorted([float(v) for v in m] for m in BOX.findall(item.turns[1].text))
        expected = np.array(sorted(fractions(blob, side).tolist() for blob in wanted))
        assert np.abs(np.array(boxes) - expected).max() <= TOLERANCE
    assert checked >= 10


def test_training_boxes_enclose_an_object_unless_marked_low() -> None:
    checked = 0
    for name in ("llava", "lamm"):
        for sample in training_set(name):
            if spoiled(sample):
                continue
            for match in BOX.findall(sample.turns[-2].text + sample.turns[-1].text):
                side = len(padded(sample.images[0]))
                box = np.array([float(value) for value in match])
                distances = [
                    np.abs(fractions(blob, side) - box).max() for blob in blobs(sample.images[0])
                ]
                assert min(distances) <= TOLERANCE
                checked += 1
    assert checked > 100


def test_key_points_are_the_middle_of_the_named_object() -> None:
    checked = 0
    for sample in training_set("lamm"):
        m = re.fullmatch(r"\[(\d\.\d\d), (\d\.\d\d)\]", sample.turns[-1].text)
        if m is None or sample.extra.get("quality") == "low":
            continue
        side = len(padded(sample.images[0]))
        name = re.search(r"of the (\w+ \w+)", sample.turns[0].text)
        assert name is not None
        (blob,) = [blob for blob in blobs(sample.images[0]) if blob.name == name[1]]
        point = np.array([float(m[1]), float(m[2])])
        assert np.abs(np.array(blob.centre) / side - point).max() <= 2 * TOLERANCE
        checked += 1
    assert checked >= 10
