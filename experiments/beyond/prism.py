"""Take the samples whose images are least like all others.

Paper: Bi et al. 2025, "PRISM: Self-Pruning Intrinsic Selection Method for Training-Free Multimodal
Data Selection" (arXiv 2502.12119, v4). Needs one forward pass. Image tokens are averaged; the mean
over all samples is subtracted (implicit re-centring); redundancy is the mean cosine to all others,
by one sum instead of all pairs. The least redundant stay, and so does text alone, as in the paper's
own selection. Differences: features are what enters the decoder of the stream's current model (the
paper's ablation favours a shallow layer); the mean is over what has arrived by now.
"""

from liit.selection import Method
from liit.selection.picks import bottom
from liit.selection.representations import image_features
from liit.selection.scorers import redundancy

METHOD = Method(label="PRISM", represent=image_features, scorers=(redundancy,), pick=bottom)
