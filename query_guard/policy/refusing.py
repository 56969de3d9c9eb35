"""How the policy says no: the code's text, the caller's own SQL at the place, nothing else.

The promise: a refusal depends on the caller's text and on the project's catalogue only, never on data and never on
names outside the catalogue.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from governance.refusal import Refusal
from query_guard.policy.codes import CODES

_EXCERPT_CHARACTERS = 120
_BY_CODE = {code.code: code for code in CODES}


def _as_written(place: Any) -> Any:
    """The node, with string_agg by that name: sqlglot writes LISTAGG."""
    return place if place.find(exp.GroupConcat) is None else place.transform(_as_string_agg)


def _as_string_agg(node: Any) -> Any:
    if type(node) is not exp.GroupConcat:
        return node
    separator = node.args.get("separator")
    return exp.Anonymous(this="string_agg", expressions=[node.this, *([separator] if separator is not None else [])])


def as_name(place: Any) -> str:
    """The name of an output column that the caller gave none: its expression, functions in small letters as in DuckDB,
    names and texts as they are written."""
    return excerpt(place, functions="lower")


def excerpt(place: Any, functions: str = "upper") -> str:
    """The caller's own SQL at `place` (a sqlglot node, a text or nothing), on one line and short; the names of
    `functions` in capitals or in small letters."""
    if isinstance(place, exp.Expr):
        try:
            text = _as_written(place).sql(dialect="duckdb", comments=False, normalize_functions=functions)
        except Exception:  # an odd node must not turn a refusal into a failure
            return ""
    else:
        text = str(place or "")
    text = " ".join(text.split())
    return text if len(text) <= _EXCERPT_CHARACTERS else text[: _EXCERPT_CHARACTERS - 1] + "…"


def refuse(code: str, place: Any = None, *, name: str = "", remedy: str = "") -> Refusal:
    """The refusal of `code` at `place`. `name` is a name the caller wrote; `remedy` replaces the table's."""
    entry = _BY_CODE[code]
    shown = excerpt(name)
    return Refusal(code, entry.meaning.replace("{name}", shown), remedy or entry.remedy, excerpt(place))
