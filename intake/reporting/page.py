"""Writes one report page: static HTML in the look of the gateway, without a script or a style of its own.

Promise: whatever text comes in is escaped; the page keeps the portal's content policy (no script, no inline style, a
style sheet of the same origin only), so it needs no exception of it. Opened as a file, the page takes its look from
`style.css` in the reports' folder. The page appears whole or not at all.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from html import escape
from pathlib import Path

from governance.clock import now
from governance.look import LOOK_FOLDER
from governance.refusal import Refusal
from intake.reporting.plots import draw_bars, draw_lines
from intake.reporting.sections import BarPlot, Cell, Section, Table, Text, people

STYLE = "style.css"
LONG = 8  # rows of a table beside a plot
FRAME = """<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} - SDE Gateway</title>
<link rel="stylesheet" href="../style.css">
<link rel="stylesheet" href="/services/portal/static/style.css">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<main id="main" class="frame" tabindex="-1">
<div class="page-head"><div><h1>{title}</h1>
<p class="lead">{when}. Counts only; below ten people: &lt;10.</p></div></div>
{body}
</main>
</body>
</html>
"""


def write_report(file: Path, title: str, sections: Sequence[Section]) -> None:
    """Write (or replace) `reports/<kind>/<name>.html`, 0600, with the style sheet beside the kinds.

    Raises Refusal `disk-full`.
    """
    body = "\n".join(_section(number, section) for number, section in enumerate(sections, 1))
    when = f"{now():%-d %B %Y, %H:%M} UTC"
    text = FRAME.format(title=escape(title), when=when, body=body)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _put(file, text.encode())
        _put(file.parent.parent / STYLE, (LOOK_FOLDER / STYLE).read_bytes())
    except OSError:
        raise Refusal("disk-full", "The report could not be written.", "Free some space and ask again.") from None


def _put(file: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=".building-", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _section(number: int, section: Section) -> str:
    heading = f'<h2 id="s{number}">{escape(section.heading)}</h2>'
    return f'<section aria-labelledby="s{number}">{heading}{_body(section)}</section>'


def _body(section: Section) -> str:
    if isinstance(section, Text):
        return f'<div class="box {escape(section.tone)}"><p>{escape(section.text)}</p></div>'
    if isinstance(section, Table):
        return _note(section.note) + _table(section.heading, section.columns, section.rows)
    show = _as_count if section.counts else _as_it_is
    if isinstance(section, BarPlot):
        bars = [(label, show(value)) for label, value in zip(section.labels, section.values, strict=True)]
        figures = _table(section.heading, ("", section.unit), bars)
        return _note(section.note) + _beside(draw_bars(section), figures, len(bars))
    lines = section.lines.values()
    points = [(point, *(show(line[place]) for line in lines)) for place, point in enumerate(section.points)]
    figures = _table(section.heading, ("", *section.lines), points)
    return _note(section.note) + _beside(draw_lines(section), figures, len(points))


def _beside(drawing: str, figures: str, rows: int) -> str:
    """A plot with its table: a long one is folded, and opens without a script."""
    if rows > LONG:
        figures = f"<details><summary>The same figures as a table</summary>{figures}</details>"
    return f"{drawing}{figures}"


def _as_count(value: float) -> Cell:
    return people(int(value))


def _as_it_is(value: float) -> Cell:
    return value


def _note(note: str) -> str:
    return f"<p>{escape(note)}</p>" if note else ""


def _table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    if not rows:
        return "<p>None.</p>"
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(
        f'<tr><th scope="row">{escape(_write(row[0]))}</th>{"".join(_cell(value) for value in row[1:])}</tr>'
        for row in rows
    )
    return (
        f'<div class="table-wrap" role="region" aria-label="{escape(caption)}" tabindex="0"><table>'
        f'<caption class="sr">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(value: Cell) -> str:
    kind = "" if isinstance(value, str) and not value.startswith("<") else ' class="number"'
    return f"<td{kind}>{escape(_write(value))}</td>"


def _write(value: Cell) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) or value == int(value) else f"{value:,.1f}"
