"""Random with twice the budget.

Not in the paper, which enlarges the budget of Adapt-∞ alone (main/adapt_inf_2x): this row tells
how much of that gain is the budget's. Needs no signal.
"""

from liit.selection import Method

METHOD = Method(label="Random 2×", budget_factor=2.0)
