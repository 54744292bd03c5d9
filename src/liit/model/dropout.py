"""Dropout whose masks cost little on a CPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn

LEVELS = 2**16
"""A mask is decided by 16 random bits for each number, four numbers to a draw."""


class Dropout(nn.Dropout):
    """Zeroes each number with probability ``p``, rounded to 1/65536, and scales up the others.

    PyTorch draws a CPU's mask with one double for each number, which costs more than the product
    with LoRA's first factor. Other devices do as PyTorch does.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        """Return ``input`` with the mask applied; itself when it is not training."""
        if input.device.type != "cpu" or not self.training or not 0 < self.p < 1:
            return super().forward(input)
        dropped = round(self.p * LEVELS)
        draws = torch.empty((input.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
        level = draws.view(torch.int16)[: input.numel()].view(input.shape)
        kept = level >= dropped - LEVELS // 2
        return input * kept.to(input.dtype).mul_(LEVELS / (LEVELS - dropped))
