"""The LightningModule: next-token loss on answers, two learning rates, cosine with warm-up."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn import functional
from transformers import get_cosine_schedule_with_warmup

from liit.errors import LiitError
from liit.learning.lesson import Lesson
from liit.model.logits import answer_logits
from liit.model.lora import is_projector, trainable

RATES = ("learning_rate", "projector_learning_rate")


class InstructionTuning(pl.LightningModule):
    """Trains whatever parameters of ``model`` are trainable.

    ``learning_rate`` is for the language model (or its adapter), ``projector_learning_rate`` for
    the projector; both follow a cosine after ``warmup_ratio`` of ``steps``. ``seen`` counts how
    often each sample id passed, on this rank; ``losses`` and ``rates_used`` have one entry per
    optimiser step: the mean loss of this rank's micro-batches, and the rates by name. ``lesson``
    is the learner, None for plain training.
    """

    def __init__(
        self,
        model: Any,
        *,
        learning_rate: float,
        projector_learning_rate: float,
        warmup_ratio: float,
        weight_decay: float,
        steps: int,
        lesson: Lesson | None = None,
    ) -> None:
        """Keep the model and the schedule."""
        super().__init__()
        self.model = model
        self.rates = (learning_rate, projector_learning_rate)
        self.warmup_steps = math.ceil(warmup_ratio * steps)
        self.weight_decay = weight_decay
        self.steps = steps
        self.lesson = lesson
        self.seen: Counter[str] = Counter()
        self.losses: list[Tensor] = []
        self.rates_used: list[dict[str, float]] = []
        self._losses_of_step: list[Tensor] = []

    def training_step(self, batch: dict[str, Any], batch_idx: int) -> Tensor:
        """Return the mean negative log-likelihood over the batch's answer tokens (all ranks)."""
        logits, targets, _ = answer_logits(self.model, batch)
        total = functional.cross_entropy(logits.float(), targets, reduction="sum")
        if not total.requires_grad:  # text alone, in front of a language model that is frozen
            total = total + 0.0 * sum(one.sum() for _, one in trainable(self.model))
        loss = total / self._tokens_per_rank(len(targets))
        if not torch.isfinite(loss):
            raise LiitError(
                f"the loss is {loss.item()} at batch {batch_idx}; its samples are "
                f"{', '.join(batch['ids'])}.",
                next_step="look at these samples, or lower train.learning_rate.",
            )
        self.seen.update(batch["ids"])
        self._losses_of_step.append(loss.detach())
        self.log("loss", loss, prog_bar=True, logger=False, batch_size=len(batch["ids"]))
        if self.lesson is None:
            return loss
        return self.lesson.loss(self.model, batch, logits, loss)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Note the loss and the learning rates of the step that follows; let the learner act.

        Lightning calls this with gradients that are complete and unscaled, before it clips them.
        """
        self.losses.append(torch.stack(self._losses_of_step).mean())
        self._losses_of_step.clear()
        self.rates_used.append({group["name"]: group["lr"] for group in optimizer.param_groups})
        if self.lesson is not None:
            self.lesson.gradients(self.model)

    def _tokens_per_rank(self, mine: int) -> Tensor | int:
        # Ranks average their gradients: dividing by the mean count gives the global token mean.
        if self.trainer.world_size == 1:
            return mine
        counts = self.all_gather(torch.tensor(float(mine), device=self.device))
        assert isinstance(counts, Tensor)
        return counts.mean()

    def configure_optimizers(self) -> Any:
        """AdamW with the projector in its own group, and the schedule per optimiser step."""
        groups: list[dict[str, Any]] = [
            {"name": name, "params": [], "lr": rate, "weight_decay": self.weight_decay}
            for name, rate in zip(RATES, self.rates, strict=True)
        ]
        for name, parameter in trainable(self.model):
            groups[int(is_projector(name))]["params"].append(parameter)
        # Lightning neither clips nor unscales for a fused optimiser in mixed precision.
        fused = not self.trainer.precision.endswith("-mixed")
        optimizer = torch.optim.AdamW([group for group in groups if group["params"]], fused=fused)
        schedule = get_cosine_schedule_with_warmup(optimizer, self.warmup_steps, self.steps)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }
