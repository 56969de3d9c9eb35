"""An answer in pandas: whole numbers stay whole where one is missing, and what was hidden is marked."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

CLIENT = Path(__file__).parents[3] / "images" / "client"
HIDDEN = {b"sde.suppressed": json.dumps([1]).encode()}


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(CLIENT)
    answers = importlib.import_module("sde.answers")
    fields = [
        pa.field("code", pa.int64()),
        pa.field("n", pa.int64(), metadata=HIDDEN),
        pa.field("mean", pa.float64()),
        pa.field("all", pa.int64()),
    ]
    columns = [[8507, 8532, None], [120, None, 5], [1.5, None, 2.0], [1, 2, 3]]
    table = pa.Table.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, fields, strict=True)], schema=pa.schema(fields)
    )
    return answers.Answer.from_arrow(table, {"receipt": "r" * 20}, "select 1")


def test_whole_numbers_stay_whole_where_one_is_missing(answer: Any) -> None:
    assert [str(kind) for kind in answer.dtypes] == ["Int64", "Int64", "float64", "int64"]
    assert list(answer["code"].dropna()) == [8507, 8532]
    assert answer["n"].sum() == 125
    assert list(answer["code"].astype("float64").fillna(-1)) == [8507.0, 8532.0, -1.0]


def test_they_are_shown_whole_and_what_was_hidden_is_marked(answer: Any) -> None:
    shown = repr(answer)
    assert "8507" in shown
    assert "8507.0" not in shown
    assert "120.0" not in shown
    assert "<NA>" not in shown
    assert "[suppressed]" in shown
