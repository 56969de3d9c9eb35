"""The check digit of NHS numbers, in Python and in SQL: the same answer for every number."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.nhs_number import is_nhs_number, nhs_number_sql
from tests.support.opt_out_region import nhs_number


@pytest.mark.parametrize("text", ["9434765919", "4505577104", str(nhs_number(7))])
def test_valid(text: str) -> None:
    assert is_nhs_number(text)


@pytest.mark.parametrize(
    "text", ["", "943476591", "94347659190", "943 476 5919", "9434765918", "0000000000", "٩" * 10, "x" * 10]
)
def test_not_valid(text: str) -> None:
    assert not is_nhs_number(text)


@given(number=st.integers(0, 9_999_999_999) | st.integers(0, 10_000).map(nhs_number))
def test_python_and_sql_agree(number: int) -> None:
    said = duckdb.execute(f"SELECT {nhs_number_sql(f'{number}::BIGINT')}").fetchall()
    assert said == [(is_nhs_number(f"{number:010}"),)]


def test_sql_says_no_of_what_is_no_number_at_all() -> None:
    for value in ("NULL::BIGINT", "-5::BIGINT", "10000000000::BIGINT", "9223372036854775807"):
        assert duckdb.execute(f"SELECT {nhs_number_sql(value)}").fetchall() == [(False,)]
