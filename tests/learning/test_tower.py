"""The image tower's lessons: what a patch shows can be read off it afterwards."""

from __future__ import annotations

import torch
from tiny import tiny

from liit.learning.tower import name_patches


def drawn(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures of four patches, each dark or bright, and which of both each patch is."""
    bright = torch.randint(2, (count, 1, 2, 2), generator=torch.Generator().manual_seed(seed))
    pixels = bright.float().repeat_interleave(8, 2).repeat_interleave(8, 3).expand(-1, 3, -1, -1)
    return pixels * 2 - 1, bright.flatten(1)[:, None]


def readable(tower: torch.nn.Module) -> float:
    """How well a least-squares reader of patch tokens tells bright from dark on new pictures."""
    with torch.no_grad():
        (seen, named), (new, wanted) = drawn(128, 1), drawn(128, 2)
        features = [
            tower(pixel_values=p).last_hidden_state[:, 1:].flatten(0, 1) for p in (seen, new)
        ]
        targets = named.flatten().float()[:, None] * 2 - 1
        reader = torch.linalg.lstsq(features[0], targets).solution
        return float(
            ((features[1] @ reader > 0).flatten() == wanted.flatten().bool()).float().mean()
        )


def test_the_tower_learns_and_two_runs_agree() -> None:
    pixels, labels = drawn(256, 3)
    towers = []
    for _ in range(2):
        tower = tiny()[0].model.vision_tower
        name_patches(tower, pixels, labels, [2], epochs=4, batch_size=32, rate=3e-3, seed=1)
        towers.append(tower)
    assert readable(towers[0]) > 0.99
    for one, other in zip(towers[0].parameters(), towers[1].parameters(), strict=True):
        assert torch.equal(one, other)
