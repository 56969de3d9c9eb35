"""Reads an HTML page or fragment: its tables, its text, its embedded pictures and whatever in it could act."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from bs4 import BeautifulSoup, Comment, Tag
from bs4.exceptions import ParserRejectedMarkup

from egress.inspection.cells import clean
from egress.inspection.decoding import look_for_hidden_text
from egress.inspection.delimited import MOST_COLUMNS, Row, tables_of_rows
from egress.inspection.document import Passage, Seen, Sighting, Table, within
from egress.inspection.markup import look_at_element, look_at_style
from egress.inspection.pieces import Pieces, RawPart
from egress.inspection.text_tables import DTYPES
from egress.inspection.unseen import unseen_in_page

#: A parser and a browser may disagree about what is a comment or an attribute, so these words are refused anywhere.
RAW_DANGER = re.compile(
    r"<\s*/?\s*(?:[a-z]+:)?(script|iframe|object|embed|foreignobject)\b|(javascript|vbscript)\s*:", re.IGNORECASE
)
#: Geometry and looks, whose numbers mean nothing about people; addresses are looked at as such.
UNSEARCHED = frozenset(
    {"d", "points", "transform", "viewbox", "style", "class", "width", "height", "colspan", "rowspan", "src", "href"}
)


#: Rows or columns that one cell is believed to cover.
MOST_SPANNED = 50
MOST_UNSEEN = 20  # places named


def read_html(text: str, where: str) -> Pieces:
    """Read HTML. Never raises on markup, however broken."""
    try:
        soup = BeautifulSoup(text, "html.parser")
    except ParserRejectedMarkup:
        return Pieces((Passage(where, text),), sightings=(Sighting(Seen.DAMAGED, where),))
    sightings: list[Sighting] = [*_look_at_source(text, where), *look_for_hidden_text(text, where)]
    parts: list[RawPart] = []
    attributes: list[str] = []
    for element in soup.find_all(True):
        place = within(where, f"line {element.sourceline}" if not where else "")
        held = {name.rpartition(":")[2].lower(): _joined(value) for name, value in element.attrs.items()}
        attributes += [value for name, value in held.items() if name not in UNSEARCHED]
        noticed = [*look_at_element(element.name.rpartition(":")[2].lower(), held)]
        if element.name == "style":
            noticed += look_at_style(element.get_text())
        sightings += [Sighting(item.kind, place) for item in noticed if item.kind]
        parts += [RawPart(within(place, "picture"), *item.picture) for item in noticed if item.picture]
    for line in itertools.islice(unseen_in_page(soup), MOST_UNSEEN):
        sightings.append(Sighting(Seen.UNDRAWN_TEXT, within(where, f"line {line}" if line and not where else "")))
    tables = tuple(_tables(soup, where))
    return Pieces(tuple(_passages(soup, attributes, where)), tables, tuple(parts), tuple(dict.fromkeys(sightings)))


def _joined(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _look_at_source(text: str, where: str) -> Iterator[Sighting]:
    for found in RAW_DANGER.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        kind = Seen.SCRIPT_ADDRESS if found[2] else Seen.SCRIPT if found[1].lower() == "script" else Seen.ACTIVE_ELEMENT
        yield Sighting(kind, within(where, f"line {line}" if not where else ""))


def _tables(soup: BeautifulSoup, where: str) -> Iterator[Table]:
    found = list(soup.find_all("table"))
    for number, element in enumerate(found, start=1):
        rows = _rows(element)
        place = within(where, f"table {number}") if len(found) > 1 else where
        yield from tables_of_rows(rows, place)[0]


def _rows(table: Tag) -> list[Row]:
    """Rows as a browser lays them out: a cell over several rows is repeated in each, words over several columns too."""
    rows: list[Row] = []
    from_above: dict[int, tuple[str, int]] = {}
    for line in table.find_all("tr"):
        if line.find_parent("table") is not table:
            continue
        own = [cell for cell in line.find_all(["td", "th"]) if cell.find_parent("tr") is line]
        cells = _laid_out(own, from_above)
        if not (any(cells) and all(DTYPES.fullmatch(cell) for cell in cells if cell)):
            rows.append(tuple(cells))
    return rows


def _laid_out(own: list[Tag], from_above: dict[int, tuple[str, int]]) -> list[str]:
    """One row's cells, among those that reach down from above; `from_above` is brought up to date."""
    cells: list[str] = []
    waiting = list(reversed(own))
    while (waiting or len(cells) in from_above) and len(cells) < MOST_COLUMNS:
        column = len(cells)
        text, left = from_above.pop(column, ("", 0))
        if left:
            cells.append(text)
            if left > 1:
                from_above[column] = (text, left - 1)
            continue
        cell = waiting.pop()
        text = clean(re.sub(r"\s+", " ", cell.get_text(" ")))
        down, across = _span(cell, "rowspan"), _span(cell, "colspan")
        for place in range(column, column + across):
            shown = text if place == column or not any(map(str.isdigit, text)) else ""  # a number is counted once
            cells.append(shown)
            if down > 1:
                from_above[place] = (shown if not any(map(str.isdigit, text)) else "", down - 1)
    return cells


def _span(cell: Tag, name: str) -> int:
    text = str(cell.get(name, "1"))
    return max(1, min(int(text), MOST_SPANNED)) if text.isdecimal() and len(text) < 6 else 1


def _passages(soup: BeautifulSoup, attributes: list[str], where: str) -> Iterator[Passage]:
    comments = [str(text) for text in soup.find_all(string=lambda text: isinstance(text, Comment))]
    hidden = "\n".join([*attributes, *comments])
    for element in soup.find_all(["table", "style", "script"]):
        element.extract()
    yield Passage(where, soup.get_text("\n"))
    if hidden.strip():
        yield Passage(within(where, "attributes and comments"), hidden)
