"""What a method may ask for by name: measurements under a model, and facts of the samples."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from liit.errors import LiitError, nearest

SIGNALS: dict[str, str] = {
    "nll": "mean negative log-likelihood over the answer tokens, nats [n]",
    "nll_blind": "the same with images and their placeholders removed; NaN for text only [n]",
    "nll_unasked": "nll of the answers, joined to one, after the images alone and no question; NaN "
    "for text only [n]",
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
    "projector": "what the projector between tower and decoder gives, mean over image positions; "
    "zeros for text only [n, d]",
    "attended_image": "first decoder layer's output, mean over the image positions that get 90 % "
    "of the question's attention to images; zeros for text only [n, d]",
    "gradient": "LoRA gradient of the middle decoder layer, randomly projected [n, d]",
    "gradient_first": "the same of the first decoder layer [n, d]",
    "gradient_last": "the same of the last decoder layer [n, d]",
    "gradient_all": "the same of all decoder layers, independent projection per layer [n, d]",
    "fisher_last": "logarithm of the trace of the last decoder layer's empirical Fisher "
    "information: of the squared norm of its LoRA gradient [n]",
    "target_influence": "for each exam the mean cosine of the gradient of all layers with those of "
    "up to 64 of its items: it sees the targets [n, exams]",
    "gradient_proxy": "the middle layer's projected LoRA gradient of the proxy model [n, d]",
    "gradient_projector": "gradient of the projector's weights and biases, randomly projected; "
    "zeros for text only [n, d]",
    "gradient_zero_order": "central differences along q directions shared by all samples [n, q]",
    "gradient_zero_order_fresh": "one central difference along a direction drawn per sample, "
    "times that direction, projected [n, d]",
}
"""Every signal's name and definition; arrays are aligned with the pool's ids."""

OF_IMAGES = frozenset({"nll_blind", "nll_zero_image", "projector", "attended_image"})
"""Signals of what an image shows or adds: without images nothing can be ranked by them."""

FACTS: dict[str, str] = {
    "answer_tokens": "tokens of the answers, their end marks included [n]",
    "answer_characters": "characters of the answers [n]",
    "tokens": "tokens of the whole sample, image positions included [n]",
    "images": "number of images [n]",
    "turns": "number of questions [n]",
    "source": "the dataset's name; text [n]",
    "questions": "what the user says, turns joined by line breaks; text [n]",
    "answers": "what the assistant says, turns joined by line breaks; text [n]",
}
"""What the prepared samples say of themselves: no pass, and no weights, are needed for it."""

GIVEN = frozenset({"groups", "step", "vectors", "pool", "generator"})
"""What :func:`liit.selection.select` hands to parts that name it."""


def asked_by(part: Callable[..., Any]) -> list[str]:
    """Return the parameters of ``part`` that have no default: those with one are knobs."""
    parameters = inspect.signature(part).parameters.values()
    return [p.name for p in parameters if p.default is p.empty]


def signals_of(part: Callable[..., Any]) -> frozenset[str]:
    """Return the signals and facts that ``part`` asks for by its parameter names.

    An unknown name raises :class:`LiitError` and lists the known ones.
    """
    names = frozenset(asked_by(part)) - GIVEN
    for name in sorted(names - SIGNALS.keys() - FACTS.keys()):
        where = getattr(part, "__name__", repr(part))
        raise LiitError(
            f"{where}() asks for {name!r}, which is no signal{nearest(name, [*SIGNALS, *FACTS])}.",
            next_step="name its parameters after signals: "
            f"{', '.join(sorted(SIGNALS))}; or after what samples say of themselves: "
            f"{', '.join(sorted(FACTS))}.",
        )
    return names
