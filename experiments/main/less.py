"""Take the samples whose gradients point where some dataset's do.

Paper: Xia et al. 2024, "LESS"; Table 6 of Adapt-∞ (ICLR 2025) lists its cost alone, because the
stream has no target validation set. Needs gradients of all layers. Differences: 64 samples of each
dataset seen so far stand in for the validation items of a sub-task; one checkpoint, the current
model, instead of four after a warm-up; plain instead of Adam-scaled gradients.
"""

from liit.selection import Method
from liit.selection.groups import by_source
from liit.selection.picks import top
from liit.selection.representations import all_layers_gradients
from liit.selection.scorers import influence

METHOD = Method(
    label="LESS",
    represent=all_layers_gradients,
    group=by_source,
    scorers=(influence,),
    pick=top,
)
