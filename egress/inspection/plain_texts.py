"""Reads plain text and markdown: tables in them, their words, and whatever html a markdown file carries."""

from __future__ import annotations

import re

import mistune

from egress.inspection.delimited import read_delimited, sniff_delimiter
from egress.inspection.document import Seen, Sighting, Table, within
from egress.inspection.html_pages import read_html
from egress.inspection.pieces import Pieces, RawPart
from egress.inspection.text_tables import LONGEST_LINE, read_text_tables

FEWEST_LINES = 3
#: Without its table plugin (pipes are read from the source), and letting through what another renderer might.
RENDER = mistune.create_markdown(renderer=mistune.HTMLRenderer(escape=False, allow_harmful_protocols=True))
AS_IN_TERMINALS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def read_plain_text(text: str, where: str) -> Pieces:
    """Text, which may hold aligned tables or be delimited data under another name."""
    plain = AS_IN_TERMINALS.sub("", text)
    tables, passages = read_text_tables(plain, where)
    if sniff_delimiter(plain) and plain.strip().count("\n") + 1 >= FEWEST_LINES:
        tables = (*tables, *_new(read_delimited(plain, where).tables, tables))
    too_long = any(len(line) > LONGEST_LINE for line in plain.splitlines())
    return Pieces(passages, tables, sightings=(Sighting(Seen.LONG_LINES, where),) if too_long else ())


def _new(found: tuple[Table, ...], known: tuple[Table, ...]) -> tuple[Table, ...]:
    """Leave out what was read as an aligned table already."""
    return () if any(table.width > 1 for table in known) else found


def read_markdown(text: str, where: str) -> Pieces:
    """Markdown: pipe tables, and its html as a browser would get it. Pictures of other files are not fetched."""
    page = read_html(str(RENDER(text)), within(where, "rendered"))
    inside = [Sighting(item.kind, within(where, "html in the text"), item.number) for item in page.sightings]
    tables, passages = read_text_tables(text, where)
    html_tables = tuple(Table(where, t.header, t.rows, t.total_rows) for t in page.tables) if "<table" in text else ()
    parts = tuple(RawPart(within(where, "embedded picture"), part.media_type, part.content) for part in page.parts)
    return Pieces(passages, tables + html_tables, parts, tuple(dict.fromkeys(inside)))
