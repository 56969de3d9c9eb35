"""What each part of an xlsx or docx package is for. Promise: a part that is not in these tables is a finding.

Source: ECMA-376 part 1, 12 and 11 (parts of SpreadsheetML and WordprocessingML packages), and the parts that current
versions of Excel, Word and LibreOffice write beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from egress.inspection import media_types as types
from egress.inspection.decoding import look_for_hidden_text
from egress.inspection.document import Passage, Seen, Sighting, Table, within
from egress.inspection.markup import IGNORED_IN_ADDRESS, SCRIPT_SCHEMES
from egress.inspection.office_package import Package
from egress.inspection.office_xml import held_by, local, parsed
from egress.inspection.pieces import Pieces, RawPart
from egress.inspection.places import safe_name

#: Parts that show nothing and hold nothing of the data, or that a release takes off (stripping.py).
SILENT = re.compile(
    r"\[Content_Types\]\.xml|docProps/thumbnail\.\w+|(?:xl|word)/(?:theme/theme\d*\.xml|charts/(?:style|colors)\d*\.xml"
    r"|printerSettings/.*|media/hdphoto\d*\.wdp)|xl/(?:styles|calcChain|metadata|sheetMetadata)\.xml"
    r"|xl/(?:persons|featurePropertyBag)/.*\.xml|xl/worksheets/binaryIndex.*"
    r"|word/(?:styles|stylesWithEffects|webSettings|fontTable|numbering|people|comments(?:Extended|Ids|Extensible))\.xml"
)
#: Parts whose words and descriptions are read.
WORDY: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"docProps/(?:core|app|custom)\.xml"), "document properties"),
    (re.compile(r"customXml/.*\.xml"), "custom XML"),
    (re.compile(r"(?:xl|word)/drawings/.*\.(?:xml|vml)"), "drawing"),
    (re.compile(r"(?:xl|word)/diagrams/.*\.xml"), "diagram"),
    (re.compile(r"xl/(?:tables/.*|slicers/.*|slicerCaches/.*|timelines/.*|richData/.*)\.xml"), "table names"),
)
CHART = re.compile(r"(?:xl|word)/charts/chart(?:Ex)?\d*\.xml")
PICTURE = re.compile(r"(?:xl|word)/media/.*\.(png|jpe?g|svg)", re.IGNORECASE)
RELATIONS = re.compile(r"(?:.*/)?_rels/[^/]*\.rels")
#: Parts that are findings as soon as they are there.
NOTED: tuple[tuple[re.Pattern[str], Seen], ...] = (
    (re.compile(r"xl/pivot(?:Cache|Tables)/.*\.xml"), Seen.PIVOT_CACHE),
    (re.compile(r"xl/(?:externalLinks/.*|connections\.xml|queryTables/.*)"), Seen.EXTERNAL_REFERENCE),
    (re.compile(r"(?:xl|word)/(?:activeX|ctrlProps|webextensions)/.*"), Seen.ACTIVE_ELEMENT),
    (re.compile(r"customUI/.*|xl/(?:macrosheets|dialogsheets)/.*"), Seen.ACTIVE_ELEMENT),
    (re.compile(r"xl/(?:model|revisions)/.*"), Seen.EMBEDDED_FILE),
    (re.compile(r"(?:xl|word)/(?:embeddings|media|fonts)/.*|word/afchunk.*"), Seen.EMBEDDED_FILE),
)
PICTURE_TYPES = {"png": types.PNG, "jpg": types.JPEG, "jpeg": types.JPEG, "svg": types.SVG}
DESCRIBING = frozenset({"descr", "title", "alt", "textRotation", "displayName"})
MOST_POINTS = 6_000


def read_other_part(package: Package, name: str) -> Pieces:
    """A part that is the same in workbooks and texts; an unknown one is a sighting. Raises PackageError."""
    if SILENT.fullmatch(name):
        return Pieces()
    if RELATIONS.fullmatch(name):
        return Pieces(sightings=tuple(_look_at_relations(package.read(name))))
    if CHART.fullmatch(name):
        return _read_chart(package.read(name), name)
    if found := PICTURE.fullmatch(name):
        return Pieces(parts=(RawPart("picture", PICTURE_TYPES[found[1].lower()], package.read(name)),))
    for pattern, where in WORDY:
        if pattern.fullmatch(name):
            return Pieces((Passage(where, words_of_part(package.read(name))),))
    kind = next((kind for pattern, kind in NOTED if pattern.fullmatch(name)), Seen.UNKNOWN_PART)
    return Pieces(sightings=(Sighting(kind, ""),))


def words_of_part(content: bytes) -> str:
    """Every text of a part and every description in it, one a line. Raises PackageError."""
    words: list[str] = []
    for element in parsed(content).iter():
        words += [text.strip() for text in (element.text, element.tail) if text and text.strip()]
        words += [value for name, value in held_by(element).items() if name in DESCRIBING and value]
    return "\n".join(words)


def look_for_invisible(passages: tuple[Passage, ...]) -> tuple[Sighting, ...]:
    """Encoded blocks and invisible characters in what was read."""
    return tuple(seen for passage in passages for seen in look_for_hidden_text(passage.text, passage.where))


def _look_at_relations(content: bytes) -> Iterator[Sighting]:
    """What a part points to outside of the package; a link waits for a click, all else is fetched."""
    for element in parsed(content).iter():
        held = held_by(element)
        if held.get("TargetMode", "").lower() != "external":
            continue
        target = IGNORED_IN_ADDRESS.sub("", held.get("Target", "")).lower()
        if target.startswith(SCRIPT_SCHEMES):
            yield Sighting(Seen.SCRIPT_ADDRESS, "")
        elif not held.get("Type", "").endswith("/hyperlink"):
            yield Sighting(Seen.EXTERNAL_REFERENCE, "")


def _read_chart(content: bytes, name: str) -> Pieces:
    """A chart holds the numbers that it draws: one table for each of its series."""
    root = parsed(content)
    number = "".join(filter(str.isdigit, name.rpartition("/")[2]))
    where = f"chart {number or '1'}"
    tables = []
    for index, series in enumerate((e for e in root.iter() if local(e.tag) in {"ser", "data"}), start=1):
        points = {local(child.tag): _points(child) for child in series}
        values = points.get("val") or points.get("yVal") or points.get("numDim") or {}
        labels = points.get("cat") or points.get("xVal") or points.get("strDim") or {}
        label = " ".join((points.get("tx") or {}).values())
        rows = tuple((labels.get(key, ""), values[key]) for key in list(values)[:MOST_POINTS])
        if rows:
            place = within(where, f"series {safe_name(label) or index}")
            tables.append(Table(place, ("", label), rows, len(values)))
    return Pieces((Passage(where, words_of_part(content)),), tuple(tables))


def _points(element: Element) -> dict[str, str]:
    """Cached points of a series' labels or values, by position."""
    found: dict[str, str] = {}
    for point in element.iter():
        if local(point.tag) == "pt":
            found[point.get("idx", str(len(found)))] = "".join(point.itertext()).strip()
    return found
