"""Exact and near duplicates of samples, within a dataset and across datasets, in bounded memory."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt

from liit.data.sample import IMAGE_TAG, ImageRef, Sample

PERMUTATIONS = 32
ROWS_PER_BAND = 4
NEAR = 0.8
"""Least estimated Jaccard similarity of word trigrams that counts as a near duplicate."""

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")
_COCO = re.compile(r"(?:^|_)(\d{12})$")
# Fixed, so that fingerprints are comparable between runs.
_SEEDS = np.random.default_rng(0).integers(0, 2**63, PERMUTATIONS, dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Per sample: a digest of its content, of its images, and the MinHash of its text [n, 32]."""

    content: npt.NDArray[np.uint64]
    images: npt.NDArray[np.uint64]
    text: npt.NDArray[np.uint32]

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Fingerprints:
        """Compute the fingerprints; the source's name and the ids play no part."""
        content, images, text = [], [], []
        for sample in samples:
            joined = "\x1e".join(image_name(image) for image in sample.images)
            turns = [turn.text.replace(IMAGE_TAG, "").strip() for turn in sample.turns]
            images.append(digest(joined))
            content.append(digest("\x1f".join([joined, *turns])))
            text.append(_minhash(" ".join(turns)))
        return cls(
            np.array(content, np.uint64),
            np.array(images, np.uint64),
            np.array(text, np.uint32).reshape(len(text), PERMUTATIONS),
        )


def digest(text: str) -> int:
    """Return 64 bits of a text's hash."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def image_name(image: ImageRef) -> str:
    """Return what an image is called wherever it lies.

    Its COCO number (twelve digits), else the last folder and the stem: sets copy each other's
    images below other roots, and a stem alone says little (ScienceQA's are all ``image``).
    """
    if image.path is None:
        return image.key
    path = PurePosixPath(image.path)
    coco = _COCO.search(path.stem)
    return coco.group(1) if coco else "/".join([*path.parts[-2:-1], path.stem])


def words_of(text: str) -> list[str]:
    """Return the case-folded words of a text, each CJK character as a word."""
    return _WORD.findall(text.casefold())


def count_within(prints: Fingerprints) -> tuple[int, int]:
    """Return (exact, near): samples that repeat an earlier one of the same dataset."""
    exact = _repeats(prints.content)
    return int(exact.sum()), int((_near(prints) & ~exact).sum())


def count_across(prints: Fingerprints, other: Fingerprints) -> tuple[int, int]:
    """Return (exact, near): samples of ``prints`` that also stand in ``other``."""
    exact = np.isin(prints.content, other.content)
    own = _first_of_each(prints)
    both = Fingerprints(
        np.concatenate([other.content, prints.content[own]]),
        np.concatenate([other.images, prints.images[own]]),
        np.concatenate([other.text, prints.text[own]]),
    )
    near = _near(both, among=len(other.content))[len(other.content) :]
    return int(exact.sum()), int((near & ~exact[own]).sum())


def _first_of_each(prints: Fingerprints) -> npt.NDArray[np.intp]:
    return np.sort(np.unique(prints.content, return_index=True)[1])


def _minhash(text: str) -> npt.NDArray[np.uint32]:
    words = words_of(text)
    shingles = {" ".join(words[i : i + 3]) for i in range(max(1, len(words) - 2))}
    hashes = np.array([zlib.crc32(shingle.encode()) for shingle in shingles], np.uint64)
    # SplitMix64's finaliser: a multiply-shift alone is far from min-wise independent here.
    mixed = hashes[:, None] ^ _SEEDS
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    smallest: npt.NDArray[np.uint64] = mixed.min(0)
    return (smallest >> np.uint64(32)).astype(np.uint32)


def _repeats(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    repeats = np.ones(len(keys), bool)
    repeats[np.unique(keys, return_index=True)[1]] = False
    return repeats


def _near(prints: Fingerprints, among: int | None = None) -> npt.NDArray[np.bool_]:
    """Mark rows whose text is near that of an earlier row about the same images.

    Locality-sensitive hashing: rows that share a band of the MinHash meet, and each is compared
    with the first of its bucket; with ``among``, only firsts below that row number count.
    """
    near = np.zeros(len(prints.content), bool)
    for start in range(0, PERMUTATIONS, ROWS_PER_BAND):
        band = prints.text[:, start : start + ROWS_PER_BAND].astype(np.uint64)
        key = prints.images.copy()
        for column in band.T:
            key = (key ^ column) * np.uint64(0x9E3779B97F4A7C15)
        _, first, bucket = np.unique(key, return_index=True, return_inverse=True)
        row = first[bucket]
        met = np.flatnonzero((row != np.arange(len(row))) & (row < (among or len(row))))
        agreement = (prints.text[met] == prints.text[row[met]]).mean(1)
        near[met[agreement >= NEAR]] = True
    return near
