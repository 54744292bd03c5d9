"""The published files: which are there, and where the others are to be had."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from liit.config import LM_EVAL, Dataset, Exam, Params
from liit.data.prepare import BENCHMARK, WORLD, image_root
from liit.doctor.findings import Finding

PART = "data"


class Source(NamedTuple):
    """Where a published set is to be had, what of it is used, and its records where known."""

    address: str
    files: str
    records: int = 0


_HUB = "https://huggingface.co/datasets"
DATASETS = {
    "llava": Source(
        f"{_HUB}/liuhaotian/LLaVA-Instruct-150K",
        "llava_v1_5_mix665k.json (1.03 GB); images of COCO train2017, GQA, OCR-VQA, TextVQA, VG",
        665_298,
    ),
    "m3it": Source(f"{_HUB}/MMInstruction/M3IT", "data/ (384 GB with all splits)", 1_600_000),
    "minigpt4": Source(
        f"{_HUB}/Vision-CAIR/cc_sbu_align", "filter_cap.json (1.43 MB), image/", 3_439
    ),
    "mantis": Source(f"{_HUB}/TIGER-Lab/Mantis-Instruct", "parquet and train_images.zip", 721_000),
    "lamm": Source(f"{_HUB}/openlamm/LAMM_Dataset", "LAMM_instruct_186k.json, 2D images", 186_000),
    "vision_flan": Source(
        f"{_HUB}/Vision-Flan/vision-flan_191-task_1k", "annotation (110 MB), images (36.3 GB)",
        191_000,
    ),
}  # fmt: skip
BENCHMARKS = {
    "gqa": Source("https://cs.stanford.edu/people/dorarad/gqa/download.html", "questions, images"),
    "scienceqa": Source("https://github.com/lupantech/ScienceQA", "problems.json, images/test"),
    "okvqa": Source("https://okvqa.allenai.org/download.html", "questions, annotations"),
    "aokvqa": Source("https://github.com/allenai/aokvqa", "aokvqa_v1p0_val.json"),
    "coco_cn": Source("https://github.com/li-xirong/coco-cn", "captions of the test split"),
    "flickr8k_cn": Source("https://github.com/li-xirong/flickr8kcn", "captions, image lists"),
    "refcoco": Source("https://github.com/lichengunc/refer", "expressions and boxes"),
    "refcoco+": Source("https://github.com/lichengunc/refer", "expressions and boxes"),
    "refcocog": Source("https://github.com/lichengunc/refer", "expressions and boxes"),
    "mmmu": Source(f"{_HUB}/MMMU/MMMU", "the validation split"),
    "mmlu": Source("https://github.com/hendrycks/test", "data.tar: dev/, test/"),
    "textvqa": Source("https://textvqa.org/dataset/", "TextVQA_0.5.1_val.json, images"),
    "vqav2": Source("https://visualqa.org/download.html", "questions, annotations"),
    "vizwiz": Source("https://vizwiz.org/tasks-and-datasets/vqa/", "val.json, images"),
    "pope": Source("https://github.com/AoiDragon/POPE", "output/coco/*.json"),
}


def data(params: Params) -> Iterator[Finding]:
    """Yield one finding per dataset of the stream and per evaluation set."""
    sets: list[Dataset | Exam] = [*params.stream, *params.prepared_exams]
    for one in sets:
        yield _drawn(one) if one.format == WORLD else _published(params, one)
    if any(exam.format == LM_EVAL for exam in params.exams):
        yield _text(params)


def source_of(one: Dataset | Exam) -> Source | None:
    """Return where a dataset or benchmark is published, if it is one of those named here."""
    if one.format == BENCHMARK:
        return BENCHMARKS.get(str(one.options.get("task")))
    return DATASETS.get(one.format)


def absent_parts(params: Params, one: Dataset | Exam) -> list[str]:
    """Return the files and image folders of a dataset that are not there, or empty."""
    parts = [Path(params.data_root) / file for file in one.files]
    root = image_root(params, one)
    return [str(part) for part in (*parts, *([root] if root else [])) if not _has_content(part)]


def _drawn(one: Dataset | Exam) -> Finding:
    return Finding(PART, _name(one), "ok", "drawn: nothing to download")


def _published(params: Params, one: Dataset | Exam) -> Finding:
    absent = absent_parts(params, one)
    if not absent:
        size = sum(_bytes(Path(params.data_root) / file) for file in one.files)
        step = f"liit data check {one.name}" if isinstance(one, Dataset) else ""
        return Finding(PART, _name(one), "ok", f"{size / 1e6:,.1f} MB and its images", step)
    source = source_of(one)
    where = f"from {source.address}: {source.files}" if source else "from its publisher"
    return Finding(PART, _name(one), "missing", ", ".join(absent), f"fetch them {where}")


def _text(params: Params) -> Finding:
    folder = Path(params.data_root) / str(params.evaluate.text_dir)
    if _has_content(folder):
        return Finding(PART, "text benchmarks", "ok", str(folder))
    step = "put the published files there, as eval/tasks/language/local.py names them"
    return Finding(PART, "text benchmarks", "missing", str(folder), step)


def _name(one: Dataset | Exam) -> str:
    return one.name if isinstance(one, Dataset) else one.task


def _has_content(path: Path) -> bool:
    if path.is_dir():
        return any(path.iterdir())
    return path.is_file() and path.stat().st_size > 0


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
