"""Draws a report's plots as SVG that stands in the page itself: bars, and lines over months.

Promise: no style, script, address, date or identifier is in it, so the portal's content policy lets it be seen and no
two plots of a page meet; the same figures give the same drawing. It is written straight out, because a plotting library
takes longer for a page than the engine takes for a hundred thousand rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from intake.reporting.sections import BarPlot, LinePlot, drawn

MOST_BARS, MOST_POINTS_NAMED, LONGEST_LABEL = 40, 10, 40
WIDTH, PITCH, MARGIN = 690, 24, 12  # pixels; PITCH: from one bar, or one name of a line, to the next
LETTER, SIZE = 7.8, 11  # pixels: how wide a capital letter of this size is, nearly
LINES_HEIGHT, FOOT = 240, 44  # FOOT: room below for the axis and its title
INK = "#5b6b72"  # readable on the light and on the dark ground alike
COLOURS = ("#2f7f93", "#b5651d", "#6a51a3", "#3f8f4f", "#a23b5a", "#8a7a1f", "#4d6fa8")
#: Disc, square, triangle, diamond, triangle on its head, plus, cross: paths from a point of the line.
MARKS = (
    "m-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0z",
    "m-2.5-2.5h5v5h-5z",
    "m0-3l3 5h-6z",
    "m0-3l3 3l-3 3l-3-3z",
    "m0 3l3-5h-6z",
    "m-3 0h6m-3-3v6",
    "m-2.5-2.5l5 5m0-5l-5 5",
)


def draw_bars(plot: BarPlot) -> str:
    """An inline SVG with a text for screen readers; the table beside it has the figures."""
    if not plot.values:
        return ""
    labels, values = plot.labels[:MOST_BARS], _shown(plot, plot.values[:MOST_BARS])
    left, bottom = _room(labels), MARGIN + PITCH * len(labels)
    marks = _ticks(max(values))
    scale = (WIDTH - left - 3 * MARGIN) / marks[-1]
    parts = []
    for place, (label, value) in enumerate(zip(labels, values, strict=True)):
        top = MARGIN + PITCH * place
        parts.append(_text(left - 6, top + PITCH / 2 + 4, label, "end"))
        parts.append(
            f'<rect x="{left}" y="{top + 3}" width="{value * scale:.1f}" height="{PITCH - 6}" fill="{COLOURS[0]}"/>'
        )
    for mark in marks:
        parts.append(_line(left + mark * scale, bottom, left + mark * scale, bottom + 4))
        parts.append(_text(left + mark * scale, bottom + 17, f"{mark:,g}", "middle"))
    parts += [_line(left, MARGIN, left, bottom), _line(left, bottom, WIDTH - MARGIN, bottom)]
    parts.append(_text((left + WIDTH) / 2, bottom + 36, plot.unit, "middle"))
    return _figure(bottom + FOOT, parts, f"Bars: {plot.heading}. The table after it has the same figures.")


def draw_lines(plot: LinePlot) -> str:
    """As `draw_bars`, of lines told apart by colour and mark."""
    if not plot.points:
        return ""
    lines = {label: _shown(plot, values) for label, values in plot.lines.items()}
    marks = _ticks(max((max(values) for values in lines.values()), default=0))
    head = MARGIN + PITCH * (1 + (len(lines) if len(lines) > 1 else 0))
    left, bottom = _room([plot.unit, *(f"{mark:,g}" for mark in marks)]), head + LINES_HEIGHT
    across = (WIDTH - left - 2 * MARGIN) / max(1, len(plot.points) - 1)
    parts = [_text(left - 8, head - 12, plot.unit, "end")]
    for mark in marks:
        height = bottom - mark / marks[-1] * LINES_HEIGHT
        parts += [_line(left - 4, height, left, height), _text(left - 8, height + 4, f"{mark:,g}", "end")]
    for place in range(0, len(plot.points), max(1, len(plot.points) // MOST_POINTS_NAMED)):
        parts.append(_line(left + place * across, bottom, left + place * across, bottom + 4))
        parts.append(_text(left + place * across, bottom + 17, plot.points[place], "middle"))
    for number, (label, values) in enumerate(lines.items()):
        points = [
            (left + place * across, bottom - value / marks[-1] * LINES_HEIGHT) for place, value in enumerate(values)
        ]
        parts.append(_marked(number, points))
        if len(lines) > 1:
            parts.append(_marked(number, [(left + 4, MARGIN + PITCH * number), (left + 24, MARGIN + PITCH * number)]))
            parts.append(_text(left + 32, MARGIN + PITCH * number + 4, label))
    parts += [_line(left, head, left, bottom), _line(left, bottom, WIDTH - MARGIN, bottom)]
    return _figure(bottom + FOOT / 2, parts, f"Lines: {plot.heading}. The table after it has the same figures.")


def _shown(plot: BarPlot | LinePlot, values: Sequence[float]) -> list[float]:
    return [drawn(value) if plot.counts else value for value in values]


def _ticks(highest: float) -> list[float]:
    """Round numbers from nothing to what the highest value needs, some five of them."""
    rough = max(highest, 1) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= rough)
    return [step * place for place in range(math.ceil(max(highest, 1) / step) + 1)]


def _room(labels: Sequence[str]) -> float:
    return round(MARGIN + LETTER * min(LONGEST_LABEL, max(map(len, labels))) + 8)


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    short = text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="{SIZE}" fill="{INK}">{escape(short)}</text>'


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<path d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" stroke="{INK}"/>'


def _marked(number: int, points: Sequence[tuple[float, float]]) -> str:
    """A line through the points, and its mark on each."""
    colour, mark = COLOURS[number % len(COLOURS)], MARKS[number % len(MARKS)]
    through = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    marks = "".join(f"M{x:.1f} {y:.1f}{mark}" for x, y in points)
    return f'<g stroke="{colour}"><path d="M{through}" fill="none"/><path d="{marks}" fill="{colour}"/></g>'


def _figure(height: float, parts: Sequence[str], words: str) -> str:
    box = f'width="{WIDTH}" height="{height:.0f}" viewBox="0 0 {WIDTH} {height:.0f}"'
    drawing = f'<svg role="img" aria-label="{escape(words)}" xmlns="http://www.w3.org/2000/svg" {box}>'
    return f"<figure>{drawing}{''.join(parts)}</svg></figure>"
