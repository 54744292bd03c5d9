"""SemDeDup as released: on gradients, in order of arrival, with equal quotas per group.

Disagreement: the paper's baseline is SemDeDup on hidden outputs (main/semdedup); the released code
uses the gradients unless a file is given, lets older samples win, and keeps equally many of each
of Adapt-∞'s groups instead of the least redundant of all. Needs gradients.
"""

from liit.selection import Method
from liit.selection.budgets import uniform
from liit.selection.groups import k_means_elbow
from liit.selection.picks import top
from liit.selection.released import novelty_by_arrival
from liit.selection.representations import gradients

METHOD = Method(
    label="SemDeDup, released",
    represent=gradients,
    group=k_means_elbow,
    budget=uniform,
    scorers=(novelty_by_arrival,),
    pick=top,
)
