"""Runs are written offline for real and read back with wandb's own inspector."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from campaign import EXTRA, SKILLS, STREAM, write_campaign

from liit.reporting.report_data import ReportData, gather
from liit.tracking import RunIdentity
from liit.tracking.publishing import publish
from liit.tracking.weights_and_biases import allowed, mode, training_logger

SECRET = "f" * 20 + "0123456789abcdef" + "e" * 4


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR", "WANDB_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "w"))
    (tmp_path / "w").mkdir()
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def inspect(folder: Path, *options: str) -> str:
    """Return what `wandb leet inspect --json` prints about the run in ``folder``."""
    wandb = Path(sys.executable).with_name("wandb")
    command = [str(wandb), "leet", "inspect", "--json", *options, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=600).stdout


def history(folder: Path) -> list[dict[str, Any]]:
    records = [json.loads(line) for line in inspect(folder).splitlines()]
    return [record["history"]["item"] for record in records if record["type"] == "history"]


def published(root: Path, methods: list[str]) -> ReportData:
    """Write a made-up campaign and publish it."""
    data = gather(root, "main", write_campaign(root, methods), [0])
    publish(data, project="liit-test")
    return data


def run_folder(root: Path, name: str) -> Path:
    (folder,) = (root / "w" / "wandb").glob(f"offline-run-*-{name}")
    return folder


def test_summary_runs_hold_config_scores_per_step_and_the_rows_metrics(tmp_path: Path) -> None:
    data = published(tmp_path, ["sequential", "multitask", "adapt_inf"])
    assert sorted(one.name.split("-", 3)[3] for one in (tmp_path / "w" / "wandb").glob("off*")) == [
        "summary-mini-main-adapt_inf-0-40",
        "summary-mini-main-multitask-0-40",
        "summary-mini-main-sequential-0-40",
    ]
    folder = run_folder(tmp_path, "summary-mini-main-adapt_inf-0-40")
    summary = json.loads(inspect(folder, "--summary"))
    assert summary["project"] == "liit-test"
    identity = {"scale": "mini", "table": "main", "method": "adapt_inf", "seed": 0, "budget": 40}
    assert identity.items() <= summary["config"].items()
    assert summary["config"]["provenance"]["commit"] == "abc1234"
    row = data.table["rows"][2]
    assert summary["summary"]["relative_gain/mean"] == pytest.approx(row["relative_gain"]["mean"])
    assert summary["summary"]["selections"]["ncols"] == 4

    rows = [one for one in history(folder) if "stream/step" in one]
    assert [one["stream/step"] for one in rows] == list(range(len(STREAM)))
    result = json.loads((tmp_path / "results/adapt_inf/0.json").read_text())
    for step, one in zip(STREAM, rows, strict=True):
        cells = result["matrix"][step]
        for skill, tasks in {**SKILLS, **EXTRA}.items():
            mean = sum(cells[task]["score"] for task in tasks) / len(tasks)
            assert one[f"stream/skill/{skill}"] == pytest.approx(mean)
            assert one[f"stream/task/{tasks[0]}"] == cells[tasks[0]]["score"]


def test_multitask_stands_at_the_end_of_the_stream(tmp_path: Path) -> None:
    published(tmp_path, ["sequential", "multitask"])
    rows = history(run_folder(tmp_path, "summary-mini-main-multitask-0-40"))
    places = [row["stream/step"] for row in rows if "stream/step" in row]
    assert places == [len(STREAM) - 1]


def test_publishing_again_replaces_the_offline_run(tmp_path: Path) -> None:
    for _ in range(2):
        published(tmp_path, ["sequential"])
    assert run_folder(tmp_path, "summary-mini-main-sequential-0-40").is_dir()  # exactly one


def test_training_curves_of_a_run_go_to_one_run_of_the_tracker(tmp_path: Path) -> None:
    import pytorch_lightning as pl
    import torch
    import wandb

    class Line(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(1, 1)

        def training_step(self, batch: list[torch.Tensor], _: int) -> torch.Tensor:
            loss = self.layer(batch[0]).pow(2).mean()
            self.log("train/loss", loss)
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=0.1)

    data = torch.utils.data.TensorDataset(torch.ones(8, 1))
    run = RunIdentity("mini", "main", "adapt_inf", 0, 40)
    for step in ("m3it", "minigpt4"):
        logger = training_logger(run, step, project="liit-test")
        trainer = pl.Trainer(
            max_steps=4,
            logger=logger,
            log_every_n_steps=1,
            accelerator="cpu",
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=tmp_path,
        )
        trainer.fit(Line(), torch.utils.data.DataLoader(data, batch_size=2))
    wandb.finish()

    folder = run_folder(tmp_path, "train-mini-main-adapt_inf-0-40")
    rows = history(folder)
    for step in ("m3it", "minigpt4"):
        curve = [row[f"{step}/train/loss"] for row in rows if f"{step}/train/loss" in row]
        assert len(curve) == 4
        assert curve[-1] < curve[0]
    identity = {"scale": "mini", "table": "main", "method": "adapt_inf", "seed": 0, "budget": 40}
    assert json.loads(inspect(folder, "--summary"))["config"] == identity


@pytest.mark.parametrize(
    ("environment", "netrc", "expected"),
    [
        ({}, None, "offline"),
        ({"WANDB_API_KEY": SECRET}, None, "online"),
        ({"WANDB_API_KEY": SECRET, "WANDB_MODE": "offline"}, None, "offline"),
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
        (tmp_path / "netrc").write_text(netrc)
        (tmp_path / "netrc").chmod(0o600)
    assert mode() == expected


def test_no_secret_reaches_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    monkeypatch.setenv("HF_TOKEN", "hf_" + SECRET)
    monkeypatch.setenv("WANDB_MODE", "offline")
    published(tmp_path, ["sequential"])
    folder = run_folder(tmp_path, "summary-mini-main-sequential-0-40")
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


def test_the_machine_has_no_name_in_a_run(tmp_path: Path) -> None:
    published(tmp_path, ["sequential"])
    folder = run_folder(tmp_path, "summary-mini-main-sequential-0-40")
    (run,) = [one["run"] for one in map(json.loads, inspect(folder).splitlines()) if "run" in one]
    assert run["host"] == "-"


@pytest.mark.parametrize("field", ["scale", "table", "method", "seed", "budget"])
def test_runs_that_differ_in_anything_have_ids_of_their_own(field: str) -> None:
    run = RunIdentity("mini", "main", "random", 0, 40)
    other = dataclasses.replace(run, **{field: 7})
    assert run.id_for("train") != other.id_for("train")
    assert run.id_for("train") != run.id_for("summary")


def test_run_ids_hold_no_forbidden_character() -> None:
    assert allowed("a/b-1-x?y%z:#\\") == "a_b-1-x_y_z_"
