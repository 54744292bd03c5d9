"""The stand-in for CLIP's pretraining: an image tower learns what each patch shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from liit.progress import trainer_bar


class PatchNaming(pl.LightningModule):
    """Trains a vision tower with one linear head per aspect on every patch token.

    ``classes`` holds the number of classes of each aspect; the heads are thrown away afterwards.
    """

    def __init__(self, tower: Any, width: int, classes: Sequence[int], rate: float, steps: int):
        """Put the heads on the tower."""
        super().__init__()
        self.tower = tower
        self.heads = nn.ModuleList([nn.Linear(width, count) for count in classes])
        self.rate, self.steps = rate, steps

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:  # noqa: ARG002
        """Return the mean cross-entropy over patches, summed over aspects."""
        pixels, labels = batch
        patches = self.tower(pixel_values=pixels).last_hidden_state[:, 1:]
        losses = [
            functional.cross_entropy(head(patches).flatten(0, 1), labels[:, aspect].flatten())
            for aspect, head in enumerate(self.heads)
        ]
        loss = torch.stack(losses).sum()
        self.log("tower/loss", loss, prog_bar=True)
        return loss

    def configure_optimizers(self) -> Any:
        """Adam under one cycle of the rate."""
        optimizer = torch.optim.Adam(self.parameters(), lr=self.rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.rate, self.steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def name_patches(
    tower: Any,
    pixels: Tensor,
    labels: Tensor,
    classes: Sequence[int],
    *,
    epochs: int,
    batch_size: int,
    rate: float,
    seed: int,
) -> None:
    """Train ``tower`` in place on pixels [n, 3, H, W] and labels [n, aspects, patches]."""
    pl.seed_everything(seed % 2**32, verbose=False)  # the heads' weights and the order
    loader = DataLoader(TensorDataset(pixels, labels), batch_size=batch_size, shuffle=True)
    steps = len(loader) * epochs
    module = PatchNaming(tower, tower.config.hidden_size, classes, rate, steps)
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        deterministic=True,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        callbacks=[trainer_bar("tower")],
    )
    tower.train()
    trainer.fit(module, loader)
    tower.eval()
