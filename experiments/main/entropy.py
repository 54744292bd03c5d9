"""Take the samples whose answers the model is least certain about.

Paper: Coleman et al. 2020, "Selection via Proxy"; Table 2 "Entropy" of Adapt-∞ (ICLR 2025). Needs
one forward pass. Differences: entropy over the answer's tokens, where the released code averages
over image and prompt positions too (see released/entropy_positions).
"""

from liit.selection import Method, Published
from liit.selection.picks import top
from liit.selection.scorers import entropy

METHOD = Method(
    label="Entropy",
    published=Published(79.6, 15.1, 41.6),
    scorers=(entropy,),
    pick=top,
)
