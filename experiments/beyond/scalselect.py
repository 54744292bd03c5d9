"""Take the samples that span most of what questions look at in images.

Paper: Wu et al. 2026, "ScalSelect: Scalable Training-Free Multimodal Data Selection for Efficient
Visual Instruction Tuning" (arXiv 2602.11636); as in its code (representation_utils.py, cur.py).
Needs one forward pass. Features are the first decoder layer's output, averaged over the image
positions that get 90 % of the question's attention; centred, standardised, of length 1. The score
is the leverage in the subspace that holds 90 % of the energy (CUR). Differences: the stream's
current model gives the features, anew at each step; text alone, absent there, is taken last.
"""

from liit.selection import Method
from liit.selection.picks import top
from liit.selection.representations import attended_image_features
from liit.selection.scorers import leverage

METHOD = Method(
    label="ScalSelect", represent=attended_image_features, scorers=(leverage,), pick=top
)
