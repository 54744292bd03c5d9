"""Take more of the datasets whose questions matter, and in each the most typical images.

Paper: Safaei et al. 2025, "Filter Images First, Generate Instructions Later" (PreSel, CVPR 2025,
arXiv 2503.07591); as in its code (llava_task_importance.py, kmeans_clust.py). Needs two forward
passes, with and without questions. A task's relevance is its mean ratio of answer losses with and
without the question; its share is a softmax of minus that, at temperature 1/√(number of tasks).
Within a task, images form groups of 100, each served by its size, and those closest to their 5
nearest neighbours come first. Differences: a dataset is a task; the current model stands in for one
tuned on 5 %, all samples for its reference set, the model's own projected image features for
DINOv2's; text alone, absent there, is taken last.
"""

from functools import partial

from liit.selection import Method
from liit.selection.budgets import weighted
from liit.selection.groups import k_means_within_tasks
from liit.selection.picks import top
from liit.selection.representations import projector_outputs
from liit.selection.scorers import centrality

METHOD = Method(
    label="PreSel",
    represent=projector_outputs,
    group=partial(k_means_within_tasks, members_per_group=100, most=10_000),
    budget=weighted,
    scorers=(centrality,),
    pick=top,
)
