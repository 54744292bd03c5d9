"""The shape of a BLIP's Q-Former, and its operations: two per multiplication."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class QFormer:
    """What a BLIP makes an image's positions with, and trains instead of LoRA factors.

    ``crossed`` of its layers look at the image, whose patches have ``image_width``;
    ``vocabulary``: embeddings of the request that it reads beside its queries, places included, 0
    where it reads none.
    """

    queries: int
    layers: int
    crossed: int
    width: int
    mlp_width: int
    image_width: int
    vocabulary: int = 0

    @classmethod
    def of_config(cls, config: Any) -> QFormer:
        """Read the shape off the transformers configuration of a BLIP-2 or an InstructBLIP."""
        own = config.qformer_config
        reads = getattr(own, "use_qformer_text_input", True)  # InstructBLIP's always does
        return cls(
            queries=config.num_query_tokens,
            layers=own.num_hidden_layers,
            crossed=len(range(0, own.num_hidden_layers, own.cross_attention_frequency)),
            width=own.hidden_size,
            mlp_width=own.intermediate_size,
            image_width=own.encoder_hidden_size,
            vocabulary=(own.vocab_size + own.max_position_embeddings) * reads,
        )

    @property
    def weights(self) -> int:
        """Weights, queries and embeddings included."""
        mlps = 2 if self.vocabulary else 1  # requests have their own
        layer = 4 * self.width**2 + mlps * 2 * self.width * self.mlp_width
        across = 2 * self.width**2 + 2 * self.width * self.image_width
        return (
            self.layers * layer
            + self.crossed * across
            + (self.queries + self.vocabulary) * self.width
        )

    @property
    def largest_matrix(self) -> int:
        """Weights of its largest matrix."""
        return self.width * max(self.mlp_width, self.image_width, self.vocabulary)

    def forward(self, seen: float, request: float) -> float:
        """Operations for one image of ``seen`` patches and its request of so many tokens."""
        places = self.queries + (request if self.vocabulary else 0)
        linear = self.layers * (4 * self.width**2 + 2 * self.width * self.mlp_width) * places
        linear += self.crossed * 2 * self.width**2 * self.queries
        attention = self.layers * places**2 + self.crossed * self.queries * seen
        return 2 * linear + 4 * self.width * attention + self._look(seen)

    def backward(self, seen: float, request: float) -> float:
        """Operations of its gradients; none goes on to the frozen tower."""
        return 2 * self.forward(seen, request) - self._look(seen)

    def _look(self, seen: float) -> float:
        """Operations of the keys and values of an image's patches."""
        return 2 * self.crossed * 2 * self.width * self.image_width * seen
