"""The one place that knows where every file of a campaign is (relative to the project folder)."""

from __future__ import annotations

import os
from pathlib import Path

from liit.errors import LiitError

ROOT = Path()
MAIN = "main"
"""The table that opens the project's README, and whose rows others may borrow."""
EXPERIMENTS = Path("experiments")
TASKS = Path("eval/tasks")
FILES = Path(".files")
"""Listings of the raw files, one per dataset and one for the exams."""
ORDER = FILES / "order.json"
"""The order of the stream, and what its exams stand for."""
READ = Path("read")
"""What was read of every dataset and exam, before what the model cannot be shown is set aside."""
DATA = Path("data")
EXAMS = DATA / "exams"
BASE = Path("base")
BASE_MODEL = BASE / "model"
BASE_ADAPTER = BASE / "adapter"
TABLES = Path("tables")
REPORTS = Path("reports")
STREAMS = Path("streams")
"""Results of the drawn streams of other papers, by scale: ``make language`` and its kin."""
LEADERBOARD = Path("leaderboard")
"""Rows of others, one folder each."""
BASE_SIGNALS = REPORTS / "signals"
"""Figures of what was measured on some samples under θ_0."""
INSTRUMENT = REPORTS / "instrument.json"
"""Signals judged against what is known of the samples; figures are in the folder of that name."""
RECOVERY = REPORTS / "recovery.json"
"""How much of a lost skill came back; figures are in the folder of that name."""
CHAT = REPORTS / "chat.json"
"""One chat with several models; figures are in the folder of that name."""
LEARNER_COSTS = Path("benchmarks/results/learners.json")
"""What learners cost beside plain training, by turns: ``benchmarks/learners.py`` leaves it."""
SCRATCH = Path("scratch")
"""Caches that speed a run up and may be deleted at any time."""
PIPELINE_TEMPLATE = TABLES / "dvc.yaml.template"
"""What every further table's dvc.yaml is made from."""


def pipeline(table: str) -> Path:
    """Return the dvc.yaml of a table."""
    return Path("dvc.yaml") if table == MAIN else TABLES / table / "dvc.yaml"


def dataset_store(name: str) -> Path:
    """Return the prepared file of a dataset of the stream."""
    return DATA / f"{name}.arrow"


def exam_store(task: str) -> Path:
    """Return the prepared file of an evaluation set."""
    return EXAMS / f"{task}.arrow"


def part(name: str) -> Path:
    """Return the folder of what was read of a dataset, of the exams or for pretraining."""
    return READ / name


def files_of(name: str) -> Path:
    """Return the listing of the raw files of a dataset or of the exams."""
    return FILES / name


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
    """Return the result file of a run: the same bytes whenever it is run again."""
    return home(method, root) / "results" / method / f"{seed}.json"


def run_record(method: str, seed: int, root: Path = ROOT) -> Path:
    """Return the record of what differs between two identical runs: costs and provenance."""
    return home(method, root) / "runs" / method / f"{seed}.json"


def confined(root: Path, place: str) -> Path:
    """Return a path below the root: links in it may lead elsewhere, ``..`` may not."""
    below = os.path.relpath(root / place, root)
    if Path(below).parts[:1] == (os.pardir,):
        raise LiitError(
            f"{place} leads out of data_root ({root}).",
            next_step="put it, or a link to it, below data_root, or change data_root in "
            "params.yaml.",
        )
    return root / below
