"""The scorecard. Promise: no statement scores above 0 unless tests are named for it and every one of them passed in the
run that the card names; claims are data, scores are worked out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from governance.satre.results import Results
from governance.satre.statements import LEVELS, NOT_APPLICABLE, Statement

WORDS = {2: "met", 1: "partly met", 0: "not met", NOT_APPLICABLE: "not applicable"}
COLUMNS = ("statement", "level", "says", "score", "in words", "evidence", "documents", "what is missing")


@dataclass(frozen=True)
class Line:
    """One statement with the score that its evidence carries. `missing`: why it is not 2."""

    statement: Statement
    score: int
    missing: str


def score(statements: Iterable[Statement], results: Results) -> tuple[Line, ...]:
    """Each statement's line, in their order."""
    return tuple(_line(statement, results) for statement in statements)


def _line(statement: Statement, results: Results) -> Line:
    if statement.claim in (0, NOT_APPLICABLE):
        return Line(statement, statement.claim, statement.note)
    if not statement.tests:
        return Line(statement, 0, "No test is named for it.")
    unproven = [test for test in statement.tests if not results.hold(test)]
    if unproven:
        return Line(statement, 0, f"Not shown by {results.source}: {', '.join(unproven)}.")
    return Line(statement, statement.claim, statement.note)


def draw_card(lines: Sequence[Line], results: Results) -> tuple[str, str]:
    """The card as CSV and as one HTML page without anything to fetch."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows(_cells(line) for line in lines)
    return text.getvalue(), _page(lines, results)


def _cells(line: Line) -> tuple[str, ...]:
    said = line.statement
    points = "N/A" if line.score == NOT_APPLICABLE else str(line.score)
    return (
        said.id,
        LEVELS[said.level],
        said.says,
        points,
        WORDS[line.score],
        "; ".join(said.tests),
        "; ".join(said.documents),
        line.missing,
    )


def _page(lines: Sequence[Line], results: Results) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in COLUMNS)
    rows = "".join(_row(line) for line in lines)
    counted = "; ".join(_count(lines, level, word) for level, word in LEVELS.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>SATRE scorecard of SDE Gateway</title>'
        "<style>body{font:16px/1.5 sans-serif;margin:2rem}table{border-collapse:collapse}"
        "th,td{border:1px solid #757575;padding:.3rem .5rem;text-align:left;vertical-align:top}</style></head>"
        "<body><main><h1>SATRE scorecard of SDE Gateway</h1>"
        f"<p>Met of all that software can answer: {escape(counted)}. "
        f"Evidence: {escape(results.source)}.</p><table><caption>Statements, scores and evidence</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></main></body></html>\n"
    )


def _row(line: Line) -> str:
    first, *rest = _cells(line)
    return f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in rest) + "</tr>"


def _count(lines: Sequence[Line], level: str, word: str) -> str:
    counted = [line for line in lines if line.statement.level == level and line.score != NOT_APPLICABLE]
    return f"{sum(line.score == max(WORDS) for line in counted)} of {len(counted)} {word}"
