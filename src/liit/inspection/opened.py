"""What looking at samples needs besides a selection, opened when it is first wanted."""

from __future__ import annotations

from functools import cached_property

from liit import paths
from liit.config import Params
from liit.data.encode import Encoder
from liit.data.sample import Sample
from liit.data.sources import image_root
from liit.data.store import SampleStore
from liit.errors import LiitError
from liit.inspection.exam_items import ExamItems, NearItem


class Opened:
    """The base's tokenizer and the exams, for all selections that are looked at.

    Without ``params`` there are neither, and samples are shown by turns.
    """

    def __init__(self, params: Params | None) -> None:
        """Open nothing yet."""
        self.params = params
        self._nearest: dict[str, list[NearItem]] = {}

    @cached_property
    def encoder(self) -> Encoder | None:
        """What turns samples into tokens; None where the base is not on this machine."""
        from liit.base import open_encoder

        if self.params is None:
            return None
        try:
            return open_encoder(self.params)
        except (LiitError, OSError):
            return None

    @cached_property
    def asking(self) -> Encoder | None:
        """What writes exam items as evaluation does."""
        from liit.base import FEATURES, open_seeing_encoder

        # without features they would be made here, for every picture of the stream
        return (
            open_seeing_encoder(self.params) if self.params and FEATURES.is_dir() else self.encoder
        )

    @cached_property
    def exams(self) -> dict[str, SampleStore]:
        """The prepared exams by task."""
        return {
            exam.task: SampleStore(file, image_root(self.params, exam))
            for exam in (self.params.prepared_exams if self.params else ())
            if self.params and (file := paths.exam_store(exam.task)).is_file()
        }

    def nearest_items(self, sample: Sample) -> list[NearItem]:
        """Return the exam items nearest to a sample; none where no exam is prepared."""
        if sample.id not in self._nearest:
            self._nearest[sample.id] = self._items.nearest(sample) if self.exams else []
        return self._nearest[sample.id]

    @cached_property
    def _items(self) -> ExamItems:
        return ExamItems(self.exams)
