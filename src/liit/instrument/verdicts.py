"""The paper's claims about mechanisms (ICLR 2025, §3.1, §3.2, §4.2, §4.3), put to the numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np

from liit.evaluation.statistics import Estimate, over_seeds
from liit.instrument.detectors import auroc, explained, over_samples
from liit.instrument.groups import SEEDS, evenness, pool_shares
from liit.instrument.judge import Judgement
from liit.instrument.measure import HIDDEN, MIDDLE, SCORES
from liit.instrument.truth import codes
from liit.reporting.claims import Claim
from liit.selection.arrays import Ints

MINOR = 5.0
"""Hundredths of AMI that still count as hardly less. The paper gives no margin."""
CHANCE = 50.0
"""An AUROC of no use, in hundredths."""
DESCRIBED = "m3it"
"""The dataset that the paper's Figure 2 is about."""
FIRST, LAST, EVERY = (f"gradient, {layer}" for layer in ("first layer", "last layer", "all layers"))

Differences = dict[str, Estimate]


def mechanism_claims(judgements: Sequence[Judgement]) -> list[Claim]:
    """Return the claims, each with the differences that it comes down to, in hundredths."""
    judged = [one for one in judgements if one.scores]
    claims = {**_claims_on_groups(judged), **_claims_on_scores(judged)}
    return [
        Claim(text, gaps, len(SEEDS), () if gaps else ("samples that it is about",))
        for text, gaps in claims.items()
    ]


def _claims_on_groups(judged: Sequence[Judgement]) -> dict[str, Differences]:
    few_layers = (
        "A few layers are enough: groups of the middle layer's gradients lose little against all "
        f"layers' (§4.2; here: less than {MINOR:g} hundredths)."
    )
    return {
        "Gradients are more separable by skill than hidden states (§4.2; Figures 2B and 4).": {
            **_ami_gaps(judged, MIDDLE, HIDDEN),
            **_ami_gaps(judged, MIDDLE, "hidden state, all layers"),
        },
        "Hidden states hold the semantics: near-copies are told by them rather than by gradients "
        "(§4.2, §4.4; Figure 4).": _by_pool(
            f"AUROC for near-copies of {HIDDEN} − of {MIDDLE}", judged, _copy_gap
        ),
        few_layers: _ami_gaps(judged, MIDDLE, EVERY, MINOR),
        "Tasks are most compact in gradients of the middle layer, less in the last, least in the "
        "first (§6; Figure 5B).": {
            **_ami_gaps(judged, MIDDLE, LAST),
            **_ami_gaps(judged, LAST, FIRST),
        },
        "Equal budgets per group give a choice that is balanced over skills (§4.3).": _by_pool(
            "evenness of skills under equal budgets − in the pool", judged, _evenness_gap
        ),
    }


def _claims_on_scores(judged: Sequence[Judgement]) -> dict[str, Differences]:
    by_task: Differences = {}
    for name in SCORES:
        text = f"variance of {name} that skill explains − that being spoiled explains"
        by_task |= _by_pool(text, judged, partial(_task_gap, name))
    return {
        "A score says of what task a sample is before it says how good the sample is (§3.1; "
        "Figure 2A).": by_task,
        "High EL2N prefers captioning to knowledge VQA (§3.1; Figure 2A).": _by_pool(
            f"AUROC of EL2N for captioning against kvqa − {CHANCE:g}", judged, _captions_first
        ),
        "Entropy separates knowledge VQA from captioning better than EL2N (§3.1; Figure 2A).": (
            _by_pool(
                f"|AUROC − {CHANCE:g}| of entropy − of EL2N, captioning against kvqa",
                judged,
                _separation,
            )
        ),
        "High perplexity finds the low-quality samples of VQA (§3.1; Figure 2C, top).": _by_pool(
            f"AUROC of perplexity for spoiled answers in VQA − {CHANCE:g}",
            judged,
            lambda one: _above_chance(one.scores["Perplexity"]["spoiled_vqa"]),
        ),
        "High image grounding marks the samples that need their image (§3.2; Figure 2C, bottom).": (
            _by_pool(
                f"AUROC of image grounding for “needs its image” − {CHANCE:g}",
                judged,
                lambda one: _above_chance(one.grounding),
            )
        ),
    }


def _by_pool(
    text: str, judged: Iterable[Judgement], gap: Callable[[Judgement], Estimate | None]
) -> Differences:
    """Return a difference for each pool and model in which it is defined."""
    gaps = {f"{text}; t = {one.pool.step}, {one.pool.model}": gap(one) for one in judged}
    return {statement: value for statement, value in gaps.items() if value is not None}


def _ami_gaps(
    judged: Iterable[Judgement], more: str, less: str, constant: float = 0.0
) -> Differences:
    """Return AMI with the skills of one space less that of another, paired by clustering seed."""

    def gap(one: Judgement) -> Estimate:
        pairs = zip(one.agreements[more], one.agreements[less], strict=True)
        return over_seeds([100 * (a.ami["skill"] - b.ami["skill"]) + constant for a, b in pairs])

    extra = f" + {constant:g}" if constant else ""
    return _by_pool(f"AMI with skill of {more} − of {less}{extra}", judged, gap)


def _evenness_gap(one: Judgement) -> Estimate:
    agreements, truth = one.methods_groups
    before = evenness(pool_shares(truth.skill))
    return over_seeds([100 * (evenness(each.shares) - before) for each in agreements])


def _copy_gap(one: Judgement) -> Estimate | None:
    if not one.detectors:
        return None
    hidden, gradient = one.detectors[HIDDEN], one.detectors[MIDDLE]

    def gap(rows: Ints) -> float:
        copied = hidden.copied[rows]
        of_hidden = auroc(copied, hidden.similarity[rows])
        return 100 * (of_hidden - auroc(copied, gradient.similarity[rows]))

    return over_samples(gap, len(hidden.copied))


def _task_gap(score: str, one: Judgement) -> Estimate | None:
    skill, spoiled = codes(one.truth.skill), one.truth.spoiled
    if score not in one.values or not 0 < spoiled.sum() < len(spoiled):
        return None
    values = one.values[score]

    def gap(rows: Ints) -> float:
        by_skill = explained(skill[rows], values[rows])
        return 100 * (by_skill - explained(spoiled[rows], values[rows]))

    return over_samples(gap, len(values))


def _contrast(one: Judgement) -> Ints:
    """Return the rows of captioning and knowledge VQA in the dataset of Figure 2."""
    described = one.truth.dataset == DESCRIBED
    return np.flatnonzero(described & np.isin(one.truth.skill, ["captioning", "kvqa"]))


def _caption_auroc(one: Judgement, score: str, rows: Ints) -> float:
    """Return the AUROC of a score for captioning against knowledge VQA, in hundredths."""
    return 100 * auroc(one.truth.skill[rows] == "captioning", one.values[score][rows])


def _captions_first(one: Judgement) -> Estimate | None:
    rows = _contrast(one)
    return over_samples(lambda r: _caption_auroc(one, "EL2N", rows[r]) - CHANCE, len(rows))


def _separation(one: Judgement) -> Estimate | None:
    rows = _contrast(one)

    def gap(r: Ints) -> float:
        apart = [abs(_caption_auroc(one, score, rows[r]) - CHANCE) for score in ("Entropy", "EL2N")]
        return apart[0] - apart[1]

    return over_samples(gap, len(rows))


def _above_chance(value: Estimate | None) -> Estimate | None:
    """Return an AUROC in hundredths above chance; None where it is undefined."""
    if value is None or value.low is None or value.high is None:
        return None
    return Estimate(*(100 * end - CHANCE for end in (value.mean, value.low, value.high)))
