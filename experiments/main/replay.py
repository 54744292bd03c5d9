"""Train on the new dataset in full and on 10 % of each past one.

Paper: Adapt-∞ (ICLR 2025), Table 2 "Random Experience Replay"; §5.1 gives the 10 %. Needs no
signal. Not stated there: the draw is per past dataset, rounded up, and new at every step. Official
code: none released.
"""

from liit.selection import Method, Published
from liit.selection.pools import newest_and_replay

METHOD = Method(
    label="Random experience replay",
    published=Published(89.5, 6.6, 43.4),
    pool=newest_and_replay,
    budget_factor=None,
)
