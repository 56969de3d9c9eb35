"""Builds the page on which a checker looks at one file. Runs in the locked child; every word of a file is escaped."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mistune

from egress.inspection import media_types as types
from egress.inspection.cleaning import Pictures, clean_html
from egress.inspection.decoding import decode
from egress.inspection.document import Document, within
from egress.inspection.flagging import Flag, Flags
from egress.inspection.pdf_pictures import MOST_PAGES, draw_pages
from egress.inspection.reading import read_as, read_whole
from egress.inspection.table_page import show_tables, tag

SHOWN_TEXT = 400_000  # characters
#: Belt and braces beside the policy header of the service: the page is just as dead when saved and opened.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
PICTURE = re.compile(r'<img src="(picture-\d+)">')
STYLE = (Path(__file__).parent / "preview.css").read_text()


@dataclass(frozen=True)
class Sheet:
    """What one file is shown with: its bytes and type, the numbers that mark counts, the findings, the pictures."""

    content: bytes
    media_type: str
    threshold: int
    round_to: int
    flags: Flags
    pictures: Pictures

    def tables(self, document: Document) -> str:
        """The tables of a document, with findings and counts marked."""
        return show_tables(document.tables, self.flags, self.threshold, self.round_to)

    def flagged_tables(self, document: Document, where: str) -> str:
        """As the checks read them: the tables at or inside that place which have a finding on a cell."""
        parts = [part for part in document.walk() if part.where == where or part.where.startswith(f"{where}, ")]
        tables = [table for part in parts for table in part.tables if self.flags.in_table(table)]
        if not tables:
            return ""
        shown = show_tables(tables, self.flags, self.threshold, self.round_to)
        return f'<div class="reread"><p class="note">As the checks read it:</p>{shown}</div>'


def show(content: bytes, media_type: str, threshold: int, round_to: int, flags: tuple[Flag, ...] = ()) -> str:
    """A whole html page for one file of a known media type."""
    sheet = Sheet(content, media_type, threshold, round_to, Flags(flags), Pictures())
    body = SHOWERS.get(media_type, _show_by_reading)(sheet)
    elsewhere = "".join(_name_place(sheet.flags, flag) for flag in sheet.flags.left())
    named = PICTURE.sub(r'<img src="\1" alt="A picture of the file">', elsewhere + body)
    return sheet.pictures.put_in(page(named))


def _name_place(flags: Flags, flag: Flag) -> str:
    """For a finding whose place cannot be pointed at, so that a link to it arrives all the same."""
    where = html.escape(flag.where) or "the whole file"
    return f'<p class="flagged {flag.severity.lower()}">{tag(flags, flag)} is about: {where}</p>'


def page(body: str) -> str:
    """The frame around a body that is already safe."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<title>Preview</title>"
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><style>{STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>"
    )


def _show_sheet(sheet: Sheet) -> str:
    document = read_as(sheet.content, sheet.media_type)
    return _passages(document) + sheet.tables(document) + _source(sheet, folded=bool(document.tables))


def _passages(document: Document) -> str:
    """Running text, each piece under the name of its place in the file, if it has one."""
    return "".join(
        f'<p class="text">{_named(passage.where)}{html.escape(passage.text[:SHOWN_TEXT])}</p>'
        for passage in document.passages
    )


def _named(where: str) -> str:
    return f'<span class="note">{html.escape(where)}:</span><br>' if where else ""


def _source(sheet: Sheet, *, folded: bool = True) -> str:
    lines = _lines(sheet)
    state = "" if folded and 'class="tag' not in lines else " open"  # a place in a closed fold cannot be seen
    return f"<details{state}><summary>The file as text</summary><pre>{lines}</pre></details>"


def _lines(sheet: Sheet) -> str:
    """The file as escaped text, with findings beside their lines."""
    text = decode(sheet.content).text or ""
    cut = "\n[the rest is not shown]" if len(text) > SHOWN_TEXT else ""
    flagged = sheet.flags.in_lines()
    if not flagged:
        return html.escape(text[:SHOWN_TEXT] + cut)
    lines = []
    for number, line in enumerate((text[:SHOWN_TEXT] + cut).split("\n"), start=1):
        tags = "".join(f" {tag(sheet.flags, flag)}" for flag in flagged.get(number, ()))
        shown = html.escape(line)
        lines.append(f'<span class="flagged">{shown}{tags}</span>' if tags else shown)
    return "\n".join(lines)


def _show_text(sheet: Sheet) -> str:
    text = f"<pre>{_lines(sheet)}</pre>"
    return _reread(sheet) + text


def _reread(sheet: Sheet) -> str:
    """Tables that the checks found in a text, if something was found on one of their cells."""
    document = read_as(sheet.content, sheet.media_type)
    tables = [table for table in document.tables if sheet.flags.in_table(table)]
    if not tables:
        return ""
    return '<p class="note">As the checks read it:</p>' + show_tables(
        tables, sheet.flags, sheet.threshold, sheet.round_to
    )


def _show_markdown(sheet: Sheet) -> str:
    rendered = str(mistune.html((decode(sheet.content).text or "")[:SHOWN_TEXT]))
    return _reread(sheet) + clean_html(rendered, sheet.pictures) + _source(sheet)


def _show_html(sheet: Sheet) -> str:
    return _reread(sheet) + clean_html(decode(sheet.content).text or "", sheet.pictures) + _source(sheet)


def _show_notebook(sheet: Sheet) -> str:
    from egress.inspection.notebook_page import render_notebook  # takes seconds to load, and only this type needs it

    document = read_whole(sheet.content, sheet.media_type)

    def mark(number: int) -> str:
        where = within("", f"cell {number}")
        tables = sheet.flagged_tables(document, where)
        at_cell = [flag for flag in sheet.flags.below(where) if flag in sheet.flags.left()]
        return "".join(f" {tag(sheet.flags, flag)}" for flag in at_cell) + "</p>" + tables

    return render_notebook(decode(sheet.content).text or "", sheet.pictures, mark)


def _show_picture(sheet: Sheet) -> str:
    start = sheet.content[:1024]
    media_type = types.SVG if start[:1] == b"<" or b"svg" in start else types.PNG
    token = sheet.pictures.add(sheet.content, media_type)
    source = _source(sheet) if media_type == types.SVG else ""
    picture = f'<img src="{token}" alt="The picture itself; it has no text that could be read out.">'
    return (picture if token else _not_shown("The picture cannot be drawn.")) + source


def _show_pdf(sheet: Sheet) -> str:
    document = read_as(sheet.content, types.PDF)
    pages = _draw_pdf(sheet)
    tables = sheet.tables(document)
    words = "\n".join(passage.text for passage in document.passages)
    text = f"<h2>Text that could be read</h2><pre>{html.escape(words[:SHOWN_TEXT])}</pre>"
    return pages + (f"<h2>Tables that could be read</h2>{tables}" if tables else "") + text


def _draw_pdf(sheet: Sheet) -> str:
    parts: list[str] = []
    try:
        for number, picture in enumerate(draw_pages(sheet.content), start=1):
            tags = "".join(f" {tag(sheet.flags, flag)}" for flag in sheet.flags.below(f"page {number}"))
            token = sheet.pictures.add(picture, types.PNG)
            drawn = f'<img src="{token}" alt="Picture of page {number}; its text is below.">'
            parts.append(f"<h2>Page {number}{tags}</h2>{drawn}")
    except Exception:  # a library's own errors; the pages so far are shown
        parts.append(_not_shown("The pages, or the rest of them, cannot be drawn; below is what text could be read."))
    if len(parts) >= MOST_PAGES:
        parts.append(_not_shown(f"Only the first {MOST_PAGES} pages are drawn."))
    return "".join(parts)


def _show_by_reading(sheet: Sheet) -> str:
    """Any other type that the checks can read (spreadsheets, documents): its tables and texts."""
    if sheet.media_type not in types.ALLOWED_TYPES:
        return _not_shown("A file of this type is not shown.")
    document = read_whole(sheet.content, sheet.media_type)
    parts = []
    for part in document.walk():
        if part.media_type in {types.PNG, types.JPEG} and (token := sheet.pictures.add(part.content, part.media_type)):
            parts.append(f'<img src="{token}" alt="A picture in the file: {html.escape(part.where)}">')
        parts += [sheet.tables(part), _passages(part)]
    return "".join(parts)


def _not_shown(why: str) -> str:
    return f'<p class="note">{html.escape(why)}</p>'


SHOWERS: dict[str, Callable[[Sheet], str]] = {
    types.CSV: _show_sheet,
    types.TSV: _show_sheet,
    types.PLAIN: _show_text,
    types.JSON: _show_text,
    types.MARKDOWN: _show_markdown,
    types.HTML: _show_html,
    types.NOTEBOOK: _show_notebook,
    types.PNG: _show_picture,
    types.JPEG: _show_picture,
    types.SVG: _show_picture,
    types.PDF: _show_pdf,
}
