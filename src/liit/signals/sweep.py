"""One batch of a pass: everything its signals need from one forward and one backward."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from liit.config import Signals
from liit.model.records import announce
from liit.signals.attended import most_attended
from liit.signals.gradients import LoraTaps
from liit.signals.passes import (
    ATTENDED,
    FISHER,
    INFLUENCE,
    PROJECTOR_GRADIENT,
    ZERO_ORDER,
    attended_layers,
    chosen_layer,
    gradient_layers,
    needs_whole_last_layer,
)
from liit.signals.projection import sketch_for
from liit.signals.projector import ProjectorGradient
from liit.signals.scores import answer_scores, entropy_everywhere
from liit.signals.store import TINY
from liit.signals.trunk import Answers, Trunk
from liit.signals.zero_order import Directions


def kept_layers(names: frozenset[str], layer: int) -> set[int]:
    """Return the decoder layers whose adapters must stay beside the weights, to be nudged."""
    return {layer} if names & ZERO_ORDER else set()


class Sweep:
    """Measures ``names`` (of the pass over whole samples) on one batch after another."""

    def __init__(
        self,
        trunk: Trunk,
        names: frozenset[str],
        settings: Signals,
        seed: int,
        targets: Tensor | None = None,
    ) -> None:
        """Place the taps and choose the projection.

        ``targets``: for ``target_influence`` the mean gradient of each exam, [exams, d].
        """
        self.trunk, self.names, self.settings = trunk, names, settings
        self.targets = targets
        self.count = len(trunk.layers)
        self.layer = chosen_layer(settings, self.count)
        self.gradients = gradient_layers(names, self.layer, self.count)
        tapped = sorted({one for some in self.gradients.values() for one in some})
        self.taps = LoraTaps(trunk, tapped) if tapped else None
        self.sketch = sketch_for(trunk, self.layer, settings.projection_dim, seed)
        self.projector: ProjectorGradient | None = None
        if PROJECTOR_GRADIENT in names:
            self.projector = ProjectorGradient(trunk, settings.projection_dim, seed)
        self.backward = self.taps is not None or self.projector is not None
        self.directions = Directions(trunk, self.layer, seed) if names & ZERO_ORDER else None
        self.attended = attended_layers(names, self.count)
        self._attention: list[Tensor] = []
        self.whole = needs_whole_last_layer(names, self.layer, self.count)

    def __call__(self, batch: dict[str, Any], features: Tensor | None) -> dict[str, Tensor]:
        """Return ``names`` for a batch: scores float64 [n], vectors float32 [n, d].

        ``features``: what the vision tower gives for the batch's images, or None. Samples
        without an answer token get NaN scores and gradients.
        """
        with torch.no_grad():
            announce(self.trunk.model, batch)
            batch = self.trunk.widened(batch)
        with torch.set_grad_enabled(self.projector is not None), self._recorded():
            embedded, rope = self.trunk.enter(batch, features)
        answers = Answers.of(batch["labels"])
        with torch.set_grad_enabled(self.backward), self._tapped():
            states, top = self._forward(embedded, rope, answers)
        found, above = answer_scores(self.trunk.head, top, answers, gradient=self.backward)
        if above is not None:
            found |= self._gradients(top, above, answers, batch)
        with torch.no_grad():
            found |= self._positions(batch, states)
            if ATTENDED in self.names:
                attended = most_attended(self.trunk, states[0], rope, batch)
                found[ATTENDED] = _mean(states[1], attended)
            if self.directions is not None:
                found |= self._zero_order(batch["ids"], states[self.layer], rope, answers)
        return {name: found[name] for name in sorted(self.names)}

    def _recorded(self) -> AbstractContextManager[None]:
        return nullcontext() if self.projector is None else self.projector.recording()

    @contextmanager
    def _tapped(self) -> Iterator[None]:
        self._attention.clear()
        with ExitStack() as stack:
            if self.taps is not None:
                stack.enter_context(self.taps.recording())
            for number in self.attended:
                attention = self.trunk.layers[number].self_attn
                stack.callback(attention.register_forward_hook(self._keep_attention).remove)
            yield

    def _forward(
        self, hidden: Tensor, rope: tuple[Tensor, Tensor], answers: Answers, start: int = 0
    ) -> tuple[list[Tensor], Tensor]:
        """Run layers ``start``.. and return what enters and leaves each, and the answers' ends."""
        states = [hidden]
        for number in range(start, self.count - 1):
            states.append(self.trunk.layer(number, states[-1], rope))
        top, last = self.trunk.last_layer(states[-1], rope, answers.places, whole=self.whole)
        return states if last is None else [*states, last], top

    def _gradients(
        self, top: Tensor, above: Tensor, answers: Answers, batch: dict[str, Any]
    ) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        if self.taps is not None:
            found |= self._project(self.taps, top, above)
        if self.projector is not None:
            found[PROJECTOR_GRADIENT] = self.projector(top, above, batch["images"])
        unanswered = ~answers.valid.any(dim=1)
        for total in found.values():
            total[unanswered] = torch.nan
        return found

    def _project(self, taps: LoraTaps, top: Tensor, above: Tensor) -> dict[str, Tensor]:
        layers: dict[int, Tensor] = {}
        fisher = top.new_zeros(len(top), dtype=torch.float32)
        for factor in taps.factors(top, above, again=self.projector is not None):
            part = self.sketch(factor)
            layers[factor.layer] = layers[factor.layer] + part if factor.layer in layers else part
            if FISHER in self.names and factor.layer == self.count - 1:
                fisher += factor.squared_norm()
        found = {
            name: torch.stack([layers[one] for one in chosen]).sum(dim=0)
            for name, chosen in self.gradients.items()
        }
        if FISHER in found:
            found[FISHER] = fisher.clamp(min=TINY).log()
        if INFLUENCE in found:
            assert self.targets is not None
            own = functional.normalize(found[INFLUENCE])
            found[INFLUENCE] = own @ self.targets.T.to(own)
        return found

    def _positions(self, batch: dict[str, Any], states: list[Tensor]) -> dict[str, Tensor]:
        mask, found = batch["attention_mask"], {}
        if "hidden" in self.names:
            found["hidden"] = _mean(states[self.layer + 1], mask)
        if "hidden_all" in self.names:
            means = [functional.normalize(_mean(one, mask), dim=-1) for one in states[1:]]
            found["hidden_all"] = torch.cat(means, dim=1)
        if "entropy_all" in self.names:
            last = self.trunk.norm(states[-1].detach())
            found["entropy_all"] = entropy_everywhere(self.trunk.head, last, mask)
        image = mask * (batch["input_ids"] == self.trunk.image_token)
        if "projector" in self.names:
            found["projector"] = _mean(states[0], image)
        if self.attended:
            for name, where in (("attention_image", image), ("attention_text", mask - image)):
                halves = [functional.normalize(_mean(one, where).tanh()) for one in self._attention]
                found[name] = torch.cat(halves, dim=1)
        return found

    def _zero_order(
        self, ids: Sequence[str], hidden: Tensor, rope: tuple[Tensor, Tensor], answers: Answers
    ) -> dict[str, Tensor]:
        assert self.directions is not None

        def losses() -> Tensor:
            _, top = self._forward(hidden.detach(), rope, answers, start=self.layer)
            return answer_scores(self.trunk.head, top, answers, gradient=False)[0]["nll"]

        found = {}
        if "gradient_zero_order" in self.names:
            count = self.settings.zero_order_directions
            found["gradient_zero_order"] = self.directions.shared(losses, count)
        if "gradient_zero_order_fresh" in self.names:
            found["gradient_zero_order_fresh"] = self.directions.fresh(losses, ids, self.sketch)
        return found

    def _keep_attention(self, _: Any, __: Any, output: Any) -> None:
        self._attention.append(output[0].detach())


def _mean(hidden: Tensor, mask: Tensor) -> Tensor:
    """Mean [n, w] over the positions where ``mask`` [n, L] is 1; zeros where there are none."""
    weights = mask.float() / mask.sum(dim=1, keepdim=True).clamp(min=1)
    return torch.bmm(weights.unsqueeze(1), hidden.detach().float()).squeeze(1)
