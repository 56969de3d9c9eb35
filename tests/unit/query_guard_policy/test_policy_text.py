"""Stages 0 and 1: characters, length, tokens, statements."""

from __future__ import annotations

import inspect
import sys
import time

import pytest

from governance.refusal import Refusal
from query_guard.policy import plan_query
from tests.support.guard_policy import PolicyLab

COUNT = "select count(*) from person where gender_source_value = '{}'"


@pytest.mark.parametrize(
    "character",
    [
        "\0",
        "\x07",
        "\x1b",
        "\x7f",
        "\u2028",
        "\u2029",
        "\u202e",
        "\u200b",
        "\ufeff",
        "\u00a0",
        "\u3000",
        "\ud800",
        "\ue000",
    ],
)
def test_invisible_characters_are_refused_everywhere(lab: PolicyLab, character: str) -> None:
    assert lab.code(COUNT.format(character)) == "text-not-printable"
    assert lab.code(f"select count(*){character} from person") == "text-not-printable"
    assert lab.code(f"select count(*) from person -- {character}") == "text-not-printable"


def test_letters_of_other_alphabets_stand_in_literals_only(lab: PolicyLab) -> None:
    lab.people(12, gender_source_value="é").people(12, first=20, gender_source_value="F")
    assert lab.value(COUNT.format("é")) == 10
    assert lab.code("select count(*) from pеrson") == "text-not-printable"  # a Cyrillic e
    assert lab.code('select count(*) as "größe" from person') == "text-not-printable"


def test_length_counts_bytes(lab: PolicyLab) -> None:
    room = 16 * 1024 - len(COUNT.format(""))
    assert lab.plan(COUNT.format("x" * room))
    assert lab.code(COUNT.format("x" * (room + 1))) == "query-too-long"
    assert lab.code(COUNT.format("é" * (room - 10))) == "query-too-long"


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
        ("with a as (insert into person values (1) returning *) select * from a", "construct-not-available"),
        ("select * from (insert into person values (1) returning *)", "sql-not-read"),
        ("copy person to 'x.csv'", "not-a-select"),
        ("describe person", "not-a-select"),
        ("summarize person", "not-a-select"),
        ("show tables", "not-a-select"),
        ("set threads = 1", "not-a-select"),
        ("set variable v = (select max(year_of_birth) from person)", "not-a-select"),
        ("create temp table t as select 1", "not-a-select"),
        ("prepare q as select 1", "not-a-select"),
        ("install httpfs", "not-a-select"),
        ("attach 'x.db'", "not-a-select"),
        ("values (1)", "not-a-select"),
        ("pivot person on gender_concept_id", "not-a-select"),
        ("select 1 union drop table person", "sql-not-read"),
        ("with a as (delete from person) select 1", "construct-not-available"),
        ("with a as (drop table person) select 1", "construct-not-available"),
        ("with a as (describe person) select * from a", "construct-not-available"),
        ("with a as (summarize person) select * from a", "construct-not-available"),
        ("from (describe person)", "construct-not-available"),
        ("from (show tables)", "construct-not-available"),
        ("with a as (copy person to 'x.csv') select 1", "sql-not-read"),
        ("with a as (pragma database_list) select 1", "construct-not-available"),
        ("explain select 1", "not-a-select"),
        ("select [1]", "construct-not-available"),
        ("select {'a': 1}", "construct-not-available"),
        ("select $1", "parameter-missing"),
        ("select ?", "parameter-missing"),
        ("select @a", "parameter-missing"),
        ("select count(*) from person where year_of_birth = :year", "parameter-missing"),
        ("select count(*) from @cdm.secret", "unknown-table"),
        ("select x -> 1 from person", "construct-not-available"),
        ("select #1 from person", "construct-not-available"),
        ("select e'a'", "construct-not-available"),
        ("select $$;drop table person;$$", "construct-not-available"),
        ("select x'41'", "sql-not-read"),
    ],
)
def test_texts_that_are_no_question(lab: PolicyLab, sql: str, code: str) -> None:
    assert lab.code(sql) == code


def test_comments_and_one_semicolon_are_dropped(lab: PolicyLab) -> None:
    lab.people(12)
    assert lab.value("select /*+ hint */ count(*) -- all\nfrom person /* of /* them */ */;") == 10
    assert "hint" not in lab.plan("select /*+ hint */ count(*) -- x\nfrom person").steps[0].sql


@pytest.mark.parametrize(
    "sql",
    [
        "select " + "(" * 5000 + "1" + ")" * 5000,
        "select " + "not " * 3000 + "true",
        "select " + "- " * 5000 + "1",
        "select " + "case when " * 900 + "true",
        "select " + "f(" * 5000,
        "select count(*) from person" + " join person" * 900,
        "select count(*) from person" + " cross join person" * 900,
        "select count(*) from person" + " natural join person" * 900,
        "select count(*) from person" + ", person" * 2000,
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
        "select " + "date_diff('day', " * 60 + "1",
        "select count(*) from person where " + "(case when true then " * 50 + "1" + " end)" * 50 + " = 1",
        "select count(*) from person where birth_datetime" + " + interval 1 day" * 55 + " > '2020-01-01'",
        "select count(*) from person where year_of_birth = " + "nullif(" * 55 + "1" + ", 1)" * 55,
    ],
    ids=range(23),
)
def test_no_text_within_the_limit_keeps_the_planner_busy(lab: PolicyLab, sql: str) -> None:
    started = time.process_time()
    assert lab.code(sql[: 16 * 1024]) != "guard-failed"
    assert time.process_time() - started < 5.0


def test_long_chains_of_and_are_fine(lab: PolicyLab) -> None:
    lab.people(12, year_of_birth=1950)
    chain = " and ".join(f"year_of_birth <> {year}" for year in range(1600, 1800))
    assert lab.value(f"select count(*) from person where {chain}") == 10


def test_more_nodes_than_allowed(lab: PolicyLab) -> None:
    numbers = ", ".join(str(number) for number in range(1900))
    assert lab.plan(f"select count(*) from person where year_of_birth in ({numbers})")
    numbers = ", ".join(str(number) for number in range(1999))
    assert lab.code(f"select count(*) from person where year_of_birth in ({numbers})") == "too-complex"


def test_depth_limit(lab: PolicyLab) -> None:
    assert lab.plan("select count(*) from person where " + "(" * 50 + "true" + ")" * 50)
    sums = "year_of_birth" + " + 1" * 70
    assert lab.code(f"select count(*) from person where {sums} = 1") == "too-complex"


def test_recursion_that_got_past_the_limits_is_a_refusal(lab: PolicyLab, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = "select count(*) from person where " + "(" * 50 + "true" + ")" * 50
    assert lab.plan(deep)
    room = sys.getrecursionlimit()
    codes = set()
    try:
        for spare in range(20, 400, 20):
            sys.setrecursionlimit(len(inspect.stack(0)) + spare)
            codes.add(_code_or_answer(lab, deep))
    finally:
        sys.setrecursionlimit(room)
    assert codes <= {"too-complex", "guard-failed", "answered"}
    assert {"too-complex", "answered"} <= codes


def _code_or_answer(lab: PolicyLab, sql: str) -> str:
    try:
        plan_query(sql, lab.catalogue, lab.profile)
    except Refusal as refusal:
        return refusal.code
    except RecursionError:  # not even the first call of the planner fitted
        return "too-complex"
    return "answered"
