"""Answers and tables for tests of provenance: an answer as rows, a file as rows, what became of each number."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Sequence

from egress.inspection.reading import read_document
from egress.inspection.tabling import tell_tables
from egress.provenance.filed import understand
from egress.provenance.matching import match_table
from egress.provenance.records import Record, Recorded
from egress.provenance.sources import Source
from egress.provenance.tables import NOWHERE, Figure, FiledTable, How, Link, Spot
from governance.answers import Ground, PublishedAnswer, PublishedColumn, Value

Rows = Sequence[Sequence[Value]]


def answer(names: Sequence[str], rows: Rows, labels: int, receipt: str = "r1") -> Source:
    """An answer whose first `labels` columns are labels; each row's people have a sketch of their own."""
    columns = tuple(
        PublishedColumn(name, place >= labels, tuple(row[place] for row in rows)) for place, name in enumerate(names)
    )
    grounds = tuple(
        Ground(tuple(row[:labels]), tuple(row[labels:]), (bytes([n % 256]) * 32,) * (len(names) - labels))
        for n, row in enumerate(rows)
    )
    return Source(receipt, "c" * 64, PublishedAnswer(columns, grounds))


def as_csv(header: Sequence[str], rows: Rows) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


def filed(content: bytes, name: str = "table.csv") -> tuple[FiledTable, ...]:
    """The tables of a file as the locked child tells them."""
    return understand(tell_tables(read_document(content, name)))


def links(header: Sequence[str], rows: Rows, *sources: Source) -> dict[tuple[int, int], Link]:
    """The link of every number of a csv file, by row and column."""
    (table,) = filed(as_csv(header, rows))
    found = match_table(table, sources, time.monotonic() + 60)
    return {(spot.row, spot.column): link for spot, link in found.items()}


def hows(header: Sequence[str], rows: Rows, *sources: Source) -> dict[tuple[int, int], str]:
    return {spot: link.how.value for spot, link in links(header, rows, *sources).items()}


def record(*counts: float, words: str = "ward", header: str = "n", link: Link = NOWHERE, decimals: int = 0) -> Record:
    """What is kept of a table of one column of counts, all with the same link."""
    return Record(
        tuple(
            Recorded(Spot(row, 1), Figure(count, decimals), f"{words} {row}", header, link)
            for row, count in enumerate(counts)
        )
    )


def of_set(people: int, said: float) -> Link:
    """A link to an answer that said something of a set; sets are the nearer, the nearer their sizes."""
    return Link(How.EXACT, "r", 0, 1, said, "", ((1 << people) - 1).to_bytes(32, "little"))
