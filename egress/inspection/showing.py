"""Builds the page on which a checker looks at one file. Runs in the locked child; every word of a file is escaped."""

from __future__ import annotations

import html
import io
from collections.abc import Callable

import mistune

from egress.inspection import media_types as types
from egress.inspection.cleaning import Pictures, clean_html
from egress.inspection.counts import HEADER_ROW, count_cells
from egress.inspection.decoding import decode
from egress.inspection.document import Document, Table
from egress.inspection.reading import read_as

SHOWN_ROWS = 1_000
SHOWN_TEXT = 400_000  # characters
#: Belt and braces beside the policy header of the service: the page is just as dead when saved and opened.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:1rem;color:#212b32;background:#fff}
table{border-collapse:collapse;margin:.5rem 0}th,td{border:1px solid #d8dde0;padding:.2rem .6rem;text-align:left}
th{background:#f0f4f5;position:sticky;top:0}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f7f9fa;padding:.6rem}
img{max-width:100%}summary{cursor:pointer;color:#005eb8}mark{background:#fff3b0;padding:0 .2rem}
mark.small{background:#f7c6c7}.note{color:#4c6272}.prompt{color:#4c6272;font-size:.8rem}
"""


def show(content: bytes, media_type: str, threshold: int, round_to: int) -> str:
    """A whole html page for one file of a known media type."""
    pictures = Pictures()
    if media_type in {types.CSV, types.TSV}:
        body = _show_tables(read_as(content, media_type), threshold, round_to) + _source(content)
    else:
        body = SHOWERS.get(media_type, _show_nothing)(content, pictures)
    return pictures.put_in(page(body))


def page(body: str) -> str:
    """The frame around a body that is already safe."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Preview</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><style>{STYLE}</style></head>'
        f"<body>{body}</body></html>"
    )


def _show_tables(document: Document, threshold: int, round_to: int) -> str:
    parts = [f"<p>{html.escape(passage.text[:SHOWN_TEXT])}</p>" for passage in document.passages]
    parts += [_show_table(table, threshold, round_to) for table in document.tables]
    return "".join(parts)


def _show_table(table: Table, threshold: int, round_to: int) -> str:
    marks = {
        (cell.row, cell.column): "small" if cell.value < threshold else "unrounded"
        for cell in count_cells(table)
        if cell.value and (cell.value < threshold or cell.value % round_to)
    }

    def shown(row: int, column: int, cell: str) -> str:
        mark = marks.get((row, column))
        text = html.escape(cell)
        return f'<mark class="{mark}" title="{mark} count">{text}</mark>' if mark else text

    head = "".join(f"<th>{shown(HEADER_ROW, i, cell)}</th>" for i, cell in enumerate(table.header))
    rows = "".join(
        f"<tr>{''.join(f'<td>{shown(number, i, cell)}</td>' for i, cell in enumerate(row))}</tr>"
        for number, row in enumerate(table.rows[:SHOWN_ROWS])
    )
    more = table.total_rows - SHOWN_ROWS
    note = f'<p class="note">{more:,} more rows are not shown.</p>' if more > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{note}"


def _source(content: bytes) -> str:
    return f"<details><summary>The file as text</summary><pre>{_escaped(content)}</pre></details>"


def _escaped(content: bytes) -> str:
    text = decode(content).text or ""
    cut = "\n[the rest is not shown]" if len(text) > SHOWN_TEXT else ""
    return html.escape(text[:SHOWN_TEXT] + cut)


def _show_text(content: bytes, pictures: Pictures) -> str:
    del pictures
    return f"<pre>{_escaped(content)}</pre>"


def _show_markdown(content: bytes, pictures: Pictures) -> str:
    rendered = str(mistune.html((decode(content).text or "")[:SHOWN_TEXT]))
    return clean_html(rendered, pictures) + _source(content)


def _show_html(content: bytes, pictures: Pictures) -> str:
    return clean_html(decode(content).text or "", pictures) + _source(content)


def _show_notebook(content: bytes, pictures: Pictures) -> str:
    from egress.inspection.notebook_page import render_notebook  # takes seconds to load, and only this type needs it

    return render_notebook(decode(content).text or "", pictures)


def _show_picture(content: bytes, pictures: Pictures) -> str:
    media_type = types.SVG if b"<" in content[:1] or b"svg" in content[:1024] else types.PNG
    token = pictures.add(content, media_type)
    source = _source(content) if media_type == types.SVG else ""
    return (f'<img src="{token}">' if token else _not_shown("The picture cannot be drawn.")) + source


def _show_pdf(content: bytes, pictures: Pictures) -> str:
    del pictures
    words = io.StringIO()
    for passage in read_as(content, types.PDF).passages:
        words.write(passage.text)
    note = _not_shown("A PDF is not drawn here. Below is what text could be read; download the file to read it whole.")
    return f"{note}<pre>{html.escape(words.getvalue()[:SHOWN_TEXT])}</pre>"


def _show_nothing(content: bytes, pictures: Pictures) -> str:
    del content, pictures
    return _not_shown("A file of this type is not shown.")


def _not_shown(why: str) -> str:
    return f'<p class="note">{html.escape(why)}</p>'


SHOWERS: dict[str, Callable[[bytes, Pictures], str]] = {
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
