"""O-LoRA's benchmark: its prompts, its labels, and what is said of files that are not right."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from liit.data.readers import load_reader
from liit.data.sample import Sample
from liit.data.store import Quarantined
from liit.errors import LiitError

REAL = Path(__file__).parents[3] / "shared" / "streams" / "cl_benchmark" / "CL_Benchmark"
SIZES = {
    "NLI/MNLI": (2000, 600), "NLI/CB": (250, 56), "WiC/WiC": (2000, 600), "COPA/COPA": (400, 100),
    "QQP/QQP": (2000, 600), "BoolQA/BoolQA": (2000, 600), "NLI/RTE": (2000, 277),
    "SC/SST-2": (2000, 600), "SC/amazon": (2000, 600), "TC/agnews": (2000, 600),
}  # fmt: skip


def task(folder: Path, group: str = "SC", labels: Any = ("Good", "Bad")) -> Path:
    made = folder / group / "films"
    made.mkdir(parents=True)
    (made / "labels.json").write_text(json.dumps(labels))
    records = [{"sentence": f"Text: film {n}\n", "label": "Good"} for n in range(6)]
    (made / "train.json").write_text(json.dumps([*records, {"sentence": "x", "label": "-"}]))
    (made / "test.json").write_text("[]")
    return made


def read(folder: Path, **options: Any) -> list[Any]:
    return list(load_reader("cl_benchmark", **options)("set", [folder], None))


def test_a_record_is_asked_as_the_benchmark_asks(tmp_path: Path) -> None:
    *samples, aside = read(task(tmp_path))
    assert [turn.text for turn in samples[0].turns] == [
        "What is the sentiment of the following paragraph? Choose one from the option.\n"
        "Option: Good, Bad\nText: film 0\nAnswer:",
        "Good",
    ]
    assert samples[0].skill == "SC" and samples[0].extra["answers"] == ["Good"]
    assert isinstance(aside, Quarantined) and aside.reason == "the label '-' is none of Good, Bad"


def test_one_instruction_for_all_tasks_gives_none_away(tmp_path: Path) -> None:
    asked = read(task(tmp_path), instruction="Choose.")[0].turns[0].text
    assert asked.startswith("Choose.\nOption: Good, Bad\n")


def test_wrong_labels_are_other_labels_and_marked(tmp_path: Path) -> None:
    folder = task(tmp_path, labels=("Good", "Bad", "Ugly"))
    records = [{"sentence": f"film {n}", "label": "Good"} for n in range(1000)]
    (folder / "train.json").write_text(json.dumps(records))
    noisy, clean = read(folder, wrong_labels=0.1), read(folder)
    changed = [one for one in noisy if one.turns[1].text != "Good"]
    assert changed == [one for one in noisy if one.extra.get("quality") == "low"]
    assert 70 <= len(changed) <= 130  # 100, standard deviation 9.5
    assert {one.turns[1].text for one in changed} == {"Bad", "Ugly"}
    assert [one.extra["answers"] for one in noisy] == [one.extra["answers"] for one in clean]
    (folder / "train.json").write_text(json.dumps(records[::-1]))
    again = read(folder, wrong_labels=0.1)
    assert [one.turns for one in again] == [one.turns for one in noisy[::-1]]
    assert {one.turns[1].text for one in read(folder, wrong_labels=1.0)} == {"Bad", "Ugly"}


def test_a_part_of_the_records_is_drawn_once_and_for_all(tmp_path: Path) -> None:
    folder = task(tmp_path)
    some = [one.turns[0].text for one in read(folder, take=3) if isinstance(one, Sample)]
    whole = [one.turns[0].text for one in read(folder) if isinstance(one, Sample)]
    assert 2 <= len(some) <= 3 and some == [text for text in whole if text in some]
    assert read(folder, take=3) == read(folder, take=3)
    assert read(folder, take=99) == read(folder)


@pytest.mark.parametrize(
    ("group", "labels", "split", "said"),
    [
        ("SCC", ["Good"], "train", 'no group of the benchmark \\(did you mean "SC"'),
        ("SC", {"Good": 1}, "train", "labels.json is no list of labels"),
        ("SC", ["Good"], "test", "test.json holds no record"),
    ],
)
def test_what_is_not_the_benchmark_stops_with_its_name(
    group: str, labels: Any, split: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(LiitError, match=said):
        read(task(tmp_path, group, labels), split=split)


def test_without_labels_the_missing_file_is_named(tmp_path: Path) -> None:
    folder = task(tmp_path)
    (folder / "labels.json").unlink()
    with pytest.raises(LiitError, match=r"labels\.json does not exist"):
        read(folder)


@pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared/streams here")
@pytest.mark.parametrize("name", SIZES)
def test_every_published_record_is_read_or_set_aside(name: str) -> None:
    for split, size in zip(("train", "test"), SIZES[name], strict=True):
        found = read(REAL / name, split=split)
        aside = Counter(one.reason for one in found if isinstance(one, Quarantined))
        assert len(found) == size
        assert sum(aside.values()) == (12 if (name, split) == ("NLI/MNLI", "test") else 0)
        options = {tuple(one.extra["choices"]) for one in found if isinstance(one, Sample)}
        assert len(options) == 1
        assert {one.turns[1].text for one in found if isinstance(one, Sample)} <= set(*options)
