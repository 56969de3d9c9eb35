"""A table's links as the register keeps them: for the checkers' pages, and to compare later releases with."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import NamedTuple

from egress.provenance.tables import HEADER_ROW, Figure, FiledTable, How, Link, Links, Spot
from egress.provenance.wording import normal
from governance.answers import pack, unpack

MOST_CELLS = 20_000


class Recorded(NamedTuple):
    """One number of a table, the words it stands under, and where it comes from."""

    spot: Spot
    figure: Figure
    row_words: str
    column_words: str
    link: Link


@dataclass(frozen=True)
class Record:
    """One table. `earlier`: earlier requests whose release it comes too near to."""

    cells: tuple[Recorded, ...]
    earlier: tuple[str, ...] = ()


def record_of(table: FiledTable, links: Links, earlier: tuple[str, ...] = ()) -> Record:
    """The record of a table whose numbers were looked up. Of very many numbers the first."""
    columns = [normal(cell.text) for cell in table.header]
    rows = {HEADER_ROW: ""} | {number: _words(table, number) for number in range(len(table.rows))}
    figures = dict(table.spots())
    some = list(links.items())[:MOST_CELLS]
    cells = (Recorded(spot, figures[spot], rows[spot.row], columns[spot.column], link) for spot, link in some)
    return Record(tuple(cells), earlier)


def pack_record(record: Record) -> bytes:
    """As bytes."""
    words = _Words()
    cells = [
        [
            *cell.spot,
            *cell.figure,
            words.number(cell.row_words),
            words.number(cell.column_words),
            words.number(cell.link.how.value),
            words.number(cell.link.receipt),
            cell.link.row,
            cell.link.column,
            cell.link.said,
            words.number(cell.link.words),
            base64.b64encode(cell.link.sketch).decode(),
        ]
        for cell in record.cells
    ]
    return pack({"words": list(words.known), "cells": cells, "earlier": record.earlier})


def unpack_record(content: bytes) -> Record:
    """The same again. Raises ValueError for bytes of another form."""
    try:
        told = json.loads(unpack(content))
        words = told["words"]
        cells = tuple(
            Recorded(
                Spot(row, column, figure),
                Figure(value, decimals),
                words[row_words],
                words[column_words],
                Link(How(words[how]), words[receipt], at_row, at_column, said, words[done], base64.b64decode(sketch)),
            )
            for (
                row,
                column,
                figure,
                value,
                decimals,
                row_words,
                column_words,
                how,
                receipt,
                at_row,
                at_column,
                said,
                done,
                sketch,
            ) in told["cells"]
        )
        return Record(cells, tuple(told["earlier"]))
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError("not the record of a table") from error


class _Words:
    """Each text once."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def number(self, text: str) -> int:
        return self.known.setdefault(text, len(self.known))


def _words(table: FiledTable, row: int) -> str:
    """What a row is about: its cells that state no results, in any order."""
    named = {normal(cell.text) for cell in table.rows[row] if cell.is_key or not cell.figures} - {""}
    return "; ".join(sorted(named))
