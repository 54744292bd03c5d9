"""Images from untrusted files: bounded, whitelisted and confined to the dataset's image root."""

from __future__ import annotations

import functools
import hashlib
import io
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
from PIL import Image

from liit.data.sample import ImageRef
from liit.errors import LiitError

MAX_PIXELS = 64_000_000
"""Largest image that is decoded, in pixels: above any published instruction set, 192 MB as RGB."""

MAX_BYTES = 128 * 2**20
"""Largest encoded image that is read."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
"""What is decoded; the bytes decide, not the suffix (OCR-VQA ships GIF, many sets WebP as .jpg)."""

ImageCheck = Literal["no", "exists", "header", "decode"]
"""How far an image is looked at: not at all, its file, its header and end, or every pixel."""


class _BadImageError(Exception):
    """Why an image cannot be used, in words for the quarantine."""


def open_image(ref: ImageRef, image_root: Path | None, *, record: str | None = None) -> Image.Image:
    """Return the decoded image, mode RGB.

    Alpha is dropped and EXIF rotation ignored, as LLaVA-1.5 does. Raises LiitError, naming the
    image and ``record``, when the image is missing, outside the root, too large, damaged or of a
    format that is not in :data:`FORMATS`.
    """
    try:
        with _open_header(_bytes_of(ref, image_root)) as image:
            return _decode(image)
    except _BadImageError as fault:
        owner = "" if record is None else f" of record {record}"
        raise LiitError(
            f"Image {ref.key}{owner}{_below(image_root)}: {fault}.",
            next_step="restore the file, or set the record aside: put `check_images: decode` among "
            "its dataset's options in params.yaml and run `liit prepare`.",
        ) from None


def picture_digest(ref: ImageRef, image_root: Path | None) -> bytes:
    """Return 16 bytes that an image's file stands for; raise LiitError where it cannot be read."""
    try:
        source = _bytes_of(ref, image_root)
    except _BadImageError as fault:
        raise LiitError(
            f"Image {ref.key}{_below(image_root)}: {fault}.", next_step="restore the file."
        ) from None
    return hashlib.blake2b(source.getbuffer(), digest_size=16).digest()


def probe_image(ref: ImageRef, image_root: Path | None, check: ImageCheck = "header") -> str | None:
    """Return why an image cannot be used, or None; never raises for what the image holds.

    ``header`` reads the first and the last bytes (of a PNG all, for its checksums) and decodes
    what does not end as its format does, which finds files that are cut off; ``decode`` decodes
    every image.
    """
    if check == "no":
        return None
    try:
        source = io.BytesIO(ref.data) if ref.data is not None else _path_of(ref, image_root)
        if check == "exists":
            return None
        with _open_header(source) as image:
            if check == "decode" or not _is_whole(source, image.format or ""):
                _decode(image)
    except _BadImageError as fault:
        return str(fault)
    return None


class Prober:
    """Probes the images of one dataset, each path once."""

    def __init__(self, image_root: Path | None, check: ImageCheck) -> None:
        """Without an image root only embedded images are looked at."""
        self.image_root, self.check = image_root, check
        self._of_path = functools.lru_cache(maxsize=65536)(self._probe)

    def fault(self, images: Iterable[ImageRef]) -> str | None:
        """Return which image cannot be used, and why, or None."""
        for image in images:
            reason = self._probe(image) if image.path is None else self._of_path(image)
            if reason is not None:
                return f"image {image.key}: {reason}"
        return None

    def _probe(self, image: ImageRef) -> str | None:
        if image.path is not None and self.image_root is None:
            return None
        return probe_image(image, self.image_root, self.check)


def image_size(ref: ImageRef, image_root: Path | None) -> tuple[int, int]:
    """Return (width, height) in pixels from the header; raise LiitError if there is none."""
    try:
        source = io.BytesIO(ref.data) if ref.data is not None else _path_of(ref, image_root)
        with _open_header(source) as image:
            return image.size
    except _BadImageError as fault:
        raise LiitError(str(fault), next_step="restore the image file.") from None


def confined(path: str) -> str | None:
    """Return a relative path in normal form, or None if it would leave the folder it is in."""
    place = PurePosixPath(path)
    if place.is_absolute() or ".." in place.parts or "\\" in path or "\0" in path:
        return None
    return str(place)


def _path_of(ref: ImageRef, image_root: Path | None) -> Path:
    if image_root is None:
        raise _BadImageError("the dataset has no image root to look in")
    relative = confined(ref.path or "")
    if relative is None:
        raise _BadImageError("the path leaves the image root")
    path = image_root / relative
    try:
        if not path.resolve().is_relative_to(_resolved(image_root.absolute())):
            raise _BadImageError(
                "a link leads out of the image root (that root itself may be a link)"
            )
        if not path.is_file():
            raise _BadImageError("the image file is missing")
        size = path.stat().st_size
    except (OSError, ValueError, RuntimeError) as error:
        raise _BadImageError(f"the path cannot be read ({error})") from None
    if size == 0:
        raise _BadImageError("the image file is empty")
    if size > MAX_BYTES:
        raise _BadImageError(f"the file has {size:,} bytes (limit {MAX_BYTES:,})")
    return path


@functools.lru_cache(maxsize=64)
def _resolved(image_root: Path) -> Path:
    return image_root.resolve()


def _bytes_of(ref: ImageRef, image_root: Path | None) -> io.BytesIO:
    if ref.data is not None:
        return io.BytesIO(ref.data)
    try:
        return io.BytesIO(_path_of(ref, image_root).read_bytes())
    except OSError as error:
        raise _BadImageError(f"the file cannot be read ({error})") from None


def _open_header(source: io.BytesIO | Path) -> Image.Image:
    try:
        image = Image.open(source, formats=FORMATS)
    except Image.DecompressionBombError:
        raise _BadImageError(f"it has more than {MAX_PIXELS:,} pixels") from None
    except Exception as error:  # Pillow's parsers raise many kinds on hostile bytes
        raise _BadImageError(_what_it_is(source, error)) from None
    width, height = image.size
    if width * height > MAX_PIXELS:
        image.close()
        raise _BadImageError(f"{width}x{height} is more than {MAX_PIXELS:,} pixels")
    return image


def _decode(image: Image.Image) -> Image.Image:
    try:
        if image.mode.startswith("I"):  # 16-bit grey, which Pillow would cut off at 255
            grey = np.rint(np.asarray(image, np.float32) / 257).clip(0, 255)
            image = Image.fromarray(grey.astype(np.uint8))
        return image.convert("RGB")
    except Exception as error:  # as above: a damaged body may raise anything
        raise _BadImageError(f"the image is damaged ({error})") from None


def _is_whole(source: io.BytesIO | Path, form: str) -> bool:
    """Return whether the bytes end as the format says, without decoding a pixel."""
    try:
        with (
            io.BytesIO(source.getvalue())
            if isinstance(source, io.BytesIO)
            else source.open("rb") as file
        ):
            if form == "PNG":
                Image.open(file, formats=("PNG",)).verify()
                return True
            head, size = file.read(8), file.seek(0, io.SEEK_END)
            file.seek(max(0, size - 64))
            end = file.read().rstrip(b"\0\r\n ")
    except Exception:  # as above
        return False
    if form in ("WEBP", "BMP"):
        stated = head[4:8] if form == "WEBP" else head[2:6]
        return size >= int.from_bytes(stated, "little")
    return end.endswith({"JPEG": b"\xff\xd9", "GIF": b";"}[form])


def _what_it_is(source: io.BytesIO | Path, error: Exception) -> str:
    try:
        start = source.getvalue()[:256] if isinstance(source, io.BytesIO) else _start_of(source)
    except OSError:
        return f"the file cannot be read ({error})"
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<svg")):
        return "it is an HTML or XML page, not an image (a failed download?)"
    if not start:
        return "it is empty"
    return f"it is not one of {', '.join(FORMATS)}, or its header is damaged"


def _start_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(256)


def _below(image_root: Path | None) -> str:
    return "" if image_root is None else f" in {image_root}"
