"""What the tower made of a picture stands for its pixels, wherever the model is asked."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tiny import CPU, image, samples, tiny
from tiny_pool import SAMPLES, SETTINGS, World, build

from liit.data.corpus import Corpus
from liit.data.sample import ImageRef, make_sample
from liit.data.store import SampleStore, write_store
from liit.errors import LiitError
from liit.model.features import Features, accept_features, features_shape, write_features
from liit.signals.engine import measure


@pytest.fixture
def seen(tmp_path: Path) -> Any:
    """A model, its encoder, the same encoder with features, and the store they are of."""
    model, encoder = tiny()
    write_store(samples(9), tmp_path / "nine.arrow")
    store = SampleStore(tmp_path / "nine.arrow")
    write_features(model, encoder, store, tmp_path / "nine.safetensors")
    seeing = copy.copy(encoder)
    seeing.seen = Features([tmp_path / "nine.safetensors"])
    accept_features(model)
    return model, encoder, seeing, store


@pytest.mark.parametrize("pad", ["left", "right"])
def test_the_model_gives_the_same_logits(seen: Any, pad: Any) -> None:
    model, encoder, seeing, store = seen
    given = []
    for one in (encoder, seeing):
        batch = one.collate([one.encode(sample) for sample in store], pad=pad)
        del batch["ids"], batch["labels"]
        given.append(model(**batch).logits)
    assert batch["pixel_values"].dim() == 3, "features, not pixels"
    torch.testing.assert_close(given[1], given[0], rtol=1e-5, atol=1e-6)


def test_every_picture_has_what_the_tower_makes_of_it_alone(seen: Any) -> None:
    model, encoder, seeing, store = seen
    tokens, width = features_shape(model.config)
    for sample in store:
        kept = seeing.pictures(sample.images, None).pixels
        for ref, features in zip(sample.images, kept, strict=True):
            pixels = encoder.images.normalised(encoder.pictures([ref], None).pixels)
            alone = model.model.vision_tower(pixels).last_hidden_state[0]
            assert features.shape == (tokens, width)
            torch.testing.assert_close(features, alone, rtol=1e-5, atol=1e-6)


def test_a_picture_is_known_by_its_bytes_wherever_they_lie(seen: Any, tmp_path: Path) -> None:
    *_, seeing, store = seen
    embedded = next(sample.images[0] for sample in store if sample.images)
    (tmp_path / "copy.png").write_bytes(embedded.data)
    found = seeing.seen.of([ImageRef(path="copy.png")], tmp_path)
    assert torch.equal(found, seeing.seen.of([embedded], None))


def test_a_picture_that_was_not_seen_is_an_error(seen: Any) -> None:
    *_, seeing, _ = seen
    with pytest.raises(LiitError, match=r"sha256:.*has not seen"):
        seeing.pictures([image(200)], None)


def test_a_sample_without_pictures_needs_none(seen: Any) -> None:
    *_, seeing, store = seen
    text = next(sample for sample in store if not sample.images)
    assert seeing.encode(text).images == 0
    assert "pixel_values" not in seeing.collate([seeing.encode(text)])


def test_signals_are_the_same(tmp_path: Path) -> None:
    names = frozenset({"nll", "nll_blind", "nll_zero_image", "error_norm", "gradient"})
    world = build(tmp_path)
    core, encoder = world.model.get_base_model(), world.corpus.encoder
    store = SampleStore(tmp_path / "pool.arrow")
    write_features(core, encoder, store, tmp_path / "pool.safetensors")
    seeing = copy.copy(encoder)
    seeing.seen = Features([tmp_path / "pool.safetensors"])
    accept_features(core)
    worlds = {"pixels": world, "features": replace(world, corpus=Corpus([store], seeing))}
    found = {name: _measured(one, names, tmp_path / name) for name, one in worlds.items()}
    for name in names - {"gradient"}:
        np.testing.assert_array_equal(found["features"][name], found["pixels"][name], name)
    likeness = (found["features"]["gradient"] * found["pixels"]["gradient"]).sum(axis=1)
    np.testing.assert_allclose(likeness.astype(np.float64), 1.0, atol=2e-3)


def test_the_same_pictures_give_one_row(tmp_path: Path) -> None:
    model, encoder = tiny()
    twice = [make_sample("other", one.turns, one.images) for one in SAMPLES[1:3]]
    write_store([*SAMPLES[1:3], *twice], tmp_path / "twice.arrow")
    store = SampleStore(tmp_path / "twice.arrow")
    write_features(model, encoder, store, tmp_path / "twice.safetensors")
    assert store.pictures == 4
    assert len(load_file(tmp_path / "twice.safetensors")["features"]) == 2


def _measured(world: World, names: frozenset[str], folder: Path) -> Any:
    return measure(
        world.model,
        world.corpus,
        world.ids,
        names,
        settings=SETTINGS,
        devices=CPU,
        folder=folder,
        made_from={},
        seed=0,
    )
