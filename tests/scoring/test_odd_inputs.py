"""Inputs in which one record, one name or one file is odd: right, or an error that says why."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import pytest
from lm_eval.tasks._yaml_loader import load_yaml

from liit.benchmarks import mmlu, refcoco
from liit.benchmarks.humaneval import runs_through
from liit.errors import LiitError
from liit.metrics.boxes import bracketed_numbers, iou, lenient_boxes, parse_boxes
from liit.scoring.benchmark import Options, benchmarks
from liit.scoring.cli import main
from liit.scoring.files import read_document
from liit.scoring.layouts import records_of
from liit.scoring.records import as_list, question_key
from liit.scoring.report import as_json, as_text
from liit.scoring.running import Report, run_benchmark

from .small import CASES, TYDI, TYDI_SAID
from .test_small import TASKS, write


def run(
    name: str, references: Any, predictions: Any, folder: Path, suffix: str = "json", **options: Any
) -> Report:
    """Score the contents of one reference and one prediction file."""
    known = [write(folder, "references.json", references)] if references is not None else []
    said = write(folder, f"said.{suffix}", predictions)
    return run_benchmark(benchmarks()[name], known, [said], Options(**options))


def regions(n: int = 20) -> list[dict[str, Any]]:
    """Boxes of 640 × 480 pictures, 64 × 48 pixels each, far enough from the left upper corner."""
    return [
        {"question_id": k, "image": f"{k}.jpg", "sents": f"cup {k}", "width": 640, "height": 480,
         "bbox": [320 + 10 * (k % 9), 288 + 5 * (k % 7), 64, 48]}
        for k in range(n)
    ]  # fmt: skip


def boxes(rows: list[dict[str, Any]], scale: float, form: str = "[{}, {}, {}, {}]") -> list[str]:
    """Right answers on a grid of ``scale``, or in pixels for 0."""
    said = []
    for row in rows:
        x, y, w, h = row["bbox"]
        by = (1, 1) if not scale else (scale / 640, scale / 480)
        edges = [x * by[0], y * by[1], (x + w) * by[0], (y + h) * by[1]]
        said.append(form.format(*(round(e, 4) if scale <= 1 else round(e) for e in edges)))
    return said


def numbered(said: list[str]) -> list[dict[str, Any]]:
    return [{"question_id": n, "text": text} for n, text in enumerate(said)]


@pytest.mark.parametrize(
    ("scale", "form", "odd", "reading"),
    [
        (1, "[{}, {}, {}, {}]", "[320, 240, 400, 300]", "unit"),
        (1, "[{}, {}, {}, {}]", "In [2024, 1, 1, 7] it was.", "unit"),
        (100, "{{<{}><{}><{}><{}>}}", "{<320><40><30><20>}", "percent"),
        (1000, "({},{}),({},{})", "(500,500),(700,1024)", "mille"),
        (0, "[{}, {}, {}, {}]", "[600, 400, 700, 500]", "pixel"),
    ],
)
def test_one_odd_box_does_not_decide_how_the_others_are_read(
    tmp_path: Path, scale: float, form: str, odd: str, reading: str
) -> None:
    rows = regions()
    said = [*boxes(rows, scale, form)[:-1], odd]
    outcome = run("refcoco", rows, numbered(said), tmp_path).outcome
    assert outcome.score == pytest.approx(95)
    assert f"boxes read as {reading} (9" in outcome.notes[0] or "100.0%" in outcome.notes[0]


def test_answers_that_do_not_agree_ask_for_the_option(tmp_path: Path) -> None:
    rows = regions()
    said = [*boxes(rows, 1)[:10], *boxes(rows, 0)[10:]]
    with pytest.raises(LiitError, match="do not agree on how boxes are written") as caught:
        run("refcoco", rows, numbered(said), tmp_path)
    assert "--box-encoding" in caught.value.next_step
    assert run("refcoco", rows, numbered(said), tmp_path, box_encoding="unit").outcome.score == 50


def test_one_odd_reference_does_not_turn_sizes_into_corners(tmp_path: Path) -> None:
    rows = regions()
    said = numbered(boxes(rows, 1))
    rows[3]["bbox"] = [600, 400, 64, 48]  # reaches beyond its picture
    assert run("refcoco", rows, said, tmp_path).outcome.score == pytest.approx(95)
    corners = [
        {**row, "bbox": [x, y, x + w, y + h]} for row in regions() for x, y, w, h in [row["bbox"]]
    ]
    assert run("refcoco", corners, said, tmp_path).outcome.score == 100
    corners[0]["bbox"] = [400, 300, 20, 20]
    with pytest.raises(LiitError, match=r"record 1: the box is not \(x1, y1, x2, y2\)"):
        run("refcoco", corners, said, tmp_path)


def test_the_digits_of_one_number_are_no_box() -> None:
    for text in ("[1, 234]", "the mug of [2024].", "(12, 34)", "[0.3333]", "[1.2.3.4]"):
        assert bracketed_numbers(text) is None, text
    assert bracketed_numbers("see [1], <box>(25,20),(75,80)</box>") == (25, 20, 75, 80)
    assert bracketed_numbers("[1e-05, 2, .5, 4.]") == (1e-05, 2, 0.5, 4)


def test_a_first_row_of_data_is_no_header(tmp_path: Path) -> None:
    path = write(
        tmp_path, "anatomy_test.csv", "Which one is it?,index,image,id,input,A\nb?,1,2,3,4,B\n"
    )
    assert len(list(records_of(read_document(path)))) == 2


def test_one_line_without_a_tab_leaves_a_table(tmp_path: Path) -> None:
    lines = [f"a.jpg\tIs it thing {n}?\tYes" for n in range(30)]
    path = write(tmp_path, "OCR.txt", "\n".join([*lines[:7], "odd line", *lines[7:]]))
    assert read_document(path).kind == "table"


LOOPS = (
    "3",
    "0.3",
    " ",
    "[",
    "\n",
    "(",
    ",",
    "1,",
    "a ",
    "answer ",
    "is ",
    "#",
    "-",
    "[3",
    "<",
    "狗 ",
    "'",
    "1e",
)
LONG = 100_000


@pytest.mark.parametrize("loop", LOOPS)
def test_loops_of_one_token_are_read_in_linear_time(loop: str) -> None:
    text = loop * (LONG // len(loop))
    texts = [text, f"[{text}", f"answer{text}x", f"1{text}e5x"]
    start = time.process_time()
    for said in texts:
        for read in (parse_boxes, lenient_boxes, bracketed_numbers, question_key):
            read(said)
        iou(said, [0.1, 0.1, 0.5, 0.5])
    assert time.process_time() - start < 5


EXAMS = [(name, case.exams[0]) for name, case in CASES.items() if case.exams]


@pytest.mark.parametrize(("name", "exam"), EXAMS, ids=[exam for _, exam in EXAMS])
def test_every_exam_scores_loops_in_linear_time(name: str, exam: str, tmp_path: Path) -> None:
    from .test_small import documents_of

    config = load_yaml(TASKS / f"{exam}.yaml")
    document = documents_of(name, CASES[name], "standard", tmp_path)[0]
    for loop in LOOPS:
        start = time.process_time()
        config["process_results"](document, [loop * (LONG // len(loop))])
        assert time.process_time() - start < 5, loop


@pytest.mark.parametrize("field", ["Question_ID", "QuestionId", "question-id", "idx", "QID"])
def test_an_id_under_another_spelling_is_an_id(tmp_path: Path, field: str) -> None:
    references = {str(n): {"question": f"What is thing {n}?", "answer": f"a{n}"} for n in range(5)}
    said = [{field: n, "answer": f"a{n}"} for n in (3, 1, 4, 0, 2)]
    report = run("gqa", references, said, tmp_path)
    assert (report.outcome.score, report.joined and report.joined.key) == (100, "id")


def test_answers_that_are_there_twice_are_not_taken_by_their_place(tmp_path: Path) -> None:
    """A run that stopped at the half and was appended again: as many lines as questions."""
    references = {
        f"q{n}": {"question": f"What is thing {n}?", "answer": f"a{n}"} for n in range(20)
    }
    said = [{"question_id": f"q{n}", "answer": f"a{n}"} for n in range(10)]
    report = run("gqa", references, said * 2, tmp_path)
    assert (report.outcome.score, report.n, report.joined and report.joined.key) == (100, 10, "id")
    others = [{**one, "answer": "b"} for one in said]
    with pytest.raises(LiitError, match="could be joined"):
        run("gqa", references, said + others, tmp_path)


def test_images_of_the_same_name_in_two_folders_are_two(tmp_path: Path) -> None:
    rows = [{"image": f"{kind}/0001.jpg", "question": "What is it?", "answer": kind}
            for kind in ("cat", "dog", "cup")]  # fmt: skip
    said = [
        {"image": row["image"], "question": row["question"], "pred": row["answer"]}
        for row in rows[::-1]
    ]
    assert run("gqa", rows, said, tmp_path).outcome.score == 100
    bare = [{**row, "image": "0001.jpg"} for row in said]
    report = run("gqa", rows, bare, tmp_path)  # nothing tells them apart any more
    assert "joined by their position" in as_text(report).splitlines()[0]


def test_captions_of_images_that_only_look_alike(tmp_path: Path) -> None:
    said = {"07": ["A red bus."], "7": ["Two dogs."], "8": ["A boy."]}
    assert run("caption", said, said, tmp_path).n == 3
    rows = [{"image": f"{kind}/1.jpg", "caption": f"A {kind}."} for kind in ("cat", "dog", "cup")]
    report = run("caption", rows, rows[::-1], tmp_path)
    assert report.n == 3
    # a unigram and a bigram of its own each (idf ln 3), "a" in all three: 10 * 2 / 4
    assert report.outcome.score == pytest.approx(500)


def test_a_question_answered_twice_is_said(tmp_path: Path) -> None:
    references = {str(n): {"question": f"Thing {n}?", "answer": "yes"} for n in range(4)}
    said = [*numbered(["yes"] * 4), {"question_id": 2, "text": "no"}]
    report = run("gqa", references, said, tmp_path)
    assert report.n == 3
    assert "1 keys stand more than once and were left out (2)" in as_text(report)


# without ids: nothing joins as there are twice as many answers as references
REGIONS = [{"image": "9.jpg", "sents": "cup", "width": 200, "height": 100}]


def regions_said(said: list[str]) -> list[dict[str, str]]:
    return [{"image": "9.jpg", "sents": "cup", "text": text} for text in said]


MIXED = [
    ("gqa", {"1": {"question": "Who?", "answer": "man"}},
     [[{"question_id": 1, "text": "man"}], [{"question_id": 1, "text": "cup"}]]),
    ("caption", {"1": ["A dog."], "2": ["A cat."]},
     [{"1": ["A dog."], "2": ["A cat."]}, {"1": ["A bus."], "2": ["A cat."]}]),
    ("mme", None,
     [[{"question_id": "OCR/1", "image": "1.jpg", "category": "OCR", "question": "Is it?",
        "answer": "Yes", "response": said}] for said in ("Yes", "No")]),
    ("mmmu", None, [{"validation_Art_1": {"question_type": "multiple-choice", "answer": "A",
                                          "response": said}} for said in "AB"]),
    ("alpaca_eval", None, [[{"instruction": "Sing.", "output_2": said, "preference": 2}]
                           for said in ("la", "lo")]),
    ("alpaca_eval", None, [[{"instruction": "Sing.", "preference": said}] for said in (1, 2)]),
    ("continual", None, [{"R": [[1.0, None], [2.0, 3.0]]}, {"R": [[1.0, None], [0.0, 3.0]]}]),
    ("mmvet", None, [{"v1": {"score": [0.5]}}, {"v1": {"score": [0.9]}}]),
    ("humaneval", None, [[{"task_id": "a", "passed": passed}] for passed in (True, False)]),
    ("tydiqa", TYDI[:1], [[row] for row in (TYDI_SAID[0], TYDI_SAID[0] | {"minimal_answer": {
        "start_byte_offset": 10, "end_byte_offset": 20}})]),
    ("refcoco", [{**REGIONS[0], "bbox": [50, 20, 100, 60]}],
     [regions_said([box]) for box in ("[0.25, 0.20, 0.75, 0.80]", "[0, 0, 1, 1]")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "references", "models"),
    MIXED,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_two_models_in_one_folder_are_named(
    tmp_path: Path, name: str, references: Any, models: list[Any]
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    for number, content in enumerate(models):
        write(folder, f"model{number}.json", content)
    known = [write(tmp_path, "references.json", references)] if references else []
    with pytest.raises(LiitError) as caught:
        run_benchmark(benchmarks()[name], known, [folder])
    assert "model0.json" in caught.value.problem and "model1.json" in caught.value.problem
    assert run_benchmark(benchmarks()[name], known, [folder / "model0.json"]).n


def test_parts_of_one_model_belong_together(tmp_path: Path) -> None:
    references = {str(n): {"question": f"Thing {n}?", "answer": "yes"} for n in range(4)}
    folder = tmp_path / "chunks"
    folder.mkdir()
    for number in range(2):
        rows = [{"question_id": n, "text": "yes"} for n in range(2 * number, 2 * number + 2)]
        write(folder, f"4_{number}.json", rows)
    report = run_benchmark(benchmarks()["gqa"], [write(tmp_path, "r.json", references)], [folder])
    assert (report.n, report.outcome.score) == (4, 100)


def test_captions_without_capitals_and_full_stops_score_alike(tmp_path: Path) -> None:
    things = ("dog", "cat", "bus", "train", "kite")
    references = {str(n): [f"A woman's {thing} isn't moving."] for n, thing in enumerate(things)}
    scores = {
        run("caption", references, {key: said(texts[0]) for key, texts in references.items()},
            tmp_path).outcome.score
        for said in (str, str.lower, lambda text: text.lower().rstrip("."))
    }  # fmt: skip
    assert len(scores) == 1


def test_the_rules_of_two_profiles() -> None:
    facts = {"letter": "B", "choices": ["w", "x"], "answers": ["B"]}
    assert mmlu.score(facts, "B.").value == 0
    assert mmlu.score({**facts, "profile": "paper"}, "B.").value == 1
    region = {"box": [0.0, 0.0, 0.5, 1.0], "box_frame": "original", "size": [200, 100]}
    assert refcoco.score(region, "[0, 0, 0.5, 1]").value == 1


def test_lists_as_numpy_prints_them(tmp_path: Path) -> None:
    quoted = "[\"don't know\" 'red' 'red' 'red'\n 'red' 'red' 'red' 'red' 'red' 'red']"
    assert as_list(quoted) == ["don't know", *["red"] * 9]
    assert as_list("['a', 'b']") == ["a", "b"] and as_list("['it is']") == ["it is"]
    assert (
        as_list("[{'answer': 'net', 'id': 1}\n {'answer': 'nets', 'id': 2}]")[1]["answer"] == "nets"
    )
    assert as_list("[3 4]") == ["3", "4"] and as_list("[unk]") == ["[unk]"]
    with pytest.raises(ValueError, match="a list that cannot be read"):
        as_list("['a' 'b', 'c]")
    cell = quoted.replace('"', '""')
    table = f'question_id,image_id,question,answers\n1,9,Colour?,"{cell}"\n'
    references = write(tmp_path, "vqa.csv", table)
    said = write(tmp_path, "p.json", {"1": "red"})
    assert run_benchmark(benchmarks()["vqav2"], [references], [said]).outcome.score == 100


@pytest.mark.parametrize(
    ("name", "record", "words"),
    [
        ("scienceqa", {"id": 1, "choices": ["a", "b"], "answer": 4}, "none of the 2 options"),
        ("aokvqa_mc", {"question_id": 1, "choices": ["a"], "correct_choice_idx": 3}, "none of the"),
        ("mmlu", {"question": "q?", "choices": ["a", "b"], "answer": "E"}, "none of the 2 options"),
        ("mmmu", {"id": 1, "question_type": "multiple-choice", "options": ["a"], "answer": "C"},
         "none of the 1 options"),
        ("pope", {"question_id": 1, "text": "q?", "label": "maybe"}, "neither yes nor no"),
        ("gsm8k", {"id": 1, "answer": "no number"}, "holds no number"),
        ("refcoco", {"question_id": 1, "bbox": [20, 10, 30, 40]}, "no image size"),
        ("okvqa", {"question_id": 1, "answers": [{"text": "red"}]}, "answer is None"),
        ("vqav2", {"question_id": 1, "answers": []}, "no reference answer"),
        ("textvqa", {"question_id": 1, "answers": [" "]}, "no reference answer"),
        ("gqa", {"question_id": 1, "answer": [None]}, "answer is None"),
        ("exact", {"question_id": 1, "answer": math.nan}, "answer is nan"),
        ("aokvqa", {"question_id": 1, "choices": ["a"], "direct_answers": []}, "no reference"),
        ("bbh", {"id": 1, "target": {}}, "answer is None"),
        ("mmmu", {"id": 1, "question_type": "open", "answer": []}, "no reference answer"),
        ("mmmu_pro", {"id": 1, "options": ["a"], "answer": "C"}, "none of the 1 options"),
        ("refcoco", {"question_id": 1, "bbox": [2, 1, 0, 4], "width": 9, "height": 9}, "above 0"),
        ("refcoco", {"question_id": 1, "bbox": [2, 1, 3, 4], "width": math.nan, "height": 9},
         "no image size"),
    ],
)  # fmt: skip
def test_a_reference_that_cannot_be_understood_is_an_error(
    tmp_path: Path, name: str, record: dict[str, Any], words: str
) -> None:
    said = [{"question_id": 1, "question": "q?", "text": "[0.1, 0.1, 0.2, 0.2]"}]
    with pytest.raises(LiitError, match=words) as caught:
        run(name, [record], said, tmp_path)
    assert "references.json: record 1" in caught.value.problem


@pytest.mark.parametrize("answer", ["B", "(B)", "b.", "dog", 1])
def test_a_right_answer_in_any_dress(tmp_path: Path, answer: Any) -> None:
    record = {"question": "q?", "choices": ["cat", "dog"], "answer": answer}
    report = run("mmlu", [record], [{"question": "q?", "pred": "B"}], tmp_path)
    assert report.outcome.score == 100


def test_an_option_that_is_the_number_zero(tmp_path: Path) -> None:
    record = {"question": "q?", "A": 0, "B": 1, "C": 2, "D": 3, "answer": "C"}
    report = run("mmlu", [record], [{"question": "q?", "pred": "C"}], tmp_path)
    assert report.outcome.score == 100


PROBLEM = {"task_id": "T/0", "prompt": "def f(x):\n", "entry_point": "f",
           "test": "def check(f):\n    assert f(1) == 2\n"}  # fmt: skip


def test_programs_stand_in_the_field_that_is_named(tmp_path: Path) -> None:
    said = [{"task_id": "T/0", "out": {"code": "    return x + 1\n"}}]
    with pytest.raises(LiitError, match=r"'completion' holds a program \(it has: task_id, out\)"):
        run("humaneval", [PROBLEM], said, tmp_path, execute=True)
    options = {"execute": True, "answer_field": "out.code"}
    assert run("humaneval", [PROBLEM], said, tmp_path, **options).outcome.score == 100


@pytest.mark.parametrize(
    ("program", "passes"),
    [
        ("def f():\n    return 1\nassert f() == 1", True),
        ("from __future__ import annotations\nassert True", True),
        ("def f():\n    exit()\nf()\nassert False", False),
        ("import sys\nsys.exit(0)", False),
        ("import os\nos._exit(0)", False),
        ("if __name__ == '__main__':\n    raise SystemExit", True),  # the official exec is no main
        ("assert 1 == 2", False),
        ("while True: pass", False),
        ("x = [0] * 10**10", False),
    ],
)
def test_a_program_passes_whose_last_line_is_reached(program: str, passes: bool) -> None:
    assert runs_through(program, seconds=2) is passes


def test_a_table_says_in_words_whether_a_program_passed(tmp_path: Path) -> None:
    table = "task_id,completion,passed\nT/0,x,False\nT/1,x,true\n"
    report = run("humaneval", [PROBLEM, {"task_id": "T/1"}], table, tmp_path, "csv")
    assert (report.outcome.score, report.outcome.notes) == (50, [])
    with pytest.raises(LiitError, match=r"passed is 'maybe'"):
        run("humaneval", None, table.replace("true", "maybe"), tmp_path, "csv")


def test_problems_without_a_sample_are_counted(tmp_path: Path) -> None:
    problems = [PROBLEM, {"task_id": "T/1"}]
    report = run("humaneval", problems, [{"task_id": "T/0", "passed": True}], tmp_path)
    assert report.outcome.notes == ["1 of 2 problems have no sample: not in the score"]


@pytest.mark.parametrize(
    ("references", "said", "unparsed"),
    [
        ("a cat\na dog\nno one\n", "a cat\na dog\n\n", 1),  # the last answer is empty
        ("a cat\na dog\nno one\n", "a cat\na dog\nx\n\n\n", 0),  # the file ends in blank lines
        ("a cat\na dog\nno one\n\n\n", "a cat\na dog\nx\n\n\n", 0),
        ("a cat\na dog\nno one\n\n\n", "a cat\na dog\n", None),
    ],
)
def test_blank_lines_at_the_end(
    references: str, said: str, unparsed: int | None, tmp_path: Path
) -> None:
    known, given = write_lines(tmp_path, references=references, said=said)
    if unparsed is None:
        with pytest.raises(LiitError, match="none of 2 answers"):
            run_benchmark(benchmarks()["rouge"], [known], [given])
        return
    report = run_benchmark(benchmarks()["rouge"], [known], [given])
    assert report.outcome.score == pytest.approx(200 / 3)
    assert (report.n, report.unparsed) == (3, unparsed)


def write_lines(folder: Path, **texts: str) -> list[Path]:
    files = [folder / f"{name}.txt" for name in texts]
    for file, text in zip(files, texts.values(), strict=True):
        file.write_text(text, encoding="utf-8")
    return files


def test_difficult_questions_need_no_answer(tmp_path: Path) -> None:
    """Seven easy ones are right, three difficult ones are not answered."""
    questions = [
        {"question_id": str(n), "image_id": n, "question": f"How {n}?", "choices": ["a", "b"],
         "correct_choice_idx": 0, "direct_answers": ["a"] * 10, "difficult_direct_answer": n > 6}
        for n in range(10)
    ]  # fmt: skip
    said = [{"question_id": str(n), "text": "a"} for n in range(7)]
    report = run("aokvqa", questions, said, tmp_path)
    assert report.outcome.score == 100 and report.score_with_missing_wrong is None
    report = run("aokvqa", questions, said[:6], tmp_path)
    assert report.score_with_missing_wrong == pytest.approx(600 / 7)


def test_marks_in_a_text_are_not_its_digits(tmp_path: Path) -> None:
    with pytest.raises(LiitError, match="the marks are not two numbers: '87'"):
        run("llava_bench", None, [{"category": "all", "score": "87"}], tmp_path)


def test_a_missing_field_is_no_wrong_answer(tmp_path: Path) -> None:
    references = {"1": {"question": "q?", "answer": "yes"}}
    said = [{"question_id": 1, "model": {"text": "yes"}}]
    with pytest.raises(LiitError, match=r"has no field 'model\.said'"):
        run("gqa", references, said, tmp_path, answer_field="model.said")
    assert run("gqa", references, said, tmp_path, answer_field="model.text").outcome.score == 100
    judged = [{"instruction": f"{n}", "preference": 2} for n in range(2)]
    assert "avg_length" not in run("alpaca_eval", None, judged, tmp_path).outcome.breakdown
    marks = [{"instruction": f"{n}", "mark": 2} for n in range(2)]
    assert run("alpaca_eval", None, marks, tmp_path, answer_field="mark").outcome.score == 100


def test_a_record_without_an_answer_is_not_scored_by_its_other_fields(tmp_path: Path) -> None:
    references = {str(n): {"question": f"q{n}?", "answer": f"a{n}"} for n in range(5)}
    said: list[dict[str, Any]] = [
        {"question_id": n, "prediction": f"a{n}", "answer": "the reference's"} for n in range(5)
    ]
    assert run("gqa", references, said, tmp_path).outcome.score == 100
    lacking = {"question_id": 4, "answer": "a4"}
    with pytest.raises(LiitError, match=r"said.json: record 5 has no field 'prediction'"):
        run("gqa", references, [*said[:4], lacking], tmp_path)
    odd = {"question_id": 4, "text": "a4", "output": "a log"}
    texts = [{"question_id": n, "text": f"a{n}"} for n in range(4)]
    assert run("gqa", references, [*texts, odd], tmp_path).outcome.score == 100


def test_an_answer_inside_of_a_field_is_named(tmp_path: Path) -> None:
    references = {"1": {"question": "q?", "answer": "yes"}}
    said = [{"question_id": 1, "answer": {"said": "yes"}}]
    with pytest.raises(LiitError, match="no field inside 'answer'") as caught:
        run("gqa", references, said, tmp_path)
    assert "--answer-field answer.said" in caught.value.next_step  # and this advice works
    assert run("gqa", references, said, tmp_path, answer_field="answer.said").outcome.score == 100


def test_a_key_that_stands_twice_in_an_object(tmp_path: Path) -> None:
    references = {"1": {"question": "q?", "answer": "yes"}}
    with pytest.raises(LiitError, match=r"said\.json: the key '1' stands twice"):
        run("gqa", references, '{"1": "yes", "1": "no"}', tmp_path)
    assert run("gqa", references, '{"1": "yes", "1": "yes"}', tmp_path).outcome.score == 100


def test_a_record_with_fewer_grades_does_not_cut_those_of_all(tmp_path: Path) -> None:
    grades = {f"v{n}": {"score": [1, 0, 0.5]} for n in range(4)}
    assert run("mmvet", None, grades, tmp_path).outcome.score == pytest.approx(50)
    with pytest.raises(LiitError, match="record 5 has 2 grades where most records have 3"):
        run("mmvet", None, grades | {"v9": {"score": [1, 0]}}, tmp_path)
    report = run("mmvet", None, grades | {"v9": {}}, tmp_path)
    assert "1 records have no grades" in as_text(report)
    verdicts = [{"instruction": f"{n}", "preference": 2} for n in range(3)]
    report = run("alpaca_eval", None, [*verdicts, {"instruction": "3"}], tmp_path)
    assert "1 records have no verdict" in as_text(report)


def test_the_complete_part_of_a_result_file_counts(tmp_path: Path) -> None:
    problems = {str(n): {"question": f"q{n}?", "choices": ["a", "b"], "answer": n % 2}
                for n in range(4)}  # fmt: skip
    content = {"acc": 75.0, "count": 4, "results": {"0": 0, "1": 1, "2": 0, "3": 0},
               "outputs": {"0": "A"}}  # fmt: skip
    report = run("scienceqa", problems, content, tmp_path)
    assert (report.n, report.outcome.score, list(report.outcome.notes)) == (4, 75, [])
    report = run("scienceqa", problems, content | {"acc": 99.0, "count": 5}, tmp_path)
    assert "declares an accuracy of 99.0" in as_text(report)
    assert "declares 5 answers: 4 scored" in as_text(report)


@pytest.mark.parametrize("mark", ["\u0085", "\u2028", "\u2029", "\x0b", "\x1c"])
def test_line_ends_inside_of_texts(tmp_path: Path, mark: str) -> None:
    references = {str(n): {"question": f"q{n}?", "answer": "cup"} for n in range(2)}
    rows = [{"question_id": n, "text": "cup", "why": f"a{mark}b"} for n in range(2)]
    escape = mark in ("\x0b", "\x1c")  # JSON wants control characters escaped
    lines = "".join(json.dumps(row, ensure_ascii=escape) + "\r\n" for row in rows)
    assert run("gqa", references, lines, tmp_path, "jsonl").outcome.score == 100
    target = write(tmp_path, "target.txt", f"a{mark}dog\nb\n")
    assert len(list(records_of(read_document(target)))) == 2


def test_objects_after_each_other_are_all_read(tmp_path: Path) -> None:
    rows = [{"question_id": n, "text": "cup"} for n in range(3)]
    as_jq_prints = "\n".join(json.dumps(row, indent=2) for row in rows)
    assert len(list(records_of(read_document(write(tmp_path, "a.json", as_jq_prints))))) == 3
    with pytest.raises(LiitError, match=r"line 14 is not valid JSON"):
        read_document(write(tmp_path, "b.json", as_jq_prints + '\n{"a": 1,\n"b'))


def test_figures_that_do_not_exist_are_null(tmp_path: Path) -> None:
    report = run("refcoco", regions(3), numbered(["no idea"] * 3), tmp_path, profile="paper")
    printed = json.loads(as_json(report), parse_constant=pytest.fail)
    assert (printed["score"], printed["breakdown"]["mean_iou"]) == (None, None)
    assert printed["state"] == "undefined: no answer counts"
    assert "nan" not in as_text(report)


def test_what_could_not_be_joined_is_told_key_by_key(tmp_path: Path) -> None:
    references = [{"question_id": 1, "question": f"q{n}?", "answer": "yes"} for n in range(3)]
    said = [{"question_id": 1, "text": "yes"}, {"question_id": 1, "text": "no"}]
    with pytest.raises(LiitError) as caught:
        run("gqa", references, said, tmp_path)
    assert "id '1' stands 3 times in the references, 2 in the answers" in caught.value.problem
    assert "no image in the references and answers" in caught.value.problem


def test_answers_without_a_partner_hint_at_the_question_file(tmp_path: Path) -> None:
    references = {str(n): {"question": f"q{n}?", "answer": "yes"} for n in range(3)}
    said = numbered(["yes", "yes"]) + numbered(["no"] * 9)[7:]
    assert "question file" in as_text(run("gqa", references, said, tmp_path))


def test_the_list_says_which_files_are_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all("references: " in line for line in lines)
    told = {line.split()[0]: line.split("references: ")[1] for line in lines}
    assert "refs(*).p and instances.json" in told["refcoco"]
    for name, words in (("caption", "captions"), ("rouge", "one line"), ("gqa", "annotation")):
        assert words in told[name]


@pytest.mark.parametrize(
    "name", ["gsm8k", "bbh", "squad", "xquad", "rouge", "mmmu_pro", "humaneval"]
)
def test_text_benchmarks_score_loops_in_linear_time(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    known = [write(tmp_path, file, content) for file, content in case.files.items()]
    for loop in LOOPS:
        text = loop.replace("\n", " ") * (LONG // len(loop))
        said = json.loads(json.dumps(case.predictions), object_hook=lambda o, t=text: _said(o, t))
        if name == "rouge":
            said = f"x{text}\nx\n"
        path = write(tmp_path, "said.txt" if name == "rouge" else "said.json", said)
        start = time.process_time()
        run_benchmark(benchmarks()[name], known, [path])
        assert time.process_time() - start < 8, loop


def _said(fields: dict[str, Any], text: str) -> dict[str, Any]:
    kept = ("id", "task_id", "passed", "pred_indexs")
    return {k: text if isinstance(v, str) and k not in kept else v for k, v in fields.items()}
