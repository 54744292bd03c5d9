"""EL2N with the direction that the released selector has when no flag is given.

Disagreement: the paper does not say which end is kept; main/el2n keeps the highest, the released
code the lowest. Needs one forward pass.
"""

from liit.selection import Method
from liit.selection.picks import bottom
from liit.selection.scorers import el2n

METHOD = Method(label="EL2N, lowest", scorers=(el2n,), pick=bottom)
