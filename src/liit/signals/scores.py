"""Scores of single answer tokens from one softmax, averaged per sample."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from liit.signals.trunk import Answers

CHUNK_LOGITS = 1 << 22
"""Logits held at once (float32), whatever the vocabulary."""


def answer_scores(
    head: nn.Linear, hidden: Tensor, answers: Answers, *, gradient: bool
) -> tuple[dict[str, Tensor], Tensor | None]:
    """Score a batch at its answer positions.

    ``hidden`` [n, k, w] is the final norm's output at ``answers.places``. Returns float64 [n]
    means over each sample's answer tokens (NaN without any): ``nll`` -ln p_y, ``nll_exp`` 1/p_y,
    ``entropy`` -Σ p ln p in nats, ``error_norm`` ‖p - onehot(y)‖₂ (EL2N); and with ``gradient``
    the gradient [n, k, w] of each sample's own mean nll with respect to ``hidden``.
    """
    rows = answers.valid.nonzero()[:, 0]
    counts = answers.valid.sum(dim=1)
    flat, targets = hidden.detach()[answers.valid], answers.targets[answers.valid]
    tokens: list[Tensor] = [torch.zeros((0, 4), dtype=torch.float64, device=flat.device)]
    above: list[Tensor] = [flat[:0]]
    for part in chunks(len(flat), head):
        log_p = head(flat[part]).float().log_softmax(dim=-1)
        nll = -log_p.gather(1, targets[part, None])
        p = log_p.exp()
        entropy = _entropy(p, log_p)
        # p_y - 1 as minus the sum of the others: the difference has no digits for a sure answer.
        others = p.scatter_(1, targets[part, None], 0).sum(dim=1, keepdim=True)
        error = p.scatter_(1, targets[part, None], -others)
        norm = error.norm(dim=-1)
        four = torch.stack([nll[:, 0], nll[:, 0].exp(), entropy, norm], dim=1)
        tokens.append(four.double())
        if gradient:
            share = error.div_(counts[rows[part], None])
            above.append(share.to(flat.dtype) @ head.weight)
    sums = torch.zeros((len(hidden), 4), dtype=torch.float64, device=flat.device)
    means = sums.index_add_(0, rows, torch.cat(tokens)) / counts.unsqueeze(1)
    named = dict(zip(("nll", "nll_exp", "entropy", "error_norm"), means.unbind(1), strict=True))
    if not gradient:
        return named, None
    top = torch.zeros_like(hidden)
    top[answers.valid] = torch.cat(above).to(top.dtype)
    return named, top


def entropy_everywhere(head: nn.Linear, hidden: Tensor, mask: Tensor) -> Tensor:
    """Return the mean entropy in nats over all non-padding positions, float64 [n].

    ``hidden`` [n, L, w] is the final norm's output, ``mask`` [n, L] is 0 at padding.
    """
    real = mask.bool()
    rows, flat = real.nonzero()[:, 0], hidden[real]
    total = torch.zeros(len(hidden), dtype=torch.float64, device=flat.device)
    for part in chunks(len(flat), head):
        log_p = head(flat[part]).float().log_softmax(dim=-1)
        total.index_add_(0, rows[part], _entropy(log_p.exp(), log_p).double())
    return total / real.sum(dim=1)


def _entropy(p: Tensor, log_p: Tensor) -> Tensor:
    """Return the entropy of each row [n], in their precision: autocast would round to its own."""
    with torch.autocast(p.device.type, enabled=False):
        negative: Tensor = torch.linalg.vecdot(p, log_p)
    return -negative


def chunks(rows: int, head: nn.Linear) -> Iterator[slice]:
    """Cut ``rows`` so that the logits of a part fit ``CHUNK_LOGITS``."""
    step = max(1, CHUNK_LOGITS // head.out_features)
    return (slice(start, start + step) for start in range(0, rows, step))
