"""Caption tokens where NLTK's tokeniser and the Java one of the COCO evaluation part ways."""

from __future__ import annotations

import pytest

from liit.metrics.tokens import ptb_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A dog runs. It barks.", "a dog runs it barks"),
        ("Dr. Brown of St. Louis.", "dr. brown of st. louis"),
        ("John F. Kennedy, U.S. president", "john f. kennedy u.s. president"),
        ("At 13:05 for $2.99.", "at 13:05 for $ 2.99"),
        ("Salt &amp; pepper at A&amp;M", "salt & pepper at a&m"),
        ("a sign that says 'no parking'", "a sign that says no parking"),
        ("the dog's toy isn't his, 'tis mine", "the dog 's toy is n't his 't is mine"),
        ("a t- shirt and a t-shirt", "a t shirt and a t-shirt"),
        ("seen from the street¬ below", "seen from the street ¬ below"),
        ("", ""),
    ],
)
def test_words(text: str, words: str) -> None:
    assert ptb_words(text) == words
