"""A typed, frozen view of params.yaml; a wrong key fails and names the nearest right one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import yaml
from annotated_types import MinLen

from liit.errors import LiitError, nearest
from liit.limits import Amount, ByName, Count, Name, StageName, Strict
from liit.recipe import (
    Base,
    Devices,
    Evaluate,
    Lora,
    MiniModel,
    Model,
    Signals,
    Tracking,
    Train,
)
from liit.schema import validated

__all__ = [
    "EXAMS",
    "LM_EVAL",
    "PARAMS",
    "PRETRAIN",
    "Base",
    "Dataset",
    "Devices",
    "Entry",
    "Evaluate",
    "Exam",
    "Lora",
    "MiniModel",
    "Model",
    "Params",
    "Signals",
    "Table",
    "Tracking",
    "Train",
    "load_params",
]

PARAMS = Path("params.yaml")
_FASTEST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C parser, ten times as fast, where it is built."""
PRETRAIN, EXAMS = "pretrain", "exams"
"""What is prepared beside the datasets of the stream, and lies beside them under these names."""
LM_EVAL = "lm_eval"
"""The format of exams that are tasks of lm-eval's own (eval/tasks/language)."""


@dataclass(frozen=True)
class Entry(Strict):
    """One dataset, below its name: what tables call it, and how it is read.

    ``format`` names a reader (a file of ``liit.data.readers``), ``benchmark`` or ``joint``
    (official files), or ``world`` (drawn); ``files`` and ``image_root`` are relative to
    ``data_root``; ``options`` go to the reader; ``records``: how many it has as published, for
    plans made before it is prepared.
    """

    label: str
    format: str
    files: tuple[str, ...] = ()
    image_root: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    records: Count | None = None


@dataclass(frozen=True)
class Dataset(Entry):
    """One dataset of the stream, with its name."""

    name: str = field(kw_only=True)

    @property
    def expected(self) -> int | None:
        """How many samples it will have, as far as its options and ``records`` say."""
        bounds = (self.options.get("size"), self.options.get("take"), self.records)
        return min((bound for bound in bounds if isinstance(bound, int)), default=None)


@dataclass(frozen=True)
class Exam(Strict):
    """One evaluation set: the lm-eval task that asks it, its skill, and where its items are.

    ``step``: the dataset of the stream that it is the test of, where that has another name.
    """

    task: Name
    skill: str
    format: str
    files: tuple[str, ...] = ()
    image_root: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    step: StageName | None = None


@dataclass(frozen=True)
class Table(Strict):
    """A further table: ``rows`` are files of its folder, ``beside`` rows of other tables."""

    beside: tuple[Name, ...]
    rows: tuple[Name, ...]


@dataclass(frozen=True)
class Params(Strict):
    """Everything that a run depends on, besides the code and the data."""

    scale: Name
    methods: Annotated[tuple[Name, ...], MinLen(1)]
    seeds: Annotated[tuple[Amount, ...], MinLen(1)]
    tables: Mapping[Name, Table]
    data_root: str
    stream: Annotated[tuple[Dataset, ...], ByName(StageName, Entry, Dataset)]
    exams: tuple[Exam, ...]
    budget: Count
    model: Model
    base: Base
    lora: Lora
    train: Train
    signals: Signals
    evaluate: Evaluate
    devices: Devices
    tracking: Tracking

    @property
    def steps(self) -> tuple[str, ...]:
        """Names of the stream's datasets, t = 0 first."""
        return tuple(dataset.name for dataset in self.stream)

    @property
    def prepared_exams(self) -> tuple[Exam, ...]:
        """The exams whose items are prepared; lm-eval's own tasks read their files themselves."""
        return tuple(exam for exam in self.exams if exam.format != LM_EVAL)

    def rows(self, table: str) -> tuple[str, ...]:
        """Return the methods that a table shows, in order, or fail with the tables there are."""
        if table == "main":
            return self.methods
        if table not in self.tables:
            known = ("main", *self.tables)
            raise LiitError(
                f"{PARAMS}: there is no table {table!r}{nearest(table, known)}.",
                next_step=f"use one of {', '.join(known)}.",
            )
        return (*self.tables[table].beside, *self.tables[table].rows)

    def dataset(self, name: str) -> Dataset:
        """Return the dataset of that name, or fail with the names there are."""
        for dataset in self.stream:
            if dataset.name == name:
                return dataset
        raise LiitError(
            f"{PARAMS}: stream has no dataset {name!r}{nearest(name, self.steps)}.",
            next_step=f"use one of {', '.join(self.steps)}.",
        )


class _Loader(_FASTEST):  # type: ignore[misc]
    """YAML in which no key stands twice: of two datasets of one name the first would be lost."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                problem = f"{key!r} stands there twice"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def load_params(path: Path = PARAMS) -> Params:
    """Read and check params.yaml.

    Raises LiitError for a file that is missing or is no YAML, for unknown, missing and mistyped
    keys (with the path of the key), and for values that contradict each other.
    """
    if not path.is_file():
        raise LiitError(
            f"{path} does not exist in {Path.cwd()}.", next_step="run from the project's folder."
        )
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506  (a safe one)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LiitError(f"{path} is not valid YAML: {error}", next_step="mend that line.") from None
    params: Params = validated(Params, raw, path)
    for problem, next_step in _contradictions(params):
        raise LiitError(f"{path}: {problem}.", next_step=next_step)
    return params


def _contradictions(params: Params) -> Iterator[tuple[str, str]]:
    """Yield what no single value is to blame for, and the next step."""
    train, tasks = params.train, [exam.task for exam in params.exams]
    for name in {PRETRAIN, EXAMS} & set(params.steps):
        yield f"stream: the name {name!r} is taken by what lies beside the datasets", "rename it."
    if len(set(tasks)) != len(tasks):
        yield "exams name a task twice", "leave one of them out."
    named = [exam.step for exam in params.exams if exam.step]
    if unknown := sorted(set(named) - set(params.steps)):
        yield f"exams: {unknown[0]!r} is no step of the stream", "name one, or leave `step` out."
    if len(set(named)) != len(named):
        yield "exams name a step twice", "leave `step` out of one of them."
    if len(params.steps) < 2:
        yield "stream needs t = 0 and a step", "add a dataset."
    if train.batch_size % train.micro_batch_size:
        yield (
            "train.batch_size must be a multiple of train.micro_batch_size",
            "change one of them.",
        )
    if len(params.prepared_exams) < len(params.exams) and params.evaluate.text_dir is None:
        yield (
            f"exams of format {LM_EVAL} read their files below evaluate.text_dir",
            "set it, or leave these exams out.",
        )
    if (params.model.mini is None) == (params.model.checkpoint is None):
        yield "model needs either `checkpoint` or `mini`", "set one, null the other."
