"""Greedy decoding and scoring of given answers for left-padded batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from liit.model.records import inner


@torch.inference_mode()
def greedy(
    model: Any,
    batch: dict[str, Any],
    *,
    limit: int,
    end: int,
    stopped: Callable[[list[int]], bool] | None = None,
) -> list[list[int]]:
    """Return the most likely next tokens of each row, at most ``limit``, without ``end``.

    ``batch`` is left-padded: input_ids, attention_mask [n, L], and what its images need.
    A row stops at the token ``end`` or when ``stopped`` says so of its tokens. Images are seen
    once; later tokens reuse the key-value cache, which finished rows leave at once.
    """
    mask = batch["attention_mask"]
    positions = _positions(model, batch)
    step = model(
        **batch, position_ids=positions, use_cache=True, logits_to_keep=1, return_dict=True
    )
    positions, cache = positions[..., -1:], step.past_key_values
    answers: list[list[int]] = [[] for _ in range(len(mask))]
    rows = list(range(len(mask)))
    while True:
        following = step.logits[:, -1].argmax(-1)
        kept = []
        for place, token in enumerate(following.tolist()):
            answer = answers[rows[place]]
            if token == end:
                continue
            answer.append(token)
            if len(answer) < limit and not (stopped is not None and stopped(answer)):
                kept.append(place)
        if not kept:
            return answers
        if len(kept) < len(rows):
            rows = [rows[place] for place in kept]
            chosen = torch.tensor(kept, device=mask.device)
            following, mask, positions = following[chosen], mask[chosen], positions[..., chosen, :]
            cache.batch_select_indices(chosen)
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
        positions = positions + 1
        step = model(
            input_ids=following[:, None],
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            return_dict=True,
        )


@torch.inference_mode()
def next_log_probabilities(model: Any, batch: dict[str, Any], *, last: int) -> Tensor:
    """Return float32 log-probabilities [n, last, vocabulary] of what follows the last positions.

    ``batch`` is left-padded, so that the last positions of all rows are the same.
    """
    step = model(
        **batch,
        position_ids=_positions(model, batch),
        use_cache=False,
        logits_to_keep=last,
        return_dict=True,
    )
    logits: Tensor = step.logits.float()
    return logits.log_softmax(-1)


def _positions(model: Any, batch: dict[str, Any]) -> Tensor:
    """Return positions [n, L], or [3, n, L] where a model counts time, height and width apart."""
    if "image_grid_thw" in batch:
        names = ("input_ids", "attention_mask", "mm_token_type_ids", "image_grid_thw")
        given = {name: batch[name] for name in names}
        positions: Tensor = inner(model).get_rope_index(**given)[0]
        return positions
    mask: Tensor = batch["attention_mask"]
    return (mask.cumsum(1) - 1).clamp(min=0)
