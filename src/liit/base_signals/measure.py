"""What θ_0 makes of the stream: signals of some samples of each skill, measured and drawn.

θ_0 is the model under which every method chooses first, so these figures belong to all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from liit import paths
from liit.base import open_encoder, theta_zero
from liit.base_signals import figures
from liit.base_signals.figures import Floats, SamplePicture
from liit.config import Params
from liit.data.corpus import Corpus
from liit.data.images import open_image
from liit.data.sample import IMAGE_TAG, Sample
from liit.data.sources import open_dataset
from liit.data.store import SampleStore
from liit.plotting import Drawing, save_drawings
from liit.seeds import generator
from liit.selection.method import Scorer
from liit.selection.scorers import el2n, entropy, image_grounding, perplexity
from liit.selection.signal_names import signals_of
from liit.signals.shared import measured_under

PER_SKILL = 80
"""Samples of each skill: enough for a histogram, few enough for a readable map."""
COMPARED = 10
"""Nearest neighbours whose skill is compared with the sample's."""
SHOWN = 5
"""Nearest neighbours that are shown."""
HEIGHT = 96
"""Height in pixels of the pictures that are shown."""
QUERIES = ("vqa", "multilingual")
"""Skills of the samples whose neighbours are shown, as in the paper's Figure 4."""

SCORES: dict[str, Scorer] = {
    "EL2N": el2n,
    "Entropy, nats": entropy,
    "Log-perplexity, nats": perplexity,
    "Image grounding, nats": image_grounding,
}
SPACES = {
    "gradient, first layer": "gradient_first",
    "gradient, middle layer": "gradient",
    "gradient, last layer": "gradient_last",
    "hidden state, middle layer": "hidden",
}


@dataclass(frozen=True)
class BaseSignals:
    """Some samples of the stream and the signals measured on them, aligned with ``ids``."""

    corpus: Corpus
    ids: Sequence[str]
    skills: Sequence[str]
    signals: Mapping[str, Floats]


def draw_base_signals(params: Params) -> None:
    """Measure some samples of every skill under θ_0 and keep the figures about them."""
    save_drawings(drawings(measure_base_signals(params)), paths.BASE_SIGNALS)


def measure_base_signals(params: Params) -> BaseSignals:
    """Measure every signal that the figures need, on one device."""
    stores = [open_dataset(params, dataset) for dataset in params.stream]
    skills = some_of_each_skill(stores)
    corpus = Corpus(stores, open_encoder(params))
    theta = theta_zero()
    wanted = {name for scorer in SCORES.values() for name in signals_of(scorer)}
    names, ids = frozenset(wanted | set(SPACES.values())), list(skills)
    signals = measured_under(theta, corpus, ids, names, params, title="θ_0")
    columns = {name: np.asarray(column, dtype=np.float64) for name, column in signals.items()}
    return BaseSignals(corpus, list(skills), list(skills.values()), columns)


def some_of_each_skill(stores: Sequence[SampleStore]) -> dict[str, str]:
    """Return up to ``PER_SKILL`` drawn samples of each skill, id -> skill, sorted by id.

    A dataset that publishes no skills counts as one skill of its own name.
    """
    by_skill: dict[str, list[str]] = {}
    for store in stores:
        columns = (store.column(name) for name in ("id", "skill", "source"))
        for id_, skill, source in zip(*columns, strict=True):
            by_skill.setdefault(skill or source, []).append(id_)
    chosen: dict[str, str] = {}
    for skill, ids in by_skill.items():
        drawn = generator(0, "first look", skill).permutation(np.array(sorted(ids)))[:PER_SKILL]
        chosen |= dict.fromkeys(drawn.tolist(), skill)
    return dict(sorted(chosen.items()))


def drawings(measured: BaseSignals) -> Iterator[Drawing]:
    """Yield the figures, one at a time."""
    skills, count = measured.skills, len(measured.ids)
    scores = {
        title: scorer(**{name: measured.signals[name] for name in signals_of(scorer)})
        for title, scorer in SCORES.items()
    }
    what = f"of {count} samples of the stream under θ_0, up to {PER_SKILL} of each skill"
    yield (
        "scores.svg",
        figures.draw_scores(scores, skills),
        f"Scores {what} (the paper's Figures 2A and 2C). Each histogram is scaled to its own top; "
        "the line marks the median.",
    )
    maps = {
        f"{space}: {100 * same_skill(vectors, skills):.0f} %": figures.tsne(vectors)
        for space, vectors in ((space, measured.signals[name]) for space, name in SPACES.items())
    }
    yield (
        "maps.svg",
        figures.draw_maps(maps, skills),
        f"t-SNE maps {what} (the paper's Figures 2B and 5B). The percentage is not read off the "
        f"map: how many of a sample's {COMPARED} nearest neighbours by cosine share its skill; "
        f"by chance it would be {100 * chance(skills):.0f} %.",
    )
    for skill in QUERIES:
        if skill in skills:
            yield _neighbours(measured, skill)


def same_skill(vectors: Floats, skills: Sequence[str]) -> float:
    """Return the mean share (0..1) of a sample's nearest neighbours that have its skill."""
    shares = []
    for query, skill in enumerate(skills):
        near = figures.nearest(vectors, query, COMPARED)
        shares += [np.mean([skills[row] == skill for row in near])] if near else []
    return float(np.mean(shares))


def chance(skills: Sequence[str]) -> float:
    """Return what :func:`same_skill` is expected to be for neighbours drawn at random."""
    _, counts = np.unique(np.asarray(skills), return_counts=True)
    return float((counts * (counts - 1)).sum() / (len(skills) * max(1, len(skills) - 1)))


def _neighbours(measured: BaseSignals, skill: str) -> Drawing:
    query = measured.skills.index(skill)
    near = {
        space: [
            _picture(measured, row) for row in figures.nearest(measured.signals[name], query, SHOWN)
        ]
        for space, name in (("gradient", "gradient"), ("hidden state", "hidden"))
    }
    caption = (
        f"The samples nearest to one of skill {skill}, by gradient and by hidden state of the "
        "middle layer under θ_0 (the paper's Figure 4)."
    )
    figure = figures.draw_neighbours(_picture(measured, query), near)
    return f"neighbours_{skill}.svg", figure, caption


def _picture(measured: BaseSignals, row: int) -> SamplePicture:
    sample = measured.corpus.sample(measured.ids[row])
    question, answer = (" ".join(turn.text.split()) for turn in sample.turns[:2])
    question = question.removeprefix(IMAGE_TAG).replace(IMAGE_TAG, "▢").strip()
    image = _side_by_side(sample, measured.corpus.image_root(sample.id))
    return SamplePicture(image, question, answer, measured.skills[row])


def _side_by_side(sample: Sample, image_root: Path | None) -> NDArray[np.uint8] | None:
    """Return the sample's images in one row, all of one height, or None for text alone."""
    parts = []
    for ref in sample.images:
        image = open_image(ref, image_root)
        width = max(1, round(image.width * HEIGHT / image.height))
        parts += [np.asarray(image.resize((width, HEIGHT), 0)), np.full((HEIGHT, 4, 3), 255)]
    return np.hstack(parts[:-1]).astype(np.uint8) if parts else None
