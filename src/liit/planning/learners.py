"""What a learner costs at a step beside plain training: operations, memory, bytes that stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from liit.config import Params
from liit.learner import SINGLE, Extra, Learner, Sizes
from liit.planning.operations import forward_operations, training_operations
from liit.planning.shape import WEIGHT_BYTES, Lengths, ModelShape
from liit.planning.workload import Arrival


@dataclass(frozen=True, slots=True)
class LearnerCost:
    """Operations that a step takes besides, the bytes that it leaves, and all that it is told."""

    operations: float
    state_bytes: float
    extra: Extra


def learner_cost(
    params: Params,
    shape: ModelShape,
    learner: Learner,
    trained: int,
    *,
    lengths: Lengths,
    earlier: Sequence[Arrival],
) -> LearnerCost:
    """Return what a learner adds to a step of ``trained`` samples after the ``earlier`` datasets.

    The first step is charged with what is done to the model of t = 0 as well.
    """
    extra = learner.cost(_sizes(params, shape, lengths, len(earlier)))
    once, forward = trained_once(params, shape, lengths), forward_operations(shape, lengths)
    passes = params.train.epochs * (extra.gradients * once + extra.forwards * forward)
    operations = trained * passes + min(extra.measured, trained) * once
    for arrival in earlier:
        per_sample = params.train.epochs * trained_once(params, shape, arrival.lengths) + passes
        operations += extra.replayed * arrival.size * per_sample
    kept = extra.kept
    if len(earlier) == 1:
        zero = earlier[0]
        start = learner.cost(_sizes(params, shape, zero.lengths, 0))
        measured = min(start.measured, zero.size)
        operations += measured * trained_once(params, shape, zero.lengths)
        kept += start.kept
    return LearnerCost(operations, SINGLE * kept, extra)  # a state is in float32


def trained_once(params: Params, shape: ModelShape, lengths: Lengths) -> float:
    """Return the operations of training on one sample once."""
    return training_operations(
        shape, lengths, params.lora.rank, checkpointing=params.train.gradient_checkpointing
    )


def _sizes(params: Params, shape: ModelShape, lengths: Lengths, step: int) -> Sizes:
    return Sizes(
        step=step,
        adapted=shape.adapted_weights,
        matrix=shape.largest_adapted_matrix,
        factors=shape.adapter_weights(params.lora.rank),
        first=shape.layers * params.lora.rank * (6 * shape.width + shape.mlp_width),
        projector=shape.projector_weights,
        logits=lengths.answers * shape.vocabulary,
        batch=params.train.batch_size,
        micro_batch=params.train.micro_batch_size,
        number_bytes=WEIGHT_BYTES[params.model.dtype],
    )
