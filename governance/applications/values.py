"""Reads one answer of the form into what is stored. Promise: what has not the field's shape or is too long is refused
at once, so a draft holds nothing that could not be approved for its form; an answer may always be taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from governance.applications.fields import Field, Shape
from governance.applications.form import FIELDS
from governance.refusal import Refusal

Plain = Any  # what JSON holds; stays inside this package's edge (values, answers)


def read_answer(name: str, value: Plain) -> Plain:
    """The answer as it is stored; None or empty: not answered. Raises Refusal `unknown-field`, `bad-answer`."""
    field = FIELDS.get(name)
    if field is None:
        raise Refusal("unknown-field", "The form has no such field.", f"Use one of: {', '.join(FIELDS)}.")
    return _read(field, value, name)


def _read(field: Field, value: Plain, where: str) -> Plain:
    if value is None or value in ("", [], ()):
        return None
    return READERS[field.shape](field, value, where)


def _line(field: Field, value: Plain, where: str) -> str | None:
    text = _string(value, where).strip()
    if len(text) > field.most or not text.isprintable():
        raise _bad(where, f"One line of at most {field.most} printable characters.")
    return text or None


def _text(field: Field, value: Plain, where: str) -> str | None:
    text = _string(value, where).replace("\r\n", "\n").strip()
    if len(text) > field.most or not all(line.replace("\t", " ").isprintable() for line in text.split("\n")):
        raise _bad(where, f"Printable text of at most {field.most:,} characters.")
    return text or None


def _day(field: Field, value: Plain, where: str) -> str:
    del field
    try:
        text = value.isoformat() if isinstance(value, date) else _string(value, where)
        day = date.fromisoformat(text)
    except ValueError:
        raise _bad(where, "A day is written YYYY-MM-DD.") from None
    if day.isoformat() != text:
        raise _bad(where, "A day is written YYYY-MM-DD.")
    return text


def _word(field: Field, value: Plain, where: str) -> str:
    if value not in field.words:
        raise _bad(where, f"One of: {', '.join(field.words)}.")
    return str(value)


def _flag(field: Field, value: Plain, where: str) -> bool:
    del field
    if not isinstance(value, bool):
        raise _bad(where, "Yes or no.")
    return value


def _number(field: Field, value: Plain, where: str) -> int:
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 20:
        value = int(value)
    if type(value) is not int or not field.low <= value <= field.high:
        raise _bad(where, f"A whole number from {field.low} to {field.high}.")
    return value


def _numbers(field: Field, value: Plain, where: str) -> list[int]:
    given = value.replace(",", " ").split() if isinstance(value, str) else _list(field, value, where)
    return sorted({_number(field, one, where) for one in _list(field, given, where)})


def _lines(field: Field, value: Plain, where: str) -> list[str]:
    given = value.split("\n") if isinstance(value, str) else value
    lines = [_line(_ONE_LINE, one, where) for one in _list(field, given, where)]
    return [line for line in lines if line]


def _rows(field: Field, value: Plain, where: str) -> list[dict[str, Plain]]:
    inner = {one.name: one for one in field.fields}
    rows = []
    for number, row in enumerate(_list(field, value, where), start=1):
        if not isinstance(row, Mapping) or set(row) - set(inner):
            raise _bad(f"{where}[{number}]", f"A row has: {', '.join(inner)}.")
        read = {name: _read(one, row.get(name), f"{where}[{number}].{name}") for name, one in inner.items()}
        rows.append({name: answer for name, answer in read.items() if answer is not None})
    return rows


def _string(value: Plain, where: str) -> str:
    if not isinstance(value, str):
        raise _bad(where, "This is a text.")
    return value


def _list(field: Field, value: Plain, where: str) -> list[Plain]:
    if not isinstance(value, list | tuple) or len(value) > field.most:
        raise _bad(where, f"A list of at most {field.most:,}.")
    return list(value)


def _bad(where: str, remedy: str) -> Refusal:
    return Refusal("bad-answer", "This answer cannot be kept.", remedy, where)


_ONE_LINE = Field("line", "", "", Shape.LINE)
READERS: Mapping[Shape, Callable[[Field, Plain, str], Plain]] = {
    Shape.LINE: _line,
    Shape.TEXT: _text,
    Shape.DAY: _day,
    Shape.WORD: _word,
    Shape.FLAG: _flag,
    Shape.NUMBER: _number,
    Shape.NUMBERS: _numbers,
    Shape.LINES: _lines,
    Shape.ROWS: _rows,
}
