"""The kind of each class of expression, in the caller's dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType
from typing import Any, Protocol

from sqlglot import exp

from query_guard.policy.reading.kind import ANY, WHOLE, Kind, added, subtracted, together

_T = exp.DType


@dataclass(frozen=True)
class Typing:
    """Where a dialect's types differ.

    Attributes:
        whole_average: the kind of avg of whole numbers.
        big_sum: the kind of sum of BIGINTs.
        rounded_whole: the kind of round of a whole number.
        stepped_whole: the kind of floor and ceiling of a whole number.
        date_part: the kind of EXTRACT and its kin.
        power: the kind of powers.
        nullif_widens: whether NULLIF(1, 0.5) is a broken number.
        by_value: whether each value of a CASE keeps the kind it was written with, instead of the widest.
    """

    whole_average: Kind = Kind.DOUBLE
    big_sum: Kind = Kind.BIGINT
    rounded_whole: Kind = Kind.DOUBLE
    stepped_whole: Kind = Kind.INTEGER
    date_part: Kind = Kind.INTEGER
    power: Kind = Kind.DOUBLE
    nullif_widens: bool = False
    by_value: bool = False


class Knowing(Protocol):
    """What a rule asks: the kinds of a part, of a name, of a place, and the dialect's own ways."""

    typing: Typing
    values: Mapping[str, Kind]

    def of(self, node: Any) -> Kind:
        """The kinds of a part."""

    def named(self, name: str) -> Kind:
        """The kinds of a column or alias."""


Rule = Callable[[Any, Knowing], Kind]

CAST_KINDS: Mapping[Any, Kind] = MappingProxyType(
    {
        **dict.fromkeys((_T.TINYINT, _T.UTINYINT, _T.SMALLINT, _T.INT), Kind.INTEGER),
        _T.BIGINT: Kind.BIGINT,
        _T.DECIMAL: Kind.DECIMAL,
        **dict.fromkeys((_T.FLOAT, _T.DOUBLE), Kind.DOUBLE),
        **dict.fromkeys((_T.TEXT, _T.VARCHAR, _T.NVARCHAR), Kind.TEXT),
        _T.DATE: Kind.DATE,
        **dict.fromkeys((_T.TIMESTAMP, _T.TIMESTAMPNTZ, _T.DATETIME, _T.DATETIME2), Kind.TIMESTAMP),
        _T.BOOLEAN: Kind.BOOLEAN,
        _T.INTERVAL: Kind.INTERVAL,
    }
)


def _always(kind: Kind) -> Rule:
    return lambda node, kinds: kind  # noqa: ARG005  (all rules have one signature)


def _inner(node: Any, kinds: Knowing) -> Kind:
    return kinds.of(node.this)


def _literal(node: Any, kinds: Knowing) -> Kind:  # noqa: ARG001
    if node.args.get("is_string"):
        return Kind.TEXT
    text = str(node.this)
    if not text.isdigit():
        return Kind.DECIMAL
    return Kind.INTEGER if len(text) < len(str(2**31)) else Kind.BIGINT


def _arithmetic(node: Any, kinds: Knowing) -> Kind:
    return together(kinds.of(node.this), kinds.of(node.expression))


def _product(node: Any, kinds: Knowing) -> Kind:
    """`n * INTERVAL '1 day'` is an interval."""
    found = _arithmetic(node, kinds)
    return Kind.INTERVAL if Kind.INTERVAL in (kinds.of(node.this), kinds.of(node.expression)) else found


def _all_of(parts: list[Any], kinds: Knowing) -> Kind:
    return reduce(Kind.__or__ if kinds.typing.by_value else together, map(kinds.of, parts))


def _case(node: Any, kinds: Knowing) -> Kind:
    results = [branch.args.get("true") for branch in node.args["ifs"]]
    return _all_of([*results, node.args.get("default")], kinds)


def _cast(node: Any, kinds: Knowing) -> Kind:  # noqa: ARG001
    return CAST_KINDS.get(node.args["to"].this, ANY)


def _total(node: Any, kinds: Knowing) -> Kind:
    found = kinds.of(node.this)
    if found & (WHOLE | Kind.BOOLEAN):
        big = kinds.typing.big_sum if found & Kind.BIGINT else Kind.BIGINT
        small = Kind.BIGINT if found & (Kind.INTEGER | Kind.BOOLEAN) else big
        found = found & ~(WHOLE | Kind.BOOLEAN) | big | small
    return found


def _average(node: Any, kinds: Knowing) -> Kind:
    found = kinds.of(node.this)
    return found & ~WHOLE | kinds.typing.whole_average if found & WHOLE else found


def _rounded(node: Any, kinds: Knowing) -> Kind:
    found = kinds.of(node.this)
    return found & ~WHOLE | kinds.typing.rounded_whole if found & WHOLE else found


def _stepped(node: Any, kinds: Knowing) -> Kind:
    found = kinds.of(node.this)
    return found & ~WHOLE | kinds.typing.stepped_whole if found & WHOLE else found


def _as_time(node: Any, kinds: Knowing) -> Kind:
    found = kinds.of(node.this)
    return found & ~Kind.TEXT | Kind.TIMESTAMP if found & Kind.TEXT else found


def _date_part(node: Any, kinds: Knowing) -> Kind:  # noqa: ARG001
    return kinds.typing.date_part


def _first_column(node: Any, kinds: Knowing) -> Kind:
    query = node.this if type(node) is exp.Subquery else node
    columns = query.expressions if type(query) is exp.Select else []
    return kinds.of(columns[0].unalias()) if len(columns) == 1 else ANY


#: Functions that sqlglot knows by name only.
_NAMED: Mapping[str, Kind] = MappingProxyType({"julianday": Kind.DOUBLE, "date": Kind.DATE, "make_date": Kind.DATE})
_RULES: dict[type[Any], Rule] = {
    exp.Literal: _literal,
    exp.Null: _always(Kind.NULL),
    exp.Column: lambda node, kinds: kinds.named(node.name),
    exp.Placeholder: lambda node, kinds: kinds.values.get(str(node.this), ANY),
    exp.Subquery: _first_column,
    exp.Select: _first_column,
    exp.Case: _case,
    exp.If: lambda node, kinds: _all_of([node.args.get("true"), node.args.get("false")], kinds),
    exp.Coalesce: lambda node, kinds: _all_of([node.this, *node.expressions], kinds),
    exp.Greatest: lambda node, kinds: _all_of([node.this, *node.expressions], kinds),
    exp.Least: lambda node, kinds: _all_of([node.this, *node.expressions], kinds),
    exp.Mul: _product,
    exp.Add: lambda node, kinds: added(kinds.of(node.this), kinds.of(node.expression)),
    exp.Sub: lambda node, kinds: subtracted(kinds.of(node.this), kinds.of(node.expression)),
    exp.Nullif: lambda node, kinds: _arithmetic(node, kinds) if kinds.typing.nullif_widens else kinds.of(node.this),
    exp.Sum: _total,
    exp.Avg: _average,
    exp.PercentileCont: _always(Kind.DOUBLE),
    exp.PercentileDisc: lambda node, kinds: kinds.of(node.this) if node.args.get("expression") is not None else ANY,
    exp.Anonymous: lambda node, kinds: _NAMED.get(str(node.this).lower(), ANY),  # noqa: ARG005
    exp.Pow: lambda node, kinds: kinds.typing.power,  # noqa: ARG005
    **dict.fromkeys((exp.Extract, exp.Year, exp.Quarter, exp.Month, exp.Day), _date_part),
    exp.Distinct: lambda node, kinds: kinds.of(node.expressions[0]) if len(node.expressions) == 1 else ANY,
    **dict.fromkeys((exp.Cast, exp.TryCast), _cast),
    **dict.fromkeys((exp.Div, exp.Mod, exp.IntDiv), _arithmetic),
    exp.Round: _rounded,
    **dict.fromkeys((exp.Floor, exp.Ceil), _stepped),
    **dict.fromkeys((exp.TimeStrToTime, exp.TsOrDsToDate, exp.TsOrDsToTimestamp, exp.DateAdd), _as_time),
    **dict.fromkeys(
        (
            exp.Paren,
            exp.Alias,
            exp.Neg,
            exp.Abs,
            exp.Min,
            exp.Max,
            exp.Filter,
            exp.Window,
            exp.Lag,
            exp.Lead,
            exp.FirstValue,
            exp.LastValue,
        ),
        _inner,
    ),
    **dict.fromkeys(
        (
            exp.Boolean,
            exp.And,
            exp.Or,
            exp.Not,
            exp.EQ,
            exp.NEQ,
            exp.LT,
            exp.LTE,
            exp.GT,
            exp.GTE,
            exp.NullSafeEQ,
            exp.NullSafeNEQ,
            exp.Is,
            exp.In,
            exp.Between,
            exp.Like,
            exp.ILike,
            exp.Escape,
            exp.Exists,
            exp.LogicalOr,
            exp.LogicalAnd,
        ),
        _always(Kind.BOOLEAN),
    ),
    **dict.fromkeys(
        (
            exp.DPipe,
            exp.Concat,
            exp.Lower,
            exp.Upper,
            exp.Trim,
            exp.Substring,
            exp.Left,
            exp.Right,
            exp.Replace,
            exp.TimeToStr,
            exp.National,
        ),
        _always(Kind.TEXT),
    ),
    **dict.fromkeys((exp.Count, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile, exp.Grouping), _always(Kind.BIGINT)),
    **dict.fromkeys((exp.Length, exp.StrPosition, exp.DateDiff, exp.Sign), _always(Kind.INTEGER)),
    **dict.fromkeys(
        (
            exp.Sqrt,
            exp.Exp,
            exp.Ln,
            exp.Log,
            exp.Stddev,
            exp.StddevSamp,
            exp.StddevPop,
            exp.Variance,
            exp.VariancePop,
            exp.Corr,
            exp.CovarSamp,
            exp.CovarPop,
            exp.RegrSlope,
            exp.RegrIntercept,
            exp.RegrR2,
        ),
        _always(Kind.DECIMAL),
    ),
    exp.RegrCount: _always(Kind.BIGINT),
    **dict.fromkeys((exp.CurrentDate, exp.DateFromParts, exp.LastDay, exp.StrToDate, exp.Date), _always(Kind.DATE)),
    **dict.fromkeys((exp.CurrentTimestamp, exp.TimestampTrunc, exp.Localtimestamp), _always(Kind.TIMESTAMP)),
    exp.Interval: _always(Kind.INTERVAL),
}
KIND_RULES: Mapping[type[Any], Rule] = MappingProxyType(_RULES)
