"""The budget is drawn uniformly, the model before the step is a teacher.

Paper: none has this pair; Li and Hoiem 2016 (arXiv 1606.09282) for the learner. Needs no signal,
and a forward pass more per batch.
"""

from liit.learning.learners.lwf import Lwf
from liit.selection import Method

METHOD = Method(label="Random with LwF", learner=Lwf(strength=1.0, temperature=2.0))
