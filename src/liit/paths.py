"""The one place that knows where every file of a campaign is (relative to the project folder)."""

from __future__ import annotations

from pathlib import Path

ROOT = Path()
MAIN = "main"
"""The table that opens the project's README, and whose rows others may borrow."""
EXPERIMENTS = Path("experiments")
TASKS = Path("eval/tasks")
BENCHMARKS = Path("src/liit/benchmarks")
DATA = Path("data")
EXAMS = DATA / "exams"
BASE = Path("base")
BASE_MODEL = BASE / "model"
BASE_ADAPTER = BASE / "adapter"
PROXY = Path("proxy")
TABLES = Path("tables")
REPORTS = Path("reports")
SCRATCH = Path("scratch")
"""Caches that speed a run up and may be deleted at any time."""


def task_files() -> list[Path]:
    """Return the lm-eval tasks and the modules whose functions they name."""
    tasks = [path for path in TASKS.rglob("*") if path.suffix in (".py", ".yaml")]
    return sorted([*tasks, *BENCHMARKS.glob("*.py")])


def dataset_store(name: str) -> Path:
    """Return the prepared file of a dataset of the stream."""
    return DATA / f"{name}.arrow"


def exam_store(task: str) -> Path:
    """Return the prepared file of an evaluation set."""
    return EXAMS / f"{task}.arrow"


def home(method: str, root: Path = ROOT) -> Path:
    """Return the folder that holds what a method leaves: its table's own, unless that is main.

    The main report depends on the whole folders ``results/``, ``runs/`` and ``selections/``: what
    other tables leave must lie elsewhere. Method names are unique over all tables.
    """
    for file in (root / EXPERIMENTS).glob(f"*/{method}.py"):
        if file.parent.name != MAIN:
            return root / TABLES / file.parent.name
    return root


def selection(method: str, seed: int, step: str, root: Path = ROOT) -> Path:
    """Return the folder of a step's selection."""
    return home(method, root) / "selections" / method / str(seed) / step


def adapter(method: str, seed: int, step: str, root: Path = ROOT) -> Path:
    """Return the PEFT folder that a step's training leaves."""
    return home(method, root) / "adapters" / method / str(seed) / step


def result(method: str, seed: int, root: Path = ROOT) -> Path:
    """Return the result file of a trajectory: the same bytes whenever it is run again."""
    return home(method, root) / "results" / method / f"{seed}.json"


def run_record(method: str, seed: int, root: Path = ROOT) -> Path:
    """Return the record of what differs between two identical runs: costs and provenance."""
    return home(method, root) / "runs" / method / f"{seed}.json"
