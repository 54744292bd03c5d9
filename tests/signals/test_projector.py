"""The projector's outputs and gradients against hooks and a loop of the model's own loss."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from tiny import CPU
from tiny_pool import SETTINGS, World
from torch import Tensor

from liit.errors import LiitError
from liit.signals.engine import measure
from liit.signals.projector import ProjectorGradient
from liit.signals.sweep import Sweep
from liit.signals.trunk import scoring

BOTH = frozenset({"projector", "gradient_projector"})


def loop_gradient(world: World, id_: str) -> Tensor:
    """Each layer's weight with its bias as the last column, of one sample's own loss; flat."""
    inputs = {name: one for name, one in world.batch([id_]).items() if name != "ids"}
    world.model.zero_grad()
    world.model(**inputs).loss.backward()
    projector = world.model.get_base_model().model.multi_modal_projector.modules_to_save.default
    parts = []
    for layer in (projector.linear_1, projector.linear_2):
        if layer.weight.grad is None:
            parts.append(torch.zeros(layer.out_features, layer.in_features + 1))
        else:
            parts.append(torch.cat([layer.weight.grad, layer.bias.grad[:, None]], dim=1).clone())
    return torch.cat([part.flatten() for part in parts])


@pytest.fixture(scope="module")
def loop(world: World) -> Tensor:
    return torch.stack([loop_gradient(world, id_) for id_ in world.ids])


def engine_gradients(world: World, ids: list[str], monkeypatch: pytest.MonkeyPatch) -> Tensor:
    """The unprojected gradients of one batch [n, numbers], as the engine's own sweep has them."""
    kept: list[Tensor] = []

    def keep(self: Any, top: Tensor, above: Tensor, images: list[int]) -> Tensor:
        factors = [one.gradient().flatten(1) for one in self.factors(top, above, images)]
        kept.append(torch.cat(factors, dim=1))
        return torch.zeros(len(images), 1)

    monkeypatch.setattr(ProjectorGradient, "__call__", keep)
    batch = world.batch(ids)
    batch["images"] = [len(world.corpus.sample(id_).images) for id_ in ids]
    with scoring(world.model, set()) as trunk:
        sweep = Sweep(trunk, frozenset({"gradient", "gradient_projector"}), SETTINGS, seed=0)
        with torch.no_grad():
            features = trunk.tower_features(batch["pixel_values"])
        sweep(batch, features)
    return kept[0]


def test_gradients_equal_a_loop(
    world: World, loop: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one batch: text alone, one image, two images and turns."""
    counts = {len(world.corpus.sample(id_).images) for id_ in world.ids[:12]}
    assert counts == {0, 1, 2}
    found = engine_gradients(world, world.ids[:12], monkeypatch)
    for mine, own in zip(found, loop[:12], strict=True):
        assert float((mine - own).norm()) <= 1e-4 * float(own.norm())


def test_measured_gradients_keep_the_cosines_of_the_loop(
    world: World, loop: Tensor, tmp_path: Path
) -> None:
    found = measured(world, tmp_path, BOTH, SETTINGS)["gradient_projector"].astype(np.float64)
    shown = np.array([bool(world.corpus.sample(id_).images) for id_ in world.ids])
    assert not found[~shown].any() and not loop[~shown].any()
    np.testing.assert_allclose(np.linalg.norm(found[shown], axis=1), 1, rtol=1e-3)
    true = torch.nn.functional.normalize(loop[shown].double(), dim=1).numpy()
    error = found[shown] @ found[shown].T - true @ true.T
    apart = ~np.eye(len(true), dtype=bool)
    assert np.sqrt((error[apart] ** 2).mean()) < 1.3 * math.sqrt(2 / SETTINGS.projection_dim)
    assert np.abs(true @ true.T)[apart].mean() > 0.1  # there is something to keep


def test_outputs_are_means_over_image_positions(world: World, tmp_path: Path) -> None:
    found = measured(world, tmp_path, BOTH, SETTINGS)["projector"]
    seen: list[Tensor] = []
    projector = world.model.get_base_model().model.multi_modal_projector
    hook = projector.register_forward_hook(lambda *given: seen.append(given[2].detach()))
    for row, id_ in enumerate(world.ids):
        seen.clear()
        with torch.no_grad():
            inputs = {name: one for name, one in world.batch([id_]).items() if name != "ids"}
            world.model(**inputs)
        if world.corpus.sample(id_).images:
            mean = seen[0].flatten(0, 1).mean(dim=0)
            np.testing.assert_allclose(found[row], mean, rtol=2e-3, atol=1e-3)
        else:
            assert not found[row].any()
    hook.remove()


def test_the_lora_gradients_beside_them_are_what_they_are_alone(
    world: World, tmp_path: Path
) -> None:
    alone = measured(world, tmp_path / "a", frozenset({"gradient", "nll"}), SETTINGS)
    beside = measured(world, tmp_path / "b", BOTH | {"gradient", "nll"}, SETTINGS)
    for name, values in alone.items():
        np.testing.assert_array_equal(values, beside[name])


def test_text_alone_and_projector_alone(world: World, tmp_path: Path) -> None:
    texts = [id_ for id_ in world.ids if not world.corpus.sample(id_).images]
    small = replace(SETTINGS, projection_dim=16)
    found = measured(world, tmp_path, frozenset({"gradient_projector"}), small, ids=texts)
    assert found["gradient_projector"].shape == (len(texts), 16)
    assert not found["gradient_projector"].any()


def test_a_model_whose_projector_does_not_stand_apart_is_refused() -> None:
    trunk: Any = SimpleNamespace(projector=None, inner=object())
    with pytest.raises(LiitError, match="use a LLaVA checkpoint"):
        ProjectorGradient(trunk, 8, seed=0)


def measured(
    world: World,
    folder: Path,
    names: frozenset[str],
    settings: Any,
    ids: list[str] | None = None,
) -> dict[str, Any]:
    return measure(
        world.model,
        world.corpus,
        ids or world.ids,
        names,
        settings=settings,
        devices=CPU,
        folder=folder / "signals",
        made_from={},
        seed=0,
    )
