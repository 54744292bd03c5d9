"""Take the samples that most exams would vote for.

Sees targets: up to 64 items of every exam with their answers, some of those asked after each step.
Paper: Wu et al. 2025, "ICONS: Influence Consensus for Vision-Language Data Selection" (arXiv
2501.00654); as in its code (influence_matrix.py, generalist.py). Needs gradients of all layers, of
the exams' items as well. Influence on an exam is the mean inner product of unit gradients; an exam
votes for the samples above the 80th percentile; most votes win. Differences: the exams' own items
stand in for validation sets; the current model for one warmed up on a part; plain instead of
Adam-scaled gradients; the hash of the id breaks ties, of which few exams make many.
"""

from liit.selection import Method
from liit.selection.picks import top
from liit.selection.scorers import votes

METHOD = Method(label="ICONS (sees targets)", scorers=(votes,), pick=top)
