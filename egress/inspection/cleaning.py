"""Makes html safe to look at: an allow-list of elements and attributes, and pictures only of our own encoding.

Promise: what comes out runs nothing, fetches nothing and links nowhere. Pictures leave a token in the html while it is
cleaned; their bytes, encoded anew by Pillow, are put in afterwards, so no address of the author's survives.
"""

from __future__ import annotations

import base64
import io
import re

import bleach  # type: ignore[import-untyped]  # it ships no types
from bs4 import BeautifulSoup
from PIL import Image

from egress.inspection.markup import DATA_ADDRESS
from egress.inspection.media_types import JPEG, PNG, SVG

TAGS = frozenset(
    """abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6
    hr i img ins kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul
    var""".split()  # noqa: SIM905  (a list of words reads better than a list of strings)
)
ATTRIBUTES = {
    "*": ["class", "title"],
    "td": ["colspan", "rowspan"],
    "th": ["colspan", "rowspan", "scope"],
    "img": ["src"],
}
DROPPED_WHOLE = ("script", "style", "template", "noscript", "iframe", "object", "embed", "svg", "math", "head", "title")
TOKEN = re.compile(r"picture-\d+")
TOKEN_ATTRIBUTE = re.compile(r'src="(picture-\d+)"')
MOST_PICTURES = 200
SPANS = frozenset({"colspan", "rowspan", "scope"})


def _is_allowed(tag: str, name: str, value: str) -> bool:
    if tag == "img":
        return name == "src" and TOKEN.fullmatch(value) is not None
    return name in {"class", "title"} or (tag in {"td", "th"} and name in SPANS)


class Pictures:
    """Pictures of one page, by token."""

    def __init__(self) -> None:
        self._addresses: dict[str, str] = {}

    def add(self, content: bytes, media_type: str) -> str:
        """Keep a picture, encoded anew, and return the token to put in `src`; "" if it cannot be drawn.

        An SVG is kept as it is: shown through <img>, browsers run and fetch nothing in it.
        """
        if len(self._addresses) >= MOST_PICTURES:
            return ""
        try:
            data, shown_type = (content, SVG) if media_type == SVG else (_encode_anew(content), PNG)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return ""
        token = f"picture-{len(self._addresses)}"
        self._addresses[token] = f"data:{shown_type};base64,{base64.b64encode(data).decode()}"
        return token

    def add_address(self, address: str) -> str:
        """The same for a `data:` address in html; "" for every other address."""
        found = DATA_ADDRESS.fullmatch(address.strip())
        if found is None or (found[1] or "").lower() not in {PNG, JPEG, SVG} or "base64" not in found[2]:
            return ""
        try:
            return self.add(base64.b64decode(found[3]), found[1].lower())
        except ValueError:
            return ""

    def put_in(self, html: str) -> str:
        """Replace every token by its picture."""
        return TOKEN_ATTRIBUTE.sub(lambda found: f'src="{self._addresses.get(found[1], "")}"', html)


def _encode_anew(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as picture:
        picture.load()
        kept = picture.convert("RGBA" if "A" in picture.mode or picture.mode == "P" else "RGB")
    bare = Image.frombytes(kept.mode, kept.size, kept.tobytes())  # without metadata
    out = io.BytesIO()
    bare.save(out, format="PNG")
    return out.getvalue()


def clean_html(html: str, pictures: Pictures) -> str:
    """The html with only what the allow-list keeps; other elements go, their words stay."""
    soup = BeautifulSoup(html, "html.parser")
    for element in soup.find_all(DROPPED_WHOLE):
        element.extract()
    for image in soup.find_all("img"):
        address = str(image.get("src", ""))
        image["src"] = address if TOKEN.fullmatch(address) else pictures.add_address(address)
    return str(bleach.clean(str(soup), tags=TAGS, attributes=_is_allowed, strip=True))
