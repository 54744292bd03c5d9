"""Image grounding on the whole pool, covered evenly instead of taken from one end.

Paper: Zheng et al. 2023, "Coverage-centric coreset selection". Adapt-∞ (ICLR 2025) does not say
whether its Table 2 rows use it. Needs what main/image_grounding needs.
"""

from liit.selection import Method
from liit.selection.picks import ccs
from liit.selection.scorers import image_grounding

METHOD = Method(label="Image grounding, covered evenly", scorers=(image_grounding,), pick=ccs)
