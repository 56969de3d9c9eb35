"""Spoils a few lines of a CSV delivery as real ones are: rows of the wrong width, letters in another encoding."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path

from intake.feeds import FeedTable, Meaning

RAGGED, ENCODING = "ragged_row", "wrong_encoding"


@dataclass(frozen=True)
class Defect:
    """One spoilt line: what is wrong with it, and under which key it stands."""

    fault: str
    key: str


def spoil(file: Path, table: FeedTable, people: int) -> list[Defect]:
    """Add spoilt copies of the file's first rows at its end, a few more in a bigger region. Returns what was added."""
    ragged, misread = 3 + people // 50_000, 2 + people // 100_000
    with file.open(encoding="utf-8", newline="") as lines:
        header, *rows = islice(csv.reader(lines), 1 + ragged + misread)
    keyed = header.index(table.key[-1])
    surname = table.column_meaning(Meaning.SURNAME)
    defects = []
    with file.open("ab") as end:
        for nth, row in enumerate(rows):
            row[keyed] = f"{row[keyed]}X{nth}"
            if nth < ragged:
                end.write(_line(row[: len(row) // 2]).encode())
                defects.append(Defect(RAGGED, row[keyed]))
            elif surname is not None:
                row[header.index(surname.name)] = "Fürnß"
                end.write(_line(row).encode("latin-1"))
                defects.append(Defect(ENCODING, row[keyed]))
    return defects


def _line(row: list[str]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue()
