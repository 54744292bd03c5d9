"""Train on as much as each new dataset has, a tenth of it drawn from all earlier ones.

Needs no signal. Paper: none gives this row; the learner names its source. It separates what is
replayed from training for longer, which `er` does besides.
"""

from liit.learning.learners.er import Er
from liit.selection import Method
from liit.selection.pools import newest

METHOD = Method(
    label="Experience replay, budget-matched",
    pool=newest,
    budget_factor=None,
    learner=Er(share=0.1, matched=True),
)
