"""Fine-tune the model of step 0 on each dataset alone: what plasticity and stability compare with.

Paper: He et al. 2023 (arXiv 2311.16206) has no such row; the metrics' definitions ask for it
(Chaudhry et al. 2018, equation 5). Needs no signal. A row of streams whose steps are tasks.
"""

from liit.selection import Method
from liit.selection.pools import newest

METHOD = Method(
    label="Individual fine-tuning",
    pool=newest,
    budget_factor=None,
    start="theta_zero",
)
