"""Group by gradients, share the budget equally, let the most informative score choose.

Paper: Adapt-∞ (ICLR 2025), §4 and Table 2. Needs two forward passes and a backward one down to the
middle layer. Unit gradients of the middle layer; k at the elbow of 5..50; per group the scorer
whose trimmed histogram has the largest entropy; coverage-centric picking; budgets that add up.
Where paper and released code disagree this follows the paper; experiments/released/ says what each
disagreement is worth. Image grounding enters as a logarithm, like perplexity.
"""

from liit.selection.adapt import ADAPT_INF

METHOD = ADAPT_INF
