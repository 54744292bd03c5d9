"""COINCIDE chooses, every step has a projector of its own.

Paper: none has this pair; He et al. 2023 (arXiv 2311.16206) for the learner. Needs what coincide
needs, and frozen features of 1,000 samples per step.
"""

from dataclasses import replace

from liit.learning.learners.e_proj import EProj
from liit.selection.coincide import COINCIDE

METHOD = replace(COINCIDE, label="COINCIDE with EProj", published=None, learner=EProj())
