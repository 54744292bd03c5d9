"""Looks at samples of one selection, and says what cannot be said on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from liit import paths
from liit.data.corpus import Corpus
from liit.data.sample import Sample
from liit.errors import LiitError
from liit.files import read_cache
from liit.inspection.exam_items import NearItem, stored_answers
from liit.inspection.facts import facts_of, in_a_line
from liit.inspection.kept import KeptSelection, Place
from liit.inspection.look import Look, Neighbour
from liit.inspection.opened import Opened
from liit.inspection.reasons import from_files, from_trace, nearest_members, signal_ranks
from liit.inspection.retrace import Trace, retrace_kept
from liit.inspection.trained import Piece, pieces

NO_SIGNALS = "The signals of this pool: their cache (scratch/signals/) was cleared or is not here."
NO_STAMP = "The selection's stamp, without which it cannot be made once more."
OTHER = (
    "The code or parameters that made this selection: made once more it comes out differently, so "
    "what its files say is all that is shown."
)
NO_TOKENIZER = "The base's tokenizer, so what is trained is marked by turns, not by tokens."
NO_EXAMS = "Prepared exams (data/exams/)."
NO_ANSWER = "Answers of this model to these items: evaluation stored none that can be told apart."


class Inspector:
    """Looks at samples of one selection.

    ``ids``: what every selection on this machine chose.
    """

    def __init__(
        self, opened: Opened, kept: KeptSelection, ids: Mapping[Place, frozenset[str]]
    ) -> None:
        """Open nothing yet."""
        self.opened, self.kept, self.ids = opened, kept, ids

    def look(self, id_: str) -> Look:
        """Return a sample of the step's pool; LiitError where the pool has none such."""
        kept, sample = self.kept, self.kept.sample(id_)
        if sample is None or id_ not in kept.pool.ids:
            method, _, step = kept.place
            raise LiitError(
                f"The pool of {step} has no sample {id_!r}.",
                next_step=f"`liit inspect {method} {step}` lists samples with their ids.",
            )
        trace, no_trace = self._trace
        items = self.opened.nearest_items(sample)
        answers, no_answers = self._answers(items)
        missing = [no_trace, no_answers, "" if self.opened.encoder else NO_TOKENIZER]
        columns = kept.signals or {}
        return Look(
            sample=sample,
            facts=facts_of(sample),
            place=kept.place,
            label=kept.method.label,
            chosen=id_ in kept.chosen,
            reason=from_trace(kept.method, trace, id_) if trace else from_files(kept, id_),
            pieces=self._pieces(sample),
            signals=signal_ranks(kept, id_),
            vectors=[name for name, column in columns.items() if column.ndim > 1],
            nearest=self._nearest(trace, id_),
            elsewhere=sorted(
                p for p, chosen in self.ids.items() if id_ in chosen and p != kept.place
            ),
            here=len(self.ids) - 1,
            items=items,
            answers=answers,
            missing=[one for one in missing if one],
        )

    @cached_property
    def _trace(self) -> tuple[Trace | None, str]:
        """The selection made once more, or why it is not: it has to come to the same ids."""
        from liit.signals.facts import facts_of as columns_of

        kept, names = self.kept, self.kept.method.facts
        if kept.signals is None:
            return None, NO_SIGNALS
        columns: dict[str, Any] = {}
        if names:
            if self.opened.encoder is None:
                return None, NO_TOKENIZER
            corpus = Corpus(list(kept.stores.values()), self.opened.encoder)
            columns = columns_of(corpus, kept.pool.ids.tolist(), names)
        trace = retrace_kept(kept, columns)
        if trace is None:
            return None, NO_STAMP
        return (trace, "") if trace.chosen == kept.chosen.keys() else (None, OTHER)

    def _pieces(self, sample: Sample) -> list[Piece]:
        if encoder := self.opened.encoder:
            return pieces(sample, encoder, self.kept.stores[sample.source].image_root)
        return [
            Piece("trained" if turn.role == "assistant" else "read", in_a_line(turn.text) + " ", 0)
            for turn in sample.turns
        ]

    def _nearest(self, trace: Trace | None, id_: str) -> list[Neighbour]:
        found = nearest_members(trace, id_) if trace else []
        return [
            Neighbour(facts_of(sample), cosine, one in self.kept.chosen)
            for one, cosine in found
            if (sample := self.kept.sample(one)) is not None
        ]

    def _answers(self, items: Sequence[NearItem]) -> tuple[list[list[Any]] | None, str]:
        """Return what the model after this step answered, or why that is not known here."""
        if not items:
            return None, NO_EXAMS
        if self._evaluated is None:
            method, seed, step = self.kept.place
            return None, (
                f"What the model after {step} answered: that is kept in scratch/predictions/ of "
                f"the machine that ran {method} (seed {seed})."
            )
        file, weights = self._evaluated
        if self.opened.asking is None:
            return None, NO_TOKENIZER
        found = stored_answers(items, self.opened.exams, self.opened.asking, file, weights)
        return found, "" if any(found) else NO_ANSWER

    @cached_property
    def _evaluated(self) -> tuple[Path, str] | None:
        """The store of answers, and the digest of the weights that were evaluated."""
        from liit.evaluation.exams import PREDICTIONS
        from liit.run import EVALUATION

        method, seed, _ = self.kept.place
        exam = read_cache(paths.adapter(*self.kept.place) / EVALUATION)
        weights = exam.get("made_from", {}).get("weights")
        file = PREDICTIONS / f"{method}-{seed}.sqlite"
        return (file, weights) if weights and file.is_file() else None
