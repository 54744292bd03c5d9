"""What the judgements came to, as `reports/instrument.json` holds it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from liit.config import Params
from liit.evaluation.statistics import Estimate, over_seeds
from liit.instrument.detectors import REDRAWN
from liit.instrument.groups import SEEDS, TRUTHS, Agreement, mean_of, pool_shares
from liit.instrument.judge import CONTROLS, Judgement
from liit.instrument.measure import FEW, GROUPED, MIDDLE
from liit.instrument.models import JudgedModel
from liit.instrument.verdicts import mechanism_claims
from liit.reporting.side_record import DIGITS, claims_as_json, rounded


def record_of(
    params: Params,
    models: Sequence[JudgedModel],
    proxy: str | None,
    judgements: Sequence[Judgement],
) -> dict[str, Any]:
    """Return the whole record; numbers are shares, AMI and AUROC, 0 to 1, unless a field says.

    ``proxy``: the digest of its weights, None where it was not judged.
    """
    judged = [one for one in judgements if one.scores]
    return {
        "scale": params.scale,
        "budget": params.budget,
        "proxy": proxy,
        "settings": {"grouped": GROUPED, "few": FEW, "seeds": len(SEEDS), "redrawn": REDRAWN},
        "models": [
            {"name": model.name, "sha256": model.theta.digest, "steps": list(model.steps)}
            for model in models
        ],
        "pools": [_pool(one) for one in judged],
        "representations": [row for one in judgements for row in _representations(one)],
        "over_models": over_models(judged),
        "equal_budgets": [row for one in judged for row in _budgets(one)],
        "scores": [row for one in judged for row in _scores(one)],
        "grounding": [{**_where(one), "needs_image": rounded(one.grounding)} for one in judged],
        "copies": [row for one in judged for row in _copies(one)],
        "claims": claims_as_json(mechanism_claims(judgements)),
    }


def over_models(judged: Iterable[Judgement]) -> list[dict[str, Any]]:
    """Return each space's AMI at the elbow over the models that were shown the last pool."""
    by_step: dict[int, list[Judgement]] = {}
    for one in judged:
        by_step.setdefault(one.pool.step, []).append(one)
    alike = by_step[max(by_step)] if by_step else []
    rows = []
    for space in alike[0].pool.spaces if alike else ():
        means = [
            {name: over_seeds(_ami(one.agreements[space], name)).mean for name in TRUTHS}
            for one in alike
            if space in one.agreements
        ]
        ami = {name: rounded(value) for name, value in mean_of(means).items()}
        rows.append({"step": alike[0].pool.step, "space": space, "models": len(means), "ami": ami})
    return rows


def _ami(agreements: Iterable[Agreement], name: str) -> list[float]:
    return [one.ami[name] for one in agreements]


def _where(one: Judgement) -> dict[str, Any]:
    return {"model": one.pool.model, "step": one.pool.step, "dataset": one.pool.name}


def _pool(one: Judgement) -> dict[str, Any]:
    truth = one.truth
    return {
        **_where(one),
        "size": one.pool.size,
        "measured": len(truth.skill),
        "grouped": len(one.pool.rows),
        "spoiled": int(truth.spoiled.sum()),
        "image_needed": int((truth.needs_image == 1).sum()),
        "image_not_needed": int((truth.needs_image == 0).sum()),
    }


def _representations(one: Judgement) -> Iterable[dict[str, Any]]:
    kind = "draw" if one.scores else "few"
    for space, agreements in one.agreements.items():
        yield {**_where(one), **_agreement(space, agreements, len(one.pool.rows)), "kind": kind}
    if one.whole:
        yield {**_where(one), **_agreement(MIDDLE, one.whole, one.pool.size), "kind": "whole"}


def _agreement(space: str, agreements: Sequence[Agreement], rows: int) -> dict[str, Any]:
    grids = {
        name: mean_of([{str(k): v for k, v in a.grid[name].items()} for a in agreements])
        for name in TRUTHS
    }
    return {
        "space": space,
        "control": space in CONTROLS,
        "rows": rows,
        "k": [a.k for a in agreements],
        "ami": _estimates(mean_of([a.ami for a in agreements])),
        "homogeneity": _estimates(mean_of([a.homogeneity for a in agreements])),
        "grid": {name: _estimates(grid) for name, grid in grids.items()},
    }


def _budgets(one: Judgement) -> Iterable[dict[str, Any]]:
    agreements, truth = one.methods_groups
    given, filled = (
        mean_of([getattr(a, field) for a in agreements]) for field in ("shares", "filled")
    )
    for skill, share in pool_shares(truth.skill).items():
        yield {
            **_where(one),
            "skill": skill,
            "rows": len(truth.skill),
            "pool": round(share, DIGITS),
            "equal_budgets": rounded(given[skill]),
            "groups": rounded(filled[skill]),
        }


def _scores(one: Judgement) -> Iterable[dict[str, Any]]:
    for name in one.values:  # the judgements come in as they are done
        numbers = one.scores[name]
        row = {**_where(one), "score": name, **_estimates(numbers)}
        for mark in ("spoiled", "spoiled_vqa"):
            row[f"{mark}_low"] = rounded(_reversed(numbers[mark]))
        yield row


def _copies(one: Judgement) -> Iterable[dict[str, Any]]:
    for space in one.pool.spaces if one.copies else ():
        detector = one.detectors[space]
        yield {
            **_where(one),
            "space": space,
            "copies": int(detector.copied.sum()),
            **_estimates(one.copies[space]),
            "removed": {
                name: round(1 - kept / one.pool.size, DIGITS) for name, kept in one.cuts.items()
            },
        }


def _reversed(value: Estimate | None) -> Estimate | None:
    """Return the AUROC of the same score with low values taken for true."""
    if value is None or value.low is None or value.high is None:
        return None
    return Estimate(1 - value.mean, 1 - value.high, 1 - value.low)


def _estimates(values: Mapping[str, Estimate | None]) -> dict[str, Any]:
    return {name: rounded(value) for name, value in values.items()}
