"""The published files: which are there, and where the others are to be had."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from liit.config import LM_EVAL, Dataset, Exam, Params
from liit.data.readers import reader_formats
from liit.data.sources import BENCHMARK, WORLD, image_root
from liit.doctor.findings import Finding, judged
from liit.errors import nearest

PART = "data"


class Origin(NamedTuple):
    """Where a published set is to be had, and what of it is used."""

    address: str
    files: str


_HUB = "https://huggingface.co/datasets"
DATASETS = {
    "llava": Origin(
        f"{_HUB}/liuhaotian/LLaVA-Instruct-150K",
        "llava_v1_5_mix665k.json (1.03 GB); images of COCO train2017, GQA, OCR-VQA, TextVQA, VG",
    ),
    "m3it": Origin(f"{_HUB}/MMInstruction/M3IT", "data/ (384 GB with all splits)"),
    "minigpt4": Origin(f"{_HUB}/Vision-CAIR/cc_sbu_align", "filter_cap.json (1.43 MB), image/"),
    "mantis": Origin(f"{_HUB}/TIGER-Lab/Mantis-Instruct", "parquet and train_images.zip"),
    "lamm": Origin(f"{_HUB}/openlamm/LAMM_Dataset", "LAMM_instruct_186k.json, 2D images"),
    "cl_benchmark": Origin("https://github.com/cmnfriend/O-LoRA", "CL_Benchmark/"),
    "vision_flan": Origin(
        f"{_HUB}/Vision-Flan/vision-flan_191-task_1k", "annotation (110 MB), images (36.3 GB)"
    ),
}
BENCHMARKS = {
    "gqa": Origin("https://cs.stanford.edu/people/dorarad/gqa/download.html", "questions, images"),
    "scienceqa": Origin("https://github.com/lupantech/ScienceQA", "problems.json, images/test"),
    "okvqa": Origin("https://okvqa.allenai.org/download.html", "questions, annotations"),
    "aokvqa": Origin("https://github.com/allenai/aokvqa", "aokvqa_v1p0_val.json"),
    "coco_cn": Origin("https://github.com/li-xirong/coco-cn", "captions of the test split"),
    "flickr8k_cn": Origin("https://github.com/li-xirong/flickr8kcn", "captions, image lists"),
    "refcoco": Origin("https://github.com/lichengunc/refer", "expressions and boxes"),
    "refcoco+": Origin("https://github.com/lichengunc/refer", "expressions and boxes"),
    "refcocog": Origin("https://github.com/lichengunc/refer", "expressions and boxes"),
    "mmmu": Origin(f"{_HUB}/MMMU/MMMU", "the validation split"),
    "mmlu": Origin("https://github.com/hendrycks/test", "data.tar: dev/, test/"),
    "textvqa": Origin("https://textvqa.org/dataset/", "TextVQA_0.5.1_val.json, images"),
    "vqav2": Origin("https://visualqa.org/download.html", "questions, annotations"),
    "vizwiz": Origin("https://vizwiz.org/tasks-and-datasets/vqa/", "val.json, images"),
    "flickr30k": Origin(
        "https://cs.stanford.edu/people/karpathy/deepimagesent/", "dataset_flickr30k.json"
    ),
    "caption": Origin(
        "https://cs.stanford.edu/people/karpathy/deepimagesent/", "dataset_coco.json, COCO images"
    ),
    "textcaps": Origin("https://textvqa.org/textcaps/dataset/", "TextCaps_0.1_*.json, images"),
    "ocrvqa": Origin("https://ocr-vqa.github.io/", "dataset.json; images as <id>.jpg"),
    "aokvqa_mc": Origin("https://github.com/allenai/aokvqa", "aokvqa_v1p0_*.json"),
    "pope": Origin("https://github.com/AoiDragon/POPE", "output/coco/*.json"),
}


def data(params: Params) -> Iterator[Finding]:
    """Yield one finding per dataset of the stream and per evaluation set."""
    sources: list[Dataset | Exam] = [*params.stream, *params.prepared_exams]
    for source in sources:
        if source.format == WORLD:
            yield Finding(PART, _name(source), "ok", "drawn: nothing to download")
        else:
            yield _published(params, source)
    if any(exam.format == LM_EVAL for exam in params.exams):
        folder = Path(params.data_root) / str(params.evaluate.text_dir)
        step = "put the published files there, as eval/tasks/language/local.py names them"
        yield judged(PART, "text benchmarks", _has_content(folder), str(folder), step)


def origin_of(source: Dataset | Exam) -> Origin | None:
    """Return where a dataset or benchmark is published, if it is one of those named here."""
    if source.format == BENCHMARK:
        return BENCHMARKS.get(str(source.options.get("task")))
    return DATASETS.get(source.format)


def absent_parts(params: Params, source: Dataset | Exam) -> list[str]:
    """Return the files and image folders of a dataset that are not there, or empty."""
    parts = [Path(params.data_root) / file for file in source.files]
    root = image_root(params, source)
    return [str(part) for part in (*parts, *([root] if root else [])) if not _has_content(part)]


def bytes_of(params: Params, source: Dataset | Exam, suffixes: tuple[str, ...] = ()) -> int:
    """Return the size of a dataset's files and of those in its folders, of some kinds alone."""
    paths = [Path(params.data_root) / file for file in source.files]
    files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path])]
    return sum(
        file.stat().st_size
        for file in files
        if file.is_file() and (not suffixes or file.suffix in suffixes)
    )


def _published(params: Params, source: Dataset | Exam) -> Finding:
    known = [BENCHMARK, *reader_formats()]
    if source.format not in known:
        detail = f"no reader for format {source.format!r}{nearest(source.format, known)}"
        return Finding(PART, _name(source), "missing", detail, f"use one of {', '.join(known)}")
    absent = absent_parts(params, source)
    if not absent:
        detail = f"{bytes_of(params, source) / 1e6:,.1f} MB and its images"
        step = f"liit data check {source.name}" if isinstance(source, Dataset) else ""
        return Finding(PART, _name(source), "ok", detail, step)
    origin = origin_of(source)
    where = "from its publisher"
    if origin is not None:
        where = f"from {origin.address}: {origin.files}"
    return Finding(PART, _name(source), "missing", ", ".join(absent), f"fetch them {where}")


def _name(source: Dataset | Exam) -> str:
    return source.name if isinstance(source, Dataset) else source.task


def _has_content(path: Path) -> bool:
    if path.is_dir():
        return any(path.iterdir())
    return path.is_file() and path.stat().st_size > 0
