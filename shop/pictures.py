"""Pictures from outside, made harmless: looked at before they are opened, and drawn anew before anybody sees them.

    bytes ─► few enough? ─► really JPEG, PNG or WebP? ─► few enough pixels? ─► decode ─► turn upright ─► WebP

What leaves is drawn from pixels alone. So nothing else of the upload survives: no place and no camera's number in its
metadata, no script behind the picture's end, no archive inside. Neither name nor Content-Type of the file is believed.

Refuses: too many bytes or pixels (ImageTooLarge); a decompression bomb says how large it is in its header, so not one
pixel of it is made. Another kind of file, or one that breaks off (NotAnImage).

Roadmap: commerce/image-upload, security/input-validation
"""

from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError

from shop.errors import ImageTooLarge, NotAnImage

#: What we decode. Pillow knows dozens of formats, and each decoder is code that strangers could reach.
FORMATS = ("JPEG", "PNG", "WEBP")
#: Bytes of one upload.
MOST_BYTES = 5_000_000
#: Pixels of one upload, about 6000 × 4000. Decoded, each takes up to four bytes of the web server's memory.
MOST_PIXELS = 25_000_000
#: Of WebP: no difference to see, at a quarter of the size of the best.
QUALITY = 82


class Picture(NamedTuple):
    """A picture as it may be kept: WebP, and how large it is."""

    content: bytes
    width: int
    height: int


def clean(upload: bytes, *, longest: int) -> Picture:
    """Return the picture drawn anew, upright, with no side longer than `longest`; raise for what is none."""
    if len(upload) > MOST_BYTES:
        raise ImageTooLarge(f"A picture has at most {MOST_BYTES:,} bytes.")
    try:
        with Image.open(BytesIO(upload), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ImageTooLarge(f"A picture has at most {MOST_PIXELS:,} pixels.")
            return _drawn(image, longest)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageTooLarge(f"A picture has at most {MOST_PIXELS:,} pixels.") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as wrong:  # whatever a decoder stumbles over
        raise NotAnImage from wrong


def smaller(content: bytes, *, longest: int) -> bytes:
    """Return one of our own pictures with no side longer than `longest`."""
    with Image.open(BytesIO(content), formats=("WEBP",)) as image:
        return _drawn(image, longest).content


def _drawn(image: Image.Image, longest: int) -> Picture:
    """From pixels to WebP. Made small first: a JPEG is then decoded small at once, and all that follows is cheap."""
    plain = image if image.mode in {"RGB", "RGBA"} else image.convert("RGBA" if image.has_transparency_data else "RGB")
    plain.thumbnail((longest, longest))
    upright = ImageOps.exif_transpose(plain)
    upright.info.clear()  # else the colour profile would be written out again
    out = BytesIO()
    upright.save(out, "WEBP", quality=QUALITY)
    return Picture(out.getvalue(), *upright.size)
