"""Runs are written for real and read back with W&B's own reader."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from campaign import EXTRA, SKILLS, STREAM, stores, write_campaign

from liit import paths
from liit.errors import LiitError
from liit.evaluation.matrix import forgetting_rate, upper_bound
from liit.reporting.report import write_report
from liit.reporting.report_data import gather
from liit.tracking import RunIdentity, TrackedRun
from liit.tracking.publishing import differences, expect_same, runs_of, write_changed
from liit.tracking.weights_and_biases import OfflineRuns, allowed, mode

SECRET = "f" * 20 + "0123456789abcdef" + "e" * 4
METHODS = ["sequential", "multitask", "adapt_inf"]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL", "WANDB_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", "no such file")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A made-up campaign, its report, and the curve of one training."""
    folder = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_campaign(folder, METHODS)
        write_report(folder, "main", METHODS, [0], stores(folder))
        write_curve(folder, "m3it", [3.0, 2.0, 1.0])
        write_curve(folder, "lamm", [2.5, 1.5])
        yield folder


def write_curve(root: Path, step: str, losses: list[float]) -> None:
    folder = paths.adapter("adapt_inf", 0, step, root)
    folder.mkdir(parents=True)
    curve = {"loss": losses, "learning_rate": [1e-3] * len(losses)}
    curve |= {"penalty": [loss / 4 for loss in losses], "ratio": [0.25] * len(losses)}
    curve |= {"changed": [1.0] + [0.0] * (len(losses) - 1)}
    (folder / "training.json").write_text(json.dumps({"curve": curve}))
    chosen = json.loads(paths.result("adapt_inf", 0, root).read_text())["selections"][step]
    stamp = {"made_from": {"ids": chosen["sha256"]}, "weights": "a" * 64}
    (folder / "made_from.json").write_text(json.dumps(stamp))


def told(root: Path) -> list[TrackedRun]:
    return runs_of(root, gather(root, "main", METHODS, [0]), stores(root))


@pytest.fixture(scope="module")
def published(root: Path) -> dict[str, TrackedRun]:
    """The runs by job and method, once they are written."""
    runs = told(root)
    assert write_changed(OfflineRuns("liit-test"), runs) == len(runs)
    return {f"{run.job}/{run.config.get('method', '')}": run for run in runs}


def folder_of(root: Path, run: TrackedRun) -> Path:
    (folder,) = (root / "wandb").glob(f"offline-run-*-{run.id}")
    return folder


def inspect(root: Path, run: TrackedRun, *options: str) -> str:
    """Return what W&B's own reader finds in a run, apart from the code under test."""
    wandb = Path(sys.executable).with_name("wandb")
    command = [str(wandb), "leet", "inspect", "--json", *options, str(folder_of(root, run))]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=600).stdout


def records_of(root: Path, run: TrackedRun) -> list[dict[str, Any]]:
    return [json.loads(line) for line in inspect(root, run).splitlines()]


def table_of(root: Path, run: TrackedRun, name: str) -> list[dict[str, Any]]:
    """Return a table's rows from the artifact that W&B shows it from."""
    entries = [
        entry
        for record in records_of(root, run)
        for entry in record.get("artifact", {}).get("manifest", {}).get("contents", [])
    ]
    (path,) = (one["local_path"] for one in entries if one["path"] == f"{name}.table.json")
    table = json.loads(Path(path).read_text())
    return [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]


def test_every_run_has_one_folder_per_job(root: Path, published: dict[str, TrackedRun]) -> None:
    jobs = [
        *(f"summary/{method}" for method in METHODS),
        "train/adapt_inf",  # the one whose curves are on this machine
        *(f"samples/{method}" for method in METHODS),
        "report/",
    ]
    assert sorted(published) == sorted(jobs)
    folders = [path.name.split("-", 3)[3] for path in (root / "wandb").glob("offline-run-*")]
    assert sorted(folders) == sorted(run.id for run in published.values())


def test_a_run_says_what_tells_it_from_others(root: Path, published: dict[str, TrackedRun]) -> None:
    run = published["summary/adapt_inf"]
    found = json.loads(inspect(root, run, "--summary"))
    assert found["project"] == "liit-test"
    identity = {"scale": "mini", "table": "main", "method": "adapt_inf", "seed": 0, "budget": 40}
    assert identity.items() <= found["config"].items()
    assert len(found["config"]["conditions"]) == 8
    assert run.id == f"summary-mini-main-adapt_inf-0-40-{found['config']['conditions']}"
    assert found["config"]["provenance"]["commit"] == "abc1234"
    assert (run.group, run.tags) == ("mini/main/adapt_inf", ["main", "mini"])


def test_scores_and_metrics_of_a_run(root: Path, published: dict[str, TrackedRun]) -> None:
    run = published["summary/adapt_inf"]
    result = json.loads((root / "results/adapt_inf/0.json").read_text())
    there = OfflineRuns("liit-test").read(run.id)
    points = [point for point in there.history if "stream/step" in point]
    assert [point["stream/step"] for point in points] == list(range(len(STREAM)))
    for step, point in zip(STREAM, points, strict=True):
        cells = result["matrix"][step]
        means = {
            skill: sum(cells[task]["score"] for task in tasks) / len(tasks)
            for skill, tasks in {**SKILLS, **EXTRA}.items()
        }
        for skill, mean in means.items():
            assert point[f"stream/skill/{skill}"] == pytest.approx(mean)
        assert point["stream/task/kvqa"] == cells["kvqa"]["score"]
        average = sum(means[skill] for skill in SKILLS) / len(SKILLS)
        assert point["stream/average_accuracy"] == pytest.approx(average)
    assert points[-1]["stream/cost_seconds"] == pytest.approx(there.metrics["cost/seconds"])

    row = json.loads((root / "reports/table.json").read_text())["rows"][2]
    for metric in ("relative_gain", "forgetting_rate", "average_accuracy"):
        assert there.metrics[metric] == pytest.approx(row[metric]["mean"])
    assert points[-1]["stream/relative_gain"] == pytest.approx(row["relative_gain"]["mean"])
    scores = [{task: cell["score"] for task, cell in result["matrix"][s].items()} for s in STREAM]
    vqa = forgetting_rate(scores, {"vqa": SKILLS["vqa"]}).value
    assert there.metrics["forgetting/vqa"] == pytest.approx(vqa)
    assert upper_bound(scores, SKILLS)["vqa"] > 0  # the draw leaves something to forget


def test_the_accuracy_matrix_and_what_was_chosen(
    root: Path, published: dict[str, TrackedRun]
) -> None:
    run = published["summary/adapt_inf"]
    result = json.loads((root / "results/adapt_inf/0.json").read_text())
    cells = table_of(root, run, "matrix")
    assert len(cells) == len(STREAM) * sum(map(len, {**SKILLS, **EXTRA}.values()))
    for cell in cells:
        assert cell["score"] == result["matrix"][cell["dataset"]][cell["task"]]["score"]
    chosen = table_of(root, run, "selections")
    by_skill = [row for row in chosen if (row["step"], row["by"]) == ("lamm", "skill")]
    counts = {row["part"]: row["samples"] for row in by_skill}
    assert counts == result["selections"]["lamm"]["by_skill"]


def test_every_number_of_the_table_is_in_the_report_run(
    root: Path, published: dict[str, TrackedRun]
) -> None:
    rows = {row["method"]: row for row in table_of(root, published["report/"], "table")}
    table = json.loads((root / "reports/table.json").read_text())

    def check(value: Any, cells: dict[str, Any], *names: str) -> int:
        if isinstance(value, dict):
            return sum(check(part, cells, *names, name) for name, part in value.items())
        if not isinstance(value, int | float):
            return 0
        assert cells["/".join(names)] == value
        return 1

    assert sum(check(row, rows[row["method"]]) for row in table["rows"]) > 20 * len(METHODS)
    figures = (folder_of(root, published["report/"]) / "files/media/html/figures").iterdir()
    drawn = [path.name for path in (root / "reports/figures").glob("*.svg")]
    assert len(list(figures)) == len(drawn) > 5


def test_multitask_stands_at_the_end_of_the_stream(published: dict[str, TrackedRun]) -> None:
    there = OfflineRuns("liit-test").read(published["summary/multitask"].id)
    places = [point["stream/step"] for point in there.history if "stream/step" in point]
    assert places == [len(STREAM) - 1]


def test_training_curves_stand_on_an_axis_of_their_own(published: dict[str, TrackedRun]) -> None:
    there = OfflineRuns("liit-test").read(published["train/adapt_inf"].id)
    points = [point for point in there.history if "trainer/step" in point]
    assert [point["trainer/step"] for point in points] == [0, 1, 2]
    assert [point["m3it/loss"] for point in points] == [3.0, 2.0, 1.0]
    assert [point.get("lamm/loss") for point in points] == [2.5, 1.5, None]
    assert points[0]["m3it/learning_rate"] == 1e-3
    assert [point["m3it/penalty"] for point in points] == [0.75, 0.5, 0.25]
    assert [point["m3it/ratio"] for point in points] == [0.25, 0.25, 0.25]
    assert [point.get("lamm/ratio") for point in points] == [0.25, 0.25, None]
    assert [point["m3it/changed"] for point in points] == [1.0, 0.0, 0.0]


def test_chosen_samples_have_pictures_and_are_the_same_every_time(
    root: Path, published: dict[str, TrackedRun]
) -> None:
    rows = table_of(root, published["samples/adapt_inf"], "samples")
    for step in STREAM[1:]:
        by_skill = [row["skill"] for row in rows if row["step"] == step]
        assert {skill: by_skill.count(skill) for skill in SKILLS} == dict.fromkeys(SKILLS, 2)
    assert {row["picture"]["format"] for row in rows} == {"png"}
    assert all(row["answer"].startswith("There are ") for row in rows)
    again = {run.id: run.digest for run in told(root)}
    assert all(again[run.id] == run.digest for run in published.values())


def test_files_are_kept_with_a_run(published: dict[str, TrackedRun]) -> None:
    files = published["summary/adapt_inf"].files
    assert {"result.json", "selections/lamm.parquet", "adapters.json"} <= files.keys()
    assert json.loads(files["adapters.json"]) == {"m3it": "a" * 64, "lamm": "a" * 64}
    assert {"README.md", "index.html", "table.json"} <= published["report/"].files.keys()


def test_what_another_run_left_is_not_told_of_this_one(tmp_path: Path) -> None:
    write_campaign(tmp_path, METHODS)
    write_report(tmp_path, "main", METHODS, [0], {})
    write_curve(tmp_path, "m3it", [3.0, 2.0, 1.0])
    file = paths.result("adapt_inf", 0, tmp_path)
    result = json.loads(file.read_text())
    for chosen in result["selections"].values():
        chosen["sha256"] = "0" * 64  # as after a pull: selections/ and adapters/ are as before
    file.write_text(json.dumps(result))
    runs = [run for run in told(tmp_path) if run.config.get("method") == "adapt_inf"]
    assert [(run.job, list(run.files)) for run in runs] == [("summary", ["result.json"])]


def test_publishing_twice_adds_nothing_and_a_changed_result_replaces_its_own_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_campaign(tmp_path, ["sequential", "adapt_inf"])
    tracker = OfflineRuns("liit-test")

    def publish() -> int:
        write_report(tmp_path, "main", ["sequential", "adapt_inf"], [0], {})
        data = gather(tmp_path, "main", ["sequential", "adapt_inf"], [0])
        runs = runs_of(tmp_path, data, {})
        return write_changed(tracker, runs)

    assert publish() == 3
    before = {path.name for path in (tmp_path / "wandb").glob("offline-run-*")}
    assert publish() == 0
    path = tmp_path / "results/adapt_inf/0.json"
    result = json.loads(path.read_text())
    result["matrix"]["lamm"]["kvqa"]["score"] += 1
    path.write_text(json.dumps(result))
    assert publish() == 2  # the run, and the report that shows it
    after = {path.name for path in (tmp_path / "wandb").glob("offline-run-*")}
    assert {name.split("-", 3)[3] for name in after} == {name.split("-", 3)[3] for name in before}


def test_a_run_that_was_killed_while_it_was_written_is_written_again(
    root: Path, published: dict[str, TrackedRun]
) -> None:
    run = published["summary/multitask"]
    (folder_of(root, run) / "liit.json").unlink()
    assert write_changed(OfflineRuns("liit-test"), told(root)) == 1
    assert folder_of(root, run).is_dir()  # one folder, not two


def test_what_is_there_is_compared_with_the_results(
    root: Path, published: dict[str, TrackedRun]
) -> None:
    tracker, run = OfflineRuns("liit-test"), published["summary/adapt_inf"]
    expect_same(tracker, list(published.values()))
    there = tracker.read(run.id)
    for name, value in run.metrics.items():
        wrong = dataclasses.replace(there, metrics={**there.metrics, name: value + 0.01})
        assert [name in line for line in differences(run, wrong)] == [True]
    assert list(differences(run, dataclasses.replace(there, history=there.history[:2])))
    assert list(differences(run, dataclasses.replace(there, digest="other")))
    other = dataclasses.replace(run, id="summary-mini-main-other-0-40-00000000")
    with pytest.raises(LiitError, match=r"(?s)other-0-40-00000000 is missing.*liit publish"):
        expect_same(tracker, [run, other])


def test_a_damaged_folder_is_named(root: Path, published: dict[str, TrackedRun]) -> None:
    run = published["samples/multitask"]
    (log,) = folder_of(root, run).glob("*.wandb")
    whole = log.read_bytes()
    log.write_bytes(b"no log at all")
    with pytest.raises(LiitError, match=rf"{run.id} is damaged.*"):
        OfflineRuns("liit-test").read(run.id)
    log.write_bytes(whole)


def test_a_report_of_other_results_is_not_published(root: Path) -> None:
    table = root / "reports/table.json"
    kept = table.read_text()
    table.write_text(kept.replace('"label": "Adapt-∞"', '"label": "Other"'))
    with pytest.raises(LiitError, match="not of these results"):
        told(root)
    table.write_text(kept)


@pytest.mark.parametrize(
    ("environment", "netrc", "expected"),
    [
        ({}, None, "offline"),
        ({"WANDB_API_KEY": SECRET}, None, "online"),
        ({"WANDB_API_KEY": SECRET, "WANDB_MODE": "offline"}, None, "offline"),
        ({"WANDB_API_KEY": SECRET, "WANDB_MODE": "disabled"}, None, "offline"),
        ({}, f"machine api.wandb.ai login user password {SECRET}", "online"),
        ({}, f"machine example.com login user password {SECRET}", "offline"),
        ({"WANDB_BASE_URL": "https://example.com:8080"},
         f"machine example.com login user password {SECRET}", "online"),
        ({}, "not a netrc file", "offline"),
    ],
)  # fmt: skip
def test_online_needs_a_key(
    environment: dict[str, str],
    netrc: str | None,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if netrc is not None:
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        (tmp_path / "netrc").write_text(netrc)
        (tmp_path / "netrc").chmod(0o600)
    assert mode() == expected


def test_nothing_of_the_machine_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, user, host or path; where an artifact waits on this machine is not sent."""
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("HF_TOKEN", "hf_" + SECRET)
    for name in ("USER", "LOGNAME", "HOSTNAME"):
        monkeypatch.setenv(name, f"my-{name.lower()}")
    home = tmp_path / "home-of-someone"
    home.mkdir()
    monkeypatch.chdir(home)
    write_campaign(home, ["sequential"])
    write_report(home, "main", ["sequential"], [0], {})
    runs = runs_of(home, gather(home, "main", ["sequential"], [0]), stores(home))
    write_changed(OfflineRuns("liit-test"), runs)
    for run in runs:
        records = records_of(home, run)
        for record in records:
            for entry in record.get("artifact", {}).get("manifest", {}).get("contents", []):
                entry.pop("local_path", None)
        sent = json.dumps(records) + "".join(
            path.read_text(errors="replace") for path in folder_of(home, run).rglob("files/**/*.*")
        )
        for secret in (SECRET, "my-", home.name):
            assert secret not in sent
        assert [one["run"]["host"] for one in records if "run" in one] == ["-"]


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(RunIdentity)])
def test_runs_that_differ_in_anything_have_ids_of_their_own(field: str) -> None:
    run = RunIdentity("mini", "main", "random", 0, 40, "0123abcd")
    other = dataclasses.replace(run, **{field: 7})
    assert run.id_for("train") != other.id_for("train")
    assert run.id_for("train") != run.id_for("summary")


def test_run_ids_hold_no_forbidden_character() -> None:
    assert allowed("a/b-1-x?y%z:#\\") == "a_b-1-x_y_z_"
