"""The paper's claims about mechanisms (ICLR 2025, §3.1, §3.2, §4.2, §4.3), put to the numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from liit.evaluation.statistics import Estimate, over_seeds
from liit.instrument.detectors import auroc, explained, over_samples
from liit.instrument.groups import SEEDS, Agreement, evenness, pool_shares
from liit.instrument.judge import Judgement
from liit.instrument.measure import HIDDEN, MIDDLE
from liit.reporting.claims import Claim

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
    whole = [one for one in judgements if one.copies]
    scored = [one for one in judgements if one.scores]
    claims: dict[str, Differences] = {
        "Gradients are more separable by skill than hidden states (§4.2; Figures 2B and 4).": {
            **_ami_gaps(scored, MIDDLE, HIDDEN),
            **_ami_gaps(scored, MIDDLE, "hidden state, all layers"),
        },
        "Hidden states hold the semantics: near-copies are told by them rather than by gradients "
        "(§4.2, §4.4; Figure 4).": _copy_gaps(whole),
        "A few layers are enough: groups of the middle layer's gradients lose little against all "
        f"layers' (§4.2; here: less than {MINOR:g} hundredths).": _ami_gaps(
            scored, MIDDLE, EVERY, MINOR
        ),
        "Tasks are most compact in gradients of the middle layer, less in the last, least in the "
        "first (Figure 5B).": {
            **_ami_gaps(scored, MIDDLE, LAST),
            **_ami_gaps(scored, LAST, FIRST),
        },
        "A score says what task a sample is of before it says how good the sample is (§3.1; "
        "Figure 2A).": _task_gaps(scored),
        "High EL2N prefers captioning to knowledge VQA (§3.1; Figure 2A).": _captions_first(scored),
        "Entropy separates knowledge VQA from captioning better than EL2N (§3.1; Figure 2A).": (
            _separations(scored)
        ),
        "High perplexity finds the low-quality samples of VQA (§3.1; Figure 2C, top).": {
            f"AUROC of perplexity for spoiled answers in VQA − {CHANCE:g}, {_where(one)}": gap
            for one in scored
            if (gap := _scaled(one.scores["Perplexity"]["spoiled_vqa"], CHANCE))
        },
        "High image grounding marks the samples that need their image (§3.2; Figure 2C, bottom).": {
            f"AUROC of image grounding for “needs the image” − {CHANCE:g}, {_where(one)}": gap
            for one in scored
            if (gap := _scaled(one.grounding, CHANCE))
        },
        "Equal budgets per group give a choice that is balanced over skills (§4.3).": {
            f"evenness of the skills under equal budgets − in the pool, {_where(one)}": _over_seeds(
                one.agreements[MIDDLE],
                lambda a, one=one: evenness(a.shares) - evenness(pool_shares(one.grouped.skill)),
            )
            for one in scored
        },
    }
    return [
        Claim(text, gaps, len(SEEDS), () if gaps else ("what it is about",))
        for text, gaps in claims.items()
    ]


def _where(one: Judgement) -> str:
    return f"t = {one.pool.step}, {one.pool.model}"


def _over_seeds(
    agreements: Iterable[Agreement], value: Callable[[Agreement], float]
) -> Estimate:
    return over_seeds([100 * value(one) for one in agreements])


def _ami_gaps(
    judgements: Iterable[Judgement], more: str, less: str, constant: float = 0.0
) -> Differences:
    """Return AMI with the skills of one space less that of another, paired by clustering seed."""
    text = f"AMI of {more} − of {less}" + (f" + {constant:g}" if constant else "")
    gaps = {}
    for one in judgements:
        pairs = zip(one.agreements[more], one.agreements[less], strict=True)
        values = [100 * (a.ami["skill"] - b.ami["skill"]) + constant for a, b in pairs]
        gaps[f"{text}, {_where(one)}"] = over_seeds(values)
    return gaps


def _copy_gaps(judgements: Iterable[Judgement]) -> Differences:
    gaps = {}
    for one in judgements:
        hidden, gradient = one.detectors[HIDDEN], one.detectors[MIDDLE]

        def gap(rows: np.ndarray, hidden=hidden, gradient=gradient) -> float:  # type: ignore[no-untyped-def]
            copied = hidden.copied[rows]
            above, below = hidden.similarity[rows], gradient.similarity[rows]
            return 100 * (auroc(copied, above) - auroc(copied, below))

        if found := over_samples(gap, len(hidden.copied)):
            gaps[f"AUROC for near-copies of {HIDDEN} − of {MIDDLE}, {_where(one)}"] = found
    return gaps


def _task_gaps(judgements: Iterable[Judgement]) -> Differences:
    gaps = {}
    for one in judgements:
        for name, values in one.values.items():

            def gap(rows: np.ndarray, values=values, truth=one.truth) -> float:  # type: ignore[no-untyped-def]
                by_skill = explained(truth.skill[rows], values[rows])
                return 100 * (by_skill - explained(truth.spoiled[rows], values[rows]))

            if found := over_samples(gap, len(values)):
                text = f"variance of {name} that skill explains − that being spoiled explains"
                gaps[f"{text}, {_where(one)}"] = found
    return gaps


def _contrast(one: Judgement) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of captioning and knowledge VQA in M3IT, and which are captioning."""
    skill, described = one.truth.skill, one.truth.dataset == DESCRIBED
    rows = np.flatnonzero(described & np.isin(skill, ["captioning", "kvqa"]))
    return rows, skill[rows] == "captioning"


def _captions_first(judgements: Iterable[Judgement]) -> Differences:
    gaps = {}
    for one in judgements:
        rows, captions = _contrast(one)
        values = one.values["EL2N"][rows]

        def gap(r: np.ndarray, captions=captions, values=values) -> float:  # type: ignore[no-untyped-def]
            return 100 * auroc(captions[r], values[r]) - CHANCE

        if len(rows) and (found := over_samples(gap, len(rows))):
            gaps[f"AUROC of EL2N for captioning − {CHANCE:g}, {_where(one)}"] = found
    return gaps


def _separations(judgements: Iterable[Judgement]) -> Differences:
    gaps = {}
    for one in judgements:
        rows, captions = _contrast(one)
        pair = one.values["Entropy"][rows], one.values["EL2N"][rows]

        def gap(r: np.ndarray, captions=captions, pair=pair) -> float:  # type: ignore[no-untyped-def]
            apart = [abs(100 * auroc(captions[r], values[r]) - CHANCE) for values in pair]
            return apart[0] - apart[1]

        if len(rows) and (found := over_samples(gap, len(rows))):
            text = f"|AUROC − {CHANCE:g}| of entropy − of EL2N for captioning against kvqa"
            gaps[f"{text}, {_where(one)}"] = found
    return gaps


def _scaled(value: Estimate | None, less: float) -> Estimate | None:
    """Return hundredths above a constant; None where the number is undefined."""
    if value is None or value.low is None or value.high is None:
        return None
    return Estimate(*(100 * end - less for end in (value.mean, value.low, value.high)))
