"""The kinds of values a translation tells apart, and how two of them combine in arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from enum import Flag, auto
from functools import lru_cache


class Kind(Flag):
    """Kinds of values; a set of them says which are possible."""

    NULL = auto()
    BOOLEAN = auto()
    INTEGER = auto()
    BIGINT = auto()
    DECIMAL = auto()
    DOUBLE = auto()
    TEXT = auto()
    DATE = auto()
    TIMESTAMP = auto()
    INTERVAL = auto()


NOTHING = Kind(0)
ANY = ~NOTHING
WHOLE = Kind.INTEGER | Kind.BIGINT
BROKEN = Kind.DECIMAL | Kind.DOUBLE
TIMES = Kind.DATE | Kind.TIMESTAMP
_RANKS: tuple[Kind, ...] = (Kind.INTEGER, Kind.BIGINT, Kind.DECIMAL, Kind.DOUBLE)


@lru_cache(4096)
def together(left: Kind, right: Kind) -> Kind:
    """The kinds of one column that holds both: the wider number, or either."""
    return _each(left, right, _wider)


@lru_cache(4096)
def added(left: Kind, right: Kind) -> Kind:
    """The kinds of `left + right`."""
    return _each(left, right, _moved)


@lru_cache(4096)
def subtracted(left: Kind, right: Kind) -> Kind:
    """The kinds of `left - right`: two dates give days."""
    return _each(left, right, _difference)


def _each(left: Kind, right: Kind, combine: Callable[[Kind, Kind], Kind]) -> Kind:
    found = NOTHING
    for one in left:
        for other in right:
            found |= combine(one, other)
    return found


def _wider(one: Kind, other: Kind) -> Kind:
    either = one | other
    if one in _RANKS and other in _RANKS:
        return max(one, other, key=_RANKS.index)
    if one is Kind.NULL:
        return other
    return one if other is Kind.NULL else either


def _difference(one: Kind, other: Kind) -> Kind:
    if one & TIMES and other & TIMES:
        return Kind.INTEGER if one is other is Kind.DATE else Kind.INTERVAL
    return _moved(one, other)


def _moved(one: Kind, other: Kind) -> Kind:
    for time, step in ((one, other), (other, one)):
        if time & TIMES:
            return Kind.TIMESTAMP if step is Kind.INTERVAL else time
    return _wider(one, other)
