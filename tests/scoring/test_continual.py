"""Metrics of accuracy matrices: by hand, their invariants, missing cells, files, real runs."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from liit.benchmarks.continual_files import read_matrices
from liit.errors import LiitError
from liit.metrics import continual as metrics
from liit.scoring.benchmark import benchmarks
from liit.scoring.cli import main
from liit.scoring.files import read_documents
from liit.scoring.running import run_benchmark

TASKS = ["x", "y", "z"]
FULL = [[90.0, 20.0, 10.0], [96.0, 70.0, 16.0], [84.0, 61.0, 50.0]]
START = [30.0, 12.0, 10.0]
ALONE = [88.0, 75.0, 56.0]
BY_HAND = {
    "A_1": 90.0,
    "A_2": (96 + 70) / 2,
    "A_3": (84 + 61 + 50) / 3,
    "average_performance": 65.0,
    "average_incremental_accuracy": (90 + 83 + 65) / 3,
    "mean_of_seen": (90 + 83 + 65) / 3,
    "backward_transfer": ((84 - 90) + (61 - 70)) / 2,
    "forgetting": ((96 - 84) + (70 - 61)) / 2,
    "forgetting_strict": ((96 - 84) + (70 - 61)) / 2,
    "forward_transfer": ((20 - 12) + (16 - 10)) / 2,
    "plasticity": ((90 - 88) + (70 - 75) + (50 - 56)) / 3,
    "stability": ((84 - 88) + (61 - 75)) / 2,
}


def write(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def breakdown(*paths: Path) -> dict[str, float]:
    return dict(run_benchmark(benchmarks()["continual"], [], paths).outcome.breakdown)


def notes(*paths: Path) -> str:
    return "; ".join(run_benchmark(benchmarks()["continual"], [], paths).outcome.notes)


def test_every_metric_by_hand(tmp_path: Path) -> None:
    content = {"tasks": TASKS, "matrix": FULL, "start": START, "individual": ALONE}
    path = write(tmp_path, "run.json", content)
    assert breakdown(path) == pytest.approx(BY_HAND)
    assert "columns in the order of training: x, y, z" in notes(path)
    assert "divided by T - 1 = 2" in notes(path)


def result_of(steps: list[str], rows: list[list[float]], asked: list[str]) -> dict[str, Any]:
    """A result file of ours, as far as the scorer looks at it."""
    cells = [
        {exam: {"score": score, "n": 9} for exam, score in zip(asked, r, strict=True)} for r in rows
    ]
    return {"steps": steps, "matrix": dict(zip(steps, cells, strict=True)), "method": "er"}


def test_a_result_of_a_stream_of_tasks_has_a_matrix(tmp_path: Path) -> None:
    rows = [[*row, 5.0] for row in (START, *FULL)]
    path = write(tmp_path, "0.json", result_of(["base", *TASKS], rows, [*TASKS, "other"]))
    alone = ("plasticity", "stability")
    assert breakdown(path) == pytest.approx({k: v for k, v in BY_HAND.items() if k not in alone})
    named = [f"{task}_test" for task in TASKS]
    other = result_of(["base", *TASKS], rows, [*named, "other"])
    other["exam_of"] = dict(zip(TASKS, named, strict=True))
    assert breakdown(write(tmp_path, "named.json", other)) == breakdown(path)
    without_start = write(tmp_path, "1.json", result_of(TASKS, FULL, TASKS))
    assert "forward_transfer" not in breakdown(without_start)
    for steps in (["a", "x", "b", "z"], ["a", "b", "c", "z"], ["a", "y", "x", "z"][:3]):
        mixed = write(
            tmp_path, "2.json", result_of(steps, rows[: len(steps)], ["x", "z", "p", "q"])
        )
        with pytest.raises(LiitError, match="column per stage"):
            breakdown(mixed)


def test_stability_is_bwt_and_the_plasticity_of_the_same_tasks() -> None:
    earlier = [FULL[j][j] - ALONE[j] for j in range(2)]
    expected = BY_HAND["backward_transfer"] + sum(earlier) / 2
    assert metrics.stability(FULL, ALONE) == pytest.approx(expected)


def test_a_start_row_is_the_field_and_scores_may_be_named(tmp_path: Path) -> None:
    named = dict(zip(TASKS, ALONE, strict=True))
    content = {"R": [START, *FULL], "tasks": TASKS, "individual": named}
    assert breakdown(write(tmp_path, "run.json", content)) == pytest.approx(BY_HAND)


def test_names_and_the_order_of_fields_do_not_matter(tmp_path: Path) -> None:
    content = {"tasks": TASKS, "matrix": FULL, "start": START, "individual": ALONE}
    renamed = {**dict(reversed(content.items())), "tasks": ["z", "b", "a"]}
    one, other = write(tmp_path, "1.json", content), write(tmp_path, "2.json", renamed)
    assert breakdown(one) == breakdown(other)


def test_what_is_above_the_diagonal_enters_forward_transfer_alone(tmp_path: Path) -> None:
    below = [row[: stage + 1] for stage, row in enumerate(FULL)]
    filled = [row + [None] * (3 - len(row)) for row in below]
    expected = {name: value for name, value in BY_HAND.items() if name != "forward_transfer"}
    for rows in (below, filled):
        content = {"matrix": rows, "start": START, "individual": ALONE}
        path = write(tmp_path, "run.json", content)
        assert breakdown(path) == pytest.approx(expected)
        assert "undefined, because a stage has no evaluation: forward_transfer" in notes(path)


def test_zeros_above_the_diagonal_are_no_scores(tmp_path: Path) -> None:
    rows = [row[: stage + 1] + [0] * (2 - stage) for stage, row in enumerate(FULL)]
    path = write(tmp_path, "run.json", {"matrix": rows, "start": START})
    assert "forward_transfer" not in breakdown(path)
    assert "taken for tasks that were not evaluated" in notes(path)
    rows[0][1] = 20.0  # one of them is not 0: all count
    values = breakdown(write(tmp_path, "run.json", {"matrix": rows, "start": START}))
    assert values["forward_transfer"] == pytest.approx((20 - 12 + 0 - 10) / 2)


@pytest.mark.parametrize(
    ("cell", "gone"),
    [
        ((0, 0), "A_1 average_incremental_accuracy mean_of_seen backward_transfer "
                 "forgetting_strict plasticity"),
        ((1, 0), "A_2 average_incremental_accuracy mean_of_seen forgetting_strict"),
        ((1, 2), "forward_transfer"),
        ((2, 2), "A_3 average_performance average_incremental_accuracy mean_of_seen "
                 "forgetting_strict plasticity"),
        ((2, 0), "A_3 average_performance average_incremental_accuracy mean_of_seen "
                 "backward_transfer forgetting forgetting_strict stability"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_missing_cell_is_never_zero(
    tmp_path: Path, cell: tuple[int, int], gone: str, missing: float | None
) -> None:
    rows: list[list[float | None]] = [list(row) for row in FULL]
    rows[cell[0]][cell[1]] = missing
    content = {"matrix": rows, "start": START, "individual": ALONE}
    found = breakdown(write(tmp_path, "run.json", content))
    assert set(BY_HAND) - set(found) == set(gone.split())
    kept = {name: value for name, value in BY_HAND.items() if name in found}
    if cell == (1, 0):  # the best known score is 90 then: a lower limit, and said to be one
        kept["forgetting"] = ((90 - 84) + (70 - 61)) / 2
        assert "it is a lower limit" in notes(tmp_path / "run.json")
    assert found == pytest.approx(kept)


def test_one_stage_has_no_transfer(tmp_path: Path) -> None:
    path = write(tmp_path, "run.json", {"matrix": [[70.0]], "start": [20.0], "individual": [60.0]})
    assert breakdown(path) == {
        "A_1": 70, "average_performance": 70, "average_incremental_accuracy": 70,
        "mean_of_seen": 70, "plasticity": 10,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"R": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]}, "neither an accuracy matrix"),
        ({"R": [[1.0, None], [True, 2.0]]}, "neither an accuracy matrix"),
        ({"R": FULL, "tasks": ["x", "y"]}, "'tasks' does not name the 3 columns"),
        ({"R": FULL, "start": [1.0]}, "'start' does not hold one score"),
        ({"R": FULL, "individual": ["a", "b", "c"]}, "'individual' does not hold one score"),
        ({"R": [[float("inf")]]}, "a score is infinite"),
        ({"R": FULL, "Q": FULL}, r"2 matrices \(R, Q\)"),
    ],
)
def test_what_is_no_matrix_is_named(tmp_path: Path, content: Any, problem: str) -> None:
    with pytest.raises(LiitError, match=problem) as caught:
        breakdown(write(tmp_path, "run.json", content))
    assert "run.json" in caught.value.problem


def test_each_of_several_matrices_has_a_result_with_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = write(tmp_path, "one.json", {"R": FULL})
    two = write(tmp_path, "two.json", {"R": [[10.0]], "Q": [[20.0]]})
    assert main(["continual", "--predictions", str(one), str(two), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [(report["of"], report["score"]) for report in printed] == [
        (str(one), pytest.approx(65)), (f"{two}: R", 10), (f"{two}: Q", 20)
    ]  # fmt: skip
    assert main(["continual", "--predictions", str(one), str(two)]) == 0
    assert str(one) in (text := capsys.readouterr().out) and f"{two}: Q" in text
    assert main(["continual", "--predictions", str(one), "--json"]) == 0
    assert "of" not in json.loads(capsys.readouterr().out)
    assert main(["continual", "--predictions", str(tmp_path / "no.json")]) == 2


def logs(folder: Path, order: tuple[int, ...]) -> list[Path]:
    content = [
        {f"predict_exact_match_for_{task}": FULL[stage][j] for j, task in enumerate(TASKS)}
        for stage in range(3)
    ]
    return [write(folder, f"{t + 1}-{TASKS[t]}/all_results.json", content[t]) for t in order]


def test_the_order_of_files_does_not_matter(tmp_path: Path) -> None:
    expected = breakdown(write(tmp_path, "run.json", {"matrix": FULL}))
    for order in permutations(range(3)):
        folder = tmp_path / "".join(map(str, order))
        assert breakdown(*logs(folder, order)) == expected
        assert breakdown(folder) == expected


def test_logs_of_two_runs_are_two_matrices(tmp_path: Path) -> None:
    for run in ("one", "two"):
        logs(tmp_path / run, (0, 1, 2))
    found = read_matrices(read_documents([tmp_path]))
    assert [one.path.name for one in found] == ["one", "two"]
    with pytest.raises(LiitError, match="both hold a matrix"):
        breakdown(tmp_path)


def test_logs_of_one_stage_belong_together_or_are_refused(tmp_path: Path) -> None:
    logs(tmp_path, (0, 1, 2))
    expected = breakdown(tmp_path)
    beside = write(tmp_path, "2-y/predict_results.json", {"predict_exact_match_for_x": 96.0})
    write(tmp_path, "2-y/trainer_state.json", {"epoch": 1})
    assert breakdown(tmp_path) == expected
    write(tmp_path, beside.relative_to(tmp_path).as_posix(), {"predict_exact_match_for_x": 1.0})
    with pytest.raises(LiitError, match="predict_exact_match_for_x, and not alike"):
        breakdown(tmp_path)
    beside.unlink()
    write(tmp_path, "2-w/all_results.json", {"predict_exact_match_for_w": 1.0})
    with pytest.raises(LiitError, match="2-w and 2-y are both stage 2"):
        breakdown(tmp_path)


REAL = {  # AP, BWT and forgetting of real O-LoRA runs; both divided by T - 1 = 3
    "order1_olora": (78.365125, -1.179833, 1.179833, 82.702023),
    "order1_seqlora": (62.875, None, 19.4737, None),  # stage 3 was not evaluated
}


@pytest.mark.parametrize("run", REAL)
def test_real_runs_give_their_published_numbers(samples: Path, run: str) -> None:
    folder = samples / "continual"
    if not folder.is_dir():
        pytest.skip("the real matrices (../shared/samples/continual) are not part of the project")
    names = ("average_performance", "backward_transfer", "forgetting")
    for source in (folder / f"{run}.matrix.json", folder / run / "outputs"):
        found = breakdown(source)
        for name, value in zip((*names, "average_incremental_accuracy"), REAL[run], strict=True):
            assert found.get(name) == (None if value is None else pytest.approx(value, abs=5e-6))
    assert breakdown(folder / run / "outputs")["micro_exact_match"] == pytest.approx(
        REAL[run][0],
        abs=5e-5,  # four test sets of one size: the micro mean is the macro mean
    )
