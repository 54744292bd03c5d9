"""Every benchmark on small inputs of our own: by hand, and the same on both ways to score."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import yaml
from lm_eval.tasks._yaml_loader import load_yaml

from liit.data.store import SampleStore, write_store
from liit.evaluation.documents import Documents
from liit.scoring.benchmark import Options, benchmarks
from liit.scoring.exam_items import read_items
from liit.scoring.running import Report, run_benchmark

from .small import CASES, Case

TASKS = Path(__file__).parents[2] / "eval" / "tasks"
PROFILES = ("standard", "paper")
PUBLISHED = [(name, exam) for name, case in CASES.items() for exam in case.exams]


def write(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    return path


def scored(name: str, case: Case, profile: str, folder: Path) -> Report:
    references = [write(folder, file, content) for file, content in case.files.items()]
    suffix = "txt" if isinstance(case.predictions, str) else "json"
    said = write(folder, f"said.{suffix}", case.predictions)
    return run_benchmark(benchmarks()[name], references, [said], Options(profile, **case.options))  # type: ignore[arg-type]


def examined(task: str, documents: Documents, said: list[str]) -> dict[str, float]:
    """What lm-eval gives for these answers: every metric of the task's YAML."""
    config = load_yaml(TASKS / f"{task}.yaml")
    rows = [config["process_results"](d, [text]) for d, text in zip(documents, said, strict=True)]
    figures = {}
    for metric in config["metric_list"]:
        name, how = metric["metric"], metric["aggregation"]
        values = [row[name] for row in rows]
        figures[name] = fmean(values) if how == "mean" else how(values)
    return figures


def documents_of(name: str, case: Case, profile: str, folder: Path) -> Documents:
    files = [write(folder, file, content) for file, content in case.files.items()]
    frame = {"box_frame": "original"} if name.startswith("refcoco") else {}
    items = list(read_items(name, files, **frame))  # type: ignore[arg-type]
    for item in items:
        item.extra["profile"] = profile  # both profiles are asked alike here
    write_store(items, folder / "exam.arrow")
    return Documents(SampleStore(folder / "exam.arrow"))


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", CASES)
def test_by_hand(name: str, profile: str, tmp_path: Path) -> None:
    case = CASES[name]
    outcome = scored(name, case, profile, tmp_path).outcome
    found = {**outcome.breakdown, "score": outcome.score, "lenient": outcome.lenient}
    wanted = case.wanted(profile)
    assert {key: found[key] for key in wanted} == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("name", "exam"), PUBLISHED, ids=[exam for _, exam in PUBLISHED])
def test_an_exam_and_liit_score_agree(name: str, exam: str, profile: str, tmp_path: Path) -> None:
    case = CASES[name]
    cell = examined(exam, documents_of(name, case, profile, tmp_path), case.said)
    report = scored(name, case, profile, tmp_path)
    assert cell["parsed"] == pytest.approx(1 - report.unparsed / len(case.said))
    score = cell.get("corpus", 100 * cell["score"])
    if name.startswith("refcoco"):
        figures = ("mean_iou", "acc@0.5")
        shown = {figure: report.outcome.breakdown[figure] for figure in figures}
        assert {figure: cell[figure] for figure in figures} == pytest.approx(shown)
        wanted = shown["acc@0.5"] if profile == "paper" else 100 * shown["mean_iou"]
        assert score == pytest.approx(wanted)
    else:
        wanted = case.share * (report.outcome.score or 0) if case.asked is None else case.asked
        assert score == pytest.approx(wanted)


def test_every_benchmark_and_every_published_exam_has_a_case() -> None:
    assert set(CASES) == set(benchmarks())

    class PlainLoader(yaml.SafeLoader):
        pass

    PlainLoader.add_constructor("!function", lambda loader, node: loader.construct_scalar(node))
    left = set()
    for file in TASKS.glob("[!_]*.yaml"):
        task = yaml.load(file.read_text(encoding="utf-8"), Loader=PlainLoader)
        common = (TASKS / task["include"]).read_text(encoding="utf-8")
        task = yaml.load(common, Loader=PlainLoader) | task
        if ".drawn." not in task.get("process_results", ""):
            left.add(task["task"])
    assert left == {exam for _, exam in PUBLISHED} | {"scienceqa_likelihood"}
