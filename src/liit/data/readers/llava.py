"""LLaVA layout: LLaVA-665K (`llava_v1_5_mix665k.json`) and every set that copies it.

A JSON list or JSON lines of ``{id, image?, conversations: [{from, value}]}``. ``image`` is a path
or a list of paths; records without it are text only (the ShareGPT part). Boxes in LLaVA-665K are
already relative to the padded square and stay as they are. The list form is told from the line
form by content, because published suffixes lie.
"""

from __future__ import annotations

from typing import Any

from liit.data.readers._format import Format
from liit.data.readers._samples import Converted, images_of
from liit.data.readers._turns import conversation_of


def convert(record: dict[str, Any]) -> Converted:
    """Return the conversation and its images."""
    return Converted(conversation_of(record), images_of(record, "image", "images"))


read = Format(convert)
