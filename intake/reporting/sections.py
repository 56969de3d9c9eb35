"""What a report page is made of: words, tables and plots of counts, each with its heading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SMALLEST = 10  # people: fewer are written "<10"

Cell = str | int | float


@dataclass(frozen=True)
class Text:
    """Words under a heading. `tone`: good, wait, stop, info or quiet."""

    heading: str
    text: str
    tone: str = "quiet"


@dataclass(frozen=True)
class Table:
    """A table: whole numbers get separators and stand to the right. The first column names the row."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class BarPlot:
    """Horizontal bars, one a label, and the same figures as a table beside them. `unit` is the axis's title."""

    heading: str
    labels: tuple[str, ...]
    values: tuple[float, ...]
    unit: str
    note: str = ""
    counts: bool = True  # small ones are hidden


@dataclass(frozen=True)
class LinePlot:
    """Lines over common points (months), `lines`: name -> one value a point; and the same figures as a table."""

    heading: str
    points: tuple[str, ...]
    lines: Mapping[str, tuple[float, ...]]
    unit: str
    note: str = ""
    counts: bool = True


Section = Text | Table | BarPlot | LinePlot


def people(count: int) -> str | int:
    """A count of people (or of rows of few people) as a page may show it: below ten only that it is."""
    return f"<{SMALLEST}" if 0 < count < SMALLEST else count


def drawn(count: float) -> float:
    """A count as a plot may show it: all from one to nine are drawn alike."""
    return SMALLEST / 2 if 0 < count < SMALLEST else count
