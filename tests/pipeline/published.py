"""Small files in the published layouts, where scales ``llava-1.5-7b`` and ``one-gpu`` expect them,
and a tiny LLaVA-1.5 as its checkpoint is published.

Records are slices of the real files in ``../shared/samples`` where these are at hand, and of our
own files in the same layouts where they are not. M3IT and LAMM, of which none is public, are always
our own. Images that no slice ships are drawn.
"""

from __future__ import annotations

import base64
import io
import json
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
import written
import yaml
from PIL import Image
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

from liit.config import Dataset, Exam, Lora, Params
from liit.data.readers import load_reader
from liit.data.sample import Sample
from liit.data.sources import image_root
from liit.model import lora, mini
from liit.scoring.exam_items import read_items

SAMPLES = Path(__file__).parents[3] / "shared/samples"
RECORDS = 10
ITEMS = 3
SIDE, PATCH = 28, 14


def lay_out(root: Path) -> None:
    """Write every file that the scale's stream and exams name below ``root``."""
    _training(root)
    _exams(root)


def draw_missing_images(params: Params) -> None:
    """Draw what the files name but no slice ships: photographs of 40 × 30 pixels."""
    for dataset in params.stream:
        _draw(image_root(params, dataset), _samples(params, dataset))
    for exam in params.prepared_exams:
        _draw(image_root(params, exam), _items(params, exam))


def _training(root: Path) -> None:
    llava = _json("llava_665k/llava_v1_5_mix665k.sample200.json")[:RECORDS]
    turns = [{"from": "human", "value": "Name a colour."}, {"from": "gpt", "value": "Red."}]
    shared = [{"id": f"talk_{i}", "conversations": turns} for i in range(2)]  # ShareGPT: no image
    _write(root / "llava/llava_v1_5_mix665k.json", llava + shared)
    for task, subset in (("captioning", "coco"), ("vqa", "vqa-v2"), ("chinese", "coco-cn")):
        lines = [_m3it(number, task) for number in range(RECORDS)]
        _write_lines(root / f"m3it/data/{task}/{subset}/train.jsonl", lines)
    _write_lines(root / "m3it/data/video/msvd-qa/train.jsonl", [_m3it(i, "video") for i in (0, 1)])
    captions = _json("minigpt4/filter_cap.sample.json")["annotations"][:RECORDS]
    _write(root / "cc_sbu_align/filter_cap.json", {"annotations": captions})
    for subset in ("chat", "classification"):
        count = {"chat": 30, "classification": 8}[subset]
        records = _json(f"mantis/{subset}/train.sample{count}.json")[:RECORDS]
        _write(root / f"mantis/{subset}.json", records)
    for folder in ("chat/train_images", "classification/images"):
        if SAMPLES.is_dir():
            shutil.copytree(SAMPLES / "mantis" / folder, root / "mantis" / folder.split("/")[1])
    _write(root / "lamm/LAMM_instruct_186k.json", [_lamm(number) for number in range(RECORDS)])
    flan = _json("vision_flan/annotation_vision-flan.sample60.json")[:RECORDS]
    _write(root / "vision_flan/annotation_191-task_1k.json", flan)
    for record in flan:
        shown, to = record["image"], root / "vision_flan/images_191task_1k"
        if SAMPLES.is_dir():
            _copy_image(SAMPLES / "vision_flan" / shown, to / shown)


def _exams(root: Path) -> None:
    gqa = _json("gqa/testdev_balanced_questions.first1500.json")
    _write(root / "eval/gqa/testdev_balanced_questions.json", dict(islice(gqa.items(), ITEMS)))
    problems = _json("scienceqa/problems.first400.json")
    test = {pid: one for pid, one in problems.items() if one["split"] == "test"}
    _write(root / "eval/scienceqa/problems.json", dict(islice(test.items(), 2 * ITEMS)))
    questions = _json("okvqa/OpenEnded_mscoco_val2014_questions.json")
    answers = _json("okvqa/mscoco_val2014_annotations.DERIVED_first300.json")
    answers["annotations"] = answers["annotations"][:ITEMS]
    _write(root / "eval/okvqa/OpenEnded_mscoco_val2014_questions.json", questions)
    _write(root / "eval/okvqa/mscoco_val2014_annotations.json", answers)
    aokvqa = _json("aokvqa/aokvqa_v1p0_val.first400.json")[: 2 * ITEMS]
    _write(root / "eval/aokvqa/aokvqa_v1p0_val.json", aokvqa)
    _write(root / "eval/coco_cn/coco-cn_test.json", _captions("coco_cn/coco-cn_test.json"))
    captions = root / "eval/flickr8k_cn/flickr8kzhc.caption.txt"
    _keep_lines("flickr8k_cn/flickr8kzhc.caption.slice.txt", captions)
    named = [line.split("#")[0] for line in captions.read_text(encoding="utf-8").splitlines()]
    captions.with_name("flickr8ktest.txt").write_text("".join(f"{n}\n" for n in sorted({*named})))
    for name in ("refcoco_val", "refcoco_testA", "refcoco_testB"):
        _regions("refcoco_testA", root / f"eval/refcoco/{name}.json")
    for name in ("refcoco+_val", "refcoco+_testA", "refcoco+_testB"):
        _regions("refcoco+_testB", root / f"eval/refcoco/{name}.json")
    for name in ("refcocog_val", "refcocog_test"):
        _regions("refcocog_val", root / f"eval/refcoco/{name}.json")
    mmmu = _json("mmmu/mmmu_val.slice60.json")
    _write(root / "eval/mmmu/mmmu_val.json", dict(islice(mmmu.items(), ITEMS)))
    (root / "eval/mmmu/images").mkdir(parents=True)
    for split in ("test", "dev"):
        for subject in ("abstract_algebra", "anatomy"):
            name = f"mmlu/{split}/{subject}_{split}.csv"
            _keep_lines(name, root / "eval" / name)


def save_checkpoint(params: Params, folder: Path, adapter: Path) -> None:
    """Write a LLaVA-1.5 with drawn weights in the files of llava-hf/llava-1.5-7b-hf."""
    tokenizer = mini.train_tokenizer(_texts(params), 1500)
    vision = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=2,
        image_size=SIDE,
        patch_size=PATCH,
    )
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=False,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=(SIDE // PATCH) ** 2,
    )
    torch.manual_seed(0)
    model = LlavaForConditionalGeneration(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    size = {"height": SIDE, "width": SIDE}
    # The published checkpoint names CLIP's image processor, which crops.
    _write(
        folder / "preprocessor_config.json",
        {
            "crop_size": size,
            "do_center_crop": True,
            "do_convert_rgb": True,
            "do_normalize": True,
            "do_rescale": True,
            "do_resize": True,
            "image_mean": [0.48145466, 0.4578275, 0.40821073],
            "image_processor_type": "CLIPImageProcessor",
            "image_std": [0.26862954, 0.26130258, 0.27577711],
            "processor_class": "LlavaProcessor",
            "resample": 3,
            "rescale_factor": 0.00392156862745098,
            "size": {"shortest_edge": SIDE},
        },
    )
    _write(
        folder / "processor_config.json",
        {
            "image_token": "<image>",
            "num_additional_image_tokens": 1,
            "patch_size": PATCH,
            "processor_class": "LlavaProcessor",
            "vision_feature_select_strategy": "default",
        },
    )
    adapted = lora.attach(model, Lora(rank=4, alpha=8, dropout=0.0, mode="merge_fresh"), seed=1)
    for _, parameter in lora.trainable(adapted):
        parameter.data += 0.02 * torch.randn(parameter.shape)
    lora.save_adapter(adapted, adapter, str(folder))


def write_overlay(scale: Path, to: Path, checkpoint: str, adapter: str | None) -> None:
    """Write the scale for this machine: paths, budget, model checkpoint, sizes, devices."""
    given = yaml.safe_load(scale.read_text())
    given["scale"] = to.stem
    given["methods"] = ["random", "sequential", "adapt_inf"]
    given["budget"] = 10
    given["model"] |= {"checkpoint": checkpoint, "adapter": adapter, "dtype": "float32"}
    given["model"]["revision"] = None
    given["lora"] = {"rank": 4, "alpha": 8}
    given["train"] |= {"batch_size": 4, "micro_batch_size": 4}
    given["signals"] = {"projection_dim": 64, "tokens_per_batch": 8192}
    given["devices"] = {
        "accelerator": "cpu",
        "strategy": "auto",
        "precision": given["devices"]["precision"],
        "devices": 1,
        "threads": 1,
        "workers": 0,
    }
    to.write_text(yaml.safe_dump(given, sort_keys=False, allow_unicode=True))


def _m3it(number: int, task: str) -> dict[str, Any]:
    asked = {
        "captioning": ("Describe the image.", "", f"picture {number} of a dog"),
        "vqa": ("Answer the question.", "How many?", str(number)),
        "chinese": ("用中文描述图片。", "", f"第{number}张图片里有一只狗"),
        "video": ("Answer about the video.", "What moves?", "a dog"),
    }[task]
    frames = 5 if task == "video" else 1
    images = [base64.b64encode(_picture(10 * number + i)).decode() for i in range(frames)]
    instruction, inputs, outputs = asked
    return {
        "instruction": instruction,
        "inputs": inputs,
        "outputs": outputs,
        "image_base64_str": images,
    }


def _lamm(number: int) -> dict[str, Any]:
    box = f"[0.1, 0.2, 0.{5 + number % 4}, 0.9]"
    return {
        "id": str(number),
        "image": f"coco_images/{number:012d}.jpg",
        "task_type": "detection" if number % 2 else "normal",
        "conversations": [
            {"from": "human", "value": "Where is the dog?"},
            {"from": "gpt", "value": f"The dog is at {box}."},
        ],
    }


def _captions(name: str) -> dict[str, Any]:
    given = _json(name)
    kept = {one["id"] for one in given["images"][:ITEMS]}
    return {
        **given,
        "images": [one for one in given["images"] if one["id"] in kept],
        "annotations": [one for one in given["annotations"] if one["image_id"] in kept],
    }


def _regions(name: str, to: Path) -> None:
    given = _json(f"refcoco/{name}.first500.json")
    _write(to, given[:ITEMS])


def _keep_lines(name: str, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    lines = _text(name).splitlines(keepends=True)
    to.write_text("".join(lines[: 5 * ITEMS]), encoding="utf-8")


def _texts(params: Params) -> Iterator[str]:
    for dataset in params.stream:
        for sample in _samples(params, dataset):
            yield from (turn.text for turn in sample.turns)
    yield "A chat between a curious user and an assistant. USER: ASSISTANT:"


def _samples(params: Params, dataset: Dataset) -> Iterator[Sample]:
    # No box is moved here: that needs the sizes of images that are not drawn yet.
    options = {name: "padded" if name == "boxes" else one for name, one in dataset.options.items()}
    read = load_reader(dataset.format, **options, check_images="no")
    root = image_root(params, dataset)
    if root is not None:
        root.mkdir(parents=True, exist_ok=True)
    files = [Path(params.data_root) / file for file in dataset.files]
    return (one for one in read(dataset.name, files, root) if isinstance(one, Sample))


def _items(params: Params, exam: Exam) -> Iterator[Sample]:
    files = [Path(params.data_root) / file for file in exam.files]
    options = {name: one for name, one in exam.options.items() if name != "take"}
    return read_items(files=files, image_root=image_root(params, exam), **options)


def _draw(root: Path | None, samples: Iterator[Sample]) -> None:
    for number, sample in enumerate(samples):
        for image in sample.images:
            if image.path is None or root is None or (root / image.path).exists():
                continue
            (root / image.path).parent.mkdir(parents=True, exist_ok=True)
            (root / image.path).write_bytes(_picture(number))


def _picture(number: int) -> bytes:
    noise = np.random.default_rng(number).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    encoded = io.BytesIO()
    Image.fromarray(noise).save(encoded, "JPEG")
    return encoded.getvalue()


def _copy_image(source: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, to)


def _json(name: str) -> Any:
    return json.loads(_text(name)) if SAMPLES.is_dir() else written.read(name)


def _text(name: str) -> str:
    file = SAMPLES / name
    return file.read_text(encoding="utf-8") if SAMPLES.is_dir() else str(written.read(name))


def _write(to: Path, value: Any) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def _write_lines(to: Path, rows: list[dict[str, Any]]) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    to.write_text("".join(lines), encoding="utf-8")
