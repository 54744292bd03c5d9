"""Per-sample gradients against a loop of one sample at a time and the model's own loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_pool import World
from torch import Tensor

from liit.signals.gradients import LoraTaps
from liit.signals.scores import answer_scores
from liit.signals.trunk import Answers, Trunk, scoring


def one_at_a_time(world: World, id_: str) -> dict[str, Tensor]:
    """The gradient of the model's own loss in every LoRA factor."""
    model = world.model
    inputs = {name: one for name, one in world.batch([id_]).items() if name != "ids"}
    model.zero_grad()
    model(**inputs).loss.backward()
    return {
        name: weight.grad.clone()
        for name, weight in model.named_parameters()
        if "lora_" in name and weight.grad is not None
    }


def engine_gradients(
    world: World, ids: list[str], layers: list[int], kept: list[int] | None = None
) -> tuple[dict[str, Tensor], Tensor]:
    """Every tapped factor's gradients [n, ...] from one batch, and each sample's nll."""
    batch = world.batch(ids)
    with scoring(world.model, set(kept or [])) as trunk:
        taps = LoraTaps(trunk, layers)
        with torch.no_grad():
            pixels = batch.get("pixel_values")
            features = None if pixels is None else trunk.tower_features(pixels)
            hidden = trunk.embed(batch["input_ids"], features)
            rope = trunk.positions(hidden)
        answers = Answers.of(batch["labels"])
        with taps.recording():
            for number in range(len(trunk.layers) - 1):
                hidden = trunk.layer(number, hidden, rope)
            top, _ = trunk.last_layer(hidden, rope, answers.places, whole=False)
        found, above = answer_scores(trunk.head, top, answers, gradient=True)
        assert above is not None
        factors = {one.key: one.gradient() for one in taps.factors(top, above)}
    return factors, found["nll"]


def parameter_name(key: str) -> tuple[str, bool]:
    """The PEFT name of a factor "layer.module.A", and whether its gradient is transposed."""
    layer, rest = key.split(".", 1)
    module, side = rest.rsplit(".", 1)
    name = f"base_model.model.model.language_model.layers.{layer}.{module}.lora_{side}"
    return f"{name}.default.weight", side == "B"


def worst_difference(
    world: World, ids: list[str], layers: list[int], kept: list[int] | None = None
) -> float:
    factors, _ = engine_gradients(world, ids, layers, kept)
    worst = 0.0
    for row, id_ in enumerate(ids):
        expected = one_at_a_time(world, id_)
        for key, gradients in factors.items():
            name, transposed = parameter_name(key)
            mine = gradients[row].T if transposed else gradients[row]
            gap = (mine - expected[name]).norm() / expected[name].norm()
            worst = max(worst, float(gap))
    return worst


def kinds(world: World) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"text": [], "one image": [], "images and turns": []}
    for id_ in world.ids:
        images = len(world.corpus.sample(id_).images)
        found[list(found)[min(images, 2)]].append(id_)
    return found


@pytest.mark.parametrize("layers", [[0], [1], [2], [0, 1, 2]])
@pytest.mark.parametrize("kind", ["text", "one image", "images and turns"])
def test_gradients_equal_a_loop(world: World, layers: list[int], kind: str) -> None:
    assert worst_difference(world, kinds(world)[kind][:4], layers) < 1e-4


def test_adapters_beside_the_weights_give_the_same_gradients(world: World) -> None:
    """As in half precision, where nothing is folded."""
    assert worst_difference(world, world.ids[:4], [0, 1], kept=[0, 1, 2]) < 1e-4


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_gradients_equal_a_loop_in_any_batch(world: World, data: Any) -> None:
    ids = data.draw(st.lists(st.sampled_from(world.ids), min_size=1, max_size=6, unique=True))
    assert worst_difference(world, ids, [1]) < 1e-4


def test_every_factor_of_the_layer_is_there(world: World) -> None:
    factors, _ = engine_gradients(world, world.ids[:2], [1])
    tapped = {parameter_name(key)[0] for key in factors}
    named = {n for n, _ in world.model.named_parameters() if "lora_" in n and ".layers.1." in n}
    assert tapped == named
    assert len(tapped) == 14


def test_nll_is_the_models_own_loss(world: World) -> None:
    _, nll = engine_gradients(world, world.ids[:12], [1])
    for row, id_ in enumerate(world.ids[:12]):
        inputs = {name: one for name, one in world.batch([id_]).items() if name != "ids"}
        with torch.no_grad():
            loss = world.model(**inputs).loss
        np.testing.assert_allclose(nll[row], loss, rtol=1e-5)


def test_autograd_goes_no_deeper_than_the_first_tapped_layer(world: World) -> None:
    """The layer below gets no gradient function: its output is a constant of the graph."""
    deep: list[bool] = []
    trunk = Trunk(world.model)
    hook = trunk.layers[0].register_forward_hook(lambda *a: deep.append(a[2].requires_grad))
    above = trunk.layers[1].register_forward_hook(lambda *a: deep.append(a[2].requires_grad))
    try:
        engine_gradients(world, world.ids[:2], [1])
    finally:
        hook.remove()
        above.remove()
    assert deep == [False, True]


def test_scoring_leaves_the_model_as_it_was(world: World) -> None:
    before = {name: one.clone() for name, one in world.model.state_dict().items()}
    flags = {name: one.requires_grad for name, one in world.model.named_parameters()}
    world.model.train()
    with scoring(world.model, {1}):
        assert not world.model.training
    assert world.model.training
    world.model.eval()
    after = world.model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert flags == {name: one.requires_grad for name, one in world.model.named_parameters()}
    assert any(flags.values())
