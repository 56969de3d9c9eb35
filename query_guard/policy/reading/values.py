"""The values of parameters: which may be bound, how they come over JSON, and how many there may be.

Dates come as `{"date": "2020-01-31"}` and `{"timestamp": "2020-01-31T12:00:00"}`: a text stays a text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from query_guard.policy.reading.refusals import refuse
from query_guard.policy.reading.text import is_visible

MOST_PARAMETERS = 100
MOST_IN_LIST = 1000
LONGEST_TEXTS = 64 * 1024  # characters of all text values together
_LARGEST = 2**63 - 1
_NEVER = re.compile(r"(?!)")
# Stricter than Python's reader, which also knows weeks and zones.
_TAGS: Mapping[str, tuple[type[date], re.Pattern[str]]] = {
    "date": (date, re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)),
    "timestamp": (datetime, re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?", re.ASCII)),
}

Value = None | bool | int | float | str | date | datetime
Values = Mapping[str, Value | tuple[Value, ...]]


def read_values(parameters: Mapping[str, Any] | Sequence[Any]) -> Values:
    """Values by name; those of a list are named 1, 2 ...

    Raises `parameters-too-many`, `parameter-not-understood`.
    """
    if not isinstance(parameters, Mapping):
        parameters = {str(number): value for number, value in enumerate(parameters, start=1)}
    if len(parameters) > MOST_PARAMETERS:
        raise refuse("parameters-too-many")
    values = {str(name): _read(str(name), value) for name, value in parameters.items()}
    if sum(map(_length, values.values())) > LONGEST_TEXTS:
        raise refuse("parameters-too-many")
    return values


def _read(name: str, value: Any) -> Value | tuple[Value, ...]:
    if not isinstance(value, list | tuple):
        return _read_one(name, value)
    if not value:
        raise refuse("parameter-not-understood", name=name, remedy="The list is empty: give it at least one value.")
    if len(value) > MOST_IN_LIST:
        raise refuse("parameters-too-many")
    return tuple(_read_one(name, part) for part in value)


def _read_one(name: str, value: Any) -> Value:
    if isinstance(value, Mapping):
        value = _read_tagged(value)
    usable = (
        value is None
        or isinstance(value, bool)
        or (isinstance(value, int) and abs(value) <= _LARGEST)
        or (isinstance(value, float) and math.isfinite(value))
        or (isinstance(value, str) and is_visible(value))
        or (isinstance(value, datetime) and value.tzinfo is None)
        or type(value) is date
    )
    if not usable:
        raise refuse("parameter-not-understood", name=name)
    read: Value = value
    return read


def _read_tagged(value: Mapping[str, Any]) -> date | datetime | Mapping[str, Any]:
    """The date of `{"date": ...}` or `{"timestamp": ...}`; anything else unchanged, to be refused."""
    if len(value) == 1:
        (tag, text), *_ = value.items()
        kind, form = _TAGS.get(tag, (date, _NEVER))
        if isinstance(text, str) and form.fullmatch(text):
            try:
                return kind.fromisoformat(text)
            except ValueError:  # the 30th of February
                pass
    return value


def _length(value: Value | tuple[Value, ...]) -> int:
    if isinstance(value, tuple):
        return sum(map(_length, value))
    return len(value) if isinstance(value, str) else 0
