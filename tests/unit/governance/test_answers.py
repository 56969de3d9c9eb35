"""The record of an answer comes back as it was packed, and nothing else is taken for one."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.answers import (
    MOST_CELLS,
    MOST_ROWS,
    MOST_UNPACKED,
    Ground,
    PublishedAnswer,
    PublishedColumn,
    pack,
    pack_answer,
    rows_kept,
    unpack_answer,
)

VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
COLUMNS = st.builds(PublishedColumn, st.text(), st.booleans(), st.lists(VALUES).map(tuple))
GROUNDS = st.builds(
    Ground, st.lists(VALUES).map(tuple), st.lists(VALUES).map(tuple), st.lists(st.binary(max_size=32)).map(tuple)
)


@given(st.builds(PublishedAnswer, st.lists(COLUMNS).map(tuple), st.lists(GROUNDS).map(tuple), complete=st.booleans()))
def test_an_answer_comes_back(answer: PublishedAnswer) -> None:
    assert unpack_answer(pack_answer(answer)) == answer


@pytest.mark.parametrize("content", [b"", b"no zlib", pack([]), pack({"columns": []}), zlib.compress(b"{"),
                                     pack({"columns": [[1]], "grounds": [], "complete": True})])  # fmt: skip
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        unpack_answer(content)


def test_far_too_much_is_not_unpacked() -> None:
    with pytest.raises(ValueError, match="longer"):
        unpack_answer(zlib.compress(b" " * (MOST_UNPACKED + 1)))


def test_wide_tables_keep_fewer_rows() -> None:
    assert rows_kept(0) == rows_kept(3) == MOST_ROWS
    assert rows_kept(100) == MOST_CELLS // 100
    assert PublishedAnswer(()).rows == 0
