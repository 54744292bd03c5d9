"""Entropy on the whole pool, covered evenly instead of taken from one end.

Paper: Zheng et al. 2023, "Coverage-centric coreset selection". Adapt-∞ (ICLR 2025) does not say
whether its Table 2 rows use it. Needs what main/entropy needs.
"""

from liit.selection import Method
from liit.selection.picks import ccs
from liit.selection.scorers import entropy

METHOD = Method(label="Entropy, covered evenly", scorers=(entropy,), pick=ccs)
