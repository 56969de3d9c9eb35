"""Expressions: they mean what DuckDB's mean, cannot raise on any data, and expose no more than their kind allows."""

from __future__ import annotations

import pytest
from sqlglot import exp

from governance.refusal import Refusal
from query_guard.policy.relations.values_list import Literals
from query_guard.policy.terms import LONGEST_SQL, Kind, join_terms, quote_name
from tests.support.guard_policy import PolicyLab

pytestmark = pytest.mark.slow  # every combination: several seconds together

NASTY = [
    (1, 8507, 1950, "1950-02-28 10:00:00", "M", "white"),
    (2, -(2**63), -(2**31), "infinity", "12", ""),
    (3, 2**63 - 1, 2**31 - 1, "-infinity", "1e999", "2020-01-01"),
    (4, None, None, None, None, None),
    (5, 0, 0, "294247-01-10 04:00:54", "é%_\\'", "a"),
    (6, 7, 1900, "290308-12-22 (BC) 00:00:00", " Up ", "b"),
]
MEASURED = [
    (1, 1, None, 1, "2020-01-31", 1.5, 30, "1.5", True),
    (2, 2, None, 1, "infinity", float("inf"), 2**31 - 1, "999999999999999.999", False),
    (3, 3, None, 1, "-infinity", float("-inf"), -(2**31), "-3", None),
    (4, 4, None, None, None, None, None, None, None),
    (5, 5, None, 2, "5881580-07-10", float("nan"), 0, "0", True),
    (6, 6, None, 2, "290000-01-01 (BC)", 1e308, 1, "2", True),
    (7, 6, None, 2, "2020-02-29", -1e-320, 1, "2", True),
]


@pytest.fixture
def nasty(lab: PolicyLab) -> PolicyLab:
    lab.fill("person", NASTY).fill("measurement", MEASURED)
    return lab.fill("concept", [(1, "one", "Gender", None, 1.0), (2, None, "x", "x", float("nan"))])


# (expression, what plain DuckDB is asked for instead where it would raise or differ on purpose)
SAME = [
    "year_of_birth - 1.5",
    "+days_supply",
    "- -5",
    "-1.5",
    "days_supply / 7",
    "days_supply // 7",
    "days_supply // -7",
    "round(value_as_number, 2)",
    "round(days_supply / 7)",
    "round(value_as_number, -3)",
    "floor(value_as_number)",
    "ceil(value_as_number)",
    "ceiling(value_as_number)",
    "trunc(value_as_number)",
    "coalesce(days_supply, 5)",
    "ifnull(days_supply, 5)",
    "coalesce(days_supply, value_as_number, 1)",
    "nullif(days_supply, 30)",
    "nullif(gender_source_value, 'M')",
    "case when days_supply > 5 then 'long' when days_supply = 1 then 'one' end",
    "case days_supply when 30 then 1 when 1 then 2.5 else 0 end",
    "if(is_abnormal, 1, 2)",
    "case when is_abnormal then date '2020-01-01' else measurement_date end",
    "lower(gender_source_value) || upper(race_source_value) || trim(gender_source_value)",
    "gender_source_value like 'M%'",
    "gender_source_value not like '%_'",
    "gender_source_value ilike 'm'",
    "gender_source_value not ilike '%P%'",
    "starts_with(gender_source_value, 'é')",
    "contains(gender_source_value, '''')",
    "gender_source_value in ('M', '12', null)",
    "gender_source_value not in ('M', '12')",
    "days_supply in (1, 30.0, null)",
    "days_supply between 1 and 30",
    "days_supply not between 1 and 30",
    "value_as_number > 1e3",
    "days_supply <> 1",
    "days_supply != 1",
    "days_supply is distinct from null",
    "days_supply is not distinct from 30",
    "days_supply is null",
    "days_supply is not null",
    "is_abnormal is true",
    "is_abnormal is not false",
    "is_abnormal is unknown",
    "not is_abnormal and days_supply > 0 or days_supply < 0",
    "is_abnormal",
    "true and null",
    "year(measurement_date)",
    "quarter(birth_datetime)",
    "month(measurement_date)",
    "extract(year from measurement_date)",
    "extract('quarter' from measurement_date)",
    "date_part('month', measurement_date)",
    "datepart('year', measurement_date)",
    "date_trunc('month', birth_datetime)",
    "date_diff('day', measurement_date, date '2021-01-01')",
    "datediff('week', measurement_date, date '2021-01-01')",
    "date_diff('month', measurement_date, timestamp '2021-01-01 00:00:00'::date)",
    "date_diff('quarter', date '2021-01-01', measurement_date)",
    "date_diff('years', measurement_date, '2021-01-01'::date)",
    "birth_datetime > '1950-01-01'",
    "birth_datetime > timestamp '1950-02-28 09:59:59'",
    "measurement_date = '2020-01-31'",
    "measurement_date between '2020-01-01' and date '2020-12-31'",
    "measurement_date in ('2020-01-31', '2020-02-29')",
    "cast(days_supply as bigint)",
    "cast(value_as_number > 1 as int)",
    "gender_source_value::varchar",
    "null::double",
    "greatest(1, 2)",
    "least('a', 'b')",
    "least(1)",
    "length(concept_name)",
    "left(concept_name, 2) || right(concept_name, 1) || substr(concept_name, 2, 1) || substring(concept_name, 2)",
    "greatest(weight, 0.5)",
    "cast(concept_id as varchar)",
    "concept_id > 0",
    "year_of_birth = '1950'",
    "year_of_birth > '-5'",
    "9223372036854775807 > year_of_birth",
    "99999999999999999999 > year_of_birth",
]
CHANGED = [
    ("year_of_birth + 1", "year_of_birth::bigint + 1"),
    ("year_of_birth * 2", "year_of_birth::bigint * 2"),
    ("-days_supply", "-(days_supply::bigint)"),
    ("abs(days_supply)", "abs(days_supply::bigint)"),
    (
        "date_trunc('quarter', measurement_date - 0) is null",
        "measurement_date is null or year(measurement_date) <> 2020 is not false",
    ),
    ("measurement_date - date '2019-01-01'", "date_diff('day', date '2019-01-01', measurement_date)"),
    ("year_of_birth > '1949.5'", "year_of_birth > 1949.5"),  # DuckDB rounds the text to 1950
    ("year_of_birth * 9223372036854775807", "try_cast(year_of_birth::double * 9223372036854775807::double as bigint)"),
    ("gender_concept_id + 1", "try_cast(gender_concept_id::double + 1 as bigint)"),
    (
        "gender_concept_id * gender_concept_id",
        "try_cast(gender_concept_id::double * gender_concept_id::double as bigint)",
    ),
    ("-gender_concept_id", "try_cast(-1.0::double * gender_concept_id::double as bigint)"),
    ("abs(gender_concept_id)", "try_cast(abs(gender_concept_id::double) as bigint)"),
    ("1 / (year_of_birth - year_of_birth)", "case when year_of_birth is not null then null::double end"),
    ("days_supply / 0", "null::double"),
    ("cost * 2", "cost::double * 2"),
    ("cost = 1.5", "cost::double = 1.5"),
    ("cast(gender_source_value as int)", "try_cast(gender_source_value as bigint)"),
    ("gender_source_value::double", "try_cast(gender_source_value as double)"),
    ("race_source_value::date", "try_cast(race_source_value as date)"),
    ("try_cast(race_source_value as timestamp)", "try_cast(race_source_value as timestamp)"),
    ("value_as_number::int", "try_cast(value_as_number as bigint)"),
    ("cast(days_supply / 7 as decimal(10, 2))", "round(days_supply / 7, 2)"),
    ("cast(days_supply / 7 as decimal)", "round(days_supply / 7, 3)"),
    ("cast(days_supply / 7 as decimal(5))", "round(days_supply / 7, 0)"),
    ("measurement_date::timestamp", "try_cast(measurement_date as timestamp)"),
    ("birth_datetime::date", "try_cast(birth_datetime as date)"),
    ("measurement_date > birth_datetime", "try_cast(measurement_date as timestamp) > birth_datetime"),
    (
        "measurement_date > '2020-01-31 12:00:00'",
        "try_cast(measurement_date as timestamp) > timestamp '2020-01-31 12:00:00'",
    ),
    (
        "measurement_date > timestamp '2020-01-31 12:00:00'",
        "try_cast(measurement_date as timestamp) > '2020-01-31 12:00:00'",
    ),
    ("birth_datetime > date '1950-01-01'", "birth_datetime > timestamp '1950-01-01 00:00:00'"),
    ("date_trunc('year', measurement_date)", "date_trunc('year', try_cast(measurement_date as timestamp))"),
    (
        "date_diff('day', birth_datetime, measurement_date)",
        "date_diff('day', try_cast(birth_datetime as date), measurement_date)",
    ),
    ("date_diff('day', '2020-01-01', measurement_date)", "date_diff('day', date '2020-01-01', measurement_date)"),
    ("measurement_date + 30", "case when year(measurement_date) = 2020 then measurement_date + 30 end"),
    ("measurement_date - 30", "case when year(measurement_date) = 2020 then measurement_date - 30 end"),
    (
        "measurement_date + interval 1 month",
        "case when year(measurement_date) = 2020 then measurement_date + interval 1 month end",
    ),
    (
        "interval '2' week + measurement_date",
        "case when year(measurement_date) = 2020 then measurement_date + interval 2 week end",
    ),
    (
        "birth_datetime - interval (3) years",
        "case when year(birth_datetime) = 1950 then birth_datetime - interval 3 year end",
    ),
    (
        "birth_datetime + interval 40000 day",
        "case when year(birth_datetime) = 1950 then birth_datetime + interval 40000 day end",
    ),
]
JOINED = (
    "person p join measurement m on p.person_id = m.person_id left join concept c on c.concept_id = "
    "m.measurement_concept_id"
)


def written(lab: PolicyLab, expression: str) -> str:
    """The guard's own text of an expression over the joined rows, with the caller's aliases put back."""
    plan = lab.plan(f"select count(distinct {expression}) from {JOINED}")
    rows = plan.steps[0].sql.partition("person, ")[2].partition(" AS d1 FROM")[0]
    return rows.replace("t1.", "p.").replace("t2.", "m.").replace("t3.", "c.")


@pytest.mark.parametrize(("expression", "plain"), [*((same, same) for same in SAME), *CHANGED])
def test_expressions_mean_the_same_and_never_raise(nasty: PolicyLab, expression: str, plain: str) -> None:
    ours, theirs = (
        nasty.data.sql(f"select {text} from {JOINED} order by m.measurement_id").fetchall()
        for text in (written(nasty, expression), plain)
    )
    assert repr(ours) == repr(theirs) or ours == theirs


KEYS = [
    ("gender_concept_id", True),
    ("2020 - year_of_birth", True),
    ("floor((2020 - year_of_birth) / 10) * 10", True),
    ("gender_source_value || race_source_value", True),
    ("lower(gender_source_value)", True),
    ("is_abnormal", True),
    ("concept_name", True),
    ("weight", True),
    ("left(concept_name, 1)", True),
    ("year(birth_datetime)", True),
    ("date_trunc('month', measurement_date)", True),
    ("date_diff('year', birth_datetime, measurement_date)", True),
    ("value_as_number > 5", True),
    ("case when value_as_number > 5 then 'high' when measurement_date > '2020-01-01' then 'late' end", True),
    ("floor(value_as_number)", True),
    ("floor(value_as_number / 10) * 10", True),
    ("floor(cast(value_as_number as double) / 5)", True),
    ("floor((days_supply) / 200.0)", True),
    ("days_supply // 10", True),
    ("floor(date_diff('day', birth_datetime, measurement_date) / 10)", True),
    ("floor(value_as_number / 3)", False),
    ("floor(value_as_number / 0.5)", False),
    ("floor(value_as_number / 10 + 3)", False),
    ("floor((value_as_number + 3) / 10)", False),
    ("floor(value_as_number * 10 / 10)", False),
    ("floor(cast(value_as_number * 7 as bigint))", False),
    ("floor(value_as_number / days_supply)", False),
    ("ceil(value_as_number / 10)", False),
    ("round(value_as_number)", False),
    ("days_supply", True),  # a whole number of days
    ("days_supply // 7", True),  # weeks
    ("floor(days_supply / 30.4375)", True),  # months
    ("days_supply + 3", True),
    ("cast(value_as_number * 1000 as bigint)", False),  # the raw value in thousandths
    ("cast(floor((value_as_number + 3) / 10) as bigint)", False),
    ("cast(value_as_number / 3 as bigint)", False),
    ("cast(value_as_number as bigint)", False),
    ("value_as_number", False),
    ("value_as_number * 0", False),
    ("coalesce(value_as_number, 1)", False),
    ("case when is_abnormal then value_as_number end", False),
    ("nullif(value_as_number, 1)", False),
    ("measurement_date", False),
    ("measurement_date + 1", False),
    ("cast(birth_datetime as date)", False),
    ("date_diff('day', birth_datetime, measurement_date)", True),
    ("measurement_date - date '2020-01-01'", False),  # the raw date, numbered
    ("date_diff('day', birth_datetime, date '2020-01-01')", False),
    ("date_diff('day', date '1900-01-01', cast(birth_datetime as date))", False),
    ("day(measurement_date)", False),
    ("extract(doy from measurement_date)", False),
    ("strftime(measurement_date, '%Y-%m')", True),
    ("strftime(measurement_date, '%Y-%m-%d')", None),
    ("date_trunc('week', measurement_date)", True),
    ("dayname(measurement_date)", True),
    ("case when is_abnormal then measurement_date else date '2020-01-01' end", False),
    ("photo", False),
]


@pytest.mark.parametrize(("key", "coarse"), KEYS)
def test_group_keys_are_coarse(lab: PolicyLab, key: str, coarse: bool | None) -> None:
    for sql in (f"select {key} as k, count(*) from {JOINED} group by k", f"select distinct {key} from {JOINED}"):
        if coarse:
            assert lab.plan(sql)
        else:
            assert lab.code(sql) == ("date-part-not-available" if coarse is None else "key-too-fine")


def test_a_text_that_runs_away_is_refused() -> None:
    with pytest.raises(Exception, match="too-complex"):
        join_terms("x" * (LONGEST_SQL + 1), Kind.TEXT)


def test_literals_are_written_again_by_type(lab: PolicyLab) -> None:
    sql = lab.plan("select count(*) from person where race_source_value = 'a''); drop table person; --'").steps[0].sql
    assert "= 'a''); drop table person; --')" in sql
    sql = (
        lab.plan("select count(*) from person where year_of_birth > 007 and year_of_birth < 1_000 and 1. = .5")
        .steps[0]
        .sql
    )
    assert "> 7)" in sql and "< 1000)" in sql and "(1.0e0 = 0.5e0)" in sql


def test_names_of_the_catalogue_are_quoted() -> None:
    assert quote_name('a"b') == '"a""b"'


def test_a_number_that_is_none() -> None:
    with pytest.raises(Refusal, match="sql-not-read"):
        Literals().write(exp.Literal.number("1x"))
