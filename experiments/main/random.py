"""Draw the budget uniformly from all that has arrived: the row to beat.

Paper: Adapt-∞ (ICLR 2025), Table 2 "Random". Needs no signal. The released code seeds the draw by
nothing; here it depends on the run seed and the step.
"""

from liit.selection import Method, Published

METHOD = Method(label="Random", published=Published(95.3, 2.1, 47.2))
