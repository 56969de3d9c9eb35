"""Office files made by hand for tests: whole packages from a sheet's or a document's XML, and edits of real ones."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
LINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
TYPES = f'{HEAD}<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>'


def package(parts: Mapping[str, str | bytes]) -> bytes:
    """A zip of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def edited(content: bytes, parts: Mapping[str, str | bytes]) -> bytes:
    """A package with parts added or replaced."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        held: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    return package({**held, **parts})


def relations(*entries: tuple[str, str, str]) -> str:
    """A relations part of (kind, target, mode)."""
    modes = {"": "", "External": ' TargetMode="External"'}
    lines = [
        f'<Relationship Id="r{number}" Type="{LINK}/{kind}" Target="{target}"{modes[mode]}/>'
        for number, (kind, target, mode) in enumerate(entries, start=1)
    ]
    return f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{"".join(lines)}</Relationships>'


def sheet(rows: str, before: str = "", after: str = "") -> str:
    """A worksheet's XML around its rows."""
    return f'{HEAD}<worksheet xmlns="{MAIN}" xmlns:r="{LINK}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'


def row(number: int, *cells: str, more: str = "") -> str:
    """A row of inline texts and numbers; a cell that begins with "<" is taken as XML."""
    made = []
    for cell in cells:
        number_like = cell.replace(".", "", 1).isdecimal()
        text = f"<c><v>{cell}</v></c>" if number_like else f'<c t="inlineStr"><is><t>{cell}</t></is></c>'
        made.append(cell if cell.startswith("<") else text)
    return f'<row r="{number}" {more}>{"".join(made)}</row>'


def workbook(sheet_xml: str, *, state: str = "visible", names: str = "") -> bytes:
    """A workbook of one sheet named "Results"; `names` is the XML of its defined names."""
    book = (
        f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{LINK}"><sheets><sheet name="Results" sheetId="1" r:id="r1" '
        f'state="{state}"/></sheets>{names}</workbook>'
    )
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": relations(("officeDocument", "xl/workbook.xml", "")),
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": relations(("worksheet", "worksheets/sheet1.xml", "")),
        "xl/worksheets/sheet1.xml": sheet_xml,
    }
    return package(parts)


def word(body: str, parts: Mapping[str, str | bytes] | None = None) -> bytes:
    """A Word document around the XML of its body, with more parts."""
    document = f'{HEAD}<w:document xmlns:w="{WORD}" xmlns:r="{LINK}"><w:body>{body}</w:body></w:document>'
    held: dict[str, str | bytes] = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": relations(("officeDocument", "word/document.xml", "")),
        "word/document.xml": document,
    }
    return package({**held, **(parts or {})})


def story(name: str, inside: str) -> str:
    """The XML of a header, footer, notes, comments, styles or settings part."""
    return f'{HEAD}<w:{name} xmlns:w="{WORD}">{inside}</w:{name}>'


def paragraph(text: str, run: str = "", properties: str = "") -> str:
    """A paragraph of one run, with properties of each."""
    return f"<w:p>{properties}<w:r><w:rPr>{run}</w:rPr><w:t>{text}</w:t></w:r></w:p>"


def word_table(*rows: tuple[str, ...]) -> str:
    """A table of plain cells; a cell that begins with "<" is taken as the XML of a whole cell."""
    made = [
        f"<w:tr>{''.join(cell if cell.startswith('<') else f'<w:tc>{paragraph(cell)}</w:tc>' for cell in cells)}</w:tr>"
        for cells in rows
    ]
    return f"<w:tbl>{''.join(made)}</w:tbl>"
