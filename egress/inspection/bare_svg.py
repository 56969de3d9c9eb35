"""Takes metadata, comments and the drawing program's own notes off an SVG picture; what is drawn stays."""

from __future__ import annotations

import base64
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]  # it ships no types
from defusedxml.ElementTree import DefusedXMLParser  # type: ignore[import-untyped]

from egress.inspection.bare_pictures import bare_jpeg, bare_png
from egress.inspection.decoding import decode
from egress.inspection.markup import DATA_ADDRESS
from egress.inspection.media_types import JPEG, PNG
from egress.inspection.stripped import CannotStripError, Stripped

SVG_SPACE = "http://www.w3.org/2000/svg"
XLINK_SPACE = "http://www.w3.org/1999/xlink"
XML_SPACE = "http://www.w3.org/XML/1998/namespace"
DRAWING_SPACES = frozenset({"", SVG_SPACE, XLINK_SPACE, XML_SPACE})
#: As they are always written, whatever prefix the file used.
ElementTree.register_namespace("", SVG_SPACE)
ElementTree.register_namespace("xlink", XLINK_SPACE)
STRIPPERS = {PNG: bare_png, JPEG: bare_jpeg, "image/jpg": bare_jpeg}


class _Listening(ElementTree.TreeBuilder):
    """Builds the tree without comments and instructions, and remembers that there were some."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def comment(self, text: str | None) -> Element:
        """One comment went by."""
        self.heard.append("comments")
        return Element("comment", {"text": text or ""})

    def pi(self, target: str, text: str | None = None) -> Element:
        """One processing instruction went by."""
        self.heard.append("processing instructions")
        return Element(target, {"text": text or ""})


def bare_svg(content: bytes) -> Stripped:
    """The drawing alone; the same bytes if there is nothing else. Raises CannotStripError for broken XML."""
    bare, removed = strip_svg(decode(content).text or "")
    return Stripped(bare.encode("utf-8", "replace"), removed) if removed else Stripped(content)


def strip_svg(text: str) -> tuple[str, tuple[str, ...]]:
    """SVG text without what is not drawn, and what that was. Raises CannotStripError."""
    builder = _Listening()
    parser = DefusedXMLParser(target=builder)
    try:
        parser.feed(text.encode("utf-8"))
        root: Element = parser.close()
    except (DefusedXmlException, ParseError, ValueError, LookupError, RecursionError):
        raise CannotStripError from None
    removed = [*builder.heard]
    for element in root.iter():
        removed += _strip_children(element)
        removed += _strip_attributes(element)
    words = tuple(dict.fromkeys(removed))
    return (ElementTree.tostring(root, encoding="unicode"), words) if words else (text, ())


def _space_and_name(name: str) -> tuple[str, str]:
    space, _, local = name.rpartition("}")
    return space.removeprefix("{"), local


def _strip_children(parent: Element) -> list[str]:
    removed = []
    for child in list(parent):
        space, name = _space_and_name(str(child.tag))
        if space not in DRAWING_SPACES or name == "metadata":
            _lift_tail(parent, child)
            parent.remove(child)
            removed.append("metadata" if name == "metadata" else "notes of the drawing program")
    return removed


def _lift_tail(parent: Element, child: Element) -> None:
    """Text after an element that goes belongs to what stands before it."""
    index = list(parent).index(child)
    if index:
        parent[index - 1].tail = (parent[index - 1].tail or "") + (child.tail or "")
    else:
        parent.text = (parent.text or "") + (child.tail or "")


def _strip_attributes(element: Element) -> list[str]:
    removed = []
    for name in list(element.attrib):
        space, local = _space_and_name(name)
        if space not in DRAWING_SPACES:
            del element.attrib[name]
            removed.append("notes of the drawing program")
        elif local.startswith("data-"):
            del element.attrib[name]
            removed.append("data attributes")
        elif local == "href" and (words := _strip_picture(element, name)):
            removed += words
    return removed


def _strip_picture(element: Element, name: str) -> tuple[str, ...]:
    found = DATA_ADDRESS.fullmatch(element.attrib[name].strip())
    stripper = STRIPPERS.get((found[1] or "").lower()) if found else None
    if found is None or stripper is None or "base64" not in found[2].lower():
        return ()
    try:
        stripped = stripper(base64.b64decode(found[3]))
    except ValueError:
        raise CannotStripError from None
    if stripped.removed:
        element.attrib[name] = f"data:{found[1].lower()};base64,{base64.b64encode(stripped.content).decode()}"
    return stripped.removed
