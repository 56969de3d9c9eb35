"""The words between the guard and the airlock: what an answer said, as plain data, packed for the register.

Promise: holds published values only. A ground names the sets of people behind them by sketch, which tells nothing
without the secret of the cut; how many people are in a set is not in here.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

LEVEL = 1  # half the size for a tenth of the time of the best level; the caller of a query waits for it
MOST_ROWS = 5_000  # longer tables do not leave by the airlock anyway
MOST_CELLS = 100_000
MOST_UNPACKED = 64 * 2**20

Value = str | int | float | bool | None


@dataclass(frozen=True)
class PublishedColumn:
    """One column of an answer. `about_people`: its numbers rest on people's rows, else it labels the rows."""

    name: str
    about_people: bool
    cells: tuple[Value, ...]


@dataclass(frozen=True)
class Ground:
    """One row of a protected table: the labels of the group, each published number and the sketch of the people it
    rests on (32 bytes)."""

    labels: tuple[Value, ...]
    numbers: tuple[Value, ...]
    sketches: tuple[bytes, ...]


@dataclass(frozen=True)
class PublishedAnswer:
    """What an answer said. `complete`: every row is here; only the first are where it had very many."""

    columns: tuple[PublishedColumn, ...]
    grounds: tuple[Ground, ...] = ()
    complete: bool = True

    @property
    def rows(self) -> int:
        """How many rows are held."""
        return len(self.columns[0].cells) if self.columns else 0


def rows_kept(width: int) -> int:
    """How many rows of a table with so many columns are held."""
    return min(MOST_ROWS, MOST_CELLS // max(1, width))


def pack_answer(answer: PublishedAnswer) -> bytes:
    """As bytes."""
    return pack(
        {
            "complete": answer.complete,
            "columns": [[column.name, column.about_people, column.cells] for column in answer.columns],
            "grounds": [[one.labels, one.numbers, _as_text(one.sketches)] for one in answer.grounds],
        }
    )


def unpack_answer(content: bytes) -> PublishedAnswer:
    """The same again. Raises ValueError for bytes of another form."""
    try:
        told = json.loads(unpack(content))
        columns = tuple(
            PublishedColumn(name, about_people, tuple(cells)) for name, about_people, cells in told["columns"]
        )
        grounds = tuple(
            Ground(tuple(labels), tuple(numbers), _as_sketches(sketches))
            for labels, numbers, sketches in told["grounds"]
        )
        return PublishedAnswer(columns, grounds, told["complete"])
    except (KeyError, TypeError) as error:
        raise ValueError("not the record of an answer") from error


def pack(plain: object) -> bytes:
    """Plain data as compressed JSON."""
    return zlib.compress(json.dumps(plain, separators=(",", ":"), allow_nan=False).encode(), LEVEL)


def unpack(content: bytes) -> bytes:
    """The JSON again. Raises ValueError for bytes that are not of `pack`, or of far too much."""
    reader = zlib.decompressobj()
    try:
        told = reader.decompress(content, MOST_UNPACKED)
    except zlib.error as error:
        raise ValueError("not packed by the gateway") from error
    if not reader.eof:
        raise ValueError("longer than anything the gateway packs")
    return told


def _as_text(sketches: Iterable[bytes]) -> list[str]:
    return [base64.b64encode(sketch).decode() for sketch in sketches]


def _as_sketches(texts: Iterable[str]) -> tuple[bytes, ...]:
    return tuple(base64.b64decode(text) for text in texts)
