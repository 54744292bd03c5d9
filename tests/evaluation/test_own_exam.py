"""The exam that docs/add-an-exam.md shows, made of the page's own blocks."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from PIL import Image

from liit.config import Exam
from liit.data.sample import Sample, Turn, make_sample
from liit.data.store import write_store
from liit.errors import LiitError
from liit.evaluation.adapter import LlavaLM
from liit.evaluation.evaluator import Evaluator
from liit.preparation.prepare import prepare

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/add-an-exam.md").read_text("utf-8")
ITEMS, SCORING, TASK, ENTRY = re.findall(
    r"^```(?:json|python|yaml)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL
)


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    """Lay out data and task as the page says; items and images below ``datasets/``."""
    (tmp_path / "datasets/colours/images").mkdir(parents=True)
    (tmp_path / "tasks").mkdir()
    (tmp_path / "datasets/colours/items.json").write_text(ITEMS, encoding="utf-8")
    for colour in ("red", "blue"):
        image = Image.new("RGB", (32, 32), colour)
        image.save(tmp_path / f"datasets/colours/images/{colour}.png")
    shutil.copy(ROOT / "eval/tasks/_items.yaml", tmp_path / "tasks")
    (tmp_path / "tasks/colours.yaml").write_text(TASK, encoding="utf-8")
    (tmp_path / "tasks/colours.py").write_text(SCORING, encoding="utf-8")
    return tmp_path


def examine(folder: Path, encoder: Any, model: Any) -> Any:
    (line,) = yaml.safe_load(ENTRY)["exams"]
    exam = Exam(**{**line, "files": tuple(line["files"])})
    params: Any = SimpleNamespace(data_root=folder / "datasets")
    assert prepare(params, exam, folder / "exams/colours.arrow").kept == 2
    evaluator = Evaluator(
        encoder,
        ["colours"],
        tasks_dir=folder / "tasks",
        exams_dir=folder / "exams",
        store=folder / "store.sqlite",
        batch_size=2,
        image_roots={"colours": folder / "datasets" / line["image_root"]},
    )
    return evaluator.run(model, "w")["colours"]


def answering(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    def generate(self: Any, questions: Any, prompts: Any) -> list[str]:
        assert all(isinstance(question.source.sample(), Sample) for question in questions)
        return [answer for _ in questions]

    monkeypatch.setattr(LlavaLM, "_generate", generate)


def test_the_pages_exam_scores_one_of_two(
    folder: Path, encoder: Any, fresh_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, "Red.")
    cell = examine(folder, encoder, fresh_model())
    assert (cell.score, cell.n, cell.parsed, cell.version) == (50.0, 2, 1.0, "1")


def test_scoring_that_wants_what_is_not_there_names_task_and_item(
    folder: Path, encoder: Any, fresh_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, "Red.")
    wrong = SCORING.replace('document["target"]', 'document["extra"]["colour"]')
    (folder / "tasks/colours.py").write_text(wrong, encoding="utf-8")
    with pytest.raises(LiitError, match=r"Task colours: score\(\) fails at item \w{16}.*'colour'"):
        examine(folder, encoder, fresh_model())


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ("colours.score", "colours.scor", "Task colours does not load.*no function 'scor'"),
        ("colours.score", "colors.score", "Task colours does not load.*module 'colors'"),
        ("task: colours", "task: colors", "colours.yaml defines no task 'colours'"),
        ("_items.yaml", "_item.yaml", "includes a file that is not there"),
        ("exam: colours", "exam: colour", "exam 'colour'.*did you mean \"colours\""),
        ("exam: colours", "exam: gqa", "colours asks the items of gqa"),
        ("process_results: !function colours.score\n", "", "does not say how an answer is scored"),
        ('version: "1"', 'revision: "1"', "Task colours has no version"),
        ("max_gen_toks", "max_new_toks", "names 'max_new_toks'.*did you mean \"max_gen_toks\""),
    ],
)
def test_a_mistake_in_its_yaml_is_named(
    folder: Path, encoder: Any, fresh_model: Any, written: str, instead: str, said: str
) -> None:
    assert written in TASK
    items = make_sample("gqa", [Turn("user", "Is it?"), Turn("assistant", "yes")])
    write_store([items], folder / "exams/gqa.arrow")
    file = folder / "tasks/colours.yaml"
    file.write_text(TASK.replace(written, instead), encoding="utf-8")
    with pytest.raises(LiitError, match=said):
        examine(folder, encoder, fresh_model())
