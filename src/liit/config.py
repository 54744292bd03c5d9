"""A typed, frozen view of params.yaml; a wrong key fails and names the nearest right one."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import yaml

from liit.errors import LiitError, nearest

PARAMS = Path("params.yaml")
LM_EVAL = "lm_eval"
"""The format of exams that are tasks of lm-eval's own (eval/tasks/language)."""


@dataclass(frozen=True)
class Dataset:
    """One dataset: how it is read, and its name in tables.

    ``format`` names a reader (a file of ``liit.data.readers``) or ``world`` (drawn); ``files`` and
    ``image_root`` are relative to ``data_root``; ``options`` go to the reader.
    """

    name: str
    label: str
    format: str
    files: tuple[str, ...] = ()
    image_root: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Exam:
    """One evaluation set: the lm-eval task that asks it, its skill, and where its items are."""

    task: str
    skill: str
    format: str
    files: tuple[str, ...] = ()
    image_root: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """A further table: ``rows`` are files of its folder, ``beside`` rows of the main table."""

    beside: tuple[str, ...]
    rows: tuple[str, ...]


@dataclass(frozen=True)
class MiniModel:
    """Geometry of a LLaVA that is trained from scratch (tokens, pixels and widths as counts)."""

    vocabulary: int
    image_side: int
    patch: int
    vision_width: int
    vision_layers: int
    width: int
    layers: int
    heads: int
    mlp_width: int


@dataclass(frozen=True)
class Model:
    """Which model, and how it sees a conversation.

    ``checkpoint`` is a local folder or hub id (``revision`` pins it) unless ``mini`` says what to
    build; ``adapter`` is an optional LoRA folder that is θ_0's own; ``max_length`` counts image
    positions; ``pad_to_square`` is LLaVA-1.5's own; ``template`` says how a conversation is
    written: as LLaVA-1.5 does, or by the checkpoint's chat template.
    """

    checkpoint: str | None
    revision: str | None
    adapter: str | None
    dtype: str
    system_prompt: str
    max_length: int
    pad_to_square: bool
    template: Literal["vicuna", "checkpoint"] = "vicuna"
    mini: MiniModel | None = None


@dataclass(frozen=True)
class Base:
    """How the base of scale ``mini`` is trained from scratch (t = 0).

    ``tower_images`` pictures teach the image tower to name what each patch shows, for
    ``tower_epochs`` (0: not at all): the stand-in for CLIP's pretraining.
    ``pretrain`` says how to draw the samples beside the t = 0 dataset: the stand-in for what
    Vicuna and the alignment stage bring along (empty: none).
    ``tokenizer`` names the datasets whose text the vocabulary is made from. ``adapter_epochs`` of
    LoRA on the t = 0 dataset follow, as LLaVA-1.5's own LoRA release does.
    """

    tower_images: int
    tower_epochs: int
    tokenizer: tuple[str, ...]
    pretrain: Mapping[str, Any]
    epochs: int
    adapter_epochs: int
    batch_size: int
    learning_rate: float
    warmup_ratio: float
    weight_decay: float
    threads: int


@dataclass(frozen=True)
class Lora:
    """Shape of an adapter, and how adapters follow each other along the stream."""

    rank: int
    alpha: int
    dropout: float
    mode: Literal["merge_fresh", "continue"]


@dataclass(frozen=True)
class Train:
    """One step's optimisation (LLaVA-1.5's recipe): rates, cosine with warm-up, global batch."""

    epochs: int
    batch_size: int
    micro_batch_size: int
    learning_rate: float
    projector_learning_rate: float
    warmup_ratio: float
    weight_decay: float
    gradient_clip: float
    gradient_checkpointing: bool


@dataclass(frozen=True)
class Devices:
    """Where Lightning runs: accelerator, strategy, precision, devices per node, nodes."""

    accelerator: str
    strategy: str
    precision: str
    devices: int
    num_nodes: int
    threads: int
    workers: int


@dataclass(frozen=True)
class Signals:
    """The scoring pass: size of projected gradients, their layer, and tokens per batch.

    ``layer`` is a 0-based index or ``middle``; ``zero_order_directions`` is q of the zero-order
    estimate; ``proxy`` is the small model whose gradients may stand in: a geometry to train at
    t = 0, or a folder with ``model/`` and ``adapter/``.
    """

    projection_dim: int
    layer: int | Literal["middle"]
    tokens_per_batch: int
    zero_order_directions: int
    proxy: MiniModel | str | None


@dataclass(frozen=True)
class Evaluate:
    """Evaluation: answers per batch, and the folder (below ``data_root``) of the text benchmarks
    that lm-eval's own tasks read (exams of format ``lm_eval``)."""

    batch_size: int
    text_dir: str | None = None


@dataclass(frozen=True)
class Tracking:
    """Weights & Biases: the project's name."""

    project: str


@dataclass(frozen=True)
class Params:
    """Everything that a run depends on, besides the code and the data."""

    scale: str
    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    tables: Mapping[str, Table]
    data_root: str
    stream: tuple[Dataset, ...]
    exams: tuple[Exam, ...]
    budget: int
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
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise LiitError(f"{path} is not valid YAML: {error}", next_step="mend that line.") from None
    params: Params = _build(Params, raw, str(path), "")
    _check(params, path)
    return params


def _build(kind: Any, value: Any, file: str, where: str) -> Any:
    if is_dataclass(kind):
        return _build_dataclass(kind, value, file, where)
    origin = get_origin(kind)
    if origin is tuple:
        inner = get_args(kind)[0]
        _expect(isinstance(value, list), file, where, "a list", value)
        return tuple(_build(inner, one, file, f"{where}[{i}]") for i, one in enumerate(value))
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        _expect(isinstance(value, dict), file, where, "a mapping", value)
        inner = get_args(kind)[1]
        return {key: _build(inner, one, file, f"{where}.{key}") for key, one in value.items()}
    if origin in (Union, types.UnionType):
        return _build_union(get_args(kind), value, file, where)
    if origin is Literal:
        choices = get_args(kind)
        _expect(value in choices, file, where, f"one of {', '.join(map(str, choices))}", value)
        return value
    return _build_scalar(kind, value, file, where)


def _build_dataclass(kind: Any, value: Any, file: str, where: str) -> Any:
    _expect(isinstance(value, dict), file, where, "a mapping", value)
    known = {one.name: one for one in fields(kind)}
    for key in value:
        if key not in known:
            raise LiitError(
                f"{file}: unknown key {_dotted(where, key)!r}{nearest(str(key), list(known))}.",
                next_step=f"the keys here are {', '.join(known)}.",
            )
    hints = get_type_hints(kind)
    built = {}
    for name, one in known.items():
        if name in value:
            built[name] = _build(hints[name], value[name], file, _dotted(where, name))
        elif one.default is MISSING and one.default_factory is MISSING:
            raise LiitError(
                f"{file}: key {_dotted(where, name)!r} is missing.",
                next_step=f"add it; the keys here are {', '.join(known)}.",
            )
    return kind(**built)


def _build_union(kinds: tuple[Any, ...], value: Any, file: str, where: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    error: LiitError | None = None
    for kind in kinds:
        if kind is type(None):
            continue
        try:
            return _build(kind, value, file, where)
        except LiitError as failed:
            error = error or failed
    assert error is not None
    raise error


def _build_scalar(kind: Any, value: Any, file: str, where: str) -> Any:
    if kind is Any:
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    right = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
    _expect(right, file, where, f"of type {kind.__name__}", value)
    return value


def _expect(right: bool, file: str, where: str, wanted: str, value: Any) -> None:
    if not right:
        raise LiitError(
            f"{file}: {where or 'the file'} must be {wanted}, not {value!r}.",
            next_step=f"change {where or 'it'} in {file}.",
        )


def _dotted(where: str, key: Any) -> str:
    return f"{where}.{key}" if where else str(key)


def _check(params: Params, path: Path) -> None:
    names = params.steps
    if len(set(names)) != len(names):
        raise LiitError(f"{path}: stream names a dataset twice.", next_step="rename one of them.")
    if len(names) < 2:
        raise LiitError(f"{path}: stream needs t = 0 and a step.", next_step="add a dataset.")
    if params.budget < 1:
        raise LiitError(f"{path}: budget must be at least 1.", next_step="raise it.")
    if params.train.batch_size % params.train.micro_batch_size:
        raise LiitError(
            f"{path}: train.batch_size must be a multiple of train.micro_batch_size.",
            next_step="change one of them.",
        )
    if len(params.prepared_exams) < len(params.exams) and params.evaluate.text_dir is None:
        raise LiitError(
            f"{path}: exams of format {LM_EVAL} read their files below evaluate.text_dir.",
            next_step="set it, or leave these exams out.",
        )
    if (params.model.mini is None) == (params.model.checkpoint is None):
        raise LiitError(
            f"{path}: model needs either `checkpoint` or `mini`.",
            next_step="set one, null the other.",
        )
