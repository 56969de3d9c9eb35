"""Writes an xlsx or docx anew without properties, thumbnails, custom XML, printer settings, authors and revision marks.

The parts that are shown are copied byte for byte; those that name a person are edited as XML with their prefixes kept,
since the programs that open them look prefixes up by name. Dates and order in the zip archive are always the same.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from posixpath import join, normpath
from typing import Any
from xml.parsers.expat import ExpatError

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]  # it ships no types
from defusedxml.minidom import parseString  # type: ignore[import-untyped]

from egress.inspection.bare_pictures import bare_jpeg, bare_png
from egress.inspection.office_package import CONTENT_TYPES, Package, PackageError
from egress.inspection.stripped import CannotStripError, Stripped

#: Parts that go, with what each is called.
DROPPED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"docProps/thumbnail\..*"), "thumbnail"),
    (re.compile(r"docProps/.*"), "document properties"),
    (re.compile(r"customXml/.*"), "custom XML"),
    (re.compile(r"(?:xl|word)/printerSettings/.*"), "printer settings"),
)
RELATIONS = re.compile(r"(?P<folder>(?:.*/)?)_rels/(?P<name>[^/]*)\.rels")
SHEET = re.compile(r"xl/(?:worksheets|chartsheets)/[^/]+\.xml")
PRINTER_OF_SHEET = re.compile(rb"(<(?:\w+:)?pageSetup\b[^>]*?)\s+\w+:id=(?:\"[^\"]*\"|'[^']*')")
PERSONAL = re.compile(
    r"word/[^/]+\.xml|word/glossary/[^/]+\.xml|xl/(?:comments.*|threadedComments/.*|persons/.*)\.xml|xl/workbook\.xml"
)
PICTURE = re.compile(r"(?:xl|word)/media/.*\.(png|jpe?g)", re.IGNORECASE)
NOBODY = "Author"
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the first that the format can write
Element = Any  # of minidom, which ships no types


def bare_office(content: bytes) -> Stripped:
    """The package without what names a person, a place or a machine. Raises CannotStripError if it is broken."""
    try:
        package = Package(content)
        parts = {name: package.read(name) for name in package.names}
        return _strip(parts)
    except (PackageError, DefusedXmlException, ExpatError, ValueError, LookupError, RecursionError):
        raise CannotStripError from None


def _strip(parts: dict[str, bytes]) -> Stripped:
    removed: list[str] = []
    gone = set()
    for name in parts:
        words = next((words for pattern, words in DROPPED if pattern.fullmatch(name)), "")
        if words:
            gone.add(name)
            removed.append(words)
    kept = {name: content for name, content in parts.items() if name not in gone}
    for name, content in kept.items():
        kept[name], words = _edited(name, content, gone)
        removed += [words] if words else []
    return Stripped(_zipped(kept), tuple(dict.fromkeys(removed)))


def _edited(name: str, content: bytes, gone: set[str]) -> tuple[bytes, str]:
    """A part that stays, with what was taken off it."""
    if name == CONTENT_TYPES:
        return _as_xml(content, lambda root: _drop_types(root, gone)), ""
    if found := RELATIONS.fullmatch(name):
        return _as_xml(content, lambda root: _drop_relations(root, found["folder"], gone)), ""
    if SHEET.fullmatch(name):
        return PRINTER_OF_SHEET.sub(rb"\1", content), ""
    if drawn := PICTURE.fullmatch(name):
        picture = (bare_png if drawn[1].lower() == "png" else bare_jpeg)(content)
        return (picture.content, picture.removed[0]) if picture.removed else (content, "")
    if PERSONAL.fullmatch(name):
        edited = _as_xml(content, _drop_persons)
        return edited, "authors and revision marks" if edited != content else ""
    return content, ""


def _as_xml(content: bytes, edit: Callable[[Element], bool]) -> bytes:
    """The part after `edit`, which says whether it changed anything; else the very same bytes."""
    document = parseString(content, forbid_dtd=True)
    changed = edit(document.documentElement)
    return bytes(document.toxml(encoding="UTF-8")) if changed else content


def _drop_types(root: Element, gone: set[str]) -> bool:
    entries = [entry for entry in _elements(root) if entry.getAttribute("PartName").lstrip("/") in gone]
    for entry in entries:
        root.removeChild(entry)
    return bool(entries)


def _drop_relations(root: Element, folder: str, gone: set[str]) -> bool:
    entries = []
    for entry in _elements(root):
        target = entry.getAttribute("Target")
        part = normpath(target if target.startswith("/") else join("/", folder, target)).lstrip("/")
        if part in gone:
            entries.append(entry)
    for entry in entries:
        root.removeChild(entry)
    return bool(entries)


def _drop_persons(root: Element) -> bool:
    """Names, initials, dates, revision numbers and the folder where the file lay."""
    changed = False
    for element in list(_all(root)):
        name = element.localName or element.tagName
        if name in {"rsids", "absPath", "fileSharing"} and element.parentNode is not None:
            element.parentNode.removeChild(element)
            changed = True
        elif name == "author" and element.firstChild is not None and element.firstChild.data != NOBODY:
            element.firstChild.data = NOBODY
            changed = True
        changed = _drop_personal_attributes(element, name) or changed
    return changed


def _drop_personal_attributes(element: Element, name: str) -> bool:
    changed = False
    for attribute in list(element.attributes.values()):
        local = attribute.localName or attribute.name
        replaced = local == "author" or (name == "person" and local in {"displayName", "userId"})
        if replaced and attribute.value != NOBODY:
            attribute.value = NOBODY
            changed = True
        elif local.startswith("rsid") or (local in {"initials", "date", "dateUtc"} and _is_dated(name)):
            element.removeAttributeNode(attribute)
            changed = True
    return changed


def _is_dated(name: str) -> bool:
    """A comment or tracked change; other elements may have a date that is shown."""
    return name in {"comment", "ins", "del", "moveFrom", "moveTo"} or name.endswith("Change")


def _elements(parent: Element) -> list[Element]:
    return [child for child in parent.childNodes if child.nodeType == child.ELEMENT_NODE]


def _all(root: Element) -> Iterator[Element]:
    """Every element, without recursion."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        yield element
        waiting += _elements(element)


def _zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(parts, key=lambda name: (name != CONTENT_TYPES, name)):
            member = zipfile.ZipInfo(name, FIRST_DAY)
            member.compress_type, member.create_system, member.external_attr = zipfile.ZIP_DEFLATED, 0, 0
            archive.writestr(member, parts[name])
    return out.getvalue()
