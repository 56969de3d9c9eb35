"""Checks the columns of a delivered file against the feed's schema.

Promise: a file whose columns are not just those of the schema is refused. A column that the schema does not know is not
simply left out: nobody has said what it holds, and a sender who changed the layout may have changed more than that. A
missing one would be taken for a table without such values.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from governance.refusal import Refusal
from intake.feeds import FeedTable

LONGEST_HEADER = 2**20  # bytes
DELIMITERS = (",", "|", "\t", ";")
SHOWN, LONGEST_SHOWN = 5, 40


def match_columns(table: FeedTable, file: str, names: Sequence[str]) -> Mapping[str, str]:
    """The schema's name of a column -> its name in the file, whatever its case and the spaces around it.

    Raises Refusal `duplicate-columns`, `missing-columns`, `unknown-columns`.
    """
    plain = [_plain(name) for name in names]
    twice = [name for name, count in Counter(plain).items() if count > 1]
    if twice:
        raise _refuse("duplicate-columns", f"{file} has two columns of one name", twice, "Name each column once.")
    held = dict(zip(plain, names, strict=True))
    wanted = {_plain(name): name for name in table.columns}
    missing = [name for plain_name, name in wanted.items() if plain_name not in held]
    if missing:
        raise _refuse("missing-columns", f"{file} lacks columns", missing, "An item without values is an empty column.")
    unknown = [name for plain_name, name in held.items() if plain_name not in wanted]
    if unknown:
        raise _refuse(
            "unknown-columns",
            f"{file} has columns that the feed's schema does not know",
            unknown,
            "Take them out, or add them to the schema so that it is known whether they identify anybody.",
        )
    return {name: held[plain_name] for plain_name, name in wanted.items()}


def read_header(file: Path, name: str, table: FeedTable) -> tuple[str, tuple[str, ...]]:
    """The delimiter and the column names of a CSV in plain UTF-8: of the known delimiters the one by which most of the
    schema's columns are found. Raises Refusal `no-header`."""
    with file.open("rb") as stream:
        line = stream.readline(LONGEST_HEADER)
    text = line.decode("utf-8-sig", errors="replace").rstrip("\r\n")
    wanted = {_plain(column) for column in table.columns}
    found = {delimiter: _split(text, delimiter) for delimiter in DELIMITERS}
    hits = {delimiter: len(wanted & {_plain(name) for name in names}) for delimiter, names in found.items()}
    best = max(DELIMITERS, key=lambda delimiter: hits[delimiter])
    if not hits[best]:
        raise Refusal(
            "no-header",
            f"{name} does not begin with a line of column names of {table.file}.",
            "The first line names the columns, with commas between.",
        )
    return best, found[best]


def _split(text: str, delimiter: str) -> tuple[str, ...]:
    try:
        return tuple(next(csv.reader([text], delimiter=delimiter, strict=True), ()))
    except csv.Error:
        return ()


def _plain(name: str) -> str:
    return name.strip().casefold()


def _refuse(code: str, message: str, names: Sequence[str], remedy: str) -> Refusal:
    shown = ", ".join(ascii(name[:LONGEST_SHOWN]) for name in names[:SHOWN])
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return Refusal(code, f"{message}: {shown}{more}.", remedy)
