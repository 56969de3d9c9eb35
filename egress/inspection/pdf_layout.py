"""Reads the pages of a PDF as they are laid out: their text, their tables, their notes, and letters nobody can see.

Library: pdfplumber over pdfminer.six, loaded only in a child that was started for a PDF. It raises whatever a broken
file provokes, so anything it raises means that the file could not be read.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect

from egress.inspection.cells import clean
from egress.inspection.delimited import tables_of_rows
from egress.inspection.document import Passage, Seen, Sighting, Table, within
from egress.inspection.pieces import Pieces
from egress.inspection.text_tables import read_text_tables

MOST_PAGES = 300
MOST_LETTERS = 60_000  # of a page; beyond it is no page of text
MOST_EDGES = 2_000  # lines and boxes beyond which a page is a figure, not a table
SMALLEST_LETTERS = 1.5  # points
MARGIN = 72  # points: a label cut off at the edge of a figure is seen to be cut off; one further out is not
WHITES = frozenset({(1,), (1, 1, 1), (0, 0, 0, 0)})
LONE_BLANK = re.compile(r"(?<=\S)[ ]*\n[ ]*\n(?=[ ]*\S)")  # wide spacing between two lines of one table
LONGEST_PROPERTY = 2_000


def read_layout(content: bytes, where: str) -> Pieces:
    """Text and tables page by page. Whatever cannot be read is a sighting."""
    pieces: list[Pieces] = []
    try:
        with pdfplumber.open(io.BytesIO(content)) as document:
            pieces.append(_properties(document.metadata, where))
            if len(document.pages) > MOST_PAGES:
                return Pieces(sightings=(Sighting(Seen.TOO_MANY_PARTS, where),))
            for number, page in enumerate(document.pages, start=1):
                pieces.append(_read_page(page, within(where, f"page {number}")))
                page.close()  # it keeps every letter otherwise
    except MemoryError:
        raise
    except Exception as error:  # pdfminer lets anything through
        broken = PDFPasswordIncorrect in {type(error), *map(type, error.args)}
        pieces.append(Pieces(sightings=(Sighting(Seen.ENCRYPTED if broken else Seen.DAMAGED, where),)))
    return Pieces(
        tuple(passage for piece in pieces for passage in piece.passages),
        tuple(table for piece in pieces for table in piece.tables),
        sightings=tuple(dict.fromkeys(sighting for piece in pieces for sighting in piece.sightings)),
    )


def _properties(metadata: Mapping[str, Any], where: str) -> Pieces:
    words = "\n".join(str(value)[:LONGEST_PROPERTY] for value in metadata.values())
    return Pieces((Passage(within(where, "document properties"), words),) if words else ())


def _read_page(page: Any, where: str) -> Pieces:
    """One page; text that stands in no ruled table is searched for aligned columns."""
    letters = page.chars
    if len(letters) > MOST_LETTERS:
        return Pieces(sightings=(Sighting(Seen.LONG_LINES, where),))
    sightings = [Sighting(Seen.HIDDEN_TEXT, where)] if _holds_unseen(page, letters) else []
    text = page.extract_text() or ""
    tables: list[Table] = []
    if len(page.edges) <= MOST_EDGES:
        for rows in page.extract_tables():
            tables += tables_of_rows(
                [tuple(clean(" ".join((cell or "").split())) for cell in row) for row in rows], where
            )[0]
    if not tables:
        tables += read_text_tables(LONE_BLANK.sub("\n", page.extract_text(layout=True) or ""), where)[0]
    notes = "\n".join(_notes(page.annots))
    passages = [Passage(within(where, "notes"), notes)] if notes else []
    return Pieces((Passage(where, text), *passages), tuple(tables), sightings=tuple(sightings))


def _notes(annotations: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for annotation in annotations:
        yield from (str(annotation[name]) for name in ("title", "contents") if annotation.get(name))


def _holds_unseen(page: Any, letters: Sequence[Mapping[str, Any]]) -> bool:
    """True for letters far outside of the page, too small to read, or in white on nothing."""
    grounds: list[Mapping[str, Any]] | None = None
    for letter in letters:
        if not str(letter["text"]).strip():
            continue
        middle, height = (letter["x0"] + letter["x1"]) / 2, (letter["top"] + letter["bottom"]) / 2
        beside = max(-middle, middle - page.width, -height, height - page.height)
        if beside > MARGIN or letter["size"] < SMALLEST_LETTERS:
            return True
        if _is_white(letter.get("non_stroking_color")):
            grounds = _grounds(page) if grounds is None else grounds
            if not any(_covers(ground, middle, height) for ground in grounds):
                return True
    return False


def _is_white(colour: object) -> bool:
    """Letters have a tuple of shares, shapes may have one number."""
    return (colour if isinstance(colour, tuple) else (colour,)) in WHITES


def _grounds(page: Any) -> list[Mapping[str, Any]]:
    """What white letters can be read on: boxes and shapes filled with another colour, and pictures."""
    filled = [shape for shape in (*page.rects, *page.curves) if shape.get("fill")]
    return [*page.images, *(shape for shape in filled if not _is_white(shape.get("non_stroking_color")))]


def _covers(ground: Mapping[str, Any], x: float, y: float) -> bool:
    return bool(ground["x0"] <= x <= ground["x1"] and ground["top"] <= y <= ground["bottom"])
