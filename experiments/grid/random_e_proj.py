"""The budget is drawn uniformly, every step has a projector of its own.

Paper: none has this pair; He et al. 2023 (arXiv 2311.16206) for the learner. Needs no signal, and
frozen features of 1,000 samples per step.
"""

from liit.learning.learners.e_proj import EProj
from liit.selection import Method

METHOD = Method(label="Random with EProj", learner=EProj())
