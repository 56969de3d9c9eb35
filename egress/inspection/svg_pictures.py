"""Reads an SVG picture with an XML parser that refuses entities: its words, its marks and whatever could act."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]  # it ships no types
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

from egress.inspection.decoding import look_for_hidden_text
from egress.inspection.document import Passage, Seen, Sighting, within
from egress.inspection.html_pages import RAW_DANGER
from egress.inspection.markup import look_at_element, look_at_style
from egress.inspection.pieces import Pieces, RawPart
from egress.inspection.unseen import is_undrawn_in_svg

DRAWING = re.compile(
    r"\s(?:d|points|transform|style|viewBox|x|y|cx|cy|r|width|height|gradientTransform)\s*=\s*(?:\"[^\"]*\"|'[^']*')"
)
PICTURE_DATA = re.compile(r"data:image/[\w+]+;base64,[^\"']*")
STYLESHEET = re.compile(r"<\?xml-stylesheet\b", re.IGNORECASE)


def read_svg(text: str, where: str) -> Pieces:
    """Read SVG text. Broken or entity-bearing XML becomes a sighting."""
    try:
        root = fromstring(text.encode("utf-8"))
    except DefusedXmlException:
        return Pieces((Passage(where, text),), sightings=(Sighting(Seen.ENTITY, where),))
    except (ParseError, ValueError, LookupError, RecursionError):
        return Pieces((Passage(where, text),), sightings=(Sighting(Seen.DAMAGED, where),))
    sightings: list[Sighting] = look_for_hidden_text(text, where)
    if STYLESHEET.search(text):
        sightings.append(Sighting(Seen.EXTERNAL_REFERENCE, where))
    if RAW_DANGER.search(text):
        sightings.append(Sighting(Seen.SCRIPT, where))
    parts: list[RawPart] = []
    marks = 0
    for element in root.iter():
        marks += _is_mark(element)
        tag, held = _local(element.tag), {_local(name): value for name, value in element.attrib.items()}
        noticed = [*look_at_element(tag, held), *(look_at_style(element.text or "") if tag == "style" else ())]
        sightings += [Sighting(item.kind, within(where, f"<{tag[:20]}>")) for item in noticed if item.kind]
        parts += [RawPart(within(where, "embedded picture"), *item.picture) for item in noticed if item.picture]
    if _holds_undrawn_words(root):
        sightings.append(Sighting(Seen.UNDRAWN_TEXT, where))
    if marks:
        sightings.append(Sighting(Seen.MANY_MARKS, where, marks))
    words = "\n".join("".join(element.itertext()) for element in root.iter() if _local(element.tag) == "text")
    source = PICTURE_DATA.sub("", DRAWING.sub("", text))
    return Pieces((Passage(where, words), Passage(where, source)), (), tuple(parts), tuple(dict.fromkeys(sightings)))


def _holds_undrawn_words(root: Element) -> bool:
    """True if a text stands in something that is not drawn, or among the definitions."""
    waiting = [(root, False)]
    while waiting:
        element, undrawn = waiting.pop()
        held = {_local(name): value for name, value in element.attrib.items()}
        undrawn = undrawn or _local(element.tag) in {"defs", "symbol"} or is_undrawn_in_svg(held)
        if undrawn and _local(element.tag) == "text" and "".join(element.itertext()).strip():
            return True
        waiting += [(child, undrawn) for child in element]
    return False


def _local(name: object) -> str:
    return str(name).rpartition("}")[2].lower()


def _is_mark(element: Element) -> bool:
    """One drawn point: a circle, or a stamp at x and y. A glyph of text is stamped too, but without a y."""
    tag = _local(element.tag)
    return tag in {"circle", "ellipse"} or (tag == "use" and "x" in element.attrib and "y" in element.attrib)
