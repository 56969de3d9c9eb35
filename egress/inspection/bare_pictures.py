"""Encodes a PNG or JPEG anew from its pixels alone: no text, camera data, colour profile, preview or trailing byte."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

from PIL import Image, ImageOps
from PIL.JpegImagePlugin import get_sampling

from egress.inspection.media_types import JPEG, PNG
from egress.inspection.pictures import BrokenPictureError, words_beside_picture
from egress.inspection.stripped import CannotStripError, Stripped

BARE_PNG_MODES = frozenset({"1", "L", "LA", "I;16", "P", "RGB", "RGBA"})
BARE_JPEG_MODES = frozenset({"L", "RGB", "CMYK"})
BROKEN = (OSError, SyntaxError, ValueError, struct.error, zlib.error, EOFError, IndexError, KeyError, OverflowError)


def bare_png(content: bytes) -> Stripped:
    """The same pixels, palette and transparency. Raises CannotStripError for a picture that cannot be drawn."""
    removed = _words(content, PNG)
    picture = _drawn(content, "PNG")
    transparency = picture.info.get("transparency")
    if picture.mode not in BARE_PNG_MODES:
        picture, transparency = picture.convert("RGBA"), None
    kept = _pixels_of(picture)
    out = io.BytesIO()
    more = {} if transparency is None else {"transparency": transparency}
    kept.save(out, format="PNG", compress_level=6, **more)
    return Stripped(out.getvalue(), removed)


def bare_jpeg(content: bytes) -> Stripped:
    """The same picture, upright, at its own quality. Raises CannotStripError for one that cannot be drawn."""
    removed = _words(content, JPEG)
    picture = _drawn(content, "JPEG")
    tables, sampling = getattr(picture, "quantization", None), get_sampling(picture)
    upright = ImageOps.exif_transpose(picture)
    kept = _pixels_of(upright if upright.mode in BARE_JPEG_MODES else upright.convert("RGB"))
    out = io.BytesIO()
    kept.save(out, format="JPEG", qtables=tables, subsampling=sampling)
    return Stripped(out.getvalue(), removed)


def _words(content: bytes, media_type: str) -> tuple[str, ...]:
    try:
        return words_beside_picture(content, media_type)
    except (BrokenPictureError, struct.error, IndexError, zlib.error):
        raise CannotStripError from None


def _drawn(content: bytes, form: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=(form,))
            picture.load()
    except (*BROKEN, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise CannotStripError from None
    return picture


def _pixels_of(picture: Image.Image) -> Image.Image:
    """A picture of the same pixels that knows nothing else of the old one."""
    bare = Image.frombytes(picture.mode, picture.size, picture.tobytes())
    palette = picture.getpalette("RGB") if picture.mode == "P" else None
    if palette is not None:
        bare.putpalette(palette, "RGB")
    return bare
