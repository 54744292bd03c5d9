"""Which passes over the pool a set of signal names asks for."""

from __future__ import annotations

from dataclasses import dataclass

from liit.config import Signals
from liit.errors import LiitError
from liit.selection.signal_names import SIGNALS

PASS_OF = dict.fromkeys(SIGNALS, "main") | {
    "nll_blind": "blind",
    "nll_unasked": "unasked",
    "nll_zero_image": "zero_image",
    "gradient_proxy": "proxy",
}
"""``main``: forward with images, and backward where gradients are asked for; ``blind``: forward
without images, over the samples that have any; ``unasked``: the same samples with images and
without questions; ``zero_image``: forward with zero images;
``proxy``: forward and backward of the proxy model."""

OVER_IMAGES = frozenset({"blind", "unasked"})
"""Passes over the samples that have images, and no others."""

MEASURED_AS = {
    "nll_blind": "nll",
    "nll_unasked": "nll",
    "nll_zero_image": "nll",
    "gradient_proxy": "gradient",
}
"""What a pass of its own calls the signal: the same number of other inputs or another model."""

PROJECTOR_GRADIENT = "gradient_projector"
FISHER = "fisher_last"
INFLUENCE = "target_influence"
ATTENDED = "attended_image"
BACKWARD = frozenset(
    {
        "gradient",
        "gradient_first",
        "gradient_last",
        "gradient_all",
        "gradient_proxy",
        PROJECTOR_GRADIENT,
        FISHER,
        INFLUENCE,
    }
)
"""Signals that need a backward pass."""

ZERO_ORDER = frozenset({"gradient_zero_order", "gradient_zero_order_fresh"})
ATTENTION = frozenset({"attention_image", "attention_text"})


def without_signals(model: str) -> LiitError:
    """Return why signals of a BLIP are not measured, and what to run instead."""
    return LiitError(
        f"{model} trains its Q-Former, not layers of its language model: signals are not measured "
        "for it.",
        next_step="run methods that need none: sequential, multitask, replay, random, or a learner "
        "(docs/methods.md).",
    )


@dataclass(frozen=True, slots=True)
class Pass:
    """One sweep over (part of) the pool, and the signals that come out of it."""

    kind: str
    names: frozenset[str]

    def __str__(self) -> str:
        """Say what the sweep does."""
        what = {
            "main": "forward",
            "blind": "forward without images",
            "unasked": "forward without questions",
            "zero_image": "forward with zero images",
            "proxy": "forward (proxy)",
        }
        text = what[self.kind]
        return f"{text} + backward" if self.names & BACKWARD else text


def passes_for(names: frozenset[str]) -> list[Pass]:
    """Return the fewest passes that give every name, in a fixed order.

    Raises LiitError for a name that is no signal.
    """
    for name in sorted(names - SIGNALS.keys()):
        raise LiitError(
            f"{name!r} is no signal.", next_step=f"the signals are {', '.join(sorted(SIGNALS))}."
        )
    kinds = sorted({PASS_OF[name] for name in names}, key=list(PASS_OF.values()).index)
    return [Pass(kind, frozenset(n for n in names if PASS_OF[n] == kind)) for kind in kinds]


def middle(layers: int) -> int:
    """Return the 0-based middle decoder layer: 15 of 32, 1 of 3."""
    return (layers - 1) // 2


def five_layers(layers: int) -> list[int]:
    """Return the layers whose attention outputs are tapped: 3, 7, 11, 15, 19 of 24 (COINCIDE)."""
    if layers <= 5:
        return list(range(layers))
    return [round((place + 1) * layers / 6) - 1 for place in range(5)]


def chosen_layer(settings: Signals, layers: int) -> int:
    """Return the 0-based decoder layer of ``gradient`` and ``hidden``."""
    layer = middle(layers) if settings.layer == "middle" else settings.layer
    if not 0 <= layer < layers:
        raise LiitError(
            f"signals.layer is {layer}, but the model has {layers} decoder layers.",
            next_step=f"set signals.layer to 0..{layers - 1} or `middle` in params.yaml.",
        )
    return layer


def gradient_layers(names: frozenset[str], layer: int, layers: int) -> dict[str, list[int]]:
    """Return the decoder layers of each gradient signal among ``names``."""
    of = {
        "gradient": [layer],
        "gradient_first": [0],
        "gradient_last": [layers - 1],
        "gradient_all": list(range(layers)),
        FISHER: [layers - 1],
        INFLUENCE: list(range(layers)),
    }
    return {name: of[name] for name in sorted(names & of.keys())}


def attended_layers(names: frozenset[str], layers: int) -> list[int]:
    """Return the layers whose attention outputs ``names`` need."""
    return five_layers(layers) if names & ATTENTION else []


def needs_whole_last_layer(names: frozenset[str], layer: int, layers: int) -> bool:
    """Return whether the last layer must run at every position, not at the answers' alone."""
    everywhere = {"hidden_all", "entropy_all"} | ({"hidden"} if layer == layers - 1 else set())
    everywhere |= {ATTENDED} if layers == 1 else set()
    return bool(names & everywhere) or layers - 1 in attended_layers(names, layers)
