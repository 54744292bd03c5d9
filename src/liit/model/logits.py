"""Logits at answer positions alone: the full sequence × vocabulary array is never made."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from liit.data.encode import IGNORED
from liit.model.queries import QueryModel
from liit.model.records import announce, plain


def answer_logits(model: Any, batch: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor]:
    """Run the model and return the logits that predict answer tokens.

    ``batch`` is what ``Encoder.collate`` returns. Returns logits [m, V], the tokens they predict
    [m] and the batch row of each [m], in row order.
    """
    inputs = {name: value for name, value in batch.items() if name not in ("ids", "labels")}
    announce(model, batch)
    core = plain(model)
    if isinstance(core, QueryModel):
        hidden = core.answer_states(inputs)
    else:
        hidden = core.model(**inputs, use_cache=False).last_hidden_state
    targets = batch["labels"][:, 1:]
    answered = targets != IGNORED
    rows = answered.nonzero()[:, 0]
    return core.get_output_embeddings()(hidden[:, :-1][answered]), targets[answered], rows
