"""What a method will cost over the whole stream: samples, operations, time, disk and memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from liit.config import MiniModel, Params
from liit.learner import Extra
from liit.planning.learners import learner_cost, trained_once
from liit.planning.operations import pass_operations, tapped_layers
from liit.planning.shape import WEIGHT_BYTES, Lengths, ModelShape, shape_of
from liit.planning.speed import Speed
from liit.planning.workload import Arrival, steps_of
from liit.selection import Method
from liit.signals.passes import OVER_IMAGES, Pass, passes_for, without_signals

GB = 1e9
DROPPED_OVER_PLAIN = 2
"""Activations of a layer that trains LoRA with dropout over those of the bare one: each adapter
keeps what it reads once more, with its mask (1.95 to 2.2 measured)."""
ADAPTER_BYTES = 4
"""LoRA factors stay in float32 whatever the model's precision."""


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """A method's cost over all its steps.

    ``operations`` and ``seconds`` of signals and training; ``passes`` as the engine names them;
    ``signals_disk_gb`` and ``state_disk_gb`` (what a learner keeps) of all steps; memory in GB per
    device; ``evaluations``: how often all exams are asked, one for each step trained; ``devices``:
    how many the method can use of those planned; ``refused``: why it does not train on those of
    params.yaml, with the next step; empty if it does.
    """

    method: str
    scored: int
    passes: tuple[str, ...]
    signal_operations: float
    training_operations: float
    signal_seconds: float
    training_seconds: float
    signals_disk_gb: float
    state_disk_gb: float
    signals_memory_gb: float
    training_memory_gb: float
    evaluations: int
    devices: int
    refused: str

    @property
    def seconds(self) -> float:
        """Signals and training together, as in the paper's Table 6 but for its k-means."""
        return self.signal_seconds + self.training_seconds


def estimate(
    params: Params,
    name: str,
    method: Method,
    stream: Sequence[Arrival],
    *,
    speed: Speed,
    devices: int,
) -> CostEstimate:
    """Estimate one method; the time is the operations over what its devices do per second.

    Those are all, but for a learner that trains on one rank alone.
    Clustering, picking, evaluation and start-up are not in it, nor what several methods share.
    """
    shape = shape_of(params.model)
    steps = steps_of(method, [arrival.size for arrival in stream], params.budget)
    learner = method.learner
    signals = training = state = 0.0
    extras = [Extra()]
    for step in steps:
        lengths = [arrival.lengths for arrival in stream[: len(step.pool)]]
        seen, kept = Lengths.mixed(lengths, step.pool), Lengths.mixed(lengths, step.candidates)
        signals += step.scored * signals_of_sample(params, shape, method, seen)
        training += step.trained * _training(params, shape, kept)
        if learner is not None:
            earlier = stream[: len(step.pool) - 1] if method.start == "previous" else []
            cost = learner_cost(params, shape, learner, step.trained, lengths=kept, earlier=earlier)
            training += cost.operations
            state += cost.state_bytes
            extras.append(cost.extra)
    devices = 1 if learner and learner.alone else devices
    refusal = learner and learner.refusal(params.lora.mode, params.devices)
    if shape.former and method.signals:
        refusal = without_signals(str(params.model.checkpoint))
    scored = sum(step.scored for step in steps)
    images = max(arrival.lengths.images for arrival in stream)
    return CostEstimate(
        method=name,
        scored=scored,
        passes=tuple(map(str, _passes(method, images))),
        signal_operations=signals,
        training_operations=training,
        signal_seconds=signals / speed.signals / devices,
        training_seconds=training / speed.training / devices,
        signals_disk_gb=scored * signal_bytes(params, shape, method.signals) / GB,
        state_disk_gb=state / GB,
        signals_memory_gb=signals_memory(params, shape, method.signals) / GB,
        training_memory_gb=max(_training_memory(params, shape, stream, one) for one in extras) / GB,
        evaluations=len(steps),
        devices=devices,
        refused=f"{refusal.problem} Next step: {refusal.next_step}" if refusal else "",
    )


def signals_of_sample(params: Params, shape: ModelShape, method: Method, lengths: Lengths) -> float:
    """Return the operations of all passes that a method needs over one sample."""
    shapes = {"proxy": _proxy_shape(params, shape)}
    return sum(
        pass_operations(
            shapes.get(each.kind, shape), each, lengths, params.signals, params.lora.rank
        )
        for each in _passes(method, lengths.images)
    )


def signal_bytes(params: Params, shape: ModelShape, names: frozenset[str]) -> float:
    """Return the bytes that a sample's signals take: scores in float64, vectors in float16."""
    width, sketch = shape.width, params.signals.projection_dim
    dims = {
        "hidden": width,
        "hidden_all": shape.layers * width,
        "projector": width,
        "attended_image": width,
        "target_influence": len(params.prepared_exams),
        "attention_image": min(5, shape.layers) * width,
        "attention_text": min(5, shape.layers) * width,
        "gradient_zero_order": params.signals.zero_order_directions,
    }
    vectors = [
        dims.get(name, sketch) for name in names if name in dims or name.startswith("gradient")
    ]
    return 8.0 * (len(names) - len(vectors)) + 2.0 * sum(vectors)


def signals_memory(params: Params, shape: ModelShape, names: frozenset[str]) -> float:
    """Return the bytes that measuring these signals takes on a device, 0 for none.

    Weights, and what one batch leaves for the backward pass: per token and layer above the lowest
    one asked for, eight activations of the width and three of the MLP.
    """
    if not names:
        return 0.0
    layers = tapped_layers(names, params.signals, shape.layers)
    kept = shape.layers - min(layers) if layers else 1
    return _held(params, shape) + _activations(params, shape, kept, params.signals.tokens_per_batch)


def adapter_bytes(params: Params, shape: ModelShape) -> float:
    """Return the bytes of one step's adapter: all that it trains."""
    single = shape.former is not None  # a BLIP's projector is part of what trains in float32
    number = ADAPTER_BYTES if single else WEIGHT_BYTES[params.model.dtype]
    factors = shape.adapter_weights(params.lora.rank)
    return ADAPTER_BYTES * factors + number * shape.projector_weights


def _passes(method: Method, images: float) -> list[Pass]:
    """Return the passes that a method makes over samples with so many images each."""
    return [one for one in passes_for(method.signals) if images or one.kind not in OVER_IMAGES]


def _training(params: Params, shape: ModelShape, lengths: Lengths) -> float:
    return params.train.epochs * trained_once(params, shape, lengths)


def _proxy_shape(params: Params, shape: ModelShape) -> ModelShape:
    """Return the proxy's shape; a published one (a folder's name) counts as the main model's."""
    proxy = params.signals.proxy
    if isinstance(proxy, MiniModel):
        return shape_of(replace(params.model, mini=proxy, checkpoint=None))
    return shape


def _held(params: Params, shape: ModelShape) -> float:
    """Return the bytes of the weights and the adapter.

    A BLIP's part trains in float32, beside what it was before the step.
    """
    number = WEIGHT_BYTES[params.model.dtype]
    factors = shape.adapter_weights(params.lora.rank)
    each = 2 * ADAPTER_BYTES - number if shape.former else ADAPTER_BYTES
    return number * shape.parameters + each * factors


def _training_memory(
    params: Params, shape: ModelShape, stream: Sequence[Arrival], extra: Extra
) -> float:
    """Weights, gradients and Adam's two moments of what is trained, and a batch's activations.

    Of a learner that lets samples pass apart from the micro-batch, the larger of both counts.
    """
    trained = shape.adapter_weights(params.lora.rank) + shape.projector_weights
    longest = max(arrival.lengths.tokens for arrival in stream)
    copies = DROPPED_OVER_PLAIN if params.lora.dropout and not shape.former else 1
    tokens = (params.train.micro_batch_size + extra.beside) * longest
    if params.train.gradient_checkpointing:
        kept = WEIGHT_BYTES[params.model.dtype] * shape.layers * shape.width * tokens
        activations = kept + copies * _activations(params, shape, 1, tokens)
    else:
        activations = copies * _activations(params, shape, shape.layers, tokens)
    apart = _activations(params, shape, shape.layers, extra.apart * longest) + extra.apart_held
    always = _held(params, shape) + 3 * ADAPTER_BYTES * trained
    return always + max(activations + extra.held, apart)


def _activations(params: Params, shape: ModelShape, layers: int, tokens: float) -> float:
    size = WEIGHT_BYTES[params.model.dtype]
    return size * tokens * layers * (8 * shape.width + 3 * shape.mlp_width)
