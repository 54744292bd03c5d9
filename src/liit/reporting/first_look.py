"""What θ_0 makes of the stream: signals of some samples of each skill, measured and drawn.

θ_0 is the model under which every method chooses first, so these figures belong to all of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from liit import paths, stamps
from liit.base import open_encoder, theta_zero
from liit.config import Params
from liit.data.corpus import Corpus
from liit.data.images import open_image
from liit.data.prepare import open_dataset
from liit.data.sample import IMAGE_TAG, Sample
from liit.data.store import SampleStore
from liit.model.load import load_theta
from liit.reporting import signal_figures
from liit.reporting.drawings import Drawing
from liit.reporting.pictures import keep_pictures
from liit.reporting.signal_figures import Floats, Shown
from liit.seeds import generator, seed_for
from liit.selection.files import digest_ids
from liit.selection.method import Scorer
from liit.selection.scorers import el2n, entropy, image_grounding, perplexity
from liit.selection.signal_names import signals_of
from liit.signals.engine import measure
from liit.signals.shared import measured_once

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
SCORES_FILE, MAPS_FILE, NEIGHBOURS = "scores.svg", "maps.svg", "neighbours_"


@dataclass(frozen=True)
class Look:
    """Some samples of the stream and what was measured on them, aligned with ``ids``."""

    corpus: Corpus
    ids: Sequence[str]
    skills: Sequence[str]
    signals: Mapping[str, Floats]

    @property
    def scores(self) -> dict[str, Floats]:
        """Return the scores of Adapt-∞ by title, [n] each."""
        return {
            title: scorer(**{name: self.signals[name] for name in signals_of(scorer)})
            for title, scorer in SCORES.items()
        }

    @property
    def spaces(self) -> dict[str, Floats]:
        """Return the spaces that samples are compared in, [n, d] each."""
        return {title: self.signals[name] for title, name in SPACES.items()}


def draw_first_look(params: Params) -> None:
    """Measure some samples of every skill under θ_0 and keep the figures about them."""
    keep_pictures(paths.ROOT, drawings(take_look(params)))


def take_look(params: Params) -> Look:
    """Measure every signal that the figures need, on one device."""
    stores = [open_dataset(params, dataset) for dataset in params.stream]
    chosen = some_of_each_skill(stores)
    corpus = Corpus(stores, open_encoder(params))
    theta = theta_zero()
    wanted = {name for scorer in SCORES.values() for name in signals_of(scorer)}
    names, ids = frozenset(wanted | set(SPACES.values())), list(chosen)
    stamp = stamps.signals(params, names, ids=digest_ids(ids), weights=theta.digest)

    def fill(folder: Path) -> None:
        measure(
            load_theta(theta, dtype=params.model.dtype, merged=False),
            corpus,
            ids,
            names,
            settings=params.signals,
            devices=dataclasses.replace(params.devices, devices=1, num_nodes=1, strategy="auto"),
            folder=folder,
            made_from=stamp,
            seed=seed_for(0, "projection"),
            title="θ_0",
        )

    signals = measured_once(stamp, fill)
    columns = {name: np.asarray(column, dtype=np.float64) for name, column in signals.items()}
    return Look(corpus, list(chosen), list(chosen.values()), columns)


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


def drawings(look: Look) -> Iterator[Drawing]:
    """Yield the figures, one at a time."""
    what = f"of {len(look.ids)} samples of the stream under θ_0, up to {PER_SKILL} of each skill"
    yield (
        SCORES_FILE,
        signal_figures.score_distributions(look.scores, look.skills),
        f"Scores {what} (the paper's Figures 2A and 2C). Each histogram is scaled to its own top; "
        "the line marks the median.",
    )
    agreement = {space: same_skill(v, look.skills) for space, v in look.spaces.items()}
    maps = {
        f"{space}: {100 * agreement[space]:.0f} %": signal_figures.tsne(vectors, seed=0)
        for space, vectors in look.spaces.items()
    }
    yield (
        MAPS_FILE,
        signal_figures.embedding_maps(maps, look.skills),
        f"t-SNE maps {what} (the paper's Figures 2B and 5B). The percentage is not read off the "
        f"map: how many of a sample's {COMPARED} nearest neighbours by cosine share its skill; "
        f"by chance it would be {100 * chance(look.skills):.0f} %.",
    )
    for skill in QUERIES:
        if skill in look.skills:
            yield _neighbours(look, skill)


def same_skill(vectors: Floats, skills: Sequence[str]) -> float:
    """Return the mean share (0..1) of a sample's nearest neighbours that have its skill."""
    shares = []
    for query, skill in enumerate(skills):
        found = signal_figures.nearest(vectors, query, COMPARED)
        shares += [np.mean([skills[one] == skill for one in found])] if found else []
    return float(np.mean(shares))


def chance(skills: Sequence[str]) -> float:
    """Return what :func:`same_skill` is expected to be for neighbours drawn at random."""
    _, counts = np.unique(np.asarray(skills), return_counts=True)
    return float((counts * (counts - 1)).sum() / (len(skills) * max(1, len(skills) - 1)))


def _neighbours(look: Look, skill: str) -> Drawing:
    query = look.skills.index(skill)
    found = {
        space: [
            _shown(look, one) for one in signal_figures.nearest(look.signals[name], query, SHOWN)
        ]
        for space, name in (("gradient", "gradient"), ("hidden state", "hidden"))
    }
    text = (
        f"The samples nearest to one of skill {skill}, by gradient and by hidden state of the "
        "middle layer under θ_0 (the paper's Figure 4)."
    )
    figure = signal_figures.neighbour_figure(_shown(look, query), found)
    return f"{NEIGHBOURS}{skill}.svg", figure, text


def _shown(look: Look, row: int) -> Shown:
    sample = look.corpus.sample(look.ids[row])
    asked, answer = (" ".join(turn.text.split()) for turn in sample.turns[:2])
    asked = asked.removeprefix(IMAGE_TAG).replace(IMAGE_TAG, "▢").strip()
    return Shown(
        _picture(sample, look.corpus.image_root(sample.id)), asked, answer, look.skills[row]
    )


def _picture(sample: Sample, image_root: Path | None) -> NDArray[np.uint8] | None:
    """Return the sample's images side by side, all of one height, or None for text alone."""
    parts = []
    for ref in sample.images:
        image = open_image(ref, image_root)
        width = max(1, round(image.width * HEIGHT / image.height))
        parts += [np.asarray(image.resize((width, HEIGHT), 0)), np.full((HEIGHT, 4, 3), 255)]
    return np.hstack(parts[:-1]).astype(np.uint8) if parts else None
