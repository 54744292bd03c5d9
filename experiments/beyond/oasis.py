"""Take what is informative beside all that came before it, and not told by its neighbours.

Paper: Lee et al. 2025, "OASIS: Online Sample Selection for Continual Instruction Tuning" (arXiv
2506.02011). Needs gradients of the last layer and their norms. Informativeness is the trace of the
last layer's Fisher information; a moving mean and variance over arriving batches make it relative
(ORIS); what similar samples of its batch tell is taken off (SIREN); a sigmoid around a threshold
gives the chance to be taken. Differences: the equations were not at hand and no code is public. How
the moving mean and variance are updated, SIREN as an orthogonalisation, batches of 16 and decay 0.1
are ours and make this a variant. The threshold is the one that meets the budget; the layer is the
last one with LoRA; all that has arrived is judged again under each model instead of once.
"""

from liit.selection import Method
from liit.selection.online import relative_informativeness
from liit.selection.picks import by_chance
from liit.selection.representations import last_layer_gradients

METHOD = Method(
    label="OASIS (variant)",
    represent=last_layer_gradients,
    scorers=(relative_informativeness,),
    pick=by_chance,
)
