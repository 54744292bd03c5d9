"""Take more from groups that transfer well and are sparse, and in each a faithful miniature.

Paper: Lee et al. 2024, "Concept-skill transferability-based data selection" (COINCIDE); Table 2
"COINCIDE" of Adapt-∞ (ICLR 2025). Needs attention outputs of five layers from one forward pass.
Groups of about 65, at most 10 000; shares by transferability over density; greedy maximum mean
discrepancy inside. Differences: the stream's own model gives the features instead of TinyLLaVA-2B;
text-only samples have a zero image half, where the official code averages text positions; the text
half averages all positions of text, also those before the image, of which a system prompt's are the
same in every sample; the leftover of full groups returns to the others until the budget is met.
"""

from liit.selection.coincide import COINCIDE

METHOD = COINCIDE
