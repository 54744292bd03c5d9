"""Give each step an adapter that reads other directions than those before.

Paper: Wang et al. 2023 (arXiv 2310.14152). Needs no signal.
"""

from liit.learning.learners.o_lora import OLora
from liit.selection import Method
from liit.selection.pools import newest

METHOD = Method(
    label="O-LoRA",
    pool=newest,
    budget_factor=None,
    learner=OLora(strength=0.5),
)
