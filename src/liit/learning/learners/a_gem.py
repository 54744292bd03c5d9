"""A-GEM: no step may go against the mean gradient of earlier samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from liit.learner import SINGLE, Extra, Learner, Past, Sizes


@dataclass(frozen=True)
class AGem(Learner):
    """Project g to g − (g·r / r·r) r where g·r < 0, r being the gradient on a batch of memory.

    The memory is ``memory`` samples of each earlier dataset; every optimiser step draws ``batch``
    of them. r is taken in eval mode, so that it disturbs no draw of dropout. It is one projection
    over all trained parameters, before clipping; Adam's moments then make another step of it, for
    which the paper's guarantee does not hold. The curve says at which steps the gradient was
    ``changed``.
    Source: Chaudhry et al. 2019 (arXiv 1812.00420), Eq. 11.
    """

    memory: int = 256
    batch: int = 16

    def gradients(self, model: Any, past: Past) -> float | None:
        """Project the gradient of an optimiser step; return 1 if it was, 0 if not."""
        if not self.memory or not past.steps:
            return None
        import torch

        from liit.learning.space import answer_loss
        from liit.model.lora import trainable

        parameters = [one for _, one in trainable(model)]
        training = model.training
        model.eval()
        with torch.enable_grad():
            loss = answer_loss(model, past.batch(self._drawn(past), parameters[0].device))
        model.train(training)
        if not loss.requires_grad:  # text alone, in front of a language model that is frozen
            return 0.0
        reference = torch.autograd.grad(loss, parameters, allow_unused=True)
        return float(project(parameters, reference))

    def cost(self, sizes: Sizes) -> Extra:
        """Return what it costs besides."""
        reference = SINGLE * (sizes.factors + sizes.projector)
        return Extra(gradients=self.batch / sizes.batch, apart=self.batch, apart_held=reference)

    def _drawn(self, past: Past) -> list[str]:
        if "memory" not in past.ids:
            for step in past.steps:
                past.draw("memory", past.arrived[step], self.memory, step)
        return past.draw("reference", past.ids["memory"], self.batch, past.step)


def project(parameters: Any, reference: Any) -> bool:
    """Project ``.grad`` of the parameters; return whether it went against the reference.

    A gradient that is None is zero. A reference without length changes nothing.
    """
    pairs = [(p, r) for p, r in zip(parameters, reference, strict=True) if r is not None]
    along = sum(float((p.grad * r).sum()) for p, r in pairs if p.grad is not None)
    length = sum(float((r * r).sum()) for _, r in pairs)
    if along >= 0 or length == 0:
        return False
    for parameter, one in pairs:
        back = one * (-along / length)
        parameter.grad = back if parameter.grad is None else parameter.grad + back
    return True
