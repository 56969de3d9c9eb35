"""Stages 0 and 1 hold for every dialect: characters, length, tokens, nesting, one SELECT, and time."""

from __future__ import annotations

import inspect
import logging
import sys
import time
from datetime import date
from typing import Any

import pytest

from governance.refusal import Refusal
from query_guard.policy.reading import DIALECTS, in_dialect, read_statement
from query_guard.policy.reading.tokens import MOST_JOINS

NAMES = [dialect.name for dialect in DIALECTS]
COUNT = "select count(*) from person where gender_source_value = '{}'"
EVERY = pytest.mark.parametrize("dialect", NAMES)


@pytest.mark.parametrize(
    "character",
    ["\0", "\x07", "\x7f", "\u2028", "\u202e", "\u200b", "\ufeff", "\u00a0", "\ud800", "\ue000"],
    ids=lambda character: f"{ord(character):04x}",
)
def test_invisible_characters_are_refused_everywhere(reading: Any, character: str) -> None:
    for dialect in NAMES:
        assert reading.code(COUNT.format(character), dialect) == "text-not-printable"
        assert reading.code(f"select count(*){character} from person", dialect) == "text-not-printable"
        assert reading.code(f"select count(*) from person -- {character}", dialect) == "text-not-printable"


@EVERY
def test_letters_of_other_alphabets_stand_in_literals_only(reading: Any, dialect: str) -> None:
    assert "'é'" in reading.written(COUNT.format("é"), dialect)
    assert reading.code("select count(*) from pеrson", dialect) == "text-not-printable"  # a Cyrillic e
    assert reading.code('select count(*) as "größe" from person', dialect) == "text-not-printable"


@EVERY
def test_length_counts_bytes(reading: Any, dialect: str) -> None:
    room = 16 * 1024 - len(COUNT.format(""))
    assert reading.read(COUNT.format("x" * room), dialect)
    assert reading.code(COUNT.format("x" * (room + 1)), dialect) == "query-too-long"
    assert reading.code(COUNT.format("é" * (room - 10)), dialect) == "query-too-long"


@EVERY
@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("", "query-empty"),
        (" \n\t", "query-empty"),
        (";", "query-empty"),
        ("/* nothing */", "query-empty"),
        ("select 'x", "sql-not-read"),
        ("select count(*) frm person p q", "sql-not-read"),
        ("select count(*) from person; drop table person", "several-statements"),
        ("insert into person values (1)", "not-a-select"),
        ("drop table person", "not-a-select"),
        ("create table t as select 1", "not-a-select"),
        ("values (1)", "not-a-select"),
        ("(values (1))", "not-a-select"),
        ("set threads = 1", "not-a-select"),
        ("select e -> 1 from person", "construct-not-available"),
        ("select {'a': 1}", "construct-not-available"),
        ("select interval '14 months ago'", "pattern-not-literal"),
        ("select 'a' 'b'", "sql-not-read"),
    ],
)
def test_texts_that_are_no_question(reading: Any, dialect: str, sql: str, code: str) -> None:
    assert reading.code(sql, dialect) == code


@pytest.mark.parametrize(
    "sql",
    [
        "select [1]",
        "select #1 from person",
        "select e'a'",
        "select $$;drop table person;$$",
    ],
)
def test_forms_that_no_dialect_opens(reading: Any, sql: str) -> None:
    assert reading.code(sql) == "construct-not-available"
    assert reading.code(sql, "postgres") == "construct-not-available"


@EVERY
@pytest.mark.parametrize(
    "sql",
    [
        "select 1 as a union select 2 as a",
        "select 1 as a except select 2 as a",
        "select 1 as a intersect select 2 as a",
        "with p as (select 1 as a) select count(*) as n from p",
        "select count(*) as n from (select 1 as a) as q",
        "(select 1 as a)",
    ],
)
def test_queries_of_every_shape_are_read(reading: Any, dialect: str, sql: str) -> None:
    assert reading.read(sql, dialect)


def test_comments_and_one_semicolon_are_dropped(reading: Any) -> None:
    written = reading.written("select /*+ hint */ count(*) -- all\nfrom person /* of /* them */ */;", "postgres")
    assert written == "SELECT COUNT(*) FROM person"


BOMBS = [
    "select " + "(" * 5000 + "1" + ")" * 5000,
    "select " + "(a.end + " * 1700 + "1",
    "select " + "case a.end when " * 900 + "1",
    "select " + "not " * 3000 + "true",
    "select " + "- " * 5000 + "1",
    "select " + "case when " * 900 + "true",
    "select " + "f(" * 5000,
    "select count(*) from person" + " join person" * 900,
    "select count(*) from person" + " cross join person" * 900,
    "select count(*) from person" + " natural join person" * 900,
    "select count(*) from person" + ", person" * 2000,
    "select count(*) from " + "person join (" * 58 + "person" + ") on 1 = 1" * 58,
    "select * from person " + "join (select * from person " * 38 + "x" + ") q on 1 = 1" * 38,
    "select count(*) from person where " + "true and " * 1700 + "true",
    "select count(*) from person where " + "1 + " * 3900 + "1 = 1",
    "select " + "1," * 8000 + "1 from person",
    "select count(*) from person where year_of_birth in (" + "1," * 7000 + "1)",
    "select a" + "::int" * 3000,
    "select " + "interval " * 1700 + "1",
    "select 1" + " union select 1" * 1000,
    "(" * 5000 + "select 1" + ")" * 5000,
    "select " + "exists(select " * 1000 + "1",
    "with a as (" * 1200 + "select 1",
    "select " + "dateadd(day, 1, " * 55 + "visit_start_date" + ")" * 55 + " from visit_occurrence",
    "select " + "isnull(" * 55 + "1" + ", 1)" * 55,
    "select " + "cast(" * 55 + "1.5" + " as int)" * 55,
    "select " + ", ".join(f"a{n + 1} + 1 as a{n}" for n in range(300)),
    "select " + "a / b / " * 50 + "c from person",
    "select " + "|/ " * 4000 + "1",
    "select " + "@a " * 4000,
    "select " + ":a," * 3000 + "1",
]


@pytest.mark.parametrize("bomb", range(len(BOMBS)))
@pytest.mark.parametrize("dialect", [*NAMES[:2], *(pytest.param(name, marks=pytest.mark.slow) for name in NAMES[2:])])
def test_no_text_within_the_limit_keeps_the_reader_busy(reading: Any, dialect: str, bomb: int) -> None:
    started = time.process_time()  # of this process alone: others share the machine
    try:
        reading.read(BOMBS[bomb][: 16 * 1024], dialect)
    except Refusal as refusal:
        assert refusal.code != "guard-failed"
    assert time.process_time() - started < 5.0


def test_joins_that_wait_for_their_on_count_in_their_own_brackets(reading: Any) -> None:
    inner = "person join (select person_id from person) x using (person_id)"
    for _ in range(10):
        inner = f"person join (select person_id from {inner}) x using (person_id)"
    assert reading.read(f"select count(*) from {inner}")
    assert reading.code("select count(*) from a join b join c join d on 1 on 1 on 1") == "too-complex"
    many = " join person p{0} on p{0}.person_id = person.person_id"
    assert reading.read("select 1 from person" + "".join(many.format(number) for number in range(MOST_JOINS)))


def test_translation_may_not_grow_past_the_limits(reading: Any) -> None:
    deep = "1" + " + 1" * 70
    assert reading.code(f"select {deep}", "tsql") == "too-complex"
    chain = " and ".join(f"year_of_birth <> {year}" for year in range(1600, 1900))
    assert reading.read(f"select count(*) from person where {chain}", "tsql")


def test_recursion_that_got_past_the_limits_is_a_refusal(reading: Any) -> None:
    deep = "select count(*) from person where " + "(" * 50 + "1 = 1" + ")" * 50
    assert reading.read(deep, "tsql")
    room = sys.getrecursionlimit()
    codes = set()
    try:
        for spare in range(20, 400, 20):
            sys.setrecursionlimit(len(inspect.stack(0)) + spare)
            codes.add(_code_or_answer(deep))
    finally:
        sys.setrecursionlimit(room)
    assert codes <= {"too-complex", "sql-not-read", "answered"}
    assert {"too-complex", "answered"} <= codes


def _code_or_answer(sql: str) -> str:
    try:
        read_statement(sql, "tsql")
    except Refusal as refusal:
        return refusal.code
    except RecursionError:  # not even the first call of the reader fitted
        return "too-complex"
    return "answered"


@EVERY
def test_no_literal_reaches_a_log(reading: Any, dialect: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for sql in ("alter system set x = 'secret'", "kill 'secret'", "select 'secret' !!", "exec f 'secret'"):
        assert reading.code(sql, dialect)
    assert "secret" not in caplog.text


def test_unknown_dialects(reading: Any) -> None:
    refusal = reading.refusal("select 1", "cobol")
    assert (refusal.code, "cobol" in refusal.message) == ("dialect-unknown", True)
    assert reading.code("select 1", "mysql") == "dialect-unknown"
    for alias in ("SQL Server", "sqlserver", "mssql", "ohdsi", "PostgreSQL", " DuckDB "):
        assert reading.read("select 1", alias)


def test_a_refusal_shows_the_callers_own_words(reading: Any) -> None:
    sql = "select count(*) from visit_occurrence where datediff(week, visit_start_date, :d) = 1"
    refusal = reading.refusal(sql, "tsql", {"d": date(2020, 1, 31)})
    assert refusal.where == "DATEDIFF(WEEK, visit_start_date, :d)"
    assert reading.refusal("select top 3 with ties person_id from person", "tsql").where.startswith("SELECT TOP 3")
    assert "PostgreSQL" in reading.refusal("select from where", "postgres").remedy


@pytest.mark.parametrize(
    ("dialect", "where", "said"),
    [
        ("tsql", "DATE_DIFF('DAY', a, b) > 3", "DATEDIFF(DAY, a, b) > 3"),
        ("tsql", '"secret"', "[secret]"),
        ("postgres", "a // 10", "a / 10"),
        ("sqlite", '"a b"', '"a b"'),
        ("tsql", "LENGTH(RTRIM(x", "LENGTH(RTRIM(x"),
        ("tsql", "STRFTIME(d, '%Y') and so on …", "STRFTIME(d, '%Y') and so on …"),
        ("duckdb", "a // 10", "a // 10"),
        ("tsql", "", ""),
    ],
)
def test_later_refusals_are_said_in_the_callers_dialect(dialect: str, where: str, said: str) -> None:
    refusal = Refusal("some-code", "Why.", "What instead.", where)
    assert in_dialect(refusal, dialect).as_dict() == {**refusal.as_dict(), "where": said}
