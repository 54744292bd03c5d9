"""Vision-FLAN (`annotation_191-task_1k.json`): LLaVA layout with the task's name.

``{id, image, task_name, conversations}``; the skill is the task's name. Image paths such as
``./task_imgs/x.png`` or ``images_191task_1k/x.png`` are relative to the image root.
"""

from __future__ import annotations

from typing import Any

from liit.data.readers._format import Format
from liit.data.readers._samples import Converted, images_of, text_of
from liit.data.readers._turns import conversation_of


def convert(record: dict[str, Any]) -> Converted:
    """Return the conversation, its image and the task's name."""
    skill = text_of(record, "task_name", "task")
    return Converted(conversation_of(record), images_of(record, "image"), skill)


read = Format(convert)
