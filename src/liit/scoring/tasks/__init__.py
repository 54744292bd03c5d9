"""Every benchmark that can be scored, one table per family."""

from liit.scoring.tasks import (
    captions,
    choice,
    code,
    continual,
    grounding,
    judged,
    language,
    questions,
    yes_no,
)

_FAMILIES = (
    questions, choice, grounding, captions, yes_no, language, judged, code, continual,
)  # fmt: skip
TASKS = {task.name: task for family in _FAMILIES for task in family.TASKS}
