"""A few records of our own in the layout of every published file that the scale reads.

They stand in for the real slices of ``../shared/samples`` where these are not at hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

RECORDS = 12


def read(name: str) -> Any:
    """Return what the file of that name in ``../shared/samples`` would hold."""
    folder, _, file = name.partition("/")
    return _FILES[folder](file)


def _llava(_: str) -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "image": f"gqa/images/{number}.jpg",
            "conversations": [
                {"from": "human", "value": f"<image>\nHow many of sort {number}?\nOne word."},
                {"from": "gpt", "value": f"There are {number}"},
                {"from": "human", "value": "What colour do they have?"},
                {"from": "gpt", "value": "Red"},
            ],
        }
        for number in range(RECORDS)
    ]


def _minigpt4(_: str) -> dict[str, Any]:
    captions = [
        {"image_id": str(number), "caption": f"The picture shows {number} ducks above a lake."}
        for number in range(RECORDS)
    ]
    return {"annotations": captions}


def _mantis(file: str) -> list[dict[str, Any]]:
    """Chats about two or three images; every third record has four, which are too many."""
    subset = file.split("/", maxsplit=1)[0]
    folder = {"chat": "train_images", "classification": "images"}[subset]
    kept = []
    for number in range(RECORDS):
        images = [f"{folder}/{subset}_{number}_{place}.jpg" for place in range(2 + number % 3)]
        turns = [
            {"role": "user", "content": "<image>" * len(images) + f"Do all show {number}?"},
            {"role": "assistant", "content": f"No, the last shows {number + 1}."},
        ]
        kept.append({"id": f"{subset}_{number}", "images": images, "conversation": turns})
    return kept


def _vision_flan(_: str) -> list[dict[str, Any]]:
    return [
        {
            "id": f"vision-flan_counting+{number}",
            "image": f"./task_imgs/counting_{number}.png",
            "task_name": "counting",
            "conversations": [
                {"from": "human", "value": f"<image>\nCount the dots, please: {number}?"},
                {"from": "gpt", "value": f"{number} dots"},
            ],
        }
        for number in range(RECORDS)
    ]


def _gqa(_: str) -> dict[str, Any]:
    return {
        f"2013{number}": {
            "question": f"Is it day {number}?",
            "imageId": f"n16{number}",
            "isBalanced": True,
            "answer": "no",
            "fullAnswer": "No, it is night.",
            "types": {"detailed": "weatherVerifyC", "semantic": "global", "structural": "verify"},
        }
        for number in range(RECORDS)
    }


def _scienceqa(_: str) -> dict[str, Any]:
    return {
        str(number): {
            "question": f"Which number is {number}?",
            "choices": [f"{number + place}" for place in range(3)],
            "answer": 0,
            "hint": "Count." if number % 2 else "",
            "image": "image.png" if number % 2 else None,
            "subject": "natural science",
            "topic": "numbers",
            "grade": "grade2",
            "split": "test",
        }
        for number in range(RECORDS)
    }


def _okvqa(file: str) -> dict[str, Any]:
    ids = [{"image_id": 40 + number, "question_id": 400 + number} for number in range(RECORDS)]
    if file.startswith("OpenEnded"):
        return {"questions": [{**one, "question": "What sport is this?"} for one in ids]}
    said = ["racing"] * 6 + ["motocross"] * 4
    answers = [
        {"answer_id": n, "raw_answer": word, "answer": word, "answer_confidence": "yes"}
        for n, word in enumerate(said, start=1)
    ]
    return {"annotations": [{**one, "answer_type": "other", "answers": answers} for one in ids]}


def _aokvqa(_: str) -> list[dict[str, Any]]:
    return [
        {
            "split": "val",
            "image_id": 50 + number,
            "question_id": f"q{number}",
            "question": "What does the man hold?",
            "choices": ["spoon", "food", "stick", "phone"],
            "correct_choice_idx": 3,
            "direct_answers": ["phone"] * 8 + ["mobile"] * 2,
            "difficult_direct_answer": False,
        }
        for number in range(RECORDS)
    ]


def _coco_cn(_: str) -> dict[str, Any]:
    names = [f"train2014/COCO_train2014_{number:012d}.jpg" for number in range(RECORDS)]
    return {
        "images": [{"id": number, "file_name": name} for number, name in enumerate(names)],
        "annotations": [
            {"id": 2 * number + place, "image_id": number, "caption": f"第{number}张图片里有狗。"}
            for number in range(RECORDS)
            for place in range(2)
        ],
    }


def _flickr8k_cn(_: str) -> str:
    places = [(number, place) for number in range(RECORDS) for place in range(2)]
    return "".join(f"{number}_a.jpg#zhc#{place} 男孩在路上玩。\n" for number, place in places)


def _refcoco(_: str) -> list[dict[str, Any]]:
    return [
        {
            "img_id": f"COCO_train2014_{number:012d}_{number}",
            "sents": f"the person at place {number}",
            "bbox": [3.25, 9.5, 16.0 + number, 12.75],
            "height": 30,
            "width": 40,
        }
        for number in range(RECORDS)
    ]


def _mmmu(_: str) -> dict[str, Any]:
    text = "Question: How many units are {}?\nOptions: (A) $6\n(B) $7\n(C) $8\n(D) $9\n"
    return {
        f"validation_Accounting_{number}": {
            "id": f"validation_Accounting_{number}",
            "text": text.format(number) + "The answer is",
            "answer": "B",
            "answer_type": "choice",
        }
        for number in range(RECORDS)
    }


def _mmlu(_: str) -> str:
    lines = (f'"What, of these, is {number}?",{number},2,6,90,A\n' for number in range(RECORDS))
    return "".join(lines)


_FILES: dict[str, Callable[[str], Any]] = {
    "llava_665k": _llava,
    "minigpt4": _minigpt4,
    "mantis": _mantis,
    "vision_flan": _vision_flan,
    "gqa": _gqa,
    "scienceqa": _scienceqa,
    "okvqa": _okvqa,
    "aokvqa": _aokvqa,
    "coco_cn": _coco_cn,
    "flickr8k_cn": _flickr8k_cn,
    "refcoco": _refcoco,
    "mmmu": _mmmu,
    "mmlu": _mmlu,
}
