"""COINCIDE chooses, every step reads directions of its own.

Paper: none has this pair; Wang et al. 2023 (arXiv 2310.14152) for the learner. Needs what coincide
needs, and no pass more.
"""

from dataclasses import replace

from liit.learning.learners.o_lora import OLora
from liit.selection.coincide import COINCIDE

METHOD = replace(
    COINCIDE, label="COINCIDE with O-LoRA", published=None, learner=OLora(strength=0.5)
)
