"""Dropout: the rate, the scale and the gradient of its definition, from cheaper random numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tiny import LORA, tiny
from torch import nn

from liit.model import lora
from liit.model.dropout import LEVELS, Dropout

P = 0.05
ROUNDED = 3277 / LEVELS  # 0.05 · 65536 = 3276.8


def applied(shape: tuple[int, ...], p: float = P, seed: int = 0) -> torch.Tensor:
    torch.manual_seed(seed)
    result: torch.Tensor = Dropout(p).train()(torch.ones(shape))
    return result


def test_each_number_is_zero_or_scaled_up_and_the_share_of_zeros_is_the_rate() -> None:
    out = applied((1000, 1000))
    assert out.unique().tolist() == [0.0, pytest.approx(1 / (1 - ROUNDED), rel=1e-6)]
    deviation = (P * (1 - P) / out.numel()) ** 0.5
    assert (out == 0).float().mean().item() == pytest.approx(P, abs=5 * deviation)


@pytest.mark.parametrize("apart", [1, 2, 3, 4, 96])
def test_numbers_of_one_draw_are_dropped_independently(apart: int) -> None:
    gone = (applied((1_000_000,), 0.5) == 0).float()
    both = (gone[apart:] * gone[:-apart]).mean().item()
    assert both == pytest.approx(0.25, abs=5 * (0.25 * 0.75 / 1e6) ** 0.5)


def test_the_gradient_is_that_of_the_mask() -> None:
    torch.manual_seed(1)
    x = torch.randn(5, 7, 3, requires_grad=True)
    out = Dropout(0.5).train()(x)
    out.sum().backward()
    assert torch.equal(out, x * x.grad)


def test_a_seed_gives_one_mask_whatever_the_size_of_a_row() -> None:
    assert torch.equal(applied((3, 5)), applied((3, 5)))
    assert torch.equal(applied((3, 5), 0.5).flatten(), applied((15,), 0.5))
    assert not torch.equal(applied((30, 5), 0.5), applied((30, 5), 0.5, seed=1))


@pytest.mark.parametrize(("p", "left"), [(0.0, 1.0), (1.0, 0.0)])
def test_nothing_or_everything_is_dropped_at_the_ends(p: float, left: float) -> None:
    assert torch.equal(applied((4, 4), p), torch.full((4, 4), left))


def test_an_evaluated_model_drops_nothing() -> None:
    x = torch.randn(3, 4)
    assert torch.equal(Dropout(0.5).eval()(x), x)


def test_every_dropout_of_an_adapter_is_of_this_kind() -> None:
    adapted = lora.attach(tiny()[0], replace(LORA, dropout=P), 0)
    found = [one for one in adapted.modules() if isinstance(one, nn.Dropout)]
    assert [type(one) for one in found] == [Dropout] * (3 * 7)
    assert {one.p for one in found} == {P}
