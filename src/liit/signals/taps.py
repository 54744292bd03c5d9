"""What enters and leaves some modules in one forward pass, and a graph that starts there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn


class Taps:
    """Taps modules by key.

    A module's output is made a leaf if nothing below it requires a gradient: autograd then goes no
    deeper than the first tapped module.
    """

    def __init__(self, modules: Mapping[str, nn.Module]) -> None:
        """Keep the modules; nothing is hooked yet."""
        self._modules = modules
        self._seen: dict[str, tuple[Tensor, Tensor]] = {}

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record the one forward pass that runs inside."""
        handles = [one.register_forward_hook(self._tap(key)) for key, one in self._modules.items()]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def taken(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Return each module's input and output, in the order of the pass, and forget them."""
        seen, self._seen = self._seen, {}
        return seen

    def _tap(self, key: str) -> Any:
        def tap(_: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            output = output if output.requires_grad else output.requires_grad_()
            self._seen[key] = inputs[0].detach(), output

        return tap
