"""What samples say of themselves, against counts made by hand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from liit.data.corpus import Corpus
from liit.data.encode import IGNORED
from liit.data.sample import ImageRef, Sample, Turn
from liit.data.store import SampleStore, write_store
from liit.selection.signal_names import FACTS
from liit.signals.facts import facts_of

SAMPLES = (
    Sample(
        "0" * 15 + "a",
        "books",
        (
            Turn("user", "<image>\nWhat is it?"),
            Turn("assistant", "A cat."),
            Turn("user", "Sure?"),
            Turn("assistant", "Yes"),
        ),
        (ImageRef("cat.png"),),
    ),
    Sample("0" * 15 + "b", "talks", (Turn("user", "你好"), Turn("assistant", "再见"))),
)


class WordEncoder:
    """A token per word and four positions per image; answers alone carry loss."""

    max_length = 7

    def tokens(self, sample: Sample, image_root: Path | None) -> tuple[Any, Any]:
        labels = [
            1 if turn.role == "assistant" else IGNORED
            for turn in sample.turns
            for _ in turn.text.split()
        ]
        return None, torch.tensor(labels)

    def length(self, sample: Sample, image_root: Path | None) -> int:
        return len(self.tokens(sample, image_root)[1]) + 4 * len(sample.images)


@pytest.fixture()
def corpus(tmp_path: Path) -> Corpus:
    write_store(SAMPLES, tmp_path / "a.arrow")
    return Corpus([SampleStore(tmp_path / "a.arrow")], WordEncoder())  # type: ignore[arg-type]


def test_facts_are_those_of_the_samples_in_the_order_that_was_asked(corpus: Corpus) -> None:
    b, a = SAMPLES[1].id, SAMPLES[0].id
    facts = facts_of(corpus, [b, a], FACTS)
    assert {name: values.tolist() for name, values in facts.items()} == {
        "answer_characters": [2, 9],
        # "<image> What is it? A cat. Sure?" fills the seven tokens: the last answer is cut off
        "answer_tokens": [1, 2],
        "answers": ["再见", "A cat.\nYes"],
        "images": [0, 1],
        "questions": ["你好", "<image>\nWhat is it?\nSure?"],
        "source": ["talks", "books"],
        "tokens": [2, 12],
        "turns": [1, 2],
    }


def test_what_is_not_asked_for_is_not_read() -> None:
    nothing: Any = SimpleNamespace()
    assert facts_of(nothing, ["0" * 16], ()) == {}
