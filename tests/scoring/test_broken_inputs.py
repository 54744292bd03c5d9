"""Bad input ends in one readable message that names the file, the record and the next step."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liit.errors import LiitError
from liit.scoring.benchmark import benchmarks
from liit.scoring.cli import main
from liit.scoring.exam_items import read_items
from liit.scoring.files import read_document, read_documents
from liit.scoring.running import run_benchmark


def test_cut_off_json_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"1": "a",\n "2": "b', encoding="utf-8")
    with pytest.raises(LiitError, match=r"a\.json: line 2 is not valid JSON"):
        read_document(path)


def test_cut_off_json_lines_name_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1}\n{"id": 2}\n{"id": 3, "te', encoding="utf-8")
    with pytest.raises(LiitError, match="line 3 is not valid JSON"):
        read_document(path)


def test_other_unreadable_files(tmp_path: Path) -> None:
    latin = tmp_path / "latin.json"
    latin.write_bytes('{"1": "caf\u00e9"}'.encode("latin-1"))
    empty = tmp_path / "empty.json"
    empty.write_text(" \n", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    for path, words in (
        (latin, "not UTF-8"),
        (empty, "empty"),
        (tmp_path / "absent.json", "no such file"),
        (tmp_path / "folder", "no data file"),
    ):
        with pytest.raises(LiitError, match=words) as caught:
            read_documents([path])
        assert path.name in caught.value.problem
        assert caught.value.next_step


def test_gzip_is_read_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(gzip.compress(b'{"1": "yes"}'))
    assert read_document(path).content == {"1": "yes"}


def test_one_line_of_json_lines_is_one_record(tmp_path: Path) -> None:
    references, predictions = tmp_path / "r.json", tmp_path / "p.jsonl"
    references.write_text('{"7": {"question": "q?", "answer": "yes"}}', encoding="utf-8")
    predictions.write_text('{"question_id": 7, "text": "Yes"}\n', encoding="utf-8")
    assert run_benchmark(benchmarks()["gqa"], [references], [predictions]).outcome.score == 100


def test_the_command_prints_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"1": ', encoding="utf-8")
    assert main(["gqa", "--references", str(path), "--predictions", str(path)]) == 2
    assert main(["no_such_task", "--predictions", str(path)]) == 2
    assert main(["gqa"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("Next step:") == 3
    assert "Traceback" not in printed.err


def test_the_command_prints_and_lists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    references, predictions = tmp_path / "r.json", tmp_path / "p.json"
    references.write_text('{"1": {"question": "q?", "answer": "yes"}}', encoding="utf-8")
    predictions.write_text('{"1": "It is yes."}', encoding="utf-8")
    files = ["--references", str(references), "--predictions", str(predictions)]
    assert main(["gqa", *files, "--json", "--items"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["score"], printed["lenient"], printed["n"]) == (0, 100, 1)
    assert printed["items"] == [{"key": "1", "lenient": 1.0, "parsed": True, "value": 0.0}]
    assert main(["gqa", *files]) == 0
    assert "under the lenient parse: 100.00" in capsys.readouterr().out
    assert main(["list"]) == 0
    assert {line.split()[0] for line in capsys.readouterr().out.splitlines()} == set(benchmarks())


@pytest.mark.parametrize(
    ("task", "reference"),
    [
        ("okvqa", {"question_id": 1, "answers": [{"wrong": 1}]}),
        ("aokvqa_mc", {"question_id": 1, "choices": ["a"], "correct_choice_idx": "x"}),
        ("aokvqa", {"question_id": 1, "direct_answers": 5}),
        ("refcoco", {"question_id": 1, "bbox": [1, 2, "x", 4], "width": 5, "height": 5}),
        ("refcoco", {"question_id": 1, "bbox": [1, 2], "width": 5, "height": 5}),
        ("scienceqa", {"id": "1", "conversations": "none"}),
        ("mmmu", {"id": "1", "answer": {"a": 1}}),
        ("tydiqa", {"example_id": 1, "annotations": [{}]}),
        ("squad", {"id": "1", "answers": [{"start": 3}]}),
    ],
)
def test_odd_records_score_or_explain(tmp_path: Path, task: str, reference: Any) -> None:
    references, predictions = tmp_path / "r.json", tmp_path / "p.json"
    references.write_text(json.dumps([reference]), encoding="utf-8")
    predictions.write_text('[{"question_id": 1, "answer": "a"}]', encoding="utf-8")
    try:
        run_benchmark(benchmarks()[task], [references], [predictions])
    except LiitError as fault:
        assert str(references) in fault.problem or str(predictions) in fault.problem


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.text("ab1 .", max_size=4),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["id", "question_id", "answer", "text", "bbox", "data",
                                       "annotations", "image", "score", "a"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(sorted(set(benchmarks()) - {"rouge", "humaneval"})),
    json_values,
    json_values,
)
def test_no_json_ends_in_a_bare_error(tmp_path: Path, task: str, one: Any, other: Any) -> None:
    references, predictions = tmp_path / "r.json", tmp_path / "p.json"
    references.write_text(json.dumps(one), encoding="utf-8")
    predictions.write_text(json.dumps(other), encoding="utf-8")
    for files in ([references], []):
        try:
            run_benchmark(benchmarks()[task], files, [predictions])
        except LiitError as fault:
            assert fault.next_step


def test_items_of_unknown_tasks_and_hidden_answers(tmp_path: Path) -> None:
    path = tmp_path / "test.json"
    path.write_text('[{"question_id": 1, "image_id": 2, "question": "q?"}]', encoding="utf-8")
    with pytest.raises(LiitError, match="no record has a reference answer"):
        list(read_items("okvqa", [path]))
    with pytest.raises(LiitError, match="no official files are read for 'nothing'"):
        list(read_items("nothing", [path]))
