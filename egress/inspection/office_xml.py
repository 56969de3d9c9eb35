"""Parses the XML of office files: no document type, no entity; names without their namespace."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]  # it ships no types
from defusedxml.ElementTree import iterparse  # type: ignore[import-untyped]

from egress.inspection.document import Seen
from egress.inspection.office_package import PackageError

MOST_DEPTH = 200
BROKEN = (ParseError, ValueError, LookupError, RecursionError, TypeError)


def local(name: object) -> str:
    """An element's or attribute's name without its namespace."""
    return str(name).rpartition("}")[2]


def held_by(element: Element) -> Mapping[str, str]:
    """Attributes by local name."""
    return {local(name): value for name, value in element.attrib.items()}


def is_on(value: str | None) -> bool:
    """An on-off attribute: on unless it says otherwise (ECMA-376 part 1, 22.9.2.7)."""
    return (value or "1").lower() not in {"0", "false", "off"}


def parsed(content: bytes) -> Element:
    """The whole tree of one part. Raises PackageError for broken XML, for entities, and beyond MOST_DEPTH levels."""
    root: Element | None = None
    for _, element, _ in walked(content):
        root = element if root is None else root
    assert root is not None  # a part without an element is no XML
    return root


def walked(content: bytes) -> Iterator[tuple[str, Element, int]]:
    """Events ("start" or "end"), elements and depth as they come; the caller clears what it has used.

    Raises PackageError for broken XML, for entities, and beyond MOST_DEPTH levels.
    """
    depth = 0
    try:
        for event, element in iterparse(io.BytesIO(content), events=("start", "end"), forbid_dtd=True):
            depth += 1 if event == "start" else -1
            if depth > MOST_DEPTH:
                raise PackageError(Seen.TOO_DEEP)
            yield event, element, depth
    except DefusedXmlException:
        raise PackageError(Seen.ENTITY) from None
    except BROKEN:
        raise PackageError(Seen.DAMAGED) from None
