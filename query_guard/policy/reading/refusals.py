"""How reading says no: like the rest of the policy, but with the place in the caller's own dialect."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from governance.refusal import Refusal
from query_guard.policy import refusing


def refuse(code: str, place: Any = None, *, name: str = "", remedy: str = "", dialect: str = "duckdb") -> Refusal:
    """The refusal of `code`.

    Args:
        code: one of the policy's codes.
        place: a text, or a node of the tree that was read from the caller's text in `dialect`.
        name: a name the caller wrote; it stands where the message says `{name}`.
        remedy: replaces the code's.
        dialect: sqlglot's name of the caller's dialect.
    """
    return refusing.refuse(code, _in_words(place, dialect), name=name, remedy=remedy)


def _in_words(place: Any, dialect: str) -> Any:
    if not isinstance(place, exp.Expr):
        return place
    try:
        return place.sql(dialect=dialect, comments=False)
    except Exception:  # an odd node must not turn a refusal into a failure
        return ""
