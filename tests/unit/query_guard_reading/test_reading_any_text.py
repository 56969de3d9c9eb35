"""Whatever the text, the dialect and the parameters: a tree or a Refusal, soon, and the same each time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from governance.refusal import Refusal
from query_guard.policy.reading import DIALECTS

SECONDS = 1.0
WORDS = (Path(__file__).parents[2] / "fixtures" / "dialects" / "words.txt").read_text(encoding="utf-8").split()
TEXTS = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=40).map(lambda words: "select " + " ".join(words) + " from person"),
    st.text(max_size=300),
    st.text(alphabet="()'\"[]{}$@:?#;,.-+*/%<>=!|&~^ \nabAB01", max_size=200),
)
PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.dates(), st.datetimes()
)
VALUES = st.one_of(PLAIN, st.lists(PLAIN, max_size=5), st.dictionaries(st.text(max_size=9), PLAIN, max_size=2))
PARAMETERS = st.one_of(
    st.just(()),
    st.lists(VALUES, max_size=3),
    st.dictionaries(st.sampled_from(["x", "y", "1", "2"]), VALUES, max_size=3),
)
NAMES = st.sampled_from([dialect.name for dialect in DIALECTS])


def read(reading: Any, sql: str, dialect: str, parameters: Any) -> Any:
    """The tree's text, or the refusal's code."""
    started = time.process_time()  # of this process alone: others share the machine
    try:
        tree = reading.read(sql, dialect, parameters)
    except Refusal as refusal:
        assert refusal.code
        assert refusal.message
        return refusal.code
    finally:
        assert time.process_time() - started < SECONDS
    assert isinstance(tree.unnest(), exp.Select | exp.Union | exp.Intersect | exp.Except)
    assert tree.find(exp.Placeholder, exp.Parameter) is None
    return tree.sql(dialect="duckdb")


def check(reading: Any, sql: str, dialect: str, parameters: Any) -> None:
    assert read(reading, sql, dialect, parameters) == read(reading, sql, dialect, parameters)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(sql=TEXTS, dialect=NAMES, parameters=PARAMETERS)
def test_any_text_is_read_or_refused(reading: Any, sql: str, dialect: str, parameters: Any) -> None:
    check(reading, sql, dialect, parameters)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, derandomize=True)
@given(sql=TEXTS, dialect=NAMES, parameters=PARAMETERS)
def test_many_texts_are_read_or_refused(reading: Any, sql: str, dialect: str, parameters: Any) -> None:
    check(reading, sql, dialect, parameters)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(value=VALUES, dialect=NAMES)
def test_any_value_is_a_literal_or_refused(reading: Any, value: Any, dialect: str) -> None:
    try:
        tree = reading.read("select :v as v, 2 as w from person where 1 in (:v)", dialect, {"v": value})
    except Refusal:
        return
    assert [column.alias for column in tree.expressions] == ["v", "w"]
    allowed = (exp.Literal, exp.Neg, exp.Null, exp.Boolean, exp.Cast)
    assert isinstance(tree.expressions[0].this, allowed)
    assert len(list(tree.find_all(exp.Table))) == 1


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    text=st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126) | st.sampled_from("é\n\t"), max_size=30)
)
def test_texts_and_names_come_through_every_dialect_unchanged(reading: Any, text: str) -> None:
    literal = text.replace("'", "''")
    name = "".join(character for character in text if character.isascii() and character.isprintable()) or "x"
    quoted = name.replace('"', '""')
    for dialect in DIALECTS:
        column = reading.read(f"select '{literal}' as \"{quoted}\" from person", dialect.name).expressions[0]
        assert (column.this.this, column.alias) == (text, name)
