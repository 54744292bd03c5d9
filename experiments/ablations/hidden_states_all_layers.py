"""Adapt-∞ that groups by hidden states of all layers.

Paper: Adapt-∞ (ICLR 2025), Table 3. Needs no backward pass. Each layer's mean state is scaled to
length 1, then they are concatenated; how is not stated there, and the released code has no such
step.
"""

from dataclasses import replace

from liit.selection import Published
from liit.selection.adapt import ADAPT_INF
from liit.selection.representations import all_hidden_states

METHOD = replace(
    ADAPT_INF,
    label="Hidden states of all layers",
    published=Published(96.5, 4.3, 47.4),
    represent=all_hidden_states,
)
