"""Each kind of broken input is quarantined with its place and reason, or stops with a message."""

import base64
import io
import json
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from liit.data.readers import load_reader, reader_formats
from liit.data.sample import Sample
from liit.data.store import Quarantined, SampleStore, read_quarantine, write_store
from liit.errors import LiitError

GOOD = [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "A dog."}]
TEXT = [{"from": "human", "value": "Say 1."}, {"from": "gpt", "value": "1"}]


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header names a size that would fill the memory."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [header, b"IDAT" + zlib.compress(b""), b"IEND"]
    framed = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    Image.new("RGB", (6, 4)).save(folder / "ok.png")
    (folder / "page.jpg").write_text("<!doctype html><title>404</title>")
    (folder / "empty.jpg").touch()
    noise = io.BytesIO()
    Image.effect_noise((64, 64), 90).save(noise, "PNG")
    (folder / "cut.png").write_bytes(noise.getvalue()[:1500])
    (folder / "huge.png").write_bytes(png_that_claims(30_000, 30_000))
    (tmp_path / "secret.png").write_bytes((folder / "ok.png").read_bytes())
    return folder


def read(tmp_path: Path, records: list[Any], root: Path | None, **options: Any) -> list[Any]:
    (tmp_path / "set.json").write_text(json.dumps(records))
    return list(load_reader("llava", **options)("set", [tmp_path / "set.json"], root))


def turns(*said: tuple[str, str]) -> list[dict[str, str]]:
    return [{"from": role, "value": text} for role, text in said]


BROKEN: dict[str, tuple[Any, str]] = {
    "missing image": ({"image": "no.png", "conversations": GOOD}, "missing"),
    "html image": ({"image": "page.jpg", "conversations": GOOD}, "HTML"),
    "huge image": ({"image": "huge.png", "conversations": GOOD}, "pixels"),
    "empty image": ({"image": "empty.jpg", "conversations": GOOD}, "empty"),
    "absolute path": ({"image": "/etc/hostname", "conversations": GOOD}, "leaves the image root"),
    "parent path": ({"image": "../secret.png", "conversations": GOOD}, "leaves the image root"),
    "deep parent": (
        {"image": "a/../../secret.png", "conversations": GOOD},
        "leaves the image root",
    ),
    "address": ({"image": "https://x.org/a.png", "conversations": GOOD}, "address"),
    "empty path": ({"image": "", "conversations": GOOD}, "empty"),
    "number as image": ({"image": 5, "conversations": GOOD}, "int"),
    "null in list": ({"image": ["ok.png", None], "conversations": GOOD}, "NoneType"),
    "claims an image": ({"conversations": GOOD}, "1 image tags for 0 images"),
    "null image": ({"image": None, "conversations": GOOD}, "1 image tags for 0 images"),
    "too few tags": ({"image": ["ok.png", "ok.png"], "conversations": GOOD}, "1 image tags for 2"),
    "too many tags": (
        {"image": "ok.png", "conversations": turns(("human", "<image><image>?"), ("gpt", "x"))},
        "2 image tags for 1",
    ),
    "tag in answer": (
        {"image": "ok.png", "conversations": turns(("human", "Draw"), ("gpt", "<image>"))},
        "image tag",
    ),
    "no turns": ({"image": "ok.png", "conversations": []}, "no turns"),
    "no list of turns": ({"image": "ok.png"}, "no list of turns"),
    "text as turns": ({"conversations": "hello"}, "no list of turns"),
    "one turn": ({"conversations": TEXT[:1]}, "no assistant turn"),
    "assistant first": ({"conversations": TEXT[::-1]}, "start with the user"),
    "assistant first, image": (
        {"image": "ok.png", "conversations": turns(("gpt", "Hi"), ("human", "?"), ("gpt", "x"))},
        "start with the user",
    ),
    "two users": ({"conversations": [TEXT[0], *TEXT]}, "alternate"),
    "empty answer": ({"conversations": [TEXT[0], {"from": "gpt", "value": " \n"}]}, "empty answer"),
    "null answer": ({"conversations": [TEXT[0], {"from": "gpt", "value": None}]}, "turn 1 lacks"),
    "turn as text": ({"conversations": ["hello"]}, "turn 0 is a str"),
    "unknown role": ({"conversations": turns(("tool", "x"), ("gpt", "y"))}, "'tool'"),
    "list as record": (["hello"], "list where an object"),
    "null record": (None, "NoneType where an object"),
    "lone surrogate": ({"conversations": turns(("human", "\ud83d"), ("gpt", "y"))}, "Unicode"),
    "box outside": (
        {
            "image": "ok.png",
            "conversations": turns(("human", "Give the box."), ("gpt", "[0.1, 0.2, 0.3, 1.4]")),
        },
        "outside the image",
    ),
    "box reversed": (
        {
            "image": "ok.png",
            "conversations": turns(("human", "Where is it?"), ("gpt", "[0.9, 0.2, 0.3, 0.4]")),
        },
        "ends before",
    ),
}


@pytest.mark.parametrize(
    ("reader", "values"),
    [
        ("llava", "[2.5, 0.1, 7.25, 0.0]"),
        ("llava", "[0.9, 0.05, 0.05, 0.0]"),
        ("lamm", "[2.5, 0.1, 7.25, 0.0]"),
    ],
)
def test_four_numbers_are_a_box_only_where_places_are_asked_for(
    tmp_path: Path, root: Path, reader: str, values: str
) -> None:
    answer = ("gpt", f"The bars show {values}.")
    record = {"image": "ok.png", "conversations": turns(("human", "Read the chart."), answer)}
    (tmp_path / "set.json").write_text(json.dumps([record]))
    (kept,) = load_reader(reader)("set", [tmp_path / "set.json"], root)
    assert isinstance(kept, Sample) and kept.turns[1].text == answer[1]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_record_is_set_aside_and_its_neighbours_kept(
    tmp_path: Path, root: Path, name: str
) -> None:
    record, words = BROKEN[name]
    good = {"id": "g", "image": "ok.png", "conversations": GOOD}
    found = read(tmp_path, [good, record, {"conversations": TEXT}], root)
    assert [type(item) for item in found] == [Sample, Quarantined, Sample]
    fault = found[1]
    assert fault.file == str(tmp_path / "set.json")
    assert fault.record.startswith("record 1")
    assert words in fault.reason


def test_the_published_id_stands_in_the_quarantine(tmp_path: Path, root: Path) -> None:
    found = read(tmp_path, [{"id": "000033471", "conversations": []}], root)
    assert found[0].record == "record 0 (id 000033471)"


def test_how_far_images_are_checked(tmp_path: Path, root: Path) -> None:
    def kept(check: str) -> list[str]:
        names = ["ok.png", "cut.png", "page.jpg", "no.png"]
        records = [{"image": name, "conversations": GOOD} for name in names]
        found = read(tmp_path, records, root, check_images=check)
        return [str(item.images[0].path) for item in found if isinstance(item, Sample)]

    assert kept("no") == ["ok.png", "cut.png", "page.jpg", "no.png"]
    assert kept("exists") == ["ok.png", "cut.png", "page.jpg"]
    assert kept("header") == ["ok.png"]
    assert kept("decode") == ["ok.png"]
    with pytest.raises(LiitError, match=r"check_images must be .*, not 'yes'"):
        kept("yes")


def test_tags_are_placed(tmp_path: Path, root: Path) -> None:
    def first(text: str, image: Any) -> str:
        record = {"image": image, "conversations": turns(("human", text), ("gpt", "x"))}
        return str(read(tmp_path, [record], root)[0].turns[0].text)

    assert first("What?", "ok.png") == "<image>\nWhat?"
    assert first("What?", ["ok.png", "ok.png"]) == "<image>\n<image>\nWhat?"
    assert first("What?\n<image>", "ok.png") == "<image>\nWhat?"
    assert first("<image> or <image>?", ["ok.png", "ok.png"]) == "<image> or <image>?"


def test_the_run_stops_with_a_message(tmp_path: Path, root: Path) -> None:
    read_llava = load_reader("llava")
    with pytest.raises(LiitError, match=r"absent\.json does not exist"):
        list(read_llava("set", [tmp_path / "absent.json"], None))
    with pytest.raises(LiitError, match="names no files"):
        list(read_llava("set", [], None))
    (tmp_path / "set.json").write_text("[]")
    with pytest.raises(LiitError, match="image folder"):
        list(read_llava("set", [tmp_path / "set.json"], tmp_path / "absent"))
    with pytest.raises(LiitError, match=r"did you mean .llava."):
        load_reader("lava")
    with pytest.raises(LiitError, match=r"did you mean .check_images."):
        load_reader("llava", check_image="no")


@pytest.mark.parametrize("name", reader_formats())
def test_every_reader_stops_on_missing_and_foreign_files(tmp_path: Path, name: str) -> None:
    reader = load_reader(name)
    with pytest.raises(LiitError, match="Next step"):
        list(reader("set", [tmp_path / "absent"], None))
    suffix = {"hf_datasets": ".parquet"}.get(name, ".json")
    (tmp_path / f"x{suffix}").write_bytes(b"<html>not found</html>")
    with pytest.raises(LiitError, match=f"x{suffix}"):
        list(reader("set", [tmp_path / f"x{suffix}"], None))


@pytest.mark.parametrize("name", sorted(set(reader_formats()) - {"hf_datasets"}))
def test_every_reader_sets_foreign_records_aside(tmp_path: Path, name: str) -> None:
    strange = [None, 3, "text", [], {}, {"question": 1}, {"conversations": 5}, {"outputs": "x"}]
    whole: Any = strange
    if name == "minigpt4":
        whole = {"annotations": strange}
    elif name == "natural_instructions":
        whole = {"Definition": ["Do it."], "Instances": strange}
    elif name == "tabmwp":
        whole = {str(i): item for i, item in enumerate(strange)}
    folder = tmp_path / "SC" / "task"  # cl_benchmark asks by a group's folder
    folder.mkdir(parents=True)
    (folder / "labels.json").write_text('["Good"]')
    (folder / "x.json").write_text(json.dumps(whole))
    found = list(load_reader(name)("set", [folder / "x.json"], None))
    assert [type(item) for item in found] == [Quarantined] * len(strange)


def test_formats_are_the_files() -> None:
    assert reader_formats() == [
        "alpaca",
        "cl_benchmark",
        "easy_vqa",
        "firefly",
        "hf_datasets",
        "lamm",
        "llava",
        "m3it",
        "mantis",
        "minigpt4",
        "natural_instructions",
        "nlvr",
        "scienceqa",
        "tabmwp",
        "ultrachat",
        "vision_flan",
        "xp3",
    ]


def test_specific_faults_of_small_sets(tmp_path: Path) -> None:
    def reasons(name: str, content: Any) -> list[str]:
        (tmp_path / "x.json").write_text(json.dumps(content))
        found = load_reader(name)("set", [tmp_path / "x.json"], None)
        return [item.reason for item in found if isinstance(item, Quarantined)]

    problem = {"question": "?", "choices": ["yes", "no"], "answer": "maybe"}
    assert reasons("tabmwp", {"1": problem}) == ["the answer 'maybe' is not among the choices"]
    question = {"question": "?", "choices": ["a", "b"], "answer": 2}
    assert reasons("scienceqa", {"1": question}) == ["answer 'C' is none of the 2 choices"]
    cqm = [{"conversations": turns(("human", "?\nA. x\nB. y"), ("gpt", "C"))}]
    assert reasons("scienceqa", cqm) == ["answer 'C' is none of the 2 choices"]
    sentence = {"sentence": "x", "label": "maybe", "identifier": "1", "directory": "0"}
    assert reasons("nlvr", [sentence]) == ["label 'maybe' is neither 'true' nor 'false'"]
    assert (
        reasons("easy_vqa", [["q", "a"], ["q", "a", "1"]])
        == ["not [question, answer, image id]"] * 2
    )
    scores = {"images": [], "prompt": "p", "labels": {"quality": "high"}}
    assert reasons("mantis", [scores]) == ["a score in 'labels' is not a number"]
    assert reasons("tabmwp", {"1": {**problem, "choices": True}}) == [
        "'choices' is not a list of texts"
    ]
    assert reasons("scienceqa", {"1": {**question, "choices": ["a"]}}) == [
        "1 choices where two to ten are expected"
    ]
    labelled = [{"conversations": TEXT, "source": 5, "image": None, "task_name": "t"}]
    assert reasons("mantis", labelled) == ["the skill label is a int, not text"]
    surrogate = {"annotations": [{"image_id": "\ud800", "caption": "c"}]}
    assert reasons("minigpt4", surrogate) == ["text that is not valid UTF-8 or Unicode"]
    escaping = {"annotations": [{"image_id": "../../x", "caption": "c"}]}
    assert "leaves the image root" in reasons("minigpt4", escaping)[0]


def test_everything_set_aside_is_counted_in_the_store(tmp_path: Path, root: Path) -> None:
    records = [record for record, _ in BROKEN.values()] + [{"conversations": TEXT}] * 2
    (tmp_path / "set.json").write_text(json.dumps(records)[:-1])  # and no end
    found = load_reader("llava")("set", [tmp_path / "set.json"], root)
    done = write_store(found, tmp_path / "set.arrow")
    aside = read_quarantine(tmp_path / "set.arrow")
    assert (done.kept, done.quarantined) == (1, len(BROKEN) + 2)
    assert len(aside) == len(BROKEN) + 2
    assert aside[-2].reason.startswith("duplicate id")
    assert "truncated" in aside[-1].reason


def test_base64_garbage_in_lines(tmp_path: Path) -> None:
    row = {"instruction": "x", "inputs": "", "outputs": "y", "image_base64_str": ["@@@"]}
    broken = json.dumps({**row, "image_base64_str": base64.b64encode(b"zz").decode()})[:-9]
    (tmp_path / "train.jsonl").write_text(f"{json.dumps(row)}\n{broken}\n")
    found = list(load_reader("m3it")("set", [tmp_path / "train.jsonl"], None))
    assert [item.record for item in found] == ["line 1", "line 2"]
    assert "not base64" in found[0].reason
    assert "broken JSON" in found[1].reason
    assert found[1].file.endswith("train.jsonl")


def test_latin_1_text_is_set_aside_record_by_record(tmp_path: Path) -> None:
    good = json.dumps({"conversations": TEXT})
    bad = json.dumps(
        {"conversations": turns(("human", "caf\u00e9"), ("gpt", "x"))}, ensure_ascii=False
    )
    (tmp_path / "list.json").write_bytes(f"[{good}, {bad}]".encode("latin-1"))
    found = list(load_reader("llava")("set", [tmp_path / "list.json"], None))
    assert [type(item) for item in found] == [Sample, Quarantined]
    assert "not valid UTF-8" in found[1].reason


SCRIPT = """
import json, sys
from pathlib import Path
sys.path.insert(0, "benchmarks")
from reading import measure, write_list
folder = Path(sys.argv[1])
write_list(folder / "list.json", int(sys.argv[2]))
print(json.dumps(measure("prepare", folder)))
"""


def test_reading_and_writing_take_bounded_memory(tmp_path: Path) -> None:
    """Ten times the records may cost their ids (about 0.1 kB each), not their texts (1.5 kB)."""
    repository = Path(__file__).resolve().parents[2]
    peaks = []
    for records in (1_000, 10_000):
        folder = tmp_path / str(records)
        folder.mkdir()
        command = [sys.executable, "-c", SCRIPT, str(folder), str(records)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            command, cwd=repository, env=environment, check=True, capture_output=True, text=True
        )
        measured = json.loads(done.stdout)
        assert measured["rows"] == records
        assert len(SampleStore(folder / "list.arrow")) == records
        peaks.append(measured["peak_memory_gb"])
    assert (folder / "list.json").stat().st_size > 12e6
    assert peaks[1] < 0.4
    assert peaks[1] - peaks[0] < 0.05
