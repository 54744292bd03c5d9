"""Adapt-∞ that forgets: the pool is cut to four budgets at the end of every step.

Paper: Adapt-∞ (ICLR 2025), §4.4 and Table 2 "LITE-Adapt-∞" (pool 100k = 4 × 25k). Needs what
adapt_inf needs and the hidden states of the same pass. Inside a gradient group the samples with
the largest cosine to an earlier arrival go first; similarities are computed once. The pool of step
0 is cut too, when step 1 begins. Official code: cannot be run together with selection, and uses
gradients unless a feature file is given.
"""

from liit.selection.adapt import LITE_ADAPT_INF

METHOD = LITE_ADAPT_INF
