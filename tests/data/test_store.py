"""The store gives back what was written, in bounded batches, whole or not at all."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liit.data import store as store_module
from liit.data.sample import ImageRef, Sample, Turn, make_sample
from liit.data.store import Quarantined, SampleStore, read_quarantine, write_store
from liit.errors import LiitError

LETTERS = st.characters(exclude_categories=["Cs"])
WORD = st.text(LETTERS, min_size=1, max_size=8).filter(lambda word: "<image>" not in word)
ANSWER = WORD.filter(str.strip)
IMAGE = st.builds(ImageRef, path=WORD) | st.builds(ImageRef, data=st.binary(max_size=40))


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    images = draw(st.lists(IMAGE, max_size=3))
    turns = []
    for number in range(draw(st.integers(1, 3))):
        tags = "<image>" * len(images) if number == 0 else ""
        turns += [Turn("user", tags + draw(WORD)), Turn("assistant", draw(ANSWER))]
    extra = draw(st.dictionaries(WORD, WORD | st.integers() | st.lists(WORD), max_size=2))
    return make_sample("set", turns, images, skill=draw(st.none() | WORD), extra=extra)


@settings(deadline=None, max_examples=40)
@given(st.lists(samples(), max_size=8))
def test_what_is_written_comes_back(written: list[Sample]) -> None:
    distinct = list({sample.id: sample for sample in reversed(written)}.values())[::-1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "set.arrow"
        done = write_store(written, path)
        store = SampleStore(path)
        assert (done.kept, done.quarantined) == (len(distinct), len(written) - len(distinct))
        assert {sample.id for sample in store} == {sample.id for sample in written}
        for row, sample in enumerate(store):
            assert store[row] == sample
            assert sample == next(s for s in written if s.id == sample.id)
        assert store.column("id") == [sample.id for sample in store]


def sample(text: str, data: bytes | None = None) -> Sample:
    images = [] if data is None else [ImageRef(data=data)]
    return make_sample(
        "set", [Turn("user", "<image>" * len(images) + text), Turn("assistant", "a")], images
    )


def test_batches_are_bounded_by_rows_and_by_embedded_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "ROWS_PER_BATCH", 10)
    monkeypatch.setattr(store_module, "BYTES_PER_BATCH", 1000)

    def batches(records: list[Sample]) -> list[int]:
        write_store(records, tmp_path / "set.arrow")
        return [batch.num_rows for batch in SampleStore(tmp_path / "set.arrow")._batches]

    assert batches([sample(str(i)) for i in range(25)]) == [10, 10, 5]
    assert batches([sample(str(i), b"x" * 400) for i in range(7)]) == [3, 3, 1]


def test_a_killed_run_leaves_nothing_half_written(tmp_path: Path) -> None:
    def killed() -> Iterator[Sample | Quarantined]:
        yield sample("one")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_store(killed(), tmp_path / "set.arrow")
    assert not (tmp_path / "set.arrow").exists()
    assert not (tmp_path / "set.quarantine.jsonl").exists()
    with pytest.raises(LiitError, match="does not exist"):
        SampleStore(tmp_path / "set.arrow")
    write_store([sample("one")], tmp_path / "set.arrow")
    assert len(SampleStore(tmp_path / "set.arrow")) == 1


def test_bytes_are_stable(tmp_path: Path) -> None:
    records = [sample(str(i % 40), b"x" * i) for i in range(60)] + [Quarantined("f", "r", "why")]
    for name in ("a", "b"):
        write_store(records, tmp_path / f"{name}.arrow")
    for suffix in (".arrow", ".quarantine.jsonl"):
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_the_quarantine_holds_file_record_and_reason(tmp_path: Path) -> None:
    unsound = Sample("0123456789abcdef", "set", (Turn("user", "?"),), extra={"record": "7"})
    faults = [Quarantined("f\udc80.json", "line 3", "é"), unsound, sample("x"), sample("x")]
    done = write_store(faults, tmp_path / "set.arrow")
    aside = read_quarantine(tmp_path / "set.arrow")
    assert (done.kept, done.quarantined) == (1, 3)
    assert aside[0] == faults[0]  # even a file name that is no valid Unicode
    assert (aside[1].record, aside[1].reason) == ("7", "no assistant turn")
    assert aside[2].reason.startswith("duplicate id")
    lines = (tmp_path / "set.quarantine.jsonl").read_text("utf-8").splitlines()
    assert all(sorted(json.loads(line)) == ["file", "reason", "record"] for line in lines)


def test_rows_out_of_range(tmp_path: Path) -> None:
    write_store([], tmp_path / "set.arrow")
    store = SampleStore(tmp_path / "set.arrow")
    assert (len(store), list(store)) == (0, [])
    with pytest.raises(IndexError):
        store[0]
