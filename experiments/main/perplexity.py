"""Take the samples around the median perplexity.

Paper: Marion et al. 2023, "When Less is More"; Table 2 "Perplexity" of Adapt-∞ (ICLR 2025), eq. 1.
Needs one forward pass. The direction is not stated there; the middle is the choice of Marion et
al. The logarithm is ranked, which changes no order. The released code averages exponentials (see
released/perplexity_mean).
"""

from liit.selection import Method, Published
from liit.selection.picks import middle
from liit.selection.scorers import perplexity

METHOD = Method(
    label="Perplexity",
    published=Published(91.4, 9.6, 45.2),
    scorers=(perplexity,),
    pick=middle,
)
