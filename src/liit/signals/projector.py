"""Per-sample gradients of the projector between image tower and decoder, randomly projected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from liit.errors import LiitError
from liit.signals.gradients import Factor
from liit.signals.projection import sketch_of
from liit.signals.taps import Taps
from liit.signals.trunk import Trunk

WHOLE = -1
"""The projector's number among layers: it lies below the first one."""


class ProjectorGradient(Taps):
    """Taps the linear layers of a LLaVA's projector and starts the graph at the first of them.

    For a loss that is a sum over samples, the gradients of sample i are dL/dW = Σ dL/dy xᵀ and
    dL/db = Σ dL/dy, over the patches of its images. Raises LiitError for a model whose projector
    does not stand apart.
    """

    def __init__(self, trunk: Trunk, dim: int, seed: int) -> None:
        """Find the layers and choose the projection."""
        if trunk.projector is None:
            raise LiitError(
                f"the projector of a {type(trunk.inner).__name__} does not stand apart from its "
                "image tower: gradients of it are not measured.",
                next_step="use a LLaVA checkpoint, or leave gradient_projector out.",
            )
        layers = {
            name: one for name, one in trunk.projector.named_modules() if isinstance(one, nn.Linear)
        }
        super().__init__(layers)
        numbers = max(sum(w.numel() for w in one.parameters()) for one in layers.values())
        self._sketch = sketch_of(numbers, dim, seed)
        self._dim = dim

    @torch.no_grad()
    def __call__(self, top: Tensor, above: Tensor, images: Sequence[int]) -> Tensor:
        """Return the projected gradients [n, d], given dL/dtop, and forget the batch.

        ``images``: how many images each sample has; without any its gradient is zero.
        """
        total = top.new_zeros((len(images), self._dim), dtype=torch.float32)
        for factor in self.factors(top, above, images):
            total += self._sketch(factor)
        return total

    @torch.no_grad()
    def factors(self, top: Tensor, above: Tensor, images: Sequence[int]) -> Iterator[Factor]:
        """Yield the gradients of each layer's weight, its bias as the last column."""
        seen = self.taken()
        if not seen:  # a batch of text alone
            return
        grads = torch.autograd.grad(top, [output for _, output in seen.values()], above)
        for (key, (x, _)), grad in zip(seen.items(), grads, strict=True):
            right = functional.pad(x.float(), (0, 1), value=1.0)
            left, right = by_sample(grad.float(), images), by_sample(right, images)
            yield Factor(WHOLE, f"projector.{key}", left, right)


def by_sample(of_images: Tensor, images: Sequence[int]) -> Tensor:
    """Gather [all images, patches, w] by sample: [n, patches of the most images, w], else zeros."""
    counts = torch.tensor(images)
    rows = torch.repeat_interleave(torch.arange(len(counts)), counts)
    slots = torch.cat([torch.arange(count) for count in images])
    gathered = of_images.new_zeros((len(images), max(images), *of_images.shape[1:]))
    gathered[rows, slots] = of_images
    return gathered.flatten(1, 2)
