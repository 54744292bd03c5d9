"""Every benchmark runs at a tiny shape, writes its file, and feeds its headline to the summary."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from liit.learning.learners.ewc import Ewc
from liit.repro import CLOCK

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
HEADLINES = {
    "signals": {
        "signals_speedup_over_one_at_a_time",
        "signals_cost_over_two_forwards",
        "extra_scorer_cost",
    },
    "training": {"training_over_bare_loop", "training_curve_cost"},
    "evaluation": {"evaluation_over_bare_generate"},
    "selection": {"selection_growth_exponent", "selection_peak_memory_gb"},
    "startup": {"help_s", "noop_repro_s", "repro_overhead_share"},
    "reliability": {"trials_not_healed"},
    "commits": {"rows_over_former_commit"},
}


def run(name: str, out: Path, *flags: str) -> dict[str, Any]:
    done = subprocess.run(
        [
            sys.executable,
            str(BENCHMARKS / f"{name}.py"),
            *("--quick", "--repeats", "1", "--threads", "1", "--out", str(out), *flags),
        ],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (file,) = [file for file in out.glob("*.json") if file.name != "summary.json"]
    result: dict[str, Any] = json.loads(file.read_text())
    summary = json.loads((out / "summary.json").read_text())
    assert summary == result["headline"]
    assert set(summary) == HEADLINES.get(name, set())
    assert all(isinstance(value, float) for value in summary.values())
    assert result["machine"]["processor"] and result["machine"]["torch"]
    return result


def head() -> str:
    """Return what the name of a work tree of HEAD ends in."""
    git = ["git", "rev-parse", "--short=10", "HEAD"]
    return subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def block(page: str, name: str) -> str:
    """Return a generated block of a written page."""
    text = (ROOT / page).read_text("utf-8")
    return text.partition(f"<!-- {name}:start -->")[2].partition(f"<!-- {name}:end -->")[0].strip()


def test_signals(tmp_path: Path) -> None:
    result = run("signals", tmp_path)
    assert all(value > 0 for value in result["ratios"].values())
    assert result["worst_relative_gradient_difference"] < 1e-4
    assert result["milliseconds_per_sample"].keys() == result["sides"].keys()
    assert result["model"]["dtype"] == "torch.float32"


def test_commits_goes_on_from_what_was_measured(tmp_path: Path) -> None:
    """Two rows at two steps, all of them measured before: 30 of 50 s now."""
    work = tmp_path / "work"
    for side, method, seconds, signals in (
        ("former", "random", 20, []), ("now", "random", 10, []),
        ("former", "el2n", 30, [5, 7]), ("now", "el2n", 20, [2, 3]),
    ):  # fmt: skip
        folder = work / f"{side}-{head()}"
        run_file, time_file = (
            folder / name for name in (f"runs/{method}/0.json", f"times/{method}.json")
        )
        for file in (run_file, time_file):
            file.parent.mkdir(parents=True, exist_ok=True)
        (folder / "prepared").touch()
        steps = [{"training": {"seconds": 1.5}} for _ in range(2)]
        for phases, cost in zip(steps, signals, strict=False):
            phases["signals"] = {"seconds": cost}
        costs = {f"step {number}": phases for number, phases in enumerate(steps)}
        run_file.write_text(json.dumps({"costs": costs}), "utf-8")
        time_file.write_text(json.dumps({"seconds": seconds}), "utf-8")
    rows = ("--methods", "random", "el2n", "--work", str(work))
    result = run("commits", tmp_path / "out", "HEAD", *rows)
    assert result["headline"] == {"rows_over_former_commit": 30 / 50}
    assert result["median_seconds"] == {
        "seconds": {"former": 25, "now": 15},
        "signals": {"former": 12, "now": 5},
        "training": {"former": 3, "now": 3},
    }


def test_processors_compares_rows_made_before(tmp_path: Path) -> None:
    """One exam of two in one skill of six gets 3 points more: a quarter of a point on average."""
    folder = tmp_path / "work" / f"avx2-{head()}"
    for method in ("sequential", "random", "el2n"):
        row = json.loads((ROOT / f"results/{method}/0.json").read_text("utf-8"))
        if method == "el2n":
            row["matrix"][row["steps"][-1]]["gqa"]["score"] += 3.0
            row["selections"]["lamm"]["sha256"] = "0" * 64
        (folder / "results" / method).mkdir(parents=True)
        text = json.dumps(row, indent=1, sort_keys=True) + "\n"
        (folder / f"results/{method}/0.json").write_text(text, "utf-8")
    (folder / "prepared").touch()
    rows = ("--methods", "random", "el2n", "--work", str(tmp_path / "work"))
    found = run("processors", tmp_path / "out", *rows)["rows"]
    assert found["random"]["same_bytes"] and not found["el2n"]["same_bytes"]
    assert found["random"]["other_choice"] is None and found["el2n"]["other_choice"] == "lamm"
    assert set(found["random"]["difference"].values()) == {0.0}
    assert found["el2n"]["difference"]["average_accuracy"] == pytest.approx(3 / 2 / 6)


def test_a_processors_spread_counts_into_the_resolution(monkeypatch: pytest.MonkeyPatch) -> None:
    """Differences of 3 and 4 points, 5 seeds: t(0.975; 4) = 2.776."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import processors

    gain = "relative_gain"
    rows = {
        "same": {"other_choice": None, "difference": {gain: 0.0}},
        **{str(d): {"other_choice": "m3it", "difference": {gain: d}} for d in (3.0, -4.0)},
    }
    stated = {"seeds": 5, "metrics": {key: {"median": 2.0} for key in processors.METRICS}}
    found = processors.resolution(rows, stated)
    assert found.keys() == {gain}
    assert found[gain]["spread"] == pytest.approx(12.5**0.5)
    expected = (2.0**2 + 2.7764**2 * 12.5 / 5) ** 0.5
    assert found[gain]["any_processor"] == pytest.approx(expected, rel=1e-4)


def test_training(tmp_path: Path) -> None:
    result = run("training", tmp_path)
    assert result["headline"]["training_over_bare_loop"] > 0
    assert result["samples"] == 16


def test_learners(tmp_path: Path) -> None:
    result = run("learners", tmp_path)
    assert (result["scale"], result["step"], result["batch_size"]) == ("mini", 3, 16)
    # Those of experiments/continual; of rows with one learner the first; er trains plainly.
    assert result["learners"].keys() == {
        "der", "ewc", "ewc_online", "mas", "tir_ewc", "tir_mas", "lwf", "a_gem", "o_lora",
        "moe_lora", "e_proj", "e_proj_reuse", "l2p",
    }  # fmt: skip
    assert result["learners"]["ewc"]["learner"] == Ewc(strength=1.0).described()
    assert all(one["step_time_over_plain"] > 0 for one in result["learners"].values())
    held = {name: one["held_bytes"] for name, one in result["learners"].items()}
    # EWC holds two numbers a weight and earlier step, online for one step alone; LwF nothing.
    assert held["ewc"] == 3 * held["ewc_online"] > 0 == held["lwf"] == held["a_gem"]
    for name, one in result["learners"].items():
        ratio = result["peak_bytes"][name] / result["peak_bytes"]["plain"]
        assert one["memory_over_plain"] == ratio


def test_memory_is_what_was_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import learners

    noted = [(1, 10, 8), (2, 20, 4), (3, 10, -8), (4, 30, 6), (5, 99, -50), (6, 20, -4)]
    events = [
        {"name": "[memory]", "ts": when, "args": {"Addr": place, "Bytes": size}}
        for when, place, size in reversed(noted)
    ]
    assert learners.highest([*events, {"name": "aten::add", "ts": 0}]) == 12
    whole = torch.zeros(10, dtype=torch.float32)
    assert learners.bytes_of([whole, whole[:2], torch.zeros(3, dtype=torch.int8)]) == 43


def test_the_profile_sees_every_tensor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import learners

    def work() -> None:
        first = torch.empty(1_000_000, dtype=torch.uint8)
        second = torch.empty(2_000_000, dtype=torch.uint8)
        del first
        third = torch.empty(500_000, dtype=torch.uint8)
        del second, third

    assert learners.most_out(work, tmp_path) == 3_000_000


def test_evaluation(tmp_path: Path) -> None:
    result = run("evaluation", tmp_path)
    assert result["headline"]["evaluation_over_bare_generate"] > 0
    assert result["questions"] == 8


def test_selection(tmp_path: Path) -> None:
    result = run("selection", tmp_path)
    small, large = result["sizes"]
    assert (small["chosen"], small["kept"]) == (50, 200)
    assert (large["chosen"], large["kept"]) == (100, 400)
    assert 0 < result["headline"]["selection_peak_memory_gb"] < 4
    assert result["plain"]["seconds"] > 0
    assert (tmp_path / "selection.svg").read_text().startswith("<?xml")


def test_gpu_script_at_a_tiny_shape_on_the_cpu(tmp_path: Path) -> None:
    result = run("gpu_7b", tmp_path, "--peak-tflops", "1")
    assert result["signals"]["model"]["dtype"] == "torch.bfloat16"
    assert result["signals"]["worst_relative_gradient_difference"] < 0.1  # three digits
    for part in (result["signals"], result["training"]):
        assert all(value > 0 for value in part["ratios"].values())
        assert part["share_of_peak"] == part["tflop_per_second"] > 0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One stage with nothing to do, and two runs of which one continued an earlier one."""
    root = tmp_path / "project"
    (root / CLOCK).parent.mkdir(parents=True)
    (root / "dvc.yaml").write_text("stages: {one: {cmd: echo done > out, outs: [out]}}\n")
    for command in (["init", "--no-scm", "-q"], ["repro", "-q"]):
        subprocess.run([sys.executable, "-m", "dvc", *command], cwd=root, check=True)
    clock = {"run@whole-0": 100.0, "run@continued-0": 10.0}
    (root / CLOCK).write_text(json.dumps(clock))
    costs = {"m3it": {"signals": {"seconds": 30.0}, "training": {"seconds": 45.0}}}
    for method in ("whole", "continued"):
        (root / "runs" / method).mkdir(parents=True)
        (root / "runs" / method / "0.json").write_text(json.dumps({"costs": costs}))
    return root


def test_startup(tmp_path: Path, project: Path) -> None:
    result = run("startup", tmp_path / "out", "--root", str(project))
    assert result["runs"]["left_out"] == ["run@continued-0"]
    assert result["headline"]["repro_overhead_share"] == 0.25
    assert 0 < result["seconds"]["interpreter"] < result["seconds"]["dvc"]


def test_startup_never_starts_a_stage(tmp_path: Path, project: Path) -> None:
    (project / "out").unlink()
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "startup.py"), "--root", str(project)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and "not up to date" in done.stderr
    assert not (project / "out").exists()
    assert not (tmp_path / "out").exists()


def test_costs_page_shows_the_rows_beside_another_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import commits

    result = json.loads((BENCHMARKS / "results/commits.json").read_text("utf-8"))
    found = block("docs/costs.md", "commits")
    assert found == commits.markdown(result), "run `python benchmarks/commits.py e6a1cf5`"
    whole = result["median_seconds"]["seconds"]
    assert f"| {whole['former']:.1f} s | {whole['now']:.1f} s |" in found


def test_the_page_shows_the_rows_on_another_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import processors

    result = json.loads((BENCHMARKS / "results/processors.json").read_text("utf-8"))
    found = block("docs/reproducibility.md", "processors")
    assert found == processors.markdown(result), "run `python benchmarks/processors.py`"
    stated = json.loads((ROOT / "reports/resolution.json").read_text("utf-8"))
    assert result["resolution"] == processors.resolution(result["rows"], stated)


def test_headlines_are_those_that_must_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import run_all

    assert set().union(*HEADLINES.values()) == set(run_all.MUST)
    shown = run_all.table({"help_s": 0.2, "selection_growth_exponent": 1.4})
    lines = {line.split()[0]: line.split()[-1] for line in shown.splitlines()}
    assert (lines["help_s"], lines["selection_growth_exponent"]) == ("yes", "NO")
    assert lines["noop_repro_s"] == "measured"
