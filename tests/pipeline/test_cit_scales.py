"""Scales ``cit-1`` and ``cit-2`` from files to matrices, with tiny models of their kind.

Only the checkpoint, batch sizes, accelerator and precision differ from the scales that users run;
the files are our own, in the published layouts and at the places that the scales name.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from blips import save_blip
from matrices import expect_whole_matrices
from PIL import Image
from project import fresh_project
from safetensors.torch import load_file

from liit.cli import main
from liit.config import Params, load_params
from liit.data.store import SampleStore, read_quarantine

COUNT = 4
METHODS = ("sequential", "replay")
KINDS = {"cit-1": "blip-2", "cit-2": "instructblip"}


def save(path: str, content: Any) -> None:
    file = Path("datasets") / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def picture(folder: str, name: str) -> str:
    file = Path("datasets/images") / folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), (len(name) * 9 % 256, sum(map(ord, name)) % 256, 90)).save(file)
    return name


def karpathy(path: str, folder: str, name: str) -> None:
    """Two images to train on, two to ask about, five captions each."""
    images = [
        {
            "filename": picture(folder, name.format(number)),
            "split": ("train", "val")[number % 2],
            "sentences": [{"raw": f"A thing {number} and a thing {k}."} for k in range(5)],
        }
        for number in range(COUNT)
    ]
    save(path, {"images": images, "dataset": "x"})


def official_vqa(path: str, part: str) -> None:
    """Questions and annotations in two files, one question without an annotation."""
    rows = [{"question_id": n, "image_id": n} for n in range(COUNT)]
    for n in range(COUNT):
        picture(f"coco/{part}2014", f"COCO_{part}2014_{n:012d}.jpg")
    questions = [{**row, "question": f"What of {path} is thing {row['image_id']}?"} for row in rows]
    answers = [{"answer": "a", "answer_id": k + 1} for k in range(10)]
    annotations = [{**row, "answers": answers, "answer_type": "other"} for row in rows]
    save(f"{path}/{part}/questions.json", {"questions": questions})
    save(f"{path}/{part}/annotations.json", {"annotations": annotations[:-1]})


def lay_out() -> None:
    """Write every file that the two scales name."""
    karpathy("coco/dataset_coco.json", "coco/train2014", "COCO_train2014_00000000000{}.jpg")
    karpathy("flickr30k/dataset_flickr30k.json", "flickr30k-images", "10{}.jpg")
    for part in ("train", "val"):
        official_vqa("vqav2", part)
        official_vqa("okvqa", part)
        texts = ["A box that says 1.", "A 2 on it."]
        images = [
            picture("textvqa/train_images", f"{part}{n}.jpg").removesuffix(".jpg")
            for n in range(COUNT)
        ]
        captions = [
            {"image_id": i, "caption_str": t, "reference_strs": texts}
            for i in images
            for t in texts
        ]
        save(f"textcaps/TextCaps_0.1_{part}.json", {"data": captions})
        asked = [
            {"question_id": n, "image_id": i, "question": "What is it?", "answers": ["1"] * 10}
            for n, i in enumerate(images)
        ]
        save(f"textvqa/TextVQA_0.5.1_{part}.json", {"data": asked})
        people = [{"answer": "unanswerable", "answer_confidence": "yes"}] * 10
        blind = [
            {"image": picture(f"vizwiz/{part}", f"VizWiz_{part}_{n:08d}.jpg"),
             "question": f"What is it {n}?", "answers": people}
            for n in range(COUNT)
        ]  # fmt: skip
        save(f"vizwiz/{part}.json", blind)
        choices = [
            {"question_id": f"q{n}", "image_id": n, "question": f"Which {n}?",
             "choices": ["a", "b"], "correct_choice_idx": n % 2, "direct_answers": ["a"] * 10}
            for n in range(COUNT)
        ]  # fmt: skip
        for n in range(COUNT):
            picture(f"coco/{part}2017", f"{n:012d}.jpg")
        save(f"aokvqa/aokvqa_v1p0_{part}.json", choices)
    books = {
        f"b{n}": {"questions": ["Who?", "What?"], "answers": ["a", "b"], "split": 1 + n % 2}
        for n in range(COUNT)
    }
    for name in books:
        picture("ocr_vqa", f"{name}.jpg")
    save("ocrvqa/dataset.json", books)
    for part in ("train_balanced", "testdev_balanced"):
        scenes = {
            f"{part}{n}": {"imageId": picture("gqa", f"n{n}.jpg")[:-4], "question": f"Is it {n}?",
                           "answer": "a", "types": {"semantic": "obj", "structural": "query"}}
            for n in range(COUNT)
        }  # fmt: skip
        save(f"gqa/{part}_questions.json", scenes)


@pytest.fixture(scope="module", params=sorted(KINDS))
def campaign(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Params]:
    """The working folder after prepare, base and two methods."""
    root = fresh_project(tmp_path_factory.mktemp(request.param) / "project").root
    torch.set_num_threads(1)
    with contextlib.chdir(root):
        lay_out()
        save_blip(KINDS[request.param], Path("weights/tiny"))
        rates = {"learning_rate": 0.01, "projector_learning_rate": 0.01}
        cpu = {"accelerator": "cpu", "precision": "32-true", "threads": 1, "workers": 0}
        scale = {
            "scale": "tiny",
            "over": request.param,
            "model": {"checkpoint": "weights/tiny", "dtype": "float32", "max_length": 200},
            "train": {"epochs": 1, "batch_size": 2, "micro_batch_size": 2, **rates},
            "devices": cpu,
        }
        Path("scales/tiny.yaml").write_text(yaml.safe_dump(scale, sort_keys=False))
        assert main(["scale", "tiny"]) == 0
        for command in (["prepare"], ["prepare", "--sift"], ["base"]):
            assert main(command) == 0, command
        for method in METHODS:
            assert main(["run", method]) == 0, method
        yield load_params()


def test_every_record_is_a_sample_or_set_aside_with_a_reason(campaign: Params) -> None:
    for name in campaign.steps:
        store = SampleStore(Path(f"data/{name}.arrow"))
        assert len(store) >= 2
        assert all(sample.source == name and len(sample.images) == 1 for sample in store)
        reasons = {one.reason for one in read_quarantine(Path(f"data/{name}.arrow"))}
        vqa = name in ("vqav2", "joint")
        assert reasons == ({"no answer stands in the files"} if vqa else set())
    flickr = SampleStore(Path("data/flickr30k.arrow"))
    assert len(flickr) == 2 * 5  # of four images two are to be asked about


def test_the_matrix_is_whole(campaign: Params) -> None:
    expect_whole_matrices(campaign, METHODS, 2)


def test_each_step_trains_the_part_from_where_the_last_one_left_it(campaign: Params) -> None:
    before: dict[str, torch.Tensor] = {}
    for step in campaign.steps[1:]:
        weights = load_file(Path(f"adapters/sequential/0/{step}/adapter_model.safetensors"))
        parts = {name.split(".")[0] for name in weights}
        assert parts == {"query_tokens", "qformer", "language_projection"}
        if before:
            assert not torch.equal(weights["query_tokens"], before["query_tokens"])
            near = (weights["query_tokens"] - before["query_tokens"]).abs().max()
            assert near < 1  # it goes on from there: a fresh one would start from the base
        before = weights


def test_learners_run_but_what_needs_lora(
    campaign: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    for learner in ("ewc", "lwf", "a_gem", "tir_mas", "e_proj_reuse"):
        assert main(["run", learner, "--table", "continual"]) == 0, learner
    capsys.readouterr()
    assert main(["run", "o_lora", "--table", "continual"]) == 1
    assert "works on LoRA factors" in " ".join(capsys.readouterr().err.split())


def test_a_learner_that_refuses_several_ranks_does_so_before_it_selects(
    campaign: Params, capfd: pytest.CaptureFixture[str]
) -> None:
    params, scale = Path("params.yaml"), yaml.safe_load(Path("params.yaml").read_text())
    before = params.read_bytes()
    scale["devices"]["devices"] = 2
    params.write_text(yaml.safe_dump(scale, sort_keys=False))
    try:
        assert main(["run", "mas", "--table", "continual"]) == 1
    finally:
        params.write_bytes(before)
    assert "several ranks share or split them" in " ".join(capfd.readouterr().err.split())
    selected = {folder.name for folder in Path().glob("**/selections/*")}
    assert "sequential" in selected and "mas" not in selected


def test_a_method_that_measures_signals_says_why_it_cannot(
    campaign: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "el2n"]) == 1
    assert "trains its Q-Former" in " ".join(capsys.readouterr().err.split())
