"""Adapt-∞ that groups by the gradients of a smaller model.

Paper: Adapt-∞ (ICLR 2025), Table 5 "TinyLLaVA gradients". Which model, layer and adapter is not
stated there; here it is the proxy of the scale, trained at t = 0 as the base is and the same from
then on. Scores come from the large model. Needs two forward passes and the proxy's gradients.
"""

from dataclasses import replace

from liit.selection import Published
from liit.selection.adapt import ADAPT_INF
from liit.selection.representations import proxy_gradients

METHOD = replace(
    ADAPT_INF,
    label="Proxy-model gradients",
    published=Published(99.6, 2.9, 48.1),
    represent=proxy_gradients,
)
