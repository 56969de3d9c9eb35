"""What is asked, on its way in over HTTP and from a file, and how it stands on a receipt."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from query_guard.asked import Asked
from query_guard.batch import read_question
from query_guard.service.shapes import Question


def test_http_and_file_ask_alike() -> None:
    body = b'{"sql": "SELECT ?", "dialect": "tsql", "parameters": [1, {"date": "2020-01-31"}, ["a"]]}'
    asked = Asked("SELECT ?", "tsql", [1, {"date": "2020-01-31"}, ["a"]])
    assert Question.model_validate_json(body).as_asked() == asked
    assert read_question(body).asked == asked


@pytest.mark.parametrize(
    "body", [b'{"sql": "x"}', b'{"sql": "x", "parameters": null}', b'{"sql": "x", "parameters": {}}']
)
def test_dialect_and_parameters_may_be_left_out(body: bytes) -> None:
    for asked in (Question.model_validate_json(body).as_asked(), read_question(body).asked):
        assert asked == Asked("x", "duckdb", ())


@pytest.mark.parametrize(
    "more", ['"dialect": 5', '"dialect": null', '"parameters": 5', '"parameters": "abc"', '"dialect": ["tsql"]']
)
def test_other_forms_are_not_understood(more: str) -> None:
    body = f'{{"sql": "x", {more}}}'.encode()
    assert read_question(body).asked is None
    with pytest.raises(ValidationError):
        Question.model_validate_json(body)


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        (Asked("SELECT 1"), "SELECT 1"),
        (Asked("SELECT 1", "tsql"), 'SELECT 1\n-- dialect: "tsql"'),
        (Asked("SELECT ?", "duckdb", [1, "a\nb"]), 'SELECT ?\n-- parameters: [1, "a\\nb"]'),
        (
            Asked("SELECT :a", "a\nb", {"a": date(2020, 1, 31), "b": datetime(2020, 1, 31, 12)}),
            'SELECT :a\n-- dialect: "a\\nb"\n'
            '-- parameters: {"a": {"date": "2020-01-31"}, "b": {"timestamp": "2020-01-31T12:00:00"}}',
        ),
        (Asked("x", "duckdb", {"a": object()}), 'x\n-- parameters: {"a": "object"}'),
    ],
    ids=range(5),
)
def test_the_receipt_keeps_all_of_it_one_line_each(asked: Asked, kept: str) -> None:
    assert asked.for_receipt == kept


def test_parameters_without_end_are_not_shown() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert Asked("x", "duckdb", endless).for_receipt == 'x\n-- parameters: "not shown"'
