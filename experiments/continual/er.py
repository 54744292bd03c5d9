"""Train on each new dataset, and on 10 % of every earlier one besides.

Needs no signal. Paper: none gives this row alone; the learner names its source. It trains on what
main/replay chooses, where replay is a part of the selection.
"""

from liit.learning.learners.er import Er
from liit.selection import Method
from liit.selection.pools import newest

METHOD = Method(
    label="Experience replay, as a learner",
    pool=newest,
    budget_factor=None,
    learner=Er(share=0.1),
)
