"""The shape of a LLaVA, BLIP or Llama, and the operations of its parts: two per multiplication."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from liit.config import Model
from liit.data.vision import LANGUAGE_MODELS
from liit.errors import LiitError
from liit.planning.qformer import QFormer

WEIGHT_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


class Lengths(NamedTuple):
    """Means over samples: ``tokens`` with image positions, ``blind`` without, those of ``answers``.

    ``images``: images per sample.
    """

    tokens: float
    blind: float
    answers: float
    images: float

    @property
    def request(self) -> float:
        """Text that is no answer."""
        return self.blind - self.answers

    @classmethod
    def mixed(cls, lengths: Iterable[Lengths], shares: Iterable[float]) -> Lengths:
        """Return the mean lengths over datasets in the given shares."""
        pairs = list(zip(lengths, shares, strict=True))
        return cls(*(sum(one[n] * share for one, share in pairs) for n in range(len(cls._fields))))


@dataclass(frozen=True, slots=True)
class ModelShape:
    """Widths and depths; ``patches`` per image.

    ``shuffled``: patches that become one position by a single linear layer (Idefics 3 and SmolVLM);
    1 where every patch is one, by LLaVA's two layers, and a class token is with them in the tower.
    ``gated``: the MLP has a gate, as Llama's has and OPT's has not; ``tied``: one matrix embeds and
    answers; ``former``: of a BLIP. Norms, biases, embeddings and elementwise work are left out:
    below one per cent of a model of billions of weights.
    """

    layers: int
    width: int
    key_value_width: int
    mlp_width: int
    vocabulary: int
    tower_layers: int
    tower_width: int
    tower_mlp_width: int
    patches: int
    shuffled: int = 1
    gated: bool = True
    tied: bool = False
    former: QFormer | None = None

    @classmethod
    def of_config(cls, config: Any) -> ModelShape:
        """Read the shape off a transformers configuration of LLaVA's, BLIP's or Llama's layout."""
        text = getattr(config, "text_config", config)
        head, is_opt = text.hidden_size // text.num_attention_heads, text.model_type == "opt"
        return cls(
            layers=text.num_hidden_layers,
            width=text.hidden_size,
            key_value_width=text.hidden_size if is_opt else head * text.num_key_value_heads,
            mlp_width=text.ffn_dim if is_opt else text.intermediate_size,
            vocabulary=text.vocab_size,
            **_tower(config),
            gated=not is_opt,
            tied=text.tie_word_embeddings,
            former=QFormer.of_config(config) if hasattr(config, "qformer_config") else None,
        )

    @property
    def layer_weights(self) -> int:
        """Weights of a decoder layer's linear layers."""
        attention = 2 * self.width**2 + 2 * self.width * self.key_value_width
        return attention + (3 if self.gated else 2) * self.width * self.mlp_width

    @property
    def tower_weights(self) -> int:
        """Weights of the vision tower's linear layers."""
        return self.tower_layers * (
            4 * self.tower_width**2 + 2 * self.tower_width * self.tower_mlp_width
        )

    @property
    def projector_weights(self) -> int:
        """Weights of the projector; of a BLIP, that of what its Q-Former gives."""
        if self.former:
            return self.former.width * self.width
        if self.shuffled > 1:
            return self.shuffled * self.tower_width * self.width
        return (self.tower_width * self.width + self.width**2) if self.tower_layers else 0

    @property
    def positions(self) -> int:
        """Positions that an image takes in the decoder."""
        return self.former.queries if self.former else self.patches // self.shuffled

    @property
    def parameters(self) -> int:
        """Weights of the whole model, input and output embeddings included."""
        embeddings = (1 if self.tied else 2) * self.vocabulary * self.width
        decoder = self.layers * self.layer_weights + embeddings
        former = self.former.weights if self.former else 0
        return decoder + self.tower_weights + former + self.projector_weights

    @property
    def adapted_weights(self) -> int:
        """Weights that a step changes but for the projector's: LoRA moves the decoder's."""
        return self.former.weights if self.former else self.layers * self.layer_weights

    @property
    def largest_adapted_matrix(self) -> int:
        """Weights of the largest matrix among them."""
        if self.former:
            return self.former.largest_matrix
        return self.width * max(self.width, self.mlp_width)

    def adapter_weights(self, rank: int) -> int:
        """Weights that train beside the projector: all LoRA factors, or the Q-Former."""
        return self.former.weights if self.former else self.layers * self.lora_weights(rank)

    def lora_weights(self, rank: int) -> int:
        """Weights of one decoder layer's LoRA factors: q, k, v, o, gate, up, down; 0 in a BLIP."""
        if self.former:
            return 0
        attention = 4 * self.width + 2 * (self.width + self.key_value_width)
        return rank * (attention + 3 * (self.width + self.mlp_width))

    def attention(self, queries: float, keys: float) -> float:
        """Operations of one layer's attention: both products, masked places included."""
        return 4 * queries * keys * self.width

    def layer(self, tokens: float) -> float:
        """Operations of one decoder layer."""
        return 2 * self.layer_weights * tokens + self.attention(tokens, tokens)

    def short_layer(self, tokens: float, answers: float) -> float:
        """Operations of the last layer: keys and values everywhere, the rest at answers."""
        everywhere = 2 * self.width * self.key_value_width
        rest = self.layer_weights - everywhere
        return 2 * (everywhere * tokens + rest * answers) + self.attention(answers, tokens)

    def head(self, positions: float) -> float:
        """Operations of the output layer."""
        return 2 * self.width * self.vocabulary * positions

    def images(self, count: float, request: float = 0.0) -> float:
        """Operations of tower and projector; of a BLIP, its Q-Former with ``request`` tokens."""
        seen = self._seen
        tower = 2 * self.tower_weights * seen
        tower += self.tower_layers * 4 * seen**2 * self.tower_width
        return count * (tower + self._projected(request))

    def images_trained(self, count: float, request: float, *, forwards: int) -> float:
        """Operations of training what leads from the tower on, which is run ``forwards`` times.

        The tower is frozen, and runs once.
        """
        trained = 4.0 * self.projector_weights * self.positions
        if self.former:
            trained += self.former.backward(self._seen, request)
            trained += (forwards - 1) * self._projected(request)
        return self.images(count, request) + count * trained

    @property
    def _seen(self) -> int:
        """Places of an image in the tower."""
        return self.patches + (self.shuffled == 1)

    def _projected(self, request: float) -> float:
        former = self.former.forward(self._seen, request) if self.former else 0.0
        return former + 2 * self.projector_weights * self.positions


def _tower(config: Any) -> dict[str, int]:
    if config.model_type in LANGUAGE_MODELS:
        return dict.fromkeys(("tower_layers", "tower_width", "tower_mlp_width", "patches"), 0)
    vision = config.vision_config
    return {
        "tower_layers": vision.num_hidden_layers,
        "tower_width": vision.hidden_size,
        "tower_mlp_width": vision.intermediate_size,
        "patches": (vision.image_size // vision.patch_size) ** 2,
        "shuffled": getattr(config, "scale_factor", 1) ** 2,
    }


LLAVA_7B = ModelShape(
    layers=32,
    width=4096,
    key_value_width=4096,
    mlp_width=11008,
    vocabulary=32064,
    tower_layers=24,
    tower_width=1024,
    tower_mlp_width=4096,
    patches=576,
)
SMOLVLM_500M = ModelShape(
    layers=32,
    width=960,
    key_value_width=320,
    mlp_width=2560,
    vocabulary=49280,
    tower_layers=12,
    tower_width=768,
    tower_mlp_width=3072,
    patches=1024,
    shuffled=16,
)
QFORMER = QFormer(32, 12, crossed=6, width=768, mlp_width=3072, image_width=1408)
BLIP2_OPT_2_7B = ModelShape(
    layers=32,
    width=2560,
    key_value_width=2560,
    mlp_width=10240,
    vocabulary=50304,
    tower_layers=39,
    tower_width=1408,
    tower_mlp_width=6144,
    patches=256,
    gated=False,
    tied=True,
    former=QFORMER,
)
INSTRUCTBLIP_7B = replace(
    BLIP2_OPT_2_7B,
    width=4096,
    key_value_width=4096,
    mlp_width=11008,
    vocabulary=32001,
    gated=True,
    tied=False,
    former=replace(QFORMER, vocabulary=30523 + 512),
)
KNOWN = {
    "llava-hf/llava-1.5-7b-hf": LLAVA_7B,
    "Salesforce/blip2-opt-2.7b": BLIP2_OPT_2_7B,
    "Salesforce/instructblip-vicuna-7b": INSTRUCTBLIP_7B,
    "HuggingFaceTB/SmolVLM-500M-Instruct": SMOLVLM_500M,
}
"""Shapes by their config.json, for checkpoints that are not on this machine."""


def shape_of(model: Model) -> ModelShape:
    """Return the shape of the model that params.yaml names.

    Raises LiitError for a checkpoint whose config.json is not on this machine, or whose vision
    tower is laid out in another way.
    """
    if model.mini is not None:
        mini = model.mini
        return ModelShape(
            layers=mini.layers,
            width=mini.width,
            key_value_width=mini.width,
            mlp_width=mini.mlp_width,
            vocabulary=mini.vocabulary,
            tower_layers=mini.vision_layers,
            tower_width=mini.vision_width,
            tower_mlp_width=2 * mini.vision_width,
            patches=mini.patches,
        )
    return KNOWN.get(model.checkpoint or "") or _of_checkpoint(model)


def _of_checkpoint(model: Model) -> ModelShape:
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(
            model.checkpoint, revision=model.revision, local_files_only=True
        )
    except (OSError, ValueError) as error:
        raise LiitError(
            f"the config.json of {model.checkpoint} is not on this machine, or damaged: {error}",
            next_step="download the checkpoint first, or set model.checkpoint to a local folder.",
        ) from None
    try:
        return ModelShape.of_config(config)
    except AttributeError as absent:
        raise LiitError(
            f"the operations of a {config.model_type} are not known here: {absent}.",
            next_step="plan with a LLaVA of that size, for instance llava-hf/llava-1.5-7b-hf.",
        ) from None
