"""Adapt-∞ with perplexity as a mean of exponentials.

Disagreement: the paper's eq. 1 is the exponential of the mean; the released code averages the
exponentials, so that one unlikely token dominates. Needs what adapt_inf needs and nll_exp.
"""

from dataclasses import replace

from liit.selection.adapt import ADAPT_INF
from liit.selection.released import perplexity_of_exponentials
from liit.selection.scorers import el2n, entropy, image_grounding

METHOD = replace(
    ADAPT_INF,
    label="Mean of exponentials",
    published=None,
    scorers=(el2n, entropy, perplexity_of_exponentials, image_grounding),
)
