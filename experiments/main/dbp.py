"""Take more from groups that are wide and far apart, and in each the samples far from the centre.

Paper: Abbas et al. 2024, "Effective pruning of web-scale datasets" (density-based pruning); Table
2 "Density-based" of Adapt-∞ (ICLR 2025). Needs hidden states of one forward pass. Temperature 0.5,
20 neighbours, class balance 0.5; the quadratic program is solved in closed form instead of by
OSQP, and rounding keeps the sum. Groups of about 100, at most the original's 500. The released
code of Adapt-∞ computes other shares (see released/density_shares).
"""

from functools import partial

from liit.selection import Method, Published
from liit.selection.budgets import density
from liit.selection.groups import spherical_k_means
from liit.selection.picks import top
from liit.selection.representations import hidden_states
from liit.selection.scorers import distance_to_centre

METHOD = Method(
    label="Density-based pruning",
    published=Published(78.1, 5.1, 39.6),
    represent=hidden_states,
    group=partial(spherical_k_means, members_per_group=100, most=500),
    budget=density,
    scorers=(distance_to_centre,),
    pick=top,
)
