"""What is known of the kinds of names decides a translation; what is not known is refused."""

from __future__ import annotations

from typing import Any

import pytest

from governance.refusal import Refusal
from query_guard.policy.reading import read_statement
from query_guard.policy.reading.kind import ANY, Kind, added, subtracted, together

WHOLE, BROKEN, UNSURE = "//", " / ", "dialect-not-translated"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("select x / 2 from (select month_of_birth as x from person) q", WHOLE),
        ("select x / 2 from (select value_as_number as x from measurement) q", BROKEN),
        ("with q as (select month_of_birth + 1 as x from person) select x / 2 from q", WHOLE),
        ("with q (x) as (select month_of_birth from person) select x / 2 from q", UNSURE),
        ("select x / 2 from (select month_of_birth as x from person union all select 0.5) q", UNSURE),
        ("select x / 2 from (select month_of_birth as x from person union all select 5) q", WHOLE),
        ("select month_of_birth / 2 from (select month_of_birth from person union all select 0.5) q", UNSURE),
        ("select month_of_birth / 2 from (select * from person union all select * from person) q", UNSURE),
        ("select x / 2 from (select month_of_birth as x, 0.5 as y from person) q", WHOLE),
        ("select x / 2 from (select 1 as x) a cross join (select 0.5 as x) b", UNSURE),
        ("select x / 2 from (select x + 1 as x from (select month_of_birth as x from person) a) b", WHOLE),
        ("select x / 2 from (select x * 0.5 as x from (select month_of_birth as x from person) a) b", UNSURE),
        ("select (select max(month_of_birth) from person) / 2 as v", WHOLE),
        ("select count(*) / 2 from person", WHOLE),
        ("select sum(value_as_number) / 2 from measurement", BROKEN),
        ("select coalesce(month_of_birth, 0) / 2 from person", WHOLE),
        ("select coalesce(month_of_birth, 0.5) / 2 from person", BROKEN),
        ("select nowhere / 2 from person", "unknown-column"),
    ],
)
def test_divisions_by_what_is_known(reading: Any, query: str, found: str) -> None:
    if found in (UNSURE, "unknown-column"):
        assert reading.code(query, "tsql") == found
    else:
        assert found in reading.written(query, "tsql")


def test_without_a_catalogue_columns_are_of_any_kind() -> None:
    with pytest.raises(Refusal) as caught:
        read_statement("select month_of_birth / 2 from person", "tsql")
    assert caught.value.code == UNSURE


def test_how_kinds_combine() -> None:
    assert together(Kind.INTEGER, Kind.DECIMAL) is Kind.DECIMAL
    assert together(Kind.INTEGER | Kind.DECIMAL, Kind.INTEGER) == Kind.INTEGER | Kind.DECIMAL
    assert together(Kind.NULL, Kind.TEXT) is Kind.TEXT
    assert subtracted(Kind.DATE, Kind.DATE) is Kind.INTEGER
    assert subtracted(Kind.TIMESTAMP, Kind.DATE) is Kind.INTERVAL
    assert added(Kind.DATE, Kind.INTERVAL) is Kind.TIMESTAMP
    assert added(Kind.DATE, Kind.INTEGER) is Kind.DATE
    assert together(ANY, Kind.INTEGER) & Kind.DECIMAL
