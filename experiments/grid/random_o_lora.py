"""The budget is drawn uniformly, every step reads directions of its own.

Paper: none has this pair; Wang et al. 2023 (arXiv 2310.14152) for the learner. Needs no signal, and
no pass more.
"""

from liit.learning.learners.o_lora import OLora
from liit.selection import Method

METHOD = Method(label="Random with O-LoRA", learner=OLora(strength=0.5))
