"""Train on each new dataset in full, and on nothing else.

Paper: Adapt-∞ (ICLR 2025), Table 2 "Sequential". Needs no signal. Its best value per skill along
the stream is the upper bound of relative gain, whatever else is run. Official code: none released.
"""

from liit.selection import Method, Published
from liit.selection.pools import newest

METHOD = Method(
    label="Sequential",
    published=Published(68.0, 26.0, 32.0),
    pool=newest,
    budget_factor=None,
)
