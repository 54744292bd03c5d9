"""The measurements that a method may ask for, by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from liit.errors import LiitError

SIGNALS: dict[str, str] = {
    "nll": "mean negative log-likelihood over the answer tokens, nats [n]",
    "nll_blind": "the same with images and their placeholders removed; NaN for text only [n]",
    "nll_exp": "mean over the answer tokens of exp(negative log-likelihood) [n]",
    "nll_zero_image": "nll with every image replaced by a zero image, placeholders kept [n]",
    "entropy": "mean entropy of the next-token distribution over the answer tokens, nats [n]",
    "entropy_all": "the same over every non-padding position of the expanded sequence [n]",
    "error_norm": "mean L2 norm of softmax minus one-hot over the answer tokens [n]",
    "hidden": "middle decoder layer's output, mean over non-padding positions [n, d]",
    "hidden_all": "per decoder layer: mean over positions, unit length; then concatenated [n, L*d]",
    "attention_image": "attention output of five layers: mean over image positions, tanh, unit "
    "length per layer, concatenated; zeros for text only [n, L*d]",
    "attention_text": "the same over the text positions [n, L*d]",
    "gradient": "LoRA gradient of the middle decoder layer, randomly projected [n, d]",
    "gradient_first": "the same of the first decoder layer [n, d]",
    "gradient_last": "the same of the last decoder layer [n, d]",
    "gradient_all": "the same of all decoder layers, independent projection per layer [n, d]",
    "gradient_proxy": "the middle layer's projected LoRA gradient of the proxy model [n, d]",
    "gradient_zero_order": "central differences along q directions shared by all samples [n, q]",
    "gradient_zero_order_fresh": "one central difference along a direction drawn per sample, "
    "times that direction, projected [n, d]",
}
"""Every signal's name and definition; arrays are aligned with the pool's ids."""


GIVEN = frozenset({"groups", "step"})
"""What a scorer may ask for besides signals: the groups, and the step of arrival [n]."""


def asked_by(part: Callable[..., Any]) -> list[str]:
    """Return the parameters of ``part`` that have no default: those with one are knobs."""
    parameters = inspect.signature(part).parameters.values()
    return [p.name for p in parameters if p.default is p.empty]


def signals_of(part: Callable[..., Any]) -> frozenset[str]:
    """Return the signals that ``part`` asks for by its parameter names.

    An unknown name raises :class:`LiitError` and lists the known ones.
    """
    asked = [name for name in asked_by(part) if name not in GIVEN]
    for name in asked:
        if name not in SIGNALS:
            where = getattr(part, "__name__", repr(part))
            raise LiitError(
                f"{where}() asks for {name!r}, which is no signal.",
                next_step=f"name its parameters after signals: {', '.join(sorted(SIGNALS))}.",
            )
    return frozenset(asked)
