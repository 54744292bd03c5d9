"""The tasks of O-LoRA's continual benchmark, text only: `<group>/<task>/{train,test,labels}.json`.

``files`` are task folders, or files in them. ``train.json`` and ``test.json`` are lists of
``{sentence, label}``, ``labels.json`` lists the labels. A task is asked in the words of its group,
its folder's name (``configs/instruction_config.json`` of the repository): instruction, options,
sentence. COPA's sentences bring their own question.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from liit.data.readers._format import Format, require_files
from liit.data.readers._samples import Converted, RecordError, amended, text_of
from liit.data.sample import Turn
from liit.errors import LiitError, nearest
from liit.files import read_json
from liit.intake import Raw
from liit.intake.values import iter_records
from liit.limits import Share
from liit.seeds import generator

CHOOSE = " Choose one from the option."
GROUPS = {
    "NLI": 'What is the logical relationship between the "sentence 1" and the "sentence 2"?'
    + CHOOSE,
    "QQP": 'Whether the "first sentence" and the "second sentence" have the same meaning?' + CHOOSE,
    "SC": "What is the sentiment of the following paragraph?" + CHOOSE,
    "TC": "What is the topic of the following paragraph?" + CHOOSE,
    "BoolQA": "According to the following passage, is the question true or false?" + CHOOSE,
    "MultiRC": "According to the following passage and question, is the candidate answer true or "
    "false?" + CHOOSE,
    "WiC": "Given a word and two sentences, whether the word is used with the same sense in both "
    "sentence?" + CHOOSE,
    "COPA": "",
}
"""How the tasks of a group are asked."""


def convert(
    record: dict[str, Any], *, instruction: str | None = None, wrong_labels: Share = 0.0
) -> Converted:
    """Return the question with its options, and the label; ``instruction`` instead of the group's.

    The skill is the group. A label that ``labels.json`` lacks sets the record aside.
    ``wrong_labels`` of the records get another label of their task, and are marked as spoiled: by
    their sentences, so that the same ones do in any order. What is asked of them stays.
    """
    label, labels, group = text_of(record, "label"), record["labels"], record["group"]
    if label not in labels:
        raise RecordError(f"the label {label!r} is none of {', '.join(labels)}")
    asked = GROUPS[group] if instruction is None else instruction
    lines = [asked, f"Option: {', '.join(labels)}"] if asked else []
    sentence = text_of(record, "sentence").strip()
    lines += [sentence, "Answer:"]
    extra = {"answers": [label], "choices": labels}
    others = [other for other in labels if other != label]
    if wrong_labels and others:
        draw = generator(0, "wrong label", group, sentence)
        if draw.random() < wrong_labels:
            label, extra["quality"] = draw.choice(others).item(), "low"
    turns = [Turn("user", "\n".join(lines)), Turn("assistant", label)]
    return Converted(turns, skill=group, extra=extra)


def _parts(
    source: str, files: Sequence[Path], *, split: Literal["train", "test"] = "train"
) -> list[Path]:
    require_files(source, files)
    parts = [path / f"{split}.json" if path.is_dir() else path for path in files]
    require_files(source, parts)
    return parts


def _records(file: Path) -> Iterator[Raw]:
    group, listed = file.parent.parent.name, file.with_name("labels.json")
    if group not in GROUPS:
        raise LiitError(
            f"{file}: {group!r} is no group of the benchmark{nearest(group, GROUPS)}.",
            next_step=f"keep its folders, <group>/<task>; groups are {', '.join(GROUPS)}.",
        )
    require_files(file.parent.name, [listed])
    labels = read_json(listed, next_step="download the file again.")
    if not isinstance(labels, list) or not labels or not all(isinstance(x, str) for x in labels):
        raise LiitError(f"{listed} is no list of labels.", next_step="download the file again.")
    more = {"labels": labels, "group": group}
    found = False
    for record in amended(iter_records(file), lambda _: more):
        found = True
        yield record
    if not found:
        raise LiitError(f"{file} holds no record.", next_step="download the file again.")


read = Format(convert, _records, _parts)
