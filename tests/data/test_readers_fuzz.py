"""Whatever the bytes, a reader yields samples and reasons or raises LiitError, nothing else."""

import base64
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from liit.data.readers import load_reader, reader_formats
from liit.data.sample import Sample
from liit.data.store import Quarantined, read_quarantine, write_store
from liit.errors import LiitError

SAID = [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "[0.1, 0.2, 1, 1]"}]


def _png() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (4, 2)).save(buffer, "PNG")
    return buffer.getvalue()


LLAVA = [{"id": 1, "image": "1.png", "conversations": SAID, "task_name": "t", "source": "s"}]
CONTENT: dict[str, Any] = {
    "alpaca": [{"instruction": "a", "input": "b", "output": "c"}, {"instances": [{"input": "x"}]}],
    "cl_benchmark": [{"sentence": "Text: a", "label": "Good"}, {"sentence": "b", "label": "-"}],
    "easy_vqa": [["what?", "red", 1], ["which?", "blue", 1]],
    "firefly": [{"kind": "k", "input": "a", "target": "b"}],
    "lamm": LLAVA,
    "llava": LLAVA * 2,
    "m3it": {
        "instruction": "a",
        "inputs": "b",
        "outputs": "c",
        "img_str": [base64.b64encode(_png()).decode()],
    },
    "mantis": [*LLAVA, {"images": ["1.png"], "prompt": "good", "labels": {"good": 1.0}}],
    "minigpt4": {"annotations": [{"image_id": "1", "caption": "c"}]},
    "natural_instructions": {"Definition": ["d"], "Instances": [{"input": "a", "output": ["b"]}]},
    "nlvr": {"sentence": "s", "label": "true", "identifier": "1-0", "directory": "0"},
    "scienceqa": {"1": {"question": "?", "choices": ["a", "b"], "answer": 1, "image": None}},
    "tabmwp": {"1": {"question": "?", "choices": ["a", "b"], "answer": "a", "unit": "$"}},
    "ultrachat": {"id": "1", "data": ["a", "b"]},
    "vision_flan": LLAVA,
    "xp3": {"inputs": "a", "targets": "b"},
}


def run(name: str, suffix: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "SC" / "task"  # cl_benchmark asks by a group's folder
        root.mkdir(parents=True)
        (root / "labels.json").write_text('["Good", "Bad"]')
        (root / "1.png").write_bytes(_png())
        (root / f"x{suffix}").write_bytes(data)
        try:
            found = list(load_reader(name)("set", [root / f"x{suffix}"], root))
        except LiitError as error:
            assert f"x{suffix}" in str(error)
            return
        assert all(isinstance(item, Sample | Quarantined) for item in found)
        done = write_store(found, root / "set.arrow")
        assert done.kept + done.quarantined == len(found)
        assert len(read_quarantine(root / "set.arrow")) == done.quarantined


def damaged(data: bytes, edits: list[tuple[int, bytes]]) -> bytes:
    for place, new in edits:
        at = place % (len(data) + 1)
        data = data[:at] + new + data[at + len(new) :]
    return data


EDITS = st.lists(
    st.tuples(
        st.integers(0, 10_000),
        st.binary(max_size=3)
        | st.sampled_from(
            [b'"', b"{", b"}", b"[", b"]", b",", b"null", b"1e999", b"\\ud800", b"-1"]
        ),
    ),
    max_size=4,
)


def test_the_fuzz_covers_every_json_format() -> None:
    assert sorted([*CONTENT, "hf_datasets"]) == reader_formats()


@pytest.mark.parametrize("name", CONTENT)
@settings(deadline=None, max_examples=40)
@given(edits=EDITS)
@example(edits=[])
def test_damaged_json(name: str, edits: list[tuple[int, bytes]]) -> None:
    run(name, ".json", damaged(json.dumps(CONTENT[name]).encode(), edits))


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
VALUES = st.recursive(
    SCALARS,
    lambda x: st.lists(x, max_size=2) | st.dictionaries(st.text(max_size=2), x, max_size=2),
    max_leaves=3,
)


def replace_somewhere(content: Any, draw: Any) -> Any:
    """Return a copy in which one value, at any depth, is something else."""
    if isinstance(content, dict) and content and draw(st.booleans()):
        key = draw(st.sampled_from(sorted(content)))
        return {**content, key: replace_somewhere(content[key], draw)}
    if isinstance(content, list) and content and draw(st.booleans()):
        place = draw(st.integers(0, len(content) - 1))
        return [*content[:place], replace_somewhere(content[place], draw), *content[place + 1 :]]
    return draw(VALUES)


@pytest.mark.parametrize("name", CONTENT)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_values_of_any_type(name: str, data: Any) -> None:
    content = replace_somewhere(CONTENT[name], data.draw)
    run(name, ".json", json.dumps(content).encode())


@settings(deadline=None, max_examples=60)
@given(edits=EDITS)
def test_damaged_parquet(edits: list[tuple[int, bytes]]) -> None:
    images = [{"bytes": _png(), "path": None}]
    table = pa.Table.from_pylist([{"images": images, "conversations": SAID}] * 3)
    sink = io.BytesIO()
    pq.write_table(table, sink)
    for name in ("hf_datasets", "mantis"):
        run(name, ".parquet", damaged(sink.getvalue(), edits))
