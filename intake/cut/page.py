"""The steward's page of one extract: whom and what it holds, and what became of every row. Promise: counts only, small
ones hidden; no page or answer that a researcher sees is made from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from governance.refusal import Refusal
from governance.settings import Settings
from intake.cut.filling import Filled
from intake.cut.ledger import Step
from intake.cut.wanted import Wanted
from intake.places import IntakePlaces
from intake.reporting import BarPlot, Section, Table, Text, people, write_report
from intake.reporting.sections import SMALLEST

OPT_OUT = "opt-out "
SHOWN = {"people": "other people", "merge": "merged", "days": "outside days", "codes": "outside codes"}


def page_file(settings: Settings, folder: str) -> Path:
    """Where the page of an extract lies."""
    return IntakePlaces.of(settings).reports / "extracts" / f"{folder.replace('/', '-')}.html"


def write_page(settings: Settings, folder: str, wanted: Wanted, filled: Filled) -> bool:
    """Write it; False if that failed. The extract is in force by then, and its manifest holds the same counts."""
    try:
        write_report(page_file(settings, folder), f"Extract of {wanted.project}", _sections(folder, wanted, filled))
    except Refusal:
        return False
    return True


def _sections(folder: str, wanted: Wanted, filled: Filled) -> list[Section]:
    source, ledger = filled.source, filled.people
    parts = (ledger.others, *ledger.opted_out.values(), ledger.chosen)
    opted_out = tuple((f"opted out: {kind}", people(count)) for kind, count in ledger.opted_out.items())
    about = (
        ("extract", folder),
        ("cut from", f"{source.origin} {source.name}"),
        ("purpose", wanted.purpose.replace("_", " ")),
        ("opt-outs", source.opt_out_version or source.opt_outs),
    )
    in_it = {step.table: step.rows_out for step in filled.steps if step.rows_out >= SMALLEST}
    return [
        Text("For data stewards", "How many people opted out is told to nobody else.", "info"),
        Table("What it is", ("", ""), about),
        Table(
            "People",
            ("people", "number"),
            (
                ("known to the source", _total(ledger.known, parts)),
                ("not in the cohort", people(ledger.others)),
                *opted_out,
                ("in the extract", people(ledger.chosen)),
            ),
        ),
        _rows(filled.steps),
        BarPlot("Rows in the extract", tuple(in_it), tuple(map(float, in_it.values())), "rows"),
        Text("Left out before", f"{source.unlinked:,} rows of the region's feeds belong to nobody known.", "quiet"),
    ]


def _rows(steps: Iterable[Step]) -> Table:
    """One line a table: rows in the source = the sum of all that follows."""
    lines: dict[str, dict[str, int]] = {}
    for step in steps:
        if step.step in ("types", "copy"):
            continue
        line = lines.setdefault(step.table, {"in the source": step.rows_in})
        name = f"opted out: {step.step.removeprefix(OPT_OUT)}" if step.step.startswith(OPT_OUT) else SHOWN[step.step]
        line[name] = step.dropped
        line["in the extract"] = step.rows_out
    kinds = sorted({name for line in lines.values() for name in line if name.startswith("opted out")})
    columns = (SHOWN["people"], *kinds, SHOWN["merge"], SHOWN["days"], SHOWN["codes"], "in the extract")
    rows = []
    for table, line in lines.items():
        parts = [line.get(name, 0) for name in columns]
        rows.append((table, _total(line["in the source"], parts), *map(people, parts)))
    return Table("What became of every row", ("table", "in the source", *columns), tuple(rows))


def _total(total: int, parts: Iterable[int]) -> str | int:
    """A sum as the page may show it: beside a hidden part it is rounded, or the part could be worked out."""
    hidden = any(isinstance(people(part), str) for part in parts)
    return f"about {round(total, -1):,}" if hidden else total
