"""Projections keep cosines within what theory allows; forward differences find the gradient."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from test_sample_gradients import engine_gradients, parameter_name
from tiny import CPU
from tiny_pool import SETTINGS, World
from torch import Tensor

from liit.signals.engine import measure
from liit.signals.gradients import Factor
from liit.signals.projection import DENSE_NUMBERS, Dense, Factored, signs, sketch_for
from liit.signals.trunk import Trunk
from liit.signals.zero_order import Directions


def factor(key: str, samples: int, tokens: int, rank: int, wide: int) -> Factor:
    draw = torch.Generator().manual_seed(len(key) + samples)
    shared = torch.randn((1, tokens, rank), generator=draw)
    left = shared + 0.7 * torch.randn((samples, tokens, rank), generator=draw)
    right = 1 + torch.randn((samples, tokens, wide), generator=draw)
    return Factor(0, key, left, right)


def cosines(rows: Tensor) -> Tensor:
    unit = torch.nn.functional.normalize(rows.double(), dim=1)
    return unit @ unit.T


def rms_error(found: Tensor, true: Tensor) -> float:
    apart = ~torch.eye(len(true), dtype=torch.bool)
    return float((found - true)[apart].square().mean().sqrt())


def test_signs_are_fair_and_named() -> None:
    one = signs(3, "projection", "a", shape=(200, 100))
    assert set(one.unique().tolist()) == {-1.0, 1.0}
    assert abs(one.mean()) < 4 / math.sqrt(one.numel())
    assert torch.equal(one, signs(3, "projection", "a", shape=(200, 100)))
    other = signs(3, "projection", "b", shape=(200, 100))
    assert abs((one * other).mean()) < 4 / math.sqrt(one.numel())


def test_dense_keeps_cosines_within_its_error() -> None:
    """Var of a projected inner product of unit vectors is at most (1 + cos²) / d."""
    one = factor("0.q.A", samples=40, tokens=6, rank=8, wide=50)
    true = cosines(one.gradient().flatten(1))
    dim = 1024
    found = cosines(Dense(dim, seed=0)(one))
    assert rms_error(found, true) < 1.3 * math.sqrt(2 / dim)


@pytest.mark.parametrize("rank", [8, 64])  # the rank side kept as it is, and projected
def test_factored_keeps_cosines_within_its_error(rank: int) -> None:
    """At worst (gradients of rank one) a side of size m adds a variance of (1 + cos²) / m."""
    sketch = Factored(256, seed=0)
    p = sketch.split(rank)
    bound = math.sqrt(2 * ((p != rank) / p + p / 256))
    one = factor("0.q.A", samples=40, tokens=6, rank=rank, wide=50)
    found, true = cosines(sketch(one)), cosines(one.gradient().flatten(1))
    assert rms_error(found, true) < 1.3 * bound
    assert sketch(one).shape == (40, 256)


@pytest.mark.parametrize("kind", [Dense, Factored])
@pytest.mark.parametrize("rank", [8, 40])
def test_inner_products_are_unbiased(kind: type[Dense | Factored], rank: int) -> None:
    """Over two factors, the mean over seeds is the inner product of the whole gradients."""
    parts = [factor("0.q.A", 2, 5, rank, 30), factor("0.up.B", 2, 5, rank, 60)]
    whole = torch.cat([one.gradient().flatten(1) for one in parts], dim=1)
    true = float(whole[0] @ whole[1])
    draws = []
    for seed in range(300):
        sketch = kind(64, seed)
        rows = sketch(parts[0]) + sketch(parts[1])
        draws.append(float(rows[0] @ rows[1]))
    assert abs(np.mean(draws) - true) < 4 * np.std(draws) / math.sqrt(len(draws))
    assert np.std(draws) < abs(true)


def test_factored_is_the_same_in_either_order() -> None:
    """Few tokens: project first. Many tokens: multiply first. The value does not tell."""
    sketch = Factored(64, seed=1)
    long = factor("0.q.A", samples=3, tokens=400, rank=8, wide=20)
    kept = Factor(0, "0.q.A", long.left[:, :1], long.right[:, :1])
    (wide,) = (one for _, one in [sketch._sides(kept)])
    for one in (long, kept):
        torch.testing.assert_close(sketch(one), (one.gradient() @ wide).flatten(1))


def test_the_dense_one_is_taken_where_it_is_small(world: World) -> None:
    trunk = Trunk(world.model)
    weights = sum(w.numel() for n, w in trunk.layers[1].named_parameters() if "lora_" in n)
    limit = DENSE_NUMBERS // weights
    assert isinstance(sketch_for(trunk, 1, limit, 0), Dense)
    assert isinstance(sketch_for(trunk, 1, limit + 1, 0), Factored)


def whole_gradients(world: World, ids: list[str]) -> Tensor:
    factors, _ = engine_gradients(world, ids, [1])
    return torch.cat([one.flatten(1) for one in factors.values()], dim=1)


def test_measured_gradients_keep_the_true_cosines(world: World, tmp_path: Path) -> None:
    ids = world.ids[:24]
    found = measure(
        world.model,
        world.corpus,
        ids,
        frozenset({"gradient"}),
        settings=SETTINGS,
        devices=CPU,
        folder=tmp_path / "s",
        made_from={},
        seed=0,
    )["gradient"]
    true = cosines(whole_gradients(world, ids))
    error = rms_error(cosines(torch.from_numpy(np.array(found))), true)
    assert error < 1.3 * math.sqrt(2 / SETTINGS.projection_dim)


def losses_of(world: World, ids: list[str]) -> object:
    def losses() -> Tensor:
        rows = []
        for id_ in ids:
            inputs = {name: one for name, one in world.batch([id_]).items() if name != "ids"}
            with torch.no_grad():
                rows.append(world.model(**inputs).loss.double())
        return torch.stack(rows)

    return losses


def test_zero_order_converges_to_the_gradients_cosines(world: World, tmp_path: Path) -> None:
    ids, errors = world.ids[:10], []
    true = cosines(whole_gradients(world, ids))
    for count in (16, 512):
        settings = replace(SETTINGS, tokens_per_batch=800, zero_order_directions=count)
        found = measure(
            world.model,
            world.corpus,
            ids,
            frozenset({"gradient_zero_order"}),
            settings=settings,
            devices=CPU,
            folder=tmp_path / "s",
            made_from={"directions": count},
            seed=0,
        )["gradient_zero_order"]
        errors.append(rms_error(cosines(torch.from_numpy(np.array(found))), true))
        assert errors[-1] < 1.5 * math.sqrt(2 / count)
    assert errors[1] < errors[0] / 2


def test_zero_order_in_sixteen_bits_is_not_the_noise_of_rounding(
    world: World, tmp_path: Path
) -> None:
    found = []
    for precision in ("32-true", "bf16-mixed"):
        vectors = measure(
            world.model,
            world.corpus,
            world.ids[:10],
            frozenset({"gradient_zero_order"}),
            settings=replace(SETTINGS, zero_order_directions=64),
            devices=replace(CPU, precision=precision),
            folder=tmp_path / precision,
            made_from={},
            seed=0,
        )["gradient_zero_order"]
        found.append(torch.from_numpy(np.array(vectors, dtype=np.float32)))
    assert torch.cosine_similarity(*found).mean() > 0.9


def test_shared_direction_gives_the_gradient_along_it(world: World) -> None:
    """Against the true gradients; what was moved is put back, bit for bit."""
    ids = [id_ for id_ in world.ids if not world.corpus.sample(id_).images][:3]
    before = {name: one.clone() for name, one in world.model.state_dict().items()}
    directions = Directions(Trunk(world.model), 1, seed=0)
    found = directions.shared(losses_of(world, ids), 4)
    gradient, _ = engine_gradients(world, ids, [1])
    for number in range(4):
        slope = torch.zeros(len(ids), dtype=torch.float64)
        for key, module in directions.places:
            drawn = directions._draw("shared", number, key, module)
            drawn = drawn.T if parameter_name(key)[1] else drawn
            slope += (gradient[key] * drawn).sum(dim=(1, 2))
        torch.testing.assert_close(found[:, number] * 2, slope, rtol=2e-2, atol=2e-2)
    after = world.model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(one, after[name]) for name, one in before.items())


def test_fresh_direction_is_scaled_by_its_slope(world: World) -> None:
    """Against the model's own losses and the true gradient along each sample's own direction."""
    ids = [id_ for id_ in world.ids if not world.corpus.sample(id_).images][:3]
    directions = Directions(Trunk(world.model), 1, seed=0)
    sketch = Dense(512, seed=0)
    for row, id_ in enumerate(ids):
        found = directions.fresh(losses_of(world, [id_]), [id_], sketch)[0]
        gradient, _ = engine_gradients(world, ids, [1])
        slope, projected = 0.0, torch.zeros(512)
        for key, module in directions.places:
            drawn = directions._draw("fresh", id_, key, module)
            drawn = drawn.T if parameter_name(key)[1] else drawn
            slope += float((gradient[key][row] * drawn).sum())
            eye = torch.eye(len(drawn))[None]
            projected += sketch(Factor(1, key, eye, drawn[None]))[0]
        torch.testing.assert_close(found, slope * projected, rtol=2e-2, atol=2e-2 * abs(slope))
