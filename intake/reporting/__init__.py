"""Pages of counts for the data steward: `write_report` makes one file of sections, and nothing but counts goes in."""

from __future__ import annotations

from intake.reporting.page import write_report
from intake.reporting.sections import SMALLEST, BarPlot, Cell, LinePlot, Section, Table, Text, people

__all__ = ["SMALLEST", "BarPlot", "Cell", "LinePlot", "Section", "Table", "Text", "people", "write_report"]
