"""What grouping and similarity see: signals in, vectors out."""

from __future__ import annotations

import numpy as np

from liit.selection.arrays import Array, Float32
from liit.selection.vectors import Vectors, unit


def gradients(gradient: Array) -> Vectors:
    """Unit LoRA gradients of the middle layer (Adapt-∞ §4.1)."""
    return Vectors((gradient,), unit)


def first_layer_gradients(gradient_first: Array) -> Vectors:
    """Unit LoRA gradients of the first layer."""
    return Vectors((gradient_first,), unit)


def last_layer_gradients(gradient_last: Array) -> Vectors:
    """Unit LoRA gradients of the last layer."""
    return Vectors((gradient_last,), unit)


def all_layers_gradients(gradient_all: Array) -> Vectors:
    """Unit LoRA gradients of all layers together."""
    return Vectors((gradient_all,), unit)


def proxy_gradients(gradient_proxy: Array) -> Vectors:
    """Unit LoRA gradients of a smaller model."""
    return Vectors((gradient_proxy,), unit)


def zero_order_gradients(gradient_zero_order: Array) -> Vectors:
    """Unit directional derivatives along directions that all samples share."""
    return Vectors((gradient_zero_order,), unit)


def fresh_zero_order_gradients(gradient_zero_order_fresh: Array) -> Vectors:
    """Unit zero-order gradients with a direction of its own per sample."""
    return Vectors((gradient_zero_order_fresh,), unit)


def hidden_states(hidden: Array) -> Vectors:
    """Unit mean hidden states of the middle layer."""
    return Vectors((hidden,), unit)


def first_layer_hidden_states(hidden: Array, hidden_all: Array) -> Vectors:
    """Unit mean hidden states of the first layer; ``hidden`` says how wide a layer is."""
    return Vectors((hidden_all[:, : hidden.shape[1]],), unit)


def last_layer_hidden_states(hidden: Array, hidden_all: Array) -> Vectors:
    """Unit mean hidden states of the last layer; ``hidden`` says how wide a layer is."""
    return Vectors((hidden_all[:, -hidden.shape[1] :],), unit)


def all_hidden_states(hidden_all: Array) -> Vectors:
    """Unit mean hidden states of all layers, concatenated."""
    return Vectors((hidden_all,), unit)


def projector_gradients(gradient_projector: Array) -> Vectors:
    """Unit gradients of the projector between image tower and decoder; none for text alone."""
    return Vectors((gradient_projector,), unit)


def projector_outputs(projector: Array) -> Vectors:
    """Unit mean outputs of the projector; none for text alone."""
    return Vectors((projector,), unit)


def image_features(projector: Array) -> Vectors:
    """Mean outputs of the projector as they are, for parts that centre them; zeros for text."""
    return Vectors((projector,))


def attended_image_features(attended_image: Array) -> Vectors:
    """What the question attends to in the images, as it is (ScalSelect); zeros for text."""
    return Vectors((attended_image,))


def attention_outputs(attention_image: Array, attention_text: Array) -> Vectors:
    """COINCIDE's features: an image half and a text half of equal weight (Lee et al. 2024, §4.1).

    Samples without an image have a zero image half. Released code averages text positions there.
    """
    return Vectors((attention_image, attention_text), unit_halves)


def unit_halves(block: Float32) -> Float32:
    """Scale each half of the columns to length 1/sqrt(2); a zero half stays zero."""
    halves = np.stack(np.split(block, 2, axis=1))
    length = np.linalg.norm(halves, axis=2, keepdims=True)
    halves /= np.where(length == 0.0, 1.0, length) * np.float32(np.sqrt(2.0))
    return np.concatenate(list(halves), axis=1)
