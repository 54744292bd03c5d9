"""The parts of params.yaml that say how: model, base, adapter, training, devices, signals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Ge, Lt

from liit.limits import Amount, Count, NonNegative, Rate, Share, Strict


@dataclass(frozen=True)
class MiniModel(Strict):
    """Geometry of a model that is trained from scratch (tokens, pixels and widths as counts).

    A LLaVA, or with four zeros for its eye a Llama that reads alone.
    """

    vocabulary: Count
    image_side: Amount
    patch: Amount
    vision_width: Amount
    vision_layers: Amount
    width: Count
    layers: Count
    heads: Count
    mlp_width: Count

    @property
    def sees(self) -> bool:
        """Whether it is a LLaVA."""
        return self.vision_layers > 0

    @property
    def patches(self) -> int:
        """Patches of an image."""
        return (self.image_side // self.patch) ** 2 if self.sees else 0


@dataclass(frozen=True)
class Model(Strict):
    """Which model, and how it sees a conversation.

    ``checkpoint`` is a local folder or hub id (``revision`` pins it) unless ``mini`` says what to
    build; ``adapter`` is an optional LoRA folder that is θ_0's own; ``max_length`` counts image
    positions; ``pad_to_square`` is LLaVA-1.5's own; ``template`` says how a conversation is
    written: as LLaVA-1.5 does, by the checkpoint's chat template, or as BLIP-2 was taught.
    """

    checkpoint: str | None
    revision: str | None
    adapter: str | None
    dtype: Literal["float32", "bfloat16", "float16"]
    system_prompt: str
    max_length: Count
    pad_to_square: bool
    template: Literal["vicuna", "checkpoint", "blip"] = "vicuna"
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
