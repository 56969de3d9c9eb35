"""Reads an Excel workbook: every sheet as tables, shown or hidden, and every part of the package beside them.

Own reader on purpose (docs/decisions/office-files-by-profile.md): libraries read what they know and drop the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import join, normpath
from xml.etree.ElementTree import Element

from egress.inspection.delimited import tables_of_rows
from egress.inspection.document import Passage, Seen, Sighting, within
from egress.inspection.office_package import WORKBOOK, Package, PackageError
from egress.inspection.office_parts import look_for_invisible, read_other_part, words_of_part
from egress.inspection.office_xml import held_by, is_on, local, parsed
from egress.inspection.pieces import Pieces
from egress.inspection.places import safe_name
from egress.inspection.sheet_rows import SheetSeen, Workbook, dense_rows, read_sheet
from egress.inspection.sheet_styles import Styles, read_styles

STRINGS, STYLES, RELATIONS = "xl/sharedStrings.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels"
SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
CHART_SHEET = re.compile(r"xl/chartsheets/[^/]+\.xml")
COMMENTS = re.compile(r"xl/(?:comments\d*|comments/.*|threadedComments/.*)\.xml")
#: Names that Excel keeps itself, among them the hidden one of a filter.
OWN_NAMES = re.compile(r"_xlnm\.|_xlchart\.|_xleta\.|_xlpm\.", re.IGNORECASE)
REFERENCE = re.compile(r"[^!]*![$A-Z0-9:,' ]+", re.IGNORECASE)


@dataclass(frozen=True)
class SheetEntry:
    """One sheet of the workbook: its part, its name, and whether it is shown."""

    part: str
    name: str
    is_hidden: bool


def read_xlsx(content: bytes, where: str) -> Pieces:
    """Read a workbook. Whatever cannot be read is a sighting."""
    try:
        package = Package(content)
        return _read(package, where)
    except PackageError as problem:
        return Pieces(sightings=(Sighting(problem.kind, where),))


def _read(package: Package, where: str) -> Pieces:
    root = parsed(package.read(WORKBOOK))
    book = _shared(package, root)
    pieces = [_read_names(root), Pieces(sightings=tuple(package.look_for_gaps()))]
    used: set[int] = set()
    whole = True
    for entry in _entries(package, root):
        seen = read_sheet(package.read(entry.part), book)
        pieces.append(_pieces_of(seen, entry, within(where, f"sheet {safe_name(entry.name) or entry.part[14:-4]}")))
        used |= seen.used
        whole = whole and seen.total_rows == len(seen.rows)
    pieces.append(_unused(book, used, whole=whole))
    if book.styles.hides_by_rule:
        pieces.append(Pieces(sightings=(Sighting(Seen.HIDDEN_VALUE, within(where, "conditional formats")),)))
    pieces += [_read_beside(package, name) for name in package.names if not _is_read(name)]
    return joined(pieces)


def joined(pieces: list[Pieces]) -> Pieces:
    """All pieces of one file as one, with what is invisible in its words."""
    passages = tuple(passage for piece in pieces for passage in piece.passages)
    sightings = [sighting for piece in pieces for sighting in piece.sightings]
    return Pieces(
        passages,
        tuple(table for piece in pieces for table in piece.tables),
        tuple(part for piece in pieces for part in piece.parts),
        tuple(dict.fromkeys((*sightings, *look_for_invisible(passages)))),
    )


def _is_read(name: str) -> bool:
    return name in {WORKBOOK, STRINGS} or SHEET.fullmatch(name) is not None


def _read_beside(package: Package, name: str) -> Pieces:
    if COMMENTS.fullmatch(name):
        words = words_of_part(package.read(name))
        return Pieces((Passage("comments", words),), sightings=(Sighting(Seen.COMMENT, ""),))
    if CHART_SHEET.fullmatch(name):
        return Pieces((Passage("chart sheet", words_of_part(package.read(name))),))
    return read_other_part(package, name)


def _shared(package: Package, root: Element) -> Workbook:
    strings: tuple[str, ...] = ()
    if STRINGS in package:
        strings = tuple("".join(entry.itertext()) for entry in parsed(package.read(STRINGS)))
    styles = read_styles(package.read(STYLES)) if STYLES in package else Styles()
    properties = (held_by(element) for element in root.iter() if local(element.tag) == "workbookPr")
    return Workbook(strings, styles, any(is_on(held.get("date1904", "0")) for held in properties))


def _entries(package: Package, root: Element) -> Iterator[SheetEntry]:
    """Sheets in the order of the workbook, then those in the package that the workbook does not name."""
    targets = {}
    if RELATIONS in package:
        for relation in parsed(package.read(RELATIONS)).iter():
            held = held_by(relation)
            target = held.get("Target", "")
            targets[held.get("Id", "")] = normpath(target[1:] if target.startswith("/") else join("xl", target))
    left = [name for name in package.names if SHEET.fullmatch(name)]
    for sheet in (element for element in root.iter() if local(element.tag) == "sheet"):
        held = held_by(sheet)
        part = targets.get(held.get("id", ""), "")
        if part in left:
            left.remove(part)
            yield SheetEntry(part, held.get("name", ""), held.get("state", "visible") != "visible")
    for part in left:
        yield SheetEntry(part, "", is_hidden=True)


def _read_names(root: Element) -> Pieces:
    """Defined names hold values or formulas that no cell shows; sheet names are words too."""
    sightings, words = [], []
    for element in root.iter():
        held = held_by(element)
        if local(element.tag) == "sheet":
            words.append(held.get("name", ""))
        if local(element.tag) != "definedName":
            continue
        text = element.text or ""
        words += [held.get("name", ""), text]
        hidden = is_on(held.get("hidden", "0")) and not OWN_NAMES.match(held.get("name", ""))
        if hidden or not REFERENCE.fullmatch(text):
            sightings.append(Sighting(Seen.HIDDEN_NAME, ""))
    return Pieces((Passage("names", "\n".join(words)),), sightings=tuple(dict.fromkeys(sightings)))


def _pieces_of(seen: SheetSeen, entry: SheetEntry, where: str) -> Pieces:
    tables, passages = tables_of_rows(list(dense_rows(seen)), where, more_rows=seen.total_rows - len(seen.rows))
    sightings = [Sighting(kind, where, number) for kind, number in seen.counted.items() if number]
    if entry.is_hidden:
        sightings.append(Sighting(Seen.HIDDEN_SHEET, where))
    if seen.words:
        passages = (*passages, Passage(within(where, "formulas and notes"), "\n".join(seen.words)))
    return Pieces(passages, tables, sightings=tuple(sightings))


def _unused(book: Workbook, used: set[int], *, whole: bool) -> Pieces:
    """Texts that no cell shows any more: what was deleted can still be in the file."""
    unused = [text for index, text in enumerate(book.strings) if index not in used and text.strip()]
    if not unused or not whole:
        return Pieces()
    return Pieces((Passage("texts of no cell", "\n".join(unused)),), sightings=(Sighting(Seen.UNUSED_TEXT, ""),))
