"""Operations of the signals passes and of training, per sample.

They are counted by hand. PyTorch's FlopCounterMode counts the same for the decoder, forward and in
training with LoRA (tests/planning/test_operations.py, and LLaVA-1.5-7B's shape on the meta device).
It does not replace the hand count: the engine's passes read values, which the meta device has not;
on a CPU the counter misses the attention kernel, 14 % of a forward pass at scale `mini`; a plan
has mean lengths, not whole ones; and a plan of 1.4 s would first import PyTorch and transformers
(7 s), then count for 0.5 s (forward) to 3 s (training).
"""

from __future__ import annotations

from liit.config import Signals
from liit.planning.shape import Lengths, ModelShape
from liit.signals.passes import (
    ATTENDED,
    MEASURED_AS,
    PROJECTOR_GRADIENT,
    Pass,
    chosen_layer,
    gradient_layers,
    needs_whole_last_layer,
)


def pass_operations(
    shape: ModelShape, signals_pass: Pass, lengths: Lengths, settings: Signals, rank: int
) -> float:
    """Return the operations of one pass over one sample, backward included where it has one.

    The last layer runs at answer positions alone unless a signal needs all of it; a backward pass
    goes down to the lowest layer asked for, costs its forward once (the weights are frozen) and
    its attention twice, and per layer asked for the factors' gradients and their projection.
    """
    names, kind = signals_pass.names, signals_pass.kind
    tokens, images = (lengths.blind, 0.0) if kind == "blind" else (lengths.tokens, lengths.images)
    if kind == "unasked":
        tokens = lengths.tokens - lengths.blind + lengths.answers
    layer = chosen_layer(settings, shape.layers)
    total = shape.images(images)
    if needs_whole_last_layer(names, layer, shape.layers):
        total += shape.layers * shape.layer(tokens) + shape.head(lengths.answers)
        total += shape.head(tokens) if "entropy_all" in names else 0.0
    else:
        total += _layers_from(shape, 0, tokens, lengths.answers)
    if ATTENDED in names:  # queries, keys and their products once more
        total += 2 * shape.width * (shape.width + shape.key_value_width) * tokens
        total += shape.attention(tokens, tokens) / 2
    tapped = tapped_layers(names, settings, shape.layers)
    if tapped:
        total += _backward(shape, min(tapped), tokens, lengths.answers)
        factors = shape.lora_weights(rank)
        project = 2 * factors * max(1, settings.projection_dim // rank)
        total += len(tapped) * (4 * factors * tokens + project)
    if PROJECTOR_GRADIENT in names:  # a backward pass of its own, down to the images
        total += _backward(shape, 0, tokens, lengths.answers)
        project = 2 * shape.projector_weights * settings.projection_dim
        total += 4 * shape.projector_weights * shape.positions * images + project
    runs = {"gradient_zero_order": 2 * settings.zero_order_directions}
    runs["gradient_zero_order_fresh"] = 2
    evaluations = sum(count for name, count in runs.items() if name in names)
    return total + evaluations * _layers_from(shape, layer, tokens, lengths.answers)


def forward_operations(shape: ModelShape, lengths: Lengths) -> float:
    """Return the operations of one forward pass over one sample, with logits at its answers."""
    layers = shape.layers * shape.layer(lengths.tokens)
    return layers + shape.head(lengths.answers) + shape.images(lengths.images, lengths.request)


def training_operations(
    shape: ModelShape, lengths: Lengths, rank: int, *, checkpointing: bool
) -> float:
    """Return the operations of training on one sample once, LoRA beside every linear layer.

    Frozen weights cost the forward and the gradient of what entered; LoRA factors, the projector
    and a Q-Former cost a third such product for their own gradient. ``checkpointing`` adds a
    forward.
    """
    forwards = 2 if checkpointing else 1
    linear = 2 * shape.layer_weights * lengths.tokens
    attention = shape.attention(lengths.tokens, lengths.tokens)
    factors = 2 * shape.lora_weights(rank) * lengths.tokens
    layer = linear * (forwards + 1) + attention * (forwards + 2) + factors * (forwards + 2)
    images = shape.images_trained(lengths.images, lengths.request, forwards=forwards)
    return shape.layers * layer + 2 * shape.head(lengths.answers) + images


def tapped_layers(names: frozenset[str], settings: Signals, layers: int) -> set[int]:
    """Return the decoder layers whose gradients are asked for, of the model or of the proxy."""
    measured = frozenset(MEASURED_AS.get(name, name) for name in names)
    tapped = gradient_layers(measured, chosen_layer(settings, layers), layers)
    return set().union(*tapped.values())


def _layers_from(shape: ModelShape, first: int, tokens: float, answers: float) -> float:
    """Return the operations of layers ``first``.. with a short last one, and of the head."""
    whole = (shape.layers - 1 - first) * shape.layer(tokens)
    return whole + shape.short_layer(tokens, answers) + shape.head(answers)


def _backward(shape: ModelShape, first: int, tokens: float, answers: float) -> float:
    again = (shape.layers - 1 - first) * shape.attention(tokens, tokens)
    again += shape.attention(answers, tokens)
    return _layers_from(shape, first, tokens, answers) + again
