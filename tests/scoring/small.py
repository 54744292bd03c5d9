"""Small inputs of every benchmark in its published layout, with values worked out by hand.

Boxes: the reference is [50, 20, 150, 80] of a 200 × 100 picture. The answer [0.5, 0.2, 1, 0.8] is
[100, 20, 200, 80]: 50 × 60 shared of 2 × 100 × 60 - 50 × 60, so IoU 1/3; counting border pixels
51 × 61 of 2 × 101 × 61 - 51 × 61.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import Any

Numbers = dict[str, float]


@dataclass
class Case:
    """References, an answer to each, and what both profiles give.

    ``files`` are name and content; ``said`` answers the items that are asked, in their order;
    ``exams`` are the lm-eval tasks of the benchmark; ``share`` turns the score into their cell;
    ``asked`` is the cell where an exam normalises the answers first, as they are uploaded.
    """

    files: dict[str, Any]
    said: list[str]
    predictions: Any
    standard: Numbers
    paper: Numbers | None = None
    exams: tuple[str, ...] = ()
    share: float = 1.0
    asked: float | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def wanted(self, profile: str) -> Numbers:
        """Return the values under a profile; most benchmarks do not know the difference."""
        return self.paper or self.standard if profile == "paper" else self.standard


def by_id(ids: list[Any], said: list[str], name: str = "question_id") -> list[dict[str, Any]]:
    return [{name: i, "text": text} for i, text in zip(ids, said, strict=True)]


def people(right: str, times: int, wrong: str = "other") -> list[dict[str, str]]:
    return [{"answer": text} for text in [right] * times + [wrong] * (10 - times)]


GQA = {
    "1": {"question": "Is it red?", "imageId": "n1", "answer": "yes",
          "types": {"structural": "verify", "semantic": "attr"}},
    "2": {"question": "What is it?", "imageId": "n1", "answer": "cup",
          "types": {"structural": "query", "semantic": "obj"}},
    "3": {"question": "Who is it?", "imageId": "n2", "answer": "man",
          "types": {"structural": "query", "semantic": "obj"}},
}  # fmt: skip
SAID = ["Yes.", "plate", "It is a man."]

# three of ten answers: seven times all three are left (1), three times two of them (2/3)
VQA = [
    {"question_id": 1, "image_id": 5, "question": "Colour?", "answers": people("red", 3),
     "answer_type": "other"},
    {"question_id": 2, "image_id": 6, "question": "Many?", "answers": people("2", 10),
     "answer_type": "number"},
]  # fmt: skip
VQA_SAID = ["red", "2."]  # all agree, so the official scorer leaves the dot; M4C never does

AOKVQA = [
    {"question_id": "a", "image_id": 1, "question": "How many?", "choices": ["two", "six"],
     "correct_choice_idx": 0, "direct_answers": ["two"] * 2 + ["three"] * 8,
     "difficult_direct_answer": False},
    {"question_id": "b", "image_id": 2, "question": "What?", "choices": ["hat", "cap"],
     "correct_choice_idx": 1, "direct_answers": ["cap"] * 10, "difficult_direct_answer": False},
    {"question_id": "c", "image_id": 3, "question": "Why?", "choices": ["so", "no"],
     "correct_choice_idx": 1, "direct_answers": ["no"] * 10, "difficult_direct_answer": True},
]  # fmt: skip

SCIENCE = {
    "5": {"question": "Which?", "choices": ["a cat", "a dog"], "answer": 1, "hint": "Look.",
          "image": None, "subject": "natural science", "grade": "grade3", "split": "test"},
    "6": {"question": "What?", "choices": ["a", "b", "c"], "answer": 0, "hint": "",
          "image": "image.png", "subject": "social science", "grade": "grade8", "split": "test"},
}  # fmt: skip

MMMU = {
    "validation_Art_1": {"question": "Which one?", "options": "['a red house', 'a tree', 'water']",
                         "answer": "B", "question_type": "multiple-choice"},
    "validation_Math_1": {"question": "How much?", "options": "[]", "answer": "2.83",
                          "question_type": "open"},
    "validation_Math_2": {"question": "Which sum?", "options": "['one', 'two']", "answer": "A",
                          "question_type": "multiple-choice"},
}  # fmt: skip
DRAWN = random.Random(42).choice(["A", "B"]) == "A"  # the third answer holds no letter

REGION = {"img_id": "COCO_train2014_000000000009_2", "width": 200, "height": 100,
          "bbox": [50, 20, 100, 60]}  # fmt: skip
REGIONS = [{**REGION, "sents": text} for text in ("cup", "mug", "pot")]
OTHER = {**REGION, "bbox": [0, 0, 100, 100], "sents": "plate"}
BOXES = ["[0.25, 0.20, 0.75, 0.80]", "[0.50, 0.20, 1.00, 0.80]", "no box", "[0.0, 0.0, 0.5, 1.0]"]
THIRD = 51 * 61 / (2 * 101 * 61 - 51 * 61)


def regions(said: list[str]) -> list[dict[str, str]]:
    rows = [*REGIONS, OTHER]
    return [{"img_id": row["img_id"], "sents": row["sents"], "text": text}
            for row, text in zip(rows, said, strict=True)]  # fmt: skip


CHINESE = {"1": ["一只狗在跑", "狗跑了"], "2": ["两只猫在睡觉"]}
# 3/3, 2/2 and 1/1 n-grams; method 4 for the missing 4-grams; brevity e^(1 - 5/3)
SHORT_DOG = math.exp(1 - 5 / 3) * (1 / (2 * 5 / math.log(3))) ** 0.25

POPE = [{"question_id": n, "image": "a.jpg", "text": f"Is there a thing{n}?", "label": label}
        for n, label in enumerate(("yes", "no", "no", "yes"))]  # fmt: skip

ASKED = ("Is it a cat? Please answer yes or no.", "Is it a dog? Please answer yes or no.")
MME = [{"question_id": f"OCR/{image}", "image": f"{image}.jpg", "category": "OCR",
        "question": text, "answer": label}
       for image in ("1", "2")
       for text, label in zip(ASKED, ("Yes", "No"), strict=True)]  # fmt: skip

SPANS = {"data": [{"paragraphs": [{"context": "c", "qas": [
    {"id": "1", "question": "Who?", "answers": [{"text": "red cat"}]},
    {"id": "2", "question": "What?", "answers": [{"text": "38 岁"}]},
]}]}]}  # fmt: skip

TYDI = [
    {"example_id": n, "language": language, "annotations": [
        {"passage_answer": {"candidate_index": 3}, "yes_no_answer": "NONE",
         "minimal_answer": {"plaintext_start_byte": 10, "plaintext_end_byte": 20}}] * 2}
    for n, language in ((1, "finnish"), (2, "english"))
]  # fmt: skip
TYDI_SAID = [
    {"example_id": n, "passage_answer_index": 3, "yes_no_answer": "NONE",
     "minimal_answer": {"start_byte_offset": 15, "end_byte_offset": 25}} for n in (1, 2)
]  # fmt: skip

CASES: dict[str, Case] = {
    "gqa": Case(
        {"questions.json": GQA}, SAID,
        [{"questionId": k, "prediction": v} for k, v in zip(GQA, SAID, strict=True)],
        {"score": 100 / 3, "lenient": 200 / 3, "binary": 100, "semantic.obj": 0},
        exams=("gqa_testdev",),
    ),
    # "it is man" holds "man" as a word; "yes" is exact but for its dot
    "ocrvqa": Case(
        {"r.json": GQA}, SAID, dict(zip(GQA, SAID, strict=True)),
        {"score": 100 / 3, "contained": 200 / 3}, exams=("ocrvqa_val",),
    ),
    "exact": Case({"r.json": GQA}, SAID, dict(zip(GQA, SAID, strict=True)), {"score": 100 / 3}),
    "okvqa": Case(
        {"r.json": VQA}, VQA_SAID, by_id([1, 2], VQA_SAID),
        {"score": 45, "answer_type.number": 0}, exams=("okvqa_val",), asked=95,
    ),
    "vqav2": Case(
        {"r.json": VQA}, VQA_SAID, by_id([1, 2], VQA_SAID), {"score": 45},
        exams=("vqav2_val",), asked=95,
    ),
    "vizwiz": Case(
        {"r.json": VQA}, VQA_SAID, by_id([1, 2], VQA_SAID), {"score": 45},
        exams=("vizwiz_val",), asked=95,
    ),
    "textvqa": Case(
        {"r.json": VQA}, VQA_SAID, by_id([1, 2], VQA_SAID), {"score": 95}, exams=("textvqa_val",)
    ),
    "aokvqa": Case(
        {"r.json": AOKVQA}, ["two", "hat"],
        {"a": {"direct_answer": "two", "multiple_choice": "A"},
         "b": {"direct_answer": "hat", "multiple_choice": "cap"},
         "c": {"direct_answer": "no", "multiple_choice": "so"}},
        {"score": 100 / 3, "direct_answer_with_difficult": 100 * (2 / 3 + 0 + 1) / 3,
         "multiple_choice": 200 / 3, "n_difficult": 1},
        exams=("aokvqa_val",),
    ),
    "aokvqa_mc": Case(
        {"r.json": AOKVQA}, ["A", "hat", "no"], by_id(["a", "b", "c"], ["A", "hat", "no"]),
        {"score": 200 / 3}, exams=("aokvqa_mc_val",),
    ),
    "scienceqa": Case(
        {"problems.json": SCIENCE}, ["The answer is B.", "C"],
        by_id(["5", "6"], ["The answer is B.", "C"]),
        {"score": 50, "IMG": 0, "TXT": 100, "NAT": 100, "SOC": 0, "G1-6": 100},
        exams=("scienceqa_test",),
    ),
    "mmlu": Case(
        {"anatomy_test.csv": 'q one?,1,2,3,4,A\n"q two?",1,2,3,4,B\nq three?,1,2,3,4,B\n'},
        ["A", "B.", "The answer is B."],
        [{"subject": "anatomy", "index": n, "text": text}
         for n, text in enumerate(("A", "B.", "The answer is B."))],
        {"score": 200 / 3, "anatomy": 200 / 3}, {"score": 200 / 3}, exams=("mmlu_test",),
    ),
    "mmmu": Case(
        {"val.json": MMMU}, ["(B) a tree", "The answer is 2.83.", "Hard to say"],
        dict(zip(MMMU, ["(B) a tree", "The answer is 2.83.", "Hard to say"], strict=True)),
        {"score": 200 / 3, "Art": 100, "Math": 50, "Overall-Science": 50},
        {"score": 100 * (2 + DRAWN) / 3}, exams=("mmmu_val",),
    ),
    "mmmu_pro": Case(
        {"r.json": MMMU}, [],
        [{"id": "validation_Art_1", "response": "B", "pred_indexs": "B"},
         {"id": "validation_Math_2", "response": "(B)", "pred_indexs": ""}],
        {"score": 50},
    ),
    **{
        name: Case(
            {"r.json": [*REGIONS, OTHER]}, BOXES, regions(BOXES),
            {"score": 50, "mean_iou": (1 + 1 / 3 + 0 + 1) / 4, "acc@0.5": 50, "acc@0.75": 50},
            # what cannot be read leaves the denominator
            {"score": 200 / 3, "mean_iou": (1 + THIRD + 1) / 3, "acc@0.5": 200 / 3},
            exams=tuple(f"{exam}_{split}" for split in splits),
        )
        for name, exam, splits in (
            ("refcoco", "refcoco", ("val", "testA", "testB")),
            ("refcoco+", "refcoco_plus", ("val", "testA", "testB")),
            ("refcocog", "refcocog", ("val", "test")),
        )
    },
    **{
        # "a" stands in both (idf 0), "dog" and "a dog" in one: orders 1 and 2 match, 10 * 2 / 4
        name: Case(
            {"r.json": {"1": ["A dog."], "2": ["A bird."]}},
            ["A dog", "A cat."],
            [{"image_id": 1, "caption": "A dog"}, {"image_id": 2, "caption": "A cat."}],
            {"score": 250, "CIDEr": 2.5},
            exams=exams,
        )
        for name, exams in (
            ("caption", ()), ("flickr30k", ("flickr30k_test", "flickr30k_val")),
            ("textcaps", ("textcaps_val",)), ("nocaps", ("nocaps_val",)),
        )
    },
    **{
        name: Case(
            {"r.json": CHINESE}, ["一只狗", "两只猫在睡觉"],
            [{"image_id": 1, "caption": "一只狗"}, {"image_id": 2, "caption": "两只猫在睡觉"}],
            # pooled: 9 of 9, 7 of 7, 5 of 5, 3 of 3; 9 characters against the closest 3 + 6
            {"score": 100},
            {"score": 50 * (SHORT_DOG + 1)},
            exams=exams,
        )
        for name, exams in (
            ("coco_cn", ("coco_cn_test",)), ("flickr8k_cn", ("flickr8k_cn_test",)),
            ("flickr30k_cn", ()),
        )
    },
    # yes, no, yes, no against yes, no, no, yes: one of each kind
    "pope": Case(
        {"coco_pope_random.json": POPE}, ["Yes", "No, there is none.", "There is", "not at all"],
        by_id([0, 1, 2, 3], ["Yes", "No, there is none.", "There is", "not at all"]),
        {"score": 50, "tp": 1, "fp": 1, "tn": 1, "fn": 1, "accuracy": 0.5},
        exams=("pope_test",),
    ),
    # image 1 both right, image 2 one of two: 75 % + 50 %
    "mme": Case(
        {"r.json": MME}, ["Yes", "No", "Yes", "I think no"],
        [{"question_id": row["question_id"], "prompt": row["question"], "text": text}
         for row, text in zip(MME, ["Yes", "No", "Yes", "I think no"], strict=True)],
        {"score": 125, "OCR": 125, "perception": 125, "cognition": 0, "lenient": 200},
        exams=("mme_test",), share=100 / 2800,
    ),
    "gsm8k": Case(
        {"r.json": [{"id": n, "answer": "Adds.\n#### 7"} for n in range(2)]}, [],
        by_id([0, 1], ["so 3 + 4 = 7\nA: 7", "A: 8, that is not 7"], "id"),
        {"score": 50, "lenient": 100},
    ),
    "bbh": Case(
        {"r.json": [{"id": n, "target": "(A)"} for n in range(2)]}, [],
        by_id([0, 1], ["So the answer is (A).", "answer is (A). Then the answer is (B)."], "id"),
        {"score": 50},
    ),
    "squad": Case(
        {"dev-en.json": SPANS}, [], {"1": "the red cat", "2": "38"},
        {"score": 50 * (1 + 2 / 3), "em": 50},
    ),
    "tydiqa_goldp": Case(
        {"dev-en.json": SPANS}, [], {"1": "cat", "2": "38 岁"},
        {"score": 50 * (1 + 2 / 3), "em": 50},
    ),
    "xquad": Case(
        {"dev-zh.json": SPANS}, [], {"1": "red cat", "2": "38岁"}, {"score": 100, "em": 100}
    ),
    # 10..20 and 15..25 share 5 bytes of 10 + 10
    "tydiqa": Case(
        {"r.json": TYDI}, [], TYDI_SAID,
        {"score": 50, "avg_minimal_f1": 0.5, "avg_passage_f1": 1, "english.minimal_f1": 0.5},
    ),
    # "the cat sat" in "the cat on the mat": 2 of 3 and 2 of 5
    "rouge": Case(
        {"r.txt": "a dog runs\nthe cat on the mat\n"}, [], "a dog runs\nthe cat sat\n",
        {"score": 75, "rougeL no stem.P": (1 + 2 / 3) / 2, "rougeL no stem.R": 0.7},
    ),
    "llava_bench": Case(
        {}, [], [{"category": "conv", "tuple": [8, 6]}, {"category": "conv", "tuple": [10, 9]}],
        {"score": 83.3, "conv": 83.3},
    ),
    "mmvet": Case({}, [], {"v1": {"score": [0.5, 1]}, "v2": {"score": [0, 1]}},
                  {"score": 62.5, "run 1": 25, "run 2": 100}),
    "alpaca_eval": Case(
        {}, [], [{"preference": p, "output_2": "ab"} for p in (2.0, 1.0, 0, 1.5, None)],
        {"score": 50, "n_total": 4, "n_wins": 1, "n_draws": 2, "avg_length": 2},
    ),
    # of three programs one runs: 1/3, and 1 for the other task
    "humaneval": Case(
        {}, [], [{"task_id": t, "passed": p} for t, p in
                 (("a", True), ("a", False), ("a", False), ("b", True))],
        {"score": 200 / 3, "pass@1": 2 / 3},
    ),
    **{
        f"coin_{task}": Case(
            {"r.json": [{"question_id": n, "image": "x.jpg", "text": "q?", "answer": answer}
                        for n, answer in ((1, "tabby cat"), (2, "dog"))]},
            ["cat", "Dog"], by_id([1, 2], ["cat", "Dog"]), {"score": 50},
            exams=(f"coin_{task}",),
        )
        # "cat" is held by the class; "Dog" equals "dog" but for case
        for task in ("imagenet", "ocrvqa", "vizwiz", "vqav2")
    },
    # of two decimals the last goes, of one all of it: "0." ends before it starts
    "coin_grounding": Case(
        {"r.json": [
            {"question_id": n, "image": f"{n}.jpg", "text": "q?",
             "answer_bbox": "[0.0, 0.2, 0.5, 0.6]", "size": [640, 480]} for n in (1, 2)
        ]},
        ["[0.00, 0.20, 0.50, 0.60]", "[0.1, 0.2, 0.5, 0.6]"],
        by_id([1, 2], ["[0.00, 0.20, 0.50, 0.60]", "[0.1, 0.2, 0.5, 0.6]"]),
        {"score": 50}, exams=("coin_grounding",),
    ),
    "ucit": Case(
        {"r.json": [{"question_id": n, "image": "x.jpg", "text": f"q{n}?", "answer": answer}
                    for n, answer in ((1, "Cat"), (2, "dog"))]},
        ["CAT", "dog "], by_id([1, 2], ["CAT", "dog "]), {"score": 50},
        exams=("ucit_imagenet_r", "ucit_arxivqa", "ucit_iconqa", "ucit_clevr_math"),
    ),
    # as "caption" below; ids mislead: the captions follow the lines
    "ucit_caption": Case(
        {"coco.json": {"images": [], "annotations": [
            {"id": n, "image_id": n, "caption": text}
            for n, text in ((1, "A dog."), (2, "A bird."))]},
         "test.json": [{"question_id": n, "image": f"{n}.jpg", "text": "What?"} for n in (8, 7)]},
        ["A dog", "A cat."], by_id([7, 8], ["A dog", "A cat."]),
        {"score": 250, "CIDEr": 2.5}, exams=("ucit_vizwiz", "ucit_flickr30k"),
    ),
    "continual": Case(
        {}, [], {"matrix": [[90.0, None, None], [80.0, 70.0, None], [85.0, 60.0, 50.0]]},
        {"score": 65, "backward_transfer": -7.5, "forgetting": 7.5},
    ),
}  # fmt: skip
