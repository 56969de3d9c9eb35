"""Reads a Word document: its paragraphs and tables wherever they stand, and what in it is not shown.

Source: ECMA-376 part 1, 17 (WordprocessingML).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from egress.inspection.cells import clean
from egress.inspection.delimited import MOST_COLUMNS, Row, tables_of_rows
from egress.inspection.document import Passage, Seen, Sighting, Table, within
from egress.inspection.office_package import Package, PackageError
from egress.inspection.office_parts import read_other_part
from egress.inspection.office_xml import held_by, is_on, local, parsed
from egress.inspection.pieces import Pieces
from egress.inspection.spreadsheets import joined

STYLES, SETTINGS = "word/styles.xml", "word/settings.xml"
STORY = re.compile(r"word/(?:(document|header|footer|footnotes|endnotes|comments)\d*|glossary/(document))\.xml")
GLOSSARY_BESIDE = re.compile(
    r"word/glossary/(?:settings|styles|fontTable|webSettings|numbering|stylesWithEffects)\.xml"
)
CHANGES = frozenset({"ins", "del", "moveFrom", "moveTo", "cellIns", "cellDel", "cellMerge"})
PROPERTY_CHANGE = re.compile(r"\w+PrChange|numberingChange")
HIDING = frozenset({"vanish", "webHidden", "specVanish"})
WORDS = frozenset({"t", "delText", "instrText", "delInstrText"})
SMALLEST_LETTERS = 4  # half points
FIELD_ACTS = re.compile(r"\b(?:DDE|DDEAUTO|MACROBUTTON|HTMLACTIVEX)\b", re.IGNORECASE)
FIELD_FETCHES = re.compile(
    r"\b(?:INCLUDETEXT|INCLUDEPICTURE|INCLUDE|LINK|IMPORT|RD|DATABASE|MERGEFIELD)\b", re.IGNORECASE
)
OWN_COMMENTS = "comments"


@dataclass
class StorySeen:
    """What one story (the body, a header, the notes) holds, filled while it is read."""

    words: list[str] = field(default_factory=list)
    tables: list[Element] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    kinds: set[Seen] = field(default_factory=set)


def read_docx(content: bytes, where: str) -> Pieces:
    """Read a Word document. Whatever cannot be read is a sighting."""
    try:
        package = Package(content)
        hiding = _hiding_styles(package)
        pieces = [Pieces(sightings=tuple(package.look_for_gaps()))]
        for name in package.names:
            story = STORY.fullmatch(name)
            if story:
                pieces.append(_read_story(package.read(name), story[1] or "glossary", hiding))
            elif name == SETTINGS:
                pieces.append(_read_settings(package.read(name)))
            elif not GLOSSARY_BESIDE.fullmatch(name):
                pieces.append(read_other_part(package, name))
        return joined(pieces)
    except PackageError as problem:
        return Pieces(sightings=(Sighting(problem.kind, where),))


def _hiding_styles(package: Package) -> frozenset[str]:
    """Styles whose text is not shown."""
    if STYLES not in package:
        return frozenset()
    styles = (element for element in parsed(package.read(STYLES)) if local(element.tag) == "style")
    return frozenset(held_by(style).get("styleId", "") for style in styles if _is_hiding(style))


def _is_hiding(element: Element) -> bool:
    return any(local(child.tag) in HIDING and is_on(held_by(child).get("val")) for child in element.iter())


def _read_settings(content: bytes) -> Pieces:
    """Variables are words that no page shows; a mail merge reads records from outside."""
    kinds, words = set(), []
    for element in parsed(content).iter():
        name = local(element.tag)
        if name == "docVar":
            words.append(held_by(element).get("val", ""))
            kinds.add(Seen.HIDDEN_TEXT)
        elif name == "mailMerge":
            kinds.add(Seen.EXTERNAL_REFERENCE)
    passages = (Passage("document variables", "\n".join(words)),) if words else ()
    return Pieces(passages, sightings=tuple(Sighting(kind, "settings") for kind in sorted(kinds)))


def _read_story(content: bytes, name: str, hiding: frozenset[str]) -> Pieces:
    root = parsed(content)
    seen = StorySeen()
    _walk(root, seen, hiding, shaded=False, in_table=False)
    where = "" if name == "document" else name
    if name == OWN_COMMENTS and any(local(element.tag) == "comment" for element in root):
        seen.kinds.add(Seen.COMMENT)
    instructions = "".join(seen.fields)
    if FIELD_ACTS.search(instructions):
        seen.kinds.add(Seen.ACTIVE_ELEMENT)
    if FIELD_FETCHES.search(instructions):
        seen.kinds.add(Seen.EXTERNAL_REFERENCE)
    words = "".join(seen.words).strip()
    passages = (Passage(where, words),) if words else ()
    if instructions:
        passages = (*passages, Passage(within(where, "fields"), instructions))
    tables = tuple(_tables(seen.tables, where))
    return Pieces(passages, tables, sightings=tuple(Sighting(kind, where) for kind in sorted(seen.kinds)))


def _walk(element: Element, seen: StorySeen, hiding: frozenset[str], *, shaded: bool, in_table: bool) -> None:
    """Depth first; office_xml bounds the depth. Words of tables are read with the tables."""
    name = local(element.tag)
    _look_at(name, element, seen)
    shaded = shaded or _is_shaded(element)
    if name == "r":
        _look_at_run(element, seen, hiding, shaded=shaded)
    elif name in {"p", "tbl"} and _style_of(element) in hiding and _text_of(element).strip():
        seen.kinds.add(Seen.HIDDEN_TEXT)
    if name == "tbl":
        seen.tables.append(element)
        in_table = True
    for child in element:
        _walk(child, seen, hiding, shaded=shaded, in_table=in_table)
    if not in_table and name in {"t", "delText"}:
        seen.words.append(element.text or "")
    elif not in_table and name in {"p", "br", "cr", "tab"}:
        seen.words.append(" " if name == "tab" else "\n")


def _look_at(name: str, element: Element, seen: StorySeen) -> None:
    if name in CHANGES or PROPERTY_CHANGE.fullmatch(name):
        seen.kinds.add(Seen.TRACKED_CHANGE)
    elif name in {"altChunk", "subDoc", "object"}:
        seen.kinds.add(Seen.EMBEDDED_FILE)
    elif name == "control":
        seen.kinds.add(Seen.ACTIVE_ELEMENT)
    elif name in {"instrText", "delInstrText"}:
        seen.fields.append(element.text or "")
    elif name == "fldSimple":
        seen.fields.append(f" {held_by(element).get('instr', '')} ")


def _look_at_run(run: Element, seen: StorySeen, hiding: frozenset[str], *, shaded: bool) -> None:
    """Hidden, in white on white, or too small to be seen."""
    text = "".join(child.text or "" for child in run if local(child.tag) in WORDS)
    if not text.strip():
        return
    for properties in (child for child in run if local(child.tag) == "rPr"):
        held = {local(child.tag): held_by(child).get("val") for child in properties}
        vanishes = any(name in held and is_on(held[name]) for name in HIDING) or held.get("rStyle") in hiding
        lit = shaded or "shd" in held or held.get("highlight", "none") != "none"
        white = (held.get("color") or "").upper() == "FFFFFF" and not lit
        size = held.get("sz") or "22"
        if vanishes or white or (size.isdecimal() and int(size) <= SMALLEST_LETTERS):
            seen.kinds.add(Seen.HIDDEN_TEXT)


def _is_shaded(element: Element) -> bool:
    """True if a paragraph, cell or table has a ground of its own that is not white; a table's style may give one."""
    for properties in element:
        if local(properties.tag) in {"pPr", "tcPr", "tblPr"}:
            for child in properties:
                fill = held_by(child).get("fill", "auto").upper() if local(child.tag) == "shd" else "AUTO"
                if fill not in {"AUTO", "FFFFFF"} or local(child.tag) == "tblStyle":
                    return True
    return False


def _style_of(element: Element) -> str:
    for properties in element:
        for child in properties:
            if local(child.tag) in {"pStyle", "tblStyle"}:
                return held_by(child).get("val", "")
    return ""


def _text_of(element: Element) -> str:
    return "".join(child.text or "" for child in element.iter() if local(child.tag) in {"t", "delText"})


def _tables(elements: list[Element], where: str) -> Iterator[Table]:
    for number, element in enumerate(elements, start=1):
        place = within(where, f"table {number}") if len(elements) > 1 else where
        yield from tables_of_rows(list(_rows(element)), place)[0]


def _rows(table: Element) -> Iterator[Row]:
    """Rows of cells; a cell over several columns is repeated, one that goes on from above repeats its words."""
    above: dict[int, str] = {}
    for row in _inner(table, "tr"):
        cells: list[str] = []
        for cell in _inner(row, "tc"):
            held = {local(child.tag): held_by(child) for part in cell if local(part.tag) == "tcPr" for child in part}
            text = clean(" ".join(_text_of(part) for part in cell).strip())
            goes_on = "vMerge" in held and held["vMerge"].get("val", "continue") == "continue"
            text = above.get(len(cells), "") if goes_on and not text else text
            above[len(cells)] = text
            span = held.get("gridSpan", {}).get("val", "1")
            wide = min(int(span), 50) if span.isdecimal() and not any(map(str.isdigit, text)) else 1
            cells += [text] * max(1, wide)
        yield tuple(cells[:MOST_COLUMNS])


def _inner(element: Element, name: str) -> Iterator[Element]:
    """The table's own rows or cells, also inside content controls and changes; not those of a table inside it."""
    for child in element:
        if local(child.tag) == name:
            yield child
        elif local(child.tag) not in {"tbl", "p"}:
            yield from _inner(child, name)
