"""Drop the samples that have a near-duplicate.

Paper: Abbas et al. 2023, "SemDeDup"; Table 2 "SemDeDup" of Adapt-∞ (ICLR 2025). Needs hidden
states of one forward pass. Groups of about 100 by spherical k-means, at most 10 000; inside a
group, samples far from the centre come first and a sample's redundancy is its largest cosine to an
earlier one. The budget's least redundant samples of the whole pool stay, which is the original's
global threshold set to meet a budget. The released code differs in three ways (see
released/semdedup_by_group).
"""

from functools import partial

from liit.selection import Method, Published
from liit.selection.groups import spherical_k_means
from liit.selection.picks import top
from liit.selection.representations import hidden_states
from liit.selection.scorers import novelty

METHOD = Method(
    label="SemDeDup",
    published=Published(76.4, 6.4, 38.5),
    represent=hidden_states,
    group=partial(spherical_k_means, members_per_group=100, most=10_000),
    scorers=(novelty,),
    pick=top,
)
