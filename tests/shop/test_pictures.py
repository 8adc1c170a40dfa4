"""Pictures: what is refused and why, and what is left of one that is not."""

import tracemalloc
import zipfile
from io import BytesIO

import pytest
from PIL import Image

from shop import pictures
from shop.errors import ImageTooLarge, NotAnImage
from tests.pictures import SCRIPT, bomb, drawn, telling, with_archive

pytestmark = pytest.mark.roadmap("commerce/image-upload")


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "RGB"), ("JPEG", "CMYK"), ("JPEG", "L"), ("PNG", "P"), ("PNG", "RGBA"), ("WEBP", "RGB")]
)
def test_good_picture_of_every_kind_becomes_webp_with_the_same_colours(kind: str, mode: str) -> None:
    picture = pictures.clean(drawn(kind, mode=mode), longest=450)

    with Image.open(BytesIO(picture.content)) as kept:
        assert (kept.format, kept.size) == ("WEBP", (picture.width, picture.height)) == ("WEBP", (450, 300))
        left, right = (kept.convert("L" if mode == "L" else "RGB").getpixel((x, 150)) for x in (50, 400))
    assert left != right


def test_nothing_of_the_metadata_is_left_and_the_picture_stands_upright() -> None:
    upload = telling()
    picture = pictures.clean(upload, longest=1600)

    assert b"Lime Street" in upload
    assert (picture.width, picture.height) == (600, 900)
    with Image.open(BytesIO(picture.content)) as kept:
        assert not kept.getexif()
        assert not {"exif", "icc_profile", "comment", "xmp"} & set(kept.info)
    assert b"Lime Street" not in picture.content
    assert b"camera" not in picture.content


@pytest.mark.parametrize("upload", [drawn() + SCRIPT, drawn(comment=SCRIPT), drawn("PNG") + SCRIPT, with_archive()])
def test_what_rides_along_with_a_picture_is_left_behind(upload: bytes) -> None:
    kept = pictures.clean(upload, longest=450).content

    assert b"script" not in kept
    assert not zipfile.is_zipfile(BytesIO(kept))


@pytest.mark.parametrize(
    "upload",
    [b"", SCRIPT, b"#!/bin/sh\nrm -rf /\n", b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>", drawn()[:2000],
     drawn("GIF", mode="P"), drawn("TIFF"), drawn("BMP"), b"\x89PNG\r\n\x1a\n" + SCRIPT],
)  # fmt: skip
def test_what_is_no_picture_is_refused(upload: bytes) -> None:
    with pytest.raises(NotAnImage):
        pictures.clean(upload, longest=450)


@pytest.mark.parametrize("side", [5_001, 12_000, 60_000])
def test_bomb_is_refused_by_its_header_and_costs_no_memory(side: int) -> None:
    upload = bomb(side)
    tracemalloc.start()
    with pytest.raises(ImageTooLarge):
        pictures.clean(upload, longest=450)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert len(upload) < 5_000
    assert most < 1_000_000
