"""Images are opened safely: bounded, whitelisted, confined, and with a readable error."""

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from liit.data.images import MAX_PIXELS, image_size, open_image, probe_image
from liit.data.readers import load_reader
from liit.data.sample import ImageRef
from liit.data.store import Quarantined
from liit.errors import LiitError


def encoded(form: str, mode: str = "RGB", size: tuple[int, int] = (5, 3)) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, 0).save(buffer, form)
    return buffer.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A valid PNG header and almost no data: decoding it would allocate width x height pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_the_bytes_decide_not_the_suffix(tmp_path: Path, form: str, suffix: str) -> None:
    (tmp_path / f"x{suffix}").write_bytes(encoded(form))
    image = open_image(ImageRef(path=f"x{suffix}"), tmp_path)
    assert (image.mode, image.size) == ("RGB", (5, 3))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1", "LA", "I;16", "CMYK"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    data = encoded("JPEG" if mode == "CMYK" else "PNG", mode)
    assert open_image(ImageRef(data=data), None).mode == "RGB"


def test_pixels_are_the_published_ones(tmp_path: Path) -> None:
    Image.frombytes("RGB", (2, 1), bytes([255, 0, 0, 1, 2, 3])).save(tmp_path / "x.png")
    image = open_image(ImageRef(path="x.png"), tmp_path)
    assert image.tobytes() == bytes([255, 0, 0, 1, 2, 3])


BAD_BYTES = {
    "huge": (png_that_claims(30_000, 30_000), "pixels"),
    "large": (png_that_claims(9_000, 9_000), "9000x9000"),
    "html": (b"\n<!DOCTYPE html><html><body>404</body></html>", "HTML"),
    "svg": (b"<?xml version='1.0'?><svg/>", "XML"),
    "empty": (b"", "empty"),
    "garbage": (b"\x00\x01\x02" * 50, "not one of"),
    "tiff": (encoded("TIFF"), "not one of"),
    "cut_header": (encoded("PNG")[:20], "header"),
}


@pytest.mark.parametrize("name", BAD_BYTES)
@pytest.mark.parametrize("embedded", [True, False])
def test_bad_bytes_are_named(tmp_path: Path, name: str, embedded: bool) -> None:
    data, words = BAD_BYTES[name]
    (tmp_path / "bad.jpg").write_bytes(data)
    ref = ImageRef(data=data) if embedded else ImageRef(path="bad.jpg")
    root = None if embedded else tmp_path
    assert words in str(probe_image(ref, root))
    assert words in str(probe_image(ref, root, "decode"))
    with pytest.raises(LiitError, match=words) as caught:
        open_image(ref, root, record="id-7")
    assert ref.key in str(caught.value)
    assert "id-7" in str(caught.value)


def test_the_bound_is_on_pixels_before_decoding() -> None:
    side = int(MAX_PIXELS**0.5)
    assert probe_image(ImageRef(data=png_that_claims(side, side)), None) is None
    assert probe_image(ImageRef(data=png_that_claims(side + 1, side + 1)), None) is not None


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_truncated_bodies_are_found_by_decoding(form: str) -> None:
    noise = Image.effect_noise((64, 64), 90).convert("RGB")
    buffer = io.BytesIO()
    noise.save(buffer, form)
    ref = ImageRef(data=buffer.getvalue()[: len(buffer.getvalue()) // 2])
    assert probe_image(ref, None, "decode") is not None
    with pytest.raises(LiitError):
        open_image(ref, None)


@pytest.mark.parametrize("path", ["/etc/hostname", "../x.png", "a/../../x.png", "a\\..\\x.png", ""])
def test_no_path_leaves_the_root(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (tmp_path / "x.png").write_bytes(encoded("PNG"))
    assert probe_image(ImageRef(path=path), root, "exists") is not None
    with pytest.raises(LiitError):
        open_image(ImageRef(path=path), root)


def test_no_link_leads_out_of_the_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "x.png").write_bytes(encoded("PNG"))
    (root / "out.png").symlink_to(tmp_path / "x.png")
    (root / "folder").symlink_to(tmp_path)
    (root / "loop.png").symlink_to(root / "loop.png")
    (root / "real.png").write_bytes(encoded("PNG"))
    (root / "in.png").symlink_to(root / "real.png")
    for path in ("out.png", "folder/x.png", "loop.png"):
        assert probe_image(ImageRef(path=path), root) is not None
    assert probe_image(ImageRef(path="in.png"), root) is None


def test_a_linked_root_is_still_a_root(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x.png").write_bytes(encoded("PNG"))
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert open_image(ImageRef(path="x.png"), tmp_path / "link").size == (5, 3)


def test_missing_files_folders_and_roots(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert "missing" in str(probe_image(ImageRef(path="no.png"), tmp_path, "exists"))
    assert "missing" in str(probe_image(ImageRef(path="folder"), tmp_path, "exists"))
    assert "no image root" in str(probe_image(ImageRef(path="no.png"), None, "exists"))
    assert probe_image(ImageRef(path="no.png"), tmp_path, "no") is None


def test_size_comes_from_the_header() -> None:
    assert image_size(ImageRef(data=png_that_claims(7000, 9000)), None) == (7000, 9000)
    with pytest.raises(LiitError):
        image_size(ImageRef(data=b"x"), None)


def drawn(form: str) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((64, 64), 90).save(buffer, form)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
@pytest.mark.parametrize("kept", [0.4, 0.9])
def test_a_file_that_is_cut_off_is_found_by_its_header_and_end(
    tmp_path: Path, form: str, kept: float
) -> None:
    whole = drawn(form)
    cut = whole[: int(len(whole) * kept)]
    (tmp_path / "cut").write_bytes(cut)
    for ref in (ImageRef(data=cut), ImageRef(path="cut")):
        assert "damaged" in (probe_image(ref, tmp_path) or "")
    assert probe_image(ImageRef(data=whole), None) is None
    assert probe_image(ImageRef(data=whole + b"\0\0\n"), None) is None


def test_a_bit_that_flipped_in_a_png_is_found() -> None:
    data = bytearray(drawn("PNG"))
    data[len(data) // 2] ^= 1
    assert probe_image(ImageRef(data=bytes(data)), None)


def test_sixteen_bit_grey_is_scaled_not_cut_off() -> None:
    buffer = io.BytesIO()
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(1, -1)
    Image.fromarray(ramp).save(buffer, "PNG")
    shown = np.asarray(open_image(ImageRef(data=buffer.getvalue()), None))
    assert shown[0, :, 0].tolist() == list(range(256)) and (shown == shown[..., :1]).all()


def test_the_advice_of_a_damaged_image_sets_it_aside(tmp_path: Path) -> None:
    """A GIF that lost its second half but not its last byte: only decoding finds it."""
    (tmp_path / "x.gif").write_bytes(drawn("GIF")[:2500] + b";")
    assert probe_image(ImageRef(path="x.gif"), tmp_path) is None
    with pytest.raises(LiitError, match="check_images: decode"):
        open_image(ImageRef(path="x.gif"), tmp_path)
    says = [{"from": "human", "value": "<image>"}, {"from": "gpt", "value": "x"}]
    file = tmp_path / "set.json"
    file.write_text(json.dumps([{"image": "x.gif", "conversations": says}]))
    (aside,) = load_reader("llava", check_images="decode")("set", [file], tmp_path)
    assert isinstance(aside, Quarantined) and "damaged" in aside.reason
