"""Take the samples on which the model errs most.

Paper: Paul et al. 2021, "Deep Learning on a Data Diet"; Table 2 "EL2N" of Adapt-∞ (ICLR 2025).
Needs one forward pass. Differences: one model instead of ten networks; the mean over the answer's
tokens; the highest scores, as in the original. The released selector takes the lowest unless a
flag is given (see released/lowest_el2n).
"""

from liit.selection import Method, Published
from liit.selection.picks import top
from liit.selection.scorers import el2n

METHOD = Method(
    label="EL2N",
    published=Published(82.4, 12.2, 43.9),
    scorers=(el2n,),
    pick=top,
)
