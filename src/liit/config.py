"""A typed, frozen view of params.yaml; a wrong key fails and names the nearest right one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import yaml
from annotated_types import Ge, Gt, Le, Lt

from liit.errors import LiitError, nearest
from liit.schema import Pattern, validated

PARAMS = Path("params.yaml")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C parser, ten times as fast, where it is built."""
LM_EVAL = "lm_eval"
"""The format of exams that are tasks of lm-eval's own (eval/tasks/language)."""

Count = Annotated[int, Ge(1)]
Amount = Annotated[int, Ge(0)]
Rate = Annotated[float, Gt(0)]
NonNegative = Annotated[float, Ge(0)]
Share = Annotated[float, Ge(0), Le(1)]
Name = Annotated[str, Pattern(r"^[^\s./\\][^\s/\\]*$")]
"""Names become folders and stages."""


class Strict:
    """A part of params.yaml: no other keys, no conversions."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "forbid",
        "strict": True,
        "allow_inf_nan": False,
    }


@dataclass(frozen=True)
class Dataset(Strict):
    """One dataset: how it is read, and its name in tables.

    ``format`` names a reader (a file of ``liit.data.readers``) or ``world`` (drawn); ``files`` and
    ``image_root`` are relative to ``data_root``; ``options`` go to the reader.
    """

    name: Name
    label: str
    format: str
    files: tuple[str, ...] = ()
    image_root: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Exam(Strict):
    """One evaluation set: the lm-eval task that asks it, its skill, and where its items are."""

    task: Name
    skill: str
    format: str
    files: tuple[str, ...] = ()
    image_root: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Table(Strict):
    """A further table: ``rows`` are files of its folder, ``beside`` rows of the main table."""

    beside: tuple[Name, ...]
    rows: tuple[Name, ...]


@dataclass(frozen=True)
class MiniModel(Strict):
    """Geometry of a LLaVA that is trained from scratch (tokens, pixels and widths as counts)."""

    vocabulary: Count
    image_side: Count
    patch: Count
    vision_width: Count
    vision_layers: Count
    width: Count
    layers: Count
    heads: Count
    mlp_width: Count


@dataclass(frozen=True)
class Model(Strict):
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
    max_length: Count
    pad_to_square: bool
    template: Literal["vicuna", "checkpoint"] = "vicuna"
    mini: MiniModel | None = None


@dataclass(frozen=True)
class Base(Strict):
    """How the base of scale ``mini`` is trained from scratch (t = 0).

    ``tower_images`` pictures teach the image tower to name what each patch shows, for
    ``tower_epochs`` (0: not at all): the stand-in for CLIP's pretraining.
    ``pretrain`` says how to draw the samples beside the t = 0 dataset: the stand-in for what
    Vicuna and the alignment stage bring along (empty: none).
    ``tokenizer`` names the datasets whose text the vocabulary is made from. ``adapter_epochs`` of
    LoRA on the t = 0 dataset follow, as LLaVA-1.5's own LoRA release does.
    """

    tower_images: Amount
    tower_epochs: Amount
    tokenizer: tuple[str, ...]
    pretrain: Mapping[str, Any]
    epochs: Count
    adapter_epochs: Amount
    batch_size: Count
    learning_rate: Rate
    warmup_ratio: Share
    weight_decay: NonNegative
    threads: Count


@dataclass(frozen=True)
class Lora(Strict):
    """Shape of an adapter, and how adapters follow each other along the stream."""

    rank: Count
    alpha: Count
    dropout: Annotated[float, Ge(0), Lt(1)]
    mode: Literal["merge_fresh", "continue"]


@dataclass(frozen=True)
class Train(Strict):
    """One step's optimisation (LLaVA-1.5's recipe): rates, cosine with warm-up, global batch."""

    epochs: Count
    batch_size: Count
    micro_batch_size: Count
    learning_rate: Rate
    projector_learning_rate: NonNegative
    warmup_ratio: Share
    weight_decay: NonNegative
    gradient_clip: NonNegative
    gradient_checkpointing: bool


@dataclass(frozen=True)
class Devices(Strict):
    """Where Lightning runs: accelerator, strategy, precision, devices per node, nodes."""

    accelerator: str
    strategy: str
    precision: str
    devices: Count
    num_nodes: Count
    threads: Count
    workers: Amount


@dataclass(frozen=True)
class Signals(Strict):
    """The scoring pass: size of projected gradients, their layer, and tokens per batch.

    ``layer`` is a 0-based index or ``middle``; ``zero_order_directions`` is q of the zero-order
    estimate; ``proxy`` is the small model whose gradients may stand in: a geometry to train at
    t = 0, or a folder with ``model/`` and ``adapter/``.
    """

    projection_dim: Count
    layer: Amount | Literal["middle"]
    tokens_per_batch: Count
    zero_order_directions: Count
    proxy: MiniModel | str | None


@dataclass(frozen=True)
class Evaluate(Strict):
    """Evaluation: answers per batch, and the folder (below ``data_root``) of the text benchmarks
    that lm-eval's own tasks read (exams of format ``lm_eval``)."""

    batch_size: Count
    text_dir: str | None = None


@dataclass(frozen=True)
class Tracking(Strict):
    """Weights & Biases: the project's name."""

    project: str


@dataclass(frozen=True)
class Params(Strict):
    """Everything that a run depends on, besides the code and the data."""

    scale: Name
    methods: tuple[Name, ...]
    seeds: tuple[Amount, ...]
    tables: Mapping[Name, Table]
    data_root: str
    stream: tuple[Dataset, ...]
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
        raw = yaml.load(path.read_text(encoding="utf-8"), LOADER)  # noqa: S506  (a safe one)
    except yaml.YAMLError as error:
        raise LiitError(f"{path} is not valid YAML: {error}", next_step="mend that line.") from None
    params: Params = validated(Params, raw, path)
    _check(params, path)
    return params


def _check(params: Params, path: Path) -> None:
    names = params.steps
    if len(set(names)) != len(names):
        raise LiitError(f"{path}: stream names a dataset twice.", next_step="rename one of them.")
    if len(names) < 2:
        raise LiitError(f"{path}: stream needs t = 0 and a step.", next_step="add a dataset.")
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
