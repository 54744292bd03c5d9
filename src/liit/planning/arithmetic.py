"""Operations of the signals passes and of training, per sample."""

from __future__ import annotations

from liit.config import Signals
from liit.planning.geometry import Geometry, Lengths
from liit.signals.passes import Pass, middle

WHOLE_LAST = frozenset({"hidden_all", "entropy_all", "attention_image", "attention_text"})
"""Signals that need the last layer at every position."""

ZERO_ORDER = ("gradient_zero_order", "gradient_zero_order_fresh")


def pass_operations(
    shape: Geometry, one: Pass, lengths: Lengths, settings: Signals, rank: int
) -> float:
    """Return the operations of one pass over one sample, backward included where it has one.

    The last layer runs at answer positions alone unless a signal needs all of it; a backward pass
    goes down to the lowest layer asked for, costs its forward once (the weights are frozen) and
    its attention twice, and per layer asked for the factors' gradients and their projection.
    """
    tokens = lengths.blind if one.kind == "blind" else lengths.tokens
    images = 0.0 if one.kind == "blind" else lengths.images
    total = shape.images(images) + _forward(shape, one, tokens, lengths.answers)
    asked = gradient_layers(one.names, settings, shape.layers)
    if asked:
        total += _backward(shape, min(asked), tokens, lengths.answers)
        factors = shape.lora_weights(rank)
        project = 2 * factors * max(1, settings.projection_dim // rank)
        total += len(asked) * (4 * factors * tokens + project)
    evaluations = _evaluations(one, settings)
    if evaluations:
        layer = _layer(settings, shape.layers)
        total += evaluations * _layers(shape, layer, tokens, lengths.answers)
    return total


def training_operations(
    shape: Geometry, lengths: Lengths, rank: int, *, checkpointing: bool
) -> float:
    """Return the operations of training on one sample once, LoRA beside every linear layer.

    Frozen weights cost the forward and the gradient of what entered; LoRA factors and the
    projector cost a third such product for their own gradient. ``checkpointing`` adds a forward.
    """
    forwards = 2 if checkpointing else 1
    linear = 2 * shape.layer_weights * lengths.tokens
    attention = shape.attention(lengths.tokens, lengths.tokens)
    factors = 2 * shape.lora_weights(rank) * lengths.tokens
    layer = linear * (forwards + 1) + attention * (forwards + 2) + factors * (forwards + 2)
    projector = 2 * 2 * shape.projector_weights * shape.patches * lengths.images
    return (
        shape.layers * layer
        + 2 * shape.head(lengths.answers)
        + shape.images(lengths.images)
        + projector
    )


def gradient_layers(names: frozenset[str], settings: Signals, layers: int) -> set[int]:
    """Return the decoder layers whose gradients are asked for."""
    of = {
        "gradient": {_layer(settings, layers)},
        "gradient_proxy": {_layer(settings, layers)},
        "gradient_first": {0},
        "gradient_last": {layers - 1},
        "gradient_all": set(range(layers)),
    }
    return set().union(*(of[name] for name in names & of.keys()))


def _layer(settings: Signals, layers: int) -> int:
    return middle(layers) if settings.layer == "middle" else settings.layer


def _evaluations(one: Pass, settings: Signals) -> int:
    """Return how often the layers from the chosen one up are run for zero-order gradients."""
    counts = (2 * settings.zero_order_directions, 2)
    pairs = zip(ZERO_ORDER, counts, strict=True)
    return sum(count for name, count in pairs if name in one.names)


def _forward(shape: Geometry, one: Pass, tokens: float, answers: float) -> float:
    if not one.names & WHOLE_LAST:
        return _layers(shape, 0, tokens, answers)
    total = shape.layers * shape.layer(tokens) + shape.head(answers)
    return total + (shape.head(tokens) if "entropy_all" in one.names else 0.0)


def _layers(shape: Geometry, first: int, tokens: float, answers: float) -> float:
    whole = (shape.layers - 1 - first) * shape.layer(tokens)
    return whole + shape.short_layer(tokens, answers) + shape.head(answers)


def _backward(shape: Geometry, first: int, tokens: float, answers: float) -> float:
    again = (shape.layers - 1 - first) * shape.attention(tokens, tokens)
    again += shape.attention(answers, tokens)
    return _layers(shape, first, tokens, answers) + again
