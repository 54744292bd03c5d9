"""Learning without forgetting: the model before the step is a teacher on the step's own samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from liit.learner import SINGLE, Extra, Learner, Past, Sizes


@dataclass(frozen=True)
class Lwf(Learner):
    """Add strength · T² · mean KL(teacher^T ‖ student^T) over the batch's answer positions.

    The teacher is θ_{t−1} in eval mode: the model below the step's fresh adapter, with the
    projector as it was, so that no second model is kept. Where one adapter goes on along the
    stream (``lora.mode: continue``) the model below it is not θ_{t−1}: refused.
    Source: Li and Hoiem 2016 (arXiv 1606.09282), Eq. 2 to 5, written for answers token by token.
    """

    fresh: ClassVar[bool] = True
    normalisation: ClassVar[str] = "KL times T², mean over answer tokens"

    strength: float = 1.0
    temperature: float = 1.0

    def loss(self, model: Any, batch: Any, task_loss: Any, past: Past) -> Any:
        """Return the loss with the distance from the teacher."""
        import torch

        from liit.model.logits import answer_logits

        if not self.strength or not past.steps:
            return task_loss
        training = model.training
        model.eval()
        with torch.no_grad(), model.disable_adapter():
            teacher, _, _ = answer_logits(model, batch)
        model.train(training)
        taught = (teacher.float() / self.temperature).log_softmax(-1)
        student = (past.logits.float() / self.temperature).log_softmax(-1)
        distance = (taught.exp() * (taught - student)).sum(-1).mean()
        return task_loss + self.strength * self.temperature**2 * distance

    def cost(self, sizes: Sizes) -> Extra:
        """Return what it costs besides; the distance has five float32 arrays beside the logits."""
        logits = sizes.micro_batch * sizes.logits
        return Extra(forwards=1.0, held=(sizes.number_bytes + 5 * SINGLE) * logits)
