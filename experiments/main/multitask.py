"""Train once on all datasets of the stream together.

Paper: Adapt-∞ (ICLR 2025), Table 2 "Multi-task". Needs no signal. The start is not stated there;
here it is the model that step 0 starts from. There is one step, so no forgetting rate. Official
code: none released.
"""

from liit.selection import Method, Published

METHOD = Method(
    label="Multi-task",
    published=Published(92.5, None, 46.1),
    budget_factor=None,
    start="base",
)
