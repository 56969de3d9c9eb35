"""Parses the XML of office files: no document type, no entity; names without their namespace."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NoReturn
from xml.etree.ElementTree import Element, ParseError, iterparse
from xml.parsers import expat

from egress.inspection.document import Seen
from egress.inspection.office_package import PackageError

MOST_DEPTH = 200
BROKEN = (ParseError, expat.ExpatError, ValueError, LookupError, RecursionError, TypeError)


class _RootBegunError(Exception):
    """The prolog is over, and no document type was in it."""


@lru_cache(maxsize=1_000)
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
        _forbid_doctype(content)
        for event, element in iterparse(io.BytesIO(content), events=("start", "end")):  # noqa: S314
            depth += 1 if event == "start" else -1
            if depth > MOST_DEPTH:
                raise PackageError(Seen.TOO_DEEP)
            yield event, element, depth
    except BROKEN:
        raise PackageError(Seen.DAMAGED) from None


def _forbid_doctype(content: bytes) -> None:
    """Raise PackageError for a document type, without which there are no entities. It can only stand in the prolog.

    As defusedxml does with forbid_dtd, whose parser is many times slower on large sheets.
    """

    def refuse(*_: object) -> NoReturn:
        raise PackageError(Seen.ENTITY)

    def stop(*_: object) -> NoReturn:
        raise _RootBegunError

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler, parser.StartElementHandler = refuse, stop
    try:
        parser.Parse(content, True)
    except _RootBegunError:
        return
