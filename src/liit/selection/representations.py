"""What grouping and similarity see: signals in, vectors out."""

from __future__ import annotations

import numpy as np

from liit.selection.method import Array
from liit.selection.rows import Float32, Rows, unit


def gradients(gradient: Array) -> Rows:
    """Unit LoRA gradients of the middle layer (Adapt-∞ §4.1)."""
    return Rows((gradient,), unit)


def first_layer_gradients(gradient_first: Array) -> Rows:
    """Unit LoRA gradients of the first layer."""
    return Rows((gradient_first,), unit)


def last_layer_gradients(gradient_last: Array) -> Rows:
    """Unit LoRA gradients of the last layer."""
    return Rows((gradient_last,), unit)


def all_layers_gradients(gradient_all: Array) -> Rows:
    """Unit LoRA gradients of all layers together."""
    return Rows((gradient_all,), unit)


def proxy_gradients(gradient_proxy: Array) -> Rows:
    """Unit LoRA gradients of a smaller model."""
    return Rows((gradient_proxy,), unit)


def zero_order_gradients(gradient_zero_order: Array) -> Rows:
    """Unit directional derivatives along directions that all samples share."""
    return Rows((gradient_zero_order,), unit)


def fresh_zero_order_gradients(gradient_zero_order_fresh: Array) -> Rows:
    """Unit zero-order gradients with a direction of its own per sample."""
    return Rows((gradient_zero_order_fresh,), unit)


def hidden_states(hidden: Array) -> Rows:
    """Unit mean hidden states of the middle layer."""
    return Rows((hidden,), unit)


def all_hidden_states(hidden_all: Array) -> Rows:
    """Unit mean hidden states of all layers, concatenated."""
    return Rows((hidden_all,), unit)


def attention_outputs(attention_image: Array, attention_text: Array) -> Rows:
    """COINCIDE's features: an image half and a text half of equal weight (Lee et al. 2024, §4.1).

    Samples without an image have a zero image half. Released code averages text positions there.
    """
    return Rows((attention_image, attention_text), unit_halves)


def unit_halves(block: Float32) -> Float32:
    """Scale each half of the columns to length 1/sqrt(2); a zero half stays zero."""
    halves = np.stack(np.split(block, 2, axis=1))
    length = np.linalg.norm(halves, axis=2, keepdims=True)
    halves /= np.where(length == 0.0, 1.0, length) * np.float32(np.sqrt(2.0))
    return np.concatenate(list(halves), axis=1)
