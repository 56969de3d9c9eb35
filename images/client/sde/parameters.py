"""Values for the places of a query, made plain for the way to the guard: Python's, NumPy's and pandas' own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

_LISTS = (list, tuple, set, frozenset, range, np.ndarray, pd.Series, pd.Index)


def plain_parameters(params: Mapping[str, Any] | Sequence[Any]) -> dict[str, Any] | list[Any]:
    """Named values or values in order, as JSON.

    Raises TypeError for a value that no query can hold, ValueError for a number or a time that has no plain form.
    """
    if isinstance(params, Mapping):
        return {str(name): _plain(str(name), value) for name, value in params.items()}
    if isinstance(params, str) or not isinstance(params, Iterable):
        raise TypeError("give parameters as a dict of names, or as a list for the places written as ?")
    return [_plain(str(number), value) for number, value in enumerate(params, start=1)]


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, _LISTS):
        return [_plain_one(name, part) for part in value]
    return _plain_one(name, value)


def _plain_one(name: str, value: Any) -> Any:
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    elif isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, datetime):
        return {"timestamp": _without_zone(name, value).isoformat(timespec="microseconds")}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"parameter {name}: {value} is no number; give None for a missing value")
    if isinstance(value, str | bool | int | float):
        return value
    raise TypeError(
        f"parameter {name}: give text, a number, True or False, a date, None, or a list of these,"
        f" not {type(value).__name__}"
    )


def _without_zone(name: str, value: datetime) -> datetime:
    if value.tzinfo is not None:
        raise ValueError(f"parameter {name}: the data's times have no zone; take it off with .replace(tzinfo=None)")
    return value.to_pydatetime(warn=False) if isinstance(value, pd.Timestamp) else value
