"""Takes comments, head matter and the pictures' own metadata off an HTML page; the page itself stays as it reads."""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote_to_bytes

from bs4 import BeautifulSoup, Comment, Declaration, ProcessingInstruction, Tag

from egress.inspection.bare_pictures import bare_jpeg, bare_png
from egress.inspection.decoding import decode
from egress.inspection.markup import DATA_ADDRESS
from egress.inspection.media_types import JPEG, PNG
from egress.inspection.stripped import CannotStripError, Stripped

KEPT_META = frozenset({"viewport"})
UNSEEN = (Comment, Declaration, ProcessingInstruction)
DATA_ATTRIBUTE = re.compile(r"data-[\w.-]+", re.IGNORECASE)
STRIPPERS = {PNG: bare_png, JPEG: bare_jpeg, "image/jpg": bare_jpeg}


def bare_html(content: bytes) -> Stripped:
    """The page as UTF-8 without what no reader sees; the same bytes if there is nothing. Raises CannotStripError."""
    text = decode(content).text
    if text is None:
        raise CannotStripError
    bare, removed = strip_html(text)
    return Stripped(bare.encode("utf-8", "replace"), removed) if removed else Stripped(content)


def strip_html(text: str) -> tuple[str, tuple[str, ...]]:
    """A page or fragment without what no reader sees, and what that was."""
    soup = BeautifulSoup(text, "html.parser")
    removed: list[str] = []
    for unseen in soup.find_all(string=lambda string: isinstance(string, UNSEEN)):
        unseen.extract()
        removed.append("comments")
    for element in soup.find_all(True):
        removed += _strip_element(element)
    words = tuple(dict.fromkeys(removed))
    return (str(soup), words) if words else (text, ())


def _strip_element(element: Tag) -> list[str]:
    if element.name == "meta" and not _is_kept(element):
        element.extract()
        return ["head matter"]
    removed = []
    for name in [name for name in element.attrs if DATA_ATTRIBUTE.fullmatch(name)]:
        del element[name]
        removed.append("data attributes")
    source = str(element.get("src", ""))
    if element.name == "img" and source[:5].lower() == "data:":
        bare, words = _strip_address(source)
        element["src"] = bare
        removed += words
    return removed


def _is_kept(meta: Tag) -> bool:
    """How the page is written and laid out. Everything else in the head is about somebody or something."""
    if set(meta.attrs) == {"charset"}:  # what comes out is UTF-8
        meta["charset"] = "utf-8"
        return True
    return set(meta.attrs) == {"name", "content"} and str(meta["name"]).lower() in KEPT_META


def _strip_address(address: str) -> tuple[str, list[str]]:
    """An embedded picture encoded anew, if that takes anything off it."""
    found = DATA_ADDRESS.fullmatch(address.strip())
    stripper = STRIPPERS.get((found[1] or "").lower()) if found else None
    if found is None or stripper is None or "base64" not in found[2].lower():
        return address, []
    try:
        stripped = stripper(base64.b64decode(unquote_to_bytes(found[3])))
    except ValueError:
        raise CannotStripError from None
    if not stripped.removed:
        return address, []
    return f"data:{found[1].lower()};base64,{base64.b64encode(stripped.content).decode()}", list(stripped.removed)
