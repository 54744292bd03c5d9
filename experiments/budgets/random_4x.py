"""Random with four times the budget.

Not in the paper, which enlarges the budget of Adapt-∞ alone (main/adapt_inf_4x): this row tells
how much of that gain is the budget's. Needs no signal.
"""

from liit.selection import Method

METHOD = Method(label="Random 4×", budget_factor=4.0)
