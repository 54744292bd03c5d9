"""The exam items nearest to a sample, and the answers that evaluation stored."""

from __future__ import annotations

from pathlib import Path

from liit.data.sample import Sample, Turn, make_sample
from liit.data.store import SampleStore, write_store
from liit.evaluation.predictions import PredictionStore, answers_to
from liit.inspection.exam_items import ExamItems


def sample(asked: str, answer: str, source: str = "m3it") -> Sample:
    return make_sample(source, [Turn("user", asked), Turn("assistant", answer)])


def store(folder: Path, name: str, *samples: Sample) -> SampleStore:
    write_store(samples, folder / f"{name}.arrow")
    return SampleStore(folder / f"{name}.arrow")


def test_the_same_words_are_nearest_in_any_language(tmp_path: Path) -> None:
    exams = {
        "gqa": store(
            tmp_path, "gqa", sample("What color is the cup?", "red"), sample("Who?", "Bo")
        ),
        "coco_cn": store(tmp_path, "coco_cn", sample("图中有什么物体？", "一个红色的圆")),
    }
    items = ExamItems(exams)
    best = items.nearest(sample("What color is the cup?", "red"))
    assert (best[0].task, best[0].row) == ("gqa", 0) and best[0].cosine > 0.999
    assert items.nearest(sample("图中有什么物体？", "一个大圆"))[0].task == "coco_cn"
    assert len(best) == 3
    assert [one.cosine for one in best] == sorted((one.cosine for one in best), reverse=True)


def test_answers_are_found_by_prompt_for_these_weights_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    kept = PredictionStore(file)
    one, two = b"1" * 16, b"\xff" * 16
    kept.add("w-float32-c", [(one + b"a" * 16, "yes"), (one + b"\xff" * 16, [[-1.0, True]])])
    kept.add("w-float32-c", [(two + b"b" * 16, "no")])
    kept.add("wx-float32-c", [(one + b"a" * 16, "another model")])
    assert answers_to(file, "w", [one, two, b"3" * 16]) == [["yes", [[-1.0, True]]], ["no"], []]
    assert answers_to(file, "v", [one]) == [[]]
