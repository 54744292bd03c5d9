"""The budget is drawn uniformly, no gradient may go against earlier samples.

Paper: none has this pair; Chaudhry et al. 2019 (arXiv 1812.00420) for the learner. Needs no signal,
and a second gradient per optimiser step.
"""

from liit.learning.learners.a_gem import AGem
from liit.selection import Method

METHOD = Method(label="Random with A-GEM", learner=AGem(memory=256, batch=16))
