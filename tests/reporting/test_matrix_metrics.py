"""The section with the literature's metrics, against the matrices that the report is made of."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean

import pytest
from campaign import SKILLS, STREAM, write_campaign

from liit.reporting.matrix_metrics import matrix_section
from liit.reporting.report_data import ReportData, gather
from liit.reporting.section import interval


def cells(data: ReportData, method: str) -> list[str]:
    table = matrix_section(data).table
    assert table is not None
    (row,) = [r for r, name in zip(table.rows, table.methods, strict=True) if name == method]
    return list(row[1:])


def first(cell: str) -> float:
    return float(cell.split(" [", maxsplit=1)[0])


def curves(data: ReportData, method: str) -> list[list[list[float]]]:
    """Return seed -> skill -> score per step."""
    by_skill = [data.curve(method, "skills", skill) for skill in SKILLS]
    return [list(curve) for curve in zip(*by_skill, strict=True)]


def test_numbers_are_means_over_seeds_of_each_seeds_metric(tmp_path: Path) -> None:
    data = gather(tmp_path, "main", write_campaign(tmp_path, ["sequential", "random"], (0, 1)), [0])
    found = [first(cell) for cell in cells(data, "random")]
    seeds = curves(data, "random")
    assert len(seeds) == 2
    after = [fmean(fmean(s[t] for s in seed) for seed in seeds) for t in range(len(STREAM))]
    drops = [fmean(max(s[:-1]) - s[-1] for s in seed) for seed in seeds]
    assert found == pytest.approx([*after, fmean(after), fmean(drops)], abs=0.051)
    (row,) = [row for row in data.table["rows"] if row["method"] == "random"]
    assert found[len(STREAM) - 1] == pytest.approx(row["average_accuracy"]["mean"], abs=0.051)
    # t(0.975, 1 degree) = 12.706; the standard error of two values is half their distance
    half = 12.7062 * abs(drops[0] - drops[1]) / 2
    low, high = cells(data, "random")[-1].split(" [")[1].rstrip("]").split(", ")
    assert float(high) - float(low) == pytest.approx(2 * half, abs=0.11)


def test_one_seed_has_the_interval_of_its_items(tmp_path: Path) -> None:
    data = gather(tmp_path, "main", write_campaign(tmp_path, ["sequential"]), [0])
    found = cells(data, "sequential")
    assert all("[" in cell for cell in found)
    assert found[len(STREAM) - 1] == interval(data.table["rows"][0]["average_accuracy"])


def test_one_step_has_its_own_accuracy_alone(tmp_path: Path) -> None:
    data = gather(tmp_path, "main", write_campaign(tmp_path, ["sequential", "multitask"]), [0])
    *others, last, incremental, forgetting = cells(data, "multitask")
    assert {*others, incremental, forgetting} == {"–"}
    assert first(last) == pytest.approx(
        fmean(scores[-1] for scores in curves(data, "multitask")[0]), abs=0.051
    )


def _as_tasks(root: Path) -> list[str]:
    """Rename exams of results after the steps that follow the first; return these."""
    tasks = STREAM[1:]
    for file in root.glob("results/*/0.json"):
        text = file.read_text("utf-8")
        asked = next(iter(json.loads(text)["matrix"].values()))
        for exam, task in zip(list(asked)[: len(tasks)], tasks, strict=True):
            text = text.replace(f'"{exam}"', f'"{task}"')
        file.write_text(text, "utf-8")
    return tasks


def _scores(root: Path, method: str, tasks: list[str]) -> list[list[float]]:
    """Return a row of scores for the start model and one for each stage."""
    cells = json.loads((root / f"results/{method}/0.json").read_text("utf-8"))["matrix"]
    return [[cells[step][task]["score"] for task in tasks] for step in STREAM]


def test_a_stream_of_tasks_has_the_metrics_of_its_tasks(tmp_path: Path) -> None:
    methods, tasks = write_campaign(tmp_path, ["sequential", "multitask"]), _as_tasks(tmp_path)
    start, *r = _scores(tmp_path, "sequential", tasks)
    last = len(tasks) - 1
    after = [fmean(row[: t + 1]) for t, row in enumerate(r)]
    drops = [max(r[t][j] for t in range(j, last)) - r[last][j] for j in range(last)]
    backward = [r[last][j] - r[j][j] for j in range(last)]
    forward = [r[j - 1][j] - start[j] for j in range(1, len(tasks))]
    section = matrix_section(gather(tmp_path, "main", methods, [0]))
    assert section.table is not None and list(section.table.methods) == ["sequential"]
    expected = [*after, *map(fmean, (after, drops, backward, forward))]
    assert [first(cell) for cell in section.table.rows[0][1:]] == pytest.approx(expected, abs=0.051)
    assert section.table.header[1] == f"A_1 {tasks[0]}"
    assert section.table.header[-2:] == ["BWT ↑", "FWT ↑"]
    assert "each task learnt alone, which no row does" in section.note


def test_exams_may_have_another_name_than_their_steps(tmp_path: Path) -> None:
    methods, tasks = write_campaign(tmp_path, ["sequential"]), _as_tasks(tmp_path)
    before = matrix_section(gather(tmp_path, "main", methods, [0])).table
    file = tmp_path / "results/sequential/0.json"
    result = json.loads(file.read_text("utf-8"))
    for step, row in result["matrix"].items():
        result["matrix"][step] = {f"{e}_test" if e in tasks else e: c for e, c in row.items()}
    for kind in ("skills", "extra_skills"):
        for skill, exams in result[kind].items():
            result[kind][skill] = [f"{e}_test" if e in tasks else e for e in exams]
    result["exam_of"] = {task: f"{task}_test" for task in tasks}
    file.write_text(json.dumps(result), "utf-8")
    after = matrix_section(gather(tmp_path, "main", methods, [0])).table
    assert before is not None and after is not None
    assert after.rows == before.rows and after.header[1] == f"A_1 {tasks[0]}_test"


def test_with_each_task_learnt_alone_there_are_plasticity_and_stability(tmp_path: Path) -> None:
    methods = write_campaign(tmp_path, ["sequential", "random", "replay"])
    tasks = _as_tasks(tmp_path)
    for method in ("random", "replay"):  # one from θ_0 as well, but on a part of what arrives
        file = tmp_path / f"experiments/main/{method}.py"
        text = file.read_text("utf-8").replace("'previous'", "'theta_zero'")
        if method == "replay":
            text = "from liit.selection.pools import newest\n" + text
            text = text.replace("budget_factor", "pool=newest, budget_factor")
        file.write_text(text, "utf-8")
    (_, *r), (_, *alone) = (_scores(tmp_path, one, tasks) for one in ("sequential", "replay"))
    each = [alone[j][j] for j in range(len(tasks))]
    gained = [r[j][j] - each[j] for j in range(len(tasks))]
    kept = [r[-1][j] - each[j] for j in range(len(tasks) - 1)]
    table = matrix_section(gather(tmp_path, "main", methods, [0])).table
    assert table is not None and list(table.methods) == ["sequential"]
    assert table.header[-2:] == ["Plasticity ↑", "Stability ↑"]
    found = [first(cell) for cell in table.rows[0][-2:]]
    assert found == pytest.approx([fmean(gained), fmean(kept)], abs=0.051)


def test_it_says_which_metrics_there_are_not_and_why(tmp_path: Path) -> None:
    methods = write_campaign(tmp_path, ["sequential", "random"])
    note = matrix_section(gather(tmp_path, "main", methods, [0])).note
    assert "BWT, FWT, plasticity and stability are undefined" in note
    assert "over all 6 skills (not over T − 1 tasks)" in note
    alone = matrix_section(gather(tmp_path, "main", ["random"], [0])).note
    assert "columns are skills. The model before" in alone
