"""Draws a report's plots as SVG that stands in the page itself.

Promise: no style, script, address or date is in it, so the portal's content policy lets it be seen; the same figures
give the same drawing.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from html import escape
from typing import Any

from intake.reporting.sections import BarPlot, LinePlot, drawn

MOST_BARS = 40
WIDTH = 7.2  # inches of 96 pixels
INK = "#5b6b72"  # readable on the light and on the dark ground alike
COLOURS = ("#2f7f93", "#b5651d", "#6a51a3", "#3f8f4f", "#a23b5a", "#8a7a1f", "#4d6fa8")
MARKS = ("o", "s", "^", "D", "v", "P", "X")
_STYLE = re.compile(r' style="([^"]*)"')
_OWN = re.compile(r' id="|href="#|url\(#')
_BEFORE = re.compile(r"^.*?(?=<svg)|<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", re.DOTALL)


def draw_bars(plot: BarPlot, name: str) -> str:
    """An inline SVG with a text for screen readers; the table beside it has the figures. `name`: of no other plot of
    the page, since what a drawing refers to in itself is looked for in the whole page."""
    if not plot.values:
        return ""
    labels, values = plot.labels[:MOST_BARS], _shown(plot, plot.values[:MOST_BARS])
    figure, axes = _figure(max(1.2, 0.26 * len(labels) + 0.7))
    axes.barh(range(len(labels)), values, color=COLOURS[0])
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.set_xlabel(plot.unit)
    return _finish(figure, name, f"Bars: {plot.heading}. The table after it has the same figures.")


def draw_lines(plot: LinePlot, name: str) -> str:
    """As `draw_bars`, of lines told apart by colour and mark."""
    if not plot.points:
        return ""
    figure, axes = _figure(3.2)
    for place, (label, held) in enumerate(plot.lines.items()):
        values = _shown(plot, held)
        look = {"color": COLOURS[place % len(COLOURS)], "marker": MARKS[place % len(MARKS)]}
        axes.plot(range(len(values)), values, label=label, markersize=3, linewidth=1.2, **look)
    step = max(1, len(plot.points) // 10)
    places = range(0, len(plot.points), step)
    axes.set_xticks(list(places), [plot.points[place] for place in places], rotation=30, ha="right")
    axes.set_ylabel(plot.unit)
    axes.set_ylim(bottom=0)
    if len(plot.lines) > 1:
        axes.legend(frameon=False, labelcolor=INK, fontsize=8)
    return _finish(figure, name, f"Lines: {plot.heading}. The table after it has the same figures.")


def _shown(plot: BarPlot | LinePlot, values: Sequence[float]) -> list[float]:
    return [drawn(value) if plot.counts else value for value in values]


def _figure(height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # here: it takes half a second, and few commands draw

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.patch.set_alpha(0)
    axes = figure.add_subplot()
    axes.patch.set_alpha(0)
    axes.tick_params(colors=INK, labelsize=8)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    for side, spine in axes.spines.items():
        spine.set_color(INK)
        spine.set_visible(side in ("left", "bottom"))
    return figure, axes


def _finish(figure: Any, name: str, words: str) -> str:
    from matplotlib import rc_context

    drawn = io.StringIO()
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": "sde-gateway"}):
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    own = _OWN.sub(rf"\g<0>{name}-", _BEFORE.sub("", drawn.getvalue()))
    text = _STYLE.sub(_as_attributes, own)
    label = f'<svg role="img" aria-label="{escape(words)}"'
    return f"<figure>{text.replace('<svg', label, 1).strip()}</figure>"


def _as_attributes(found: re.Match[str]) -> str:
    """A `style` is not allowed in the page, but each of its properties is an attribute of SVG's own."""
    pairs = (part.partition(":") for part in found[1].split(";") if part.strip())
    return "".join(f' {name.strip()}="{value.strip()}"' for name, _, value in pairs)
