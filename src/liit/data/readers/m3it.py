"""M3IT: what its loading script yields, or the JSON lines of its repository that need no script.

A record is ``{instruction, inputs, outputs, image_base64_str}``, where the last is one string or a
list of strings (``img_str`` in a revision of the translated sets): as Parquet, which the hub makes
of the script's output, or as lines. The repository's own lines differ from sub-set to sub-set. The
rephrased ones hold the same fields in ``meta``, with ``answer``; others lack an instruction, which
is drawn from the ``instructions.json`` beside them as the script does (it draws anew each time);
and of some the script builds prompts and options itself, so that these are set aside.

``files`` are files or folders; of a folder every sub-set below it is read, and all are merged. The
skill is ``video``, ``chinese`` or ``kvqa`` by the sub-set, else the task folder (``captioning``,
``vqa``, ...), else the sub-set.

No data file of M3IT is in reach of this project: the layout follows its loading script as far as
its history shows it, and the tests write files of that layout.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from liit.data.readers._format import Format, expand, require_files, split_of
from liit.data.readers._samples import Converted, RecordError, amended, evenly_spaced, text_of
from liit.data.readers._turns import instruction_turns
from liit.data.sample import ImageRef, Turn
from liit.errors import LiitError
from liit.intake import Broken, Raw, RawRecord
from liit.intake.tables import iter_rows
from liit.intake.values import iter_records, load_json
from liit.seeds import seed_for

TASKS = (
    "captioning",
    "classification",
    "vqa",
    "kvqa",
    "reasoning",
    "generation",
    "chinese",
    "video",
)
"""The task folders, which are the set's skill labels."""
SKILLS = {
    **dict.fromkeys(("msrvtt", "ss", "msvd-qa", "msrvtt-qa", "ivqa", "activitynet-qa"), "video"),
    **dict.fromkeys(("coco-cn", "flickr8k-cn", "fm-iqa", "mmchat", "chinesefoodnet-10"), "chinese"),
    **dict.fromkeys(("okvqa", "a-okvqa", "science-qa", "viquae"), "kvqa"),
}
"""Skills of sub-sets that lie in the folder of another task."""
BUILT = (
    *("imagenet", "ss", "coco-goi", "itm", "snli-ve", "vsr", "mocheg", "coco-text"),
    *("vqav2", "shapes", "okvqa", "a-okvqa", "st-vqa"),
)
"""Sub-sets of whose lines the loading script builds options, prompts or answers."""
DATED = re.compile(r"_\d{4}-\d\d-\d\d\.")
"""In the names of the rephrased sub-sets' files."""
INPUTS = ("inputs", "input", "question")
OUTPUTS = ("outputs", "output", "paraphrased_answer", "answer", "caption", "response")
IMAGES = ("image_base64_str", "image_str", "img_str", "base64", "image", "images", "video_str")


def convert(record: dict[str, Any], *, max_frames: int = 3) -> Converted:
    """Return the turns and images of a record; ``extra["subset"]`` is the sub-set.

    Of a ``video`` record ``max_frames`` evenly spaced frames are kept (3 x 576 tokens fit into
    2,048), one tag each; other records keep all their images.
    """
    skill, images = record["skill"], _images(record)
    if skill == "video":
        images = evenly_spaced(images, max_frames)
    return Converted(_turns(record), images, skill, {"subset": record["subset"]})


def _files(
    source: str, files: Sequence[Path], *, split: str = "train", rephrased: bool = False
) -> list[Path]:
    """Return the files; of a folder each sub-set's own ones of the split.

    ``rephrased`` takes the dated files of the sub-sets that have any (``train_2023-10-08.jsonl``),
    which say the same in other words. Of two versions the second is taken (``train_v2.jsonl``), as
    the loading script does.
    """
    require_files(source, files)
    kept: list[Path] = []
    for path in files:
        found = [path] if path.is_file() else expand(source, [path], "*.jsonl", "*.parquet")
        of_split = [file for file in found if file == path or _is_of(file, split)]
        for _, folder in itertools.groupby(of_split, key=lambda file: file.parent):
            kept += _versions(list(folder), rephrased=rephrased)
    if not kept:
        raise LiitError(
            f"{source}: no file of the split {split!r} is there.",
            next_step="download the dataset, or correct its `files` or `split` in params.yaml.",
        )
    return kept


def _is_of(file: Path, split: str) -> bool:
    if file.suffix == ".parquet":
        return split_of(file) == split
    return re.search(rf"(^|_){split}[-_.]", file.name) is not None


def _versions(files: list[Path], *, rephrased: bool) -> list[Path]:
    dated = [file for file in files if DATED.search(file.name)]
    if len(dated) == len(files) or (dated and rephrased):
        return dated
    plain = [file for file in files if file not in dated and "_new." not in file.name]
    return [file for file in plain if "_v2." in file.name] or plain


def _records(file: Path) -> Iterator[Raw]:
    skill, subset = _labels(file)
    records: Iterable[Raw] = iter_rows(file) if file.suffix == ".parquet" else iter_records(file)
    instructions = _instructions(file.parent)

    def fields(record: RawRecord) -> dict[str, Any]:
        meta = record.value.get("meta")
        known = meta if isinstance(meta, dict) and "instruction" in meta else {}
        if instructions and "instruction" not in {**record.value, **known}:
            place = seed_for(0, "m3it instruction", subset, record.place) % len(instructions)
            known = {"instruction": instructions[place]}
        return {**known, "skill": skill, "subset": subset}

    for record in itertools.chain.from_iterable(map(_captions, records)):
        if subset.replace("_", "-") in BUILT and _lacks_instruction(record):
            yield Broken(
                "every line",
                f"M3IT's loading script builds prompts or answers of {subset} out of such lines: "
                "read what it yields (the hub has it as Parquet), or, where there is one, the "
                "rephrased file with `options: {rephrased: true}`",
            )
            return
        yield from amended([record], fields)


def _lacks_instruction(record: Raw) -> bool:
    value = record.value if isinstance(record, RawRecord) else None
    if not isinstance(value, dict) or "instruction" in value:
        return False
    meta = value.get("meta")
    return not (isinstance(meta, dict) and "instruction" in meta)


def _captions(record: Raw) -> Iterator[Raw]:
    """Yield a record per caption where it has several (COCO's ``meta.targets``)."""
    value = record.value if isinstance(record, RawRecord) else None
    meta = value.get("meta") if isinstance(value, dict) else None
    targets = meta.get("targets") if isinstance(meta, Mapping) else None
    if not isinstance(record, RawRecord) or not isinstance(targets, list):
        yield record
        return
    for number, caption in enumerate(targets, 1):
        told = {**record.value, "meta": None, "outputs": caption, "inputs": ""}
        yield RawRecord(f"{record.place}, caption {number}", told)


def _instructions(folder: Path) -> list[str]:
    """Return the instructions that lie beside a sub-set's lines; none without the file."""
    for name in ("instructions.json", "instruction.json"):
        if (folder / name).is_file():
            found = load_json(folder / name)
            if isinstance(found, list) and all(isinstance(one, str) for one in found):
                return found
            raise LiitError(f"{folder / name} is no list of texts.", next_step="download it again.")
    return []


def _labels(file: Path) -> tuple[str, str]:
    """Return (skill, sub-set): by the sub-set, else the nearest folder that is a task.

    The sub-set is the file's own folder, or of Parquet the one above the folder of its split.
    """
    folders = [parent.name.lower() for parent in file.absolute().parents if parent.name]
    if file.suffix == ".parquet" and folders[:1] == [split_of(file)]:
        folders = folders[1:]
    subset = folders[0] if folders else file.stem
    task = next((folder for folder in folders if folder in TASKS), subset)
    return SKILLS.get(subset.replace("_", "-"), task), subset


def _turns(record: dict[str, Any]) -> list[Turn]:
    instruction, answer = text_of(record, "instruction"), text_of(record, *OUTPUTS)
    given = next((record[name] for name in INPUTS if name in record), None)
    return instruction_turns(instruction, given, answer)


def _images(record: dict[str, Any]) -> list[ImageRef]:
    encoded = next((record[name] for name in IMAGES if name in record), None)
    items = encoded if isinstance(encoded, list) else [encoded]
    # ScienceQA's text-only questions hold [null]
    return [_decoded(item) for item in items if item is not None and item != ""]


def _decoded(item: object) -> ImageRef:
    if not isinstance(item, str):
        raise RecordError(f"an image is a {type(item).__name__}, not base64 text")
    if item.startswith("data:"):
        item = item.partition(",")[2]
    try:
        return ImageRef(data=base64.b64decode("".join(item.split()), validate=True))
    except (binascii.Error, ValueError) as error:
        raise RecordError(f"an image is not base64 ({error})") from None


read = Format(convert, _records, _files)
