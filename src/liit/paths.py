"""The one place that knows where every file of a campaign is (relative to the project folder)."""

from __future__ import annotations

from pathlib import Path

EXPERIMENTS = Path("experiments")
TASKS = Path("eval/tasks")
DATA = Path("data")
EXAMS = DATA / "exams"
BASE = Path("base")
BASE_MODEL = BASE / "model"
BASE_ADAPTER = BASE / "adapter"
PROXY = Path("proxy")
RESULTS = Path("results")
RUNS = Path("runs")
REPORTS = Path("reports")
SCRATCH = Path("scratch")
"""Caches that speed a run up and may be deleted at any time."""


def task_files() -> list[Path]:
    """Return the lm-eval tasks and the functions they name."""
    return sorted(path for path in TASKS.rglob("*") if path.suffix in (".py", ".yaml"))


def dataset_store(name: str) -> Path:
    """Return the prepared file of a dataset of the stream."""
    return DATA / f"{name}.arrow"


def exam_store(task: str) -> Path:
    """Return the prepared file of an evaluation set."""
    return EXAMS / f"{task}.arrow"


def selection(method: str, seed: int, step: str) -> Path:
    """Return the folder of a step's selection."""
    return Path("selections") / method / str(seed) / step


def adapter(method: str, seed: int, step: str) -> Path:
    """Return the PEFT folder that a step's training leaves."""
    return Path("adapters") / method / str(seed) / step


def result(method: str, seed: int) -> Path:
    """Return the result file of a trajectory: the same bytes whenever it is run again."""
    return RESULTS / method / f"{seed}.json"


def run_record(method: str, seed: int) -> Path:
    """Return the record of what differs between two identical runs: costs and provenance."""
    return RUNS / method / f"{seed}.json"
