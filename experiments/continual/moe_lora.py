"""Train four low-rank experts along the whole stream, mixed by a router token by token.

Paper: Chen et al. 2024, "CoIN" (arXiv 2403.08350), MoELoRA. Needs no signal.
"""

from liit.learning.learners.moe_lora import MoeLora
from liit.selection import Method
from liit.selection.pools import newest

METHOD = Method(
    label="MoE-LoRA",
    pool=newest,
    budget_factor=None,
    learner=MoeLora(experts=4),
)
