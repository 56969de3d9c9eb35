"""Stage 2: the allow-list covers classes and arguments, and an upgrade of DuckDB or sqlglot adds nothing to it."""

from __future__ import annotations

import duckdb
import pytest
from sqlglot import exp

from governance.catalogue import Catalogue
from governance.disclosure import PROFILES
from governance.refusal import Refusal
from query_guard.policy.draft import Draft
from query_guard.policy.expressions import NAMED_WRITERS, WRITERS
from query_guard.policy.nodes import ALLOWED, REFUSED_ARGUMENTS, REFUSED_CLASSES
from query_guard.policy.steps.check_shape import check_shape
from tests.support.guard_policy import PolicyLab


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("select count(*) over () from person", "window-not-available"),
        ("select count(*) from person window w as (order by year_of_birth)", "window-not-available"),
        ("select lag(year_of_birth) over (order by year_of_birth) from person", "window-not-available"),
        ("select count(*) from person qualify row_number() over () = 1", "window-not-available"),
        ("select count(*) from person tablesample 10%", "sample-not-allowed"),
        ("select count(*) from person using sample 1 rows", "sample-not-allowed"),
        ("select count(*) from (select * from person)", "subquery-not-available"),
        ("select count(*) from person where exists (select 1)", "subquery-not-available"),
        ("select count(*) from person where year_of_birth = (select 1)", "subquery-not-available"),
        ("select count(*) from person where year_of_birth = any(select 1)", "construct-not-available"),
        ("select count(*) from person, lateral (select 1)", "subquery-not-available"),
        ("select count(*) from person limit (select 1)", "subquery-not-available"),
        ("select coalesce(select 1) from concept", "subquery-not-available"),
        ("select coalesce(select 1 union select 2) from concept", "subquery-not-available"),
        ("select count(*) from (person)", "subquery-not-available"),
        ("select count(*) from (person p join death d on p.person_id = d.person_id)", "subquery-not-available"),
        ("select count(*) from person outer join death on true", "join-not-available"),
        ("select lower(domain_id) filter (where true) from concept", "aggregate-not-available"),
        ("select lower(gender_source_value) filter (where true) from person", "aggregate-not-available"),
        ("select interval 3 day, count(*) from person", "construct-not-available"),
        ("select count(*) from date_part('a', 'b')", "unknown-table"),
        ("select count(*) from abs(1)", "unknown-table"),
        ("select count(*) from person as p(x)", "construct-not-available"),
        ("select from person", "sql-not-read"),
        ("select from concept", "sql-not-read"),
        ("select count(*) from person limit -1", "limit-not-a-number"),
        ("select count(distinct *) from person", "construct-not-available"),
        ("select grouping(gender_concept_id), count(*) from person group by 1", "aggregate-not-available"),
        ("select count(*) from person limit 10%", "limit-not-a-number"),
        ("select count(*) from person limit all", "limit-not-a-number"),
        ("select count(*) from person limit 99999999999999999999", "limit-not-a-number"),
        ("select count(*) from person limit '5'", "limit-not-a-number"),
        ("select count(*) from person offset year_of_birth", "limit-not-a-number"),
        ("select distinct on (year_of_birth) year_of_birth from person", "distinct-not-available"),
        ("select count(*) from person group by cube (gender_concept_id)", "grouping-sets-not-available"),
        ("select count(*) from person group by grouping sets ((gender_concept_id), ())", "grouping-sets-not-available"),
        ("select count(*) from person for update", "construct-not-available"),
        ("select count(*) into t from person", "construct-not-available"),
        ("select count(*) from person at (version => 1)", "construct-not-available"),
        ("select count(*) from person pivot (count(*) for gender_concept_id in (1))", "construct-not-available"),
        ("select columns('.*') from person", "unknown-function"),
        ("select * exclude (person_id) from person", "construct-not-available"),
        ("select * replace (1 as person_id) from person", "construct-not-available"),
        ("select * rename (person_id as p) from person", "construct-not-available"),
        ("select * like 'a%' from person", "rows-not-shown"),
        ("select * like 'a%' from concept", "construct-not-available"),
        ("select count(*) from person where (year_of_birth, 1) in ((1950, 1))", "construct-not-available"),
        ("select count(*) from person where gender_source_value similar to 'M'", "construct-not-available"),
        ("select count(*) from person where gender_source_value glob 'M*'", "construct-not-available"),
        ("select count(*) from person where gender_source_value ~ 'M'", "construct-not-available"),
        ("select count(*) from person where gender_source_value like 'M' escape '!'", "construct-not-available"),
        ("select count(*) from person where year_of_birth between symmetric 1 and 2", "construct-not-available"),
        ("select count(*) from person where year_of_birth & 1 = 1", "construct-not-available"),
        ("select count(*) from person where year_of_birth ** 2 = 1", "unknown-function"),
        (
            "select count(*) from person where birth_datetime at time zone 'utc' > '2020-01-01'",
            "construct-not-available",
        ),
        ("select sum(year_of_birth order by year_of_birth) from person", "construct-not-available"),
        ("select sum(year_of_birth) within group (order by year_of_birth) from person", "construct-not-available"),
        ("select count(*) from person where hash(person_id) % 2 = 0", "division-not-available"),
        ("select count(*) from person where md5(gender_source_value) = 'x'", "unknown-function"),
        ("select count(*) from person where regexp_matches(gender_source_value, '(a*)*b')", "unknown-function"),
        ("select count(*) from person where levenshtein(gender_source_value, 'x') = 1", "unknown-function"),
        ("select count(*) from person where error('x') = 1", "unknown-function"),
        ("select count(*) from person where random() < 0.01", "unknown-function"),
        ("select count(*) from person where strptime('2020', '%Y') > birth_datetime", "unknown-function"),
        ("select current_setting('secret_directory') from person", "unknown-function"),
        ("select repeat('x', 2000000000) from person", "unknown-function"),
        ("select list_sum(range(300000000)) from person", "unknown-function"),
        ("select stats(year_of_birth) from person", "unknown-function"),
        ("select now() from person", "unknown-function"),
        ("select try(year_of_birth) from person", "unknown-function"),
        ("select min(year_of_birth), count(*) from person", "aggregate-not-available"),
        ("select quantile_cont(year_of_birth, 0.5) from person", "aggregate-not-available"),
        ("select quantile(year_of_birth, 0) from person", "aggregate-not-available"),
        ("select percentile_cont(0.5) within group (order by year_of_birth) from person", "aggregate-not-available"),
        ("select stddev(year_of_birth) from person", "aggregate-not-available"),
        ("select approx_count_distinct(year_of_birth) from person", "aggregate-not-available"),
        ("select first(year_of_birth order by year_of_birth) from person", "aggregate-not-releasable"),
        ("select list(year_of_birth) from person", "aggregate-not-releasable"),
        ("select string_agg(gender_source_value, ',') from person", "aggregate-not-releasable"),
        ("select mode(year_of_birth) from person", "aggregate-not-releasable"),
        ("select arg_max(year_of_birth, gender_concept_id) from person", "aggregate-not-releasable"),
        ("select max_by(year_of_birth, gender_concept_id) from person", "aggregate-not-releasable"),
        ("select bit_xor(year_of_birth) from person", "aggregate-not-releasable"),
        ("select bool_and(year_of_birth > 1) from person", "aggregate-not-releasable"),
        ("select histogram(year_of_birth) from person", "aggregate-not-releasable"),
        ("select product(year_of_birth) from person", "aggregate-not-releasable"),
    ],
)
def test_what_is_not_listed_is_refused(lab: PolicyLab, sql: str, code: str) -> None:
    assert lab.code(sql) == code


def test_a_class_that_no_list_knows_is_refused() -> None:
    tree = exp.select(exp.Slice(this=exp.column("x"))).from_("person")
    with pytest.raises(Refusal, match="construct-not-available"):
        check_shape(Draft("", Catalogue(), PROFILES["nhs-sde"], tree=tree))


@pytest.mark.parametrize("name", ["limit_options", "tomorrow"])
def test_an_argument_of_tomorrow_is_refused(name: str) -> None:
    tree = exp.select(exp.Count(this=exp.Star(), **{name: True})).from_("person")
    with pytest.raises(Refusal, match="construct-not-available"):
        check_shape(Draft("", Catalogue(), PROFILES["nhs-sde"], tree=tree))


@pytest.mark.parametrize("value", ["text", 3, [1, exp.Star()]])
def test_a_plain_value_where_an_expression_belongs_is_refused(value: object) -> None:
    tree = exp.select(exp.Abs(this=value)).from_("person")
    with pytest.raises(Refusal, match="construct-not-available"):
        check_shape(Draft("", Catalogue(), PROFILES["nhs-sde"], tree=tree))


def test_an_expression_where_a_plain_value_belongs_is_refused() -> None:
    tree = exp.select(exp.Identifier(this=exp.Star(), quoted=False)).from_("person")
    with pytest.raises(Refusal, match="construct-not-available"):
        check_shape(Draft("", Catalogue(), PROFILES["nhs-sde"], tree=tree))


def test_the_lists_name_real_arguments() -> None:
    for kind, arguments in ALLOWED.items():
        assert set(arguments) <= set(kind.arg_types), kind
    for kind, argument in REFUSED_ARGUMENTS:
        assert argument in kind.arg_types, kind
    assert not set(REFUSED_CLASSES) & set(ALLOWED)
    assert set(WRITERS) <= set(ALLOWED)


# What the guard writes: name -> (kind, stability) in DuckDB 2.0. An upgrade that changes one of them fails here.
SCALARS = [
    "abs",
    "ceil",
    "concat",
    "date_diff",
    "date_trunc",
    "floor",
    "greatest",
    "isfinite",
    "least",
    "left",
    "length",
    "lower",
    "month",
    "nullif",
    "quarter",
    "right",
    "round",
    "starts_with",
    "contains",
    "substring",
    "to_days",
    "to_months",
    "to_weeks",
    "to_years",
    "trim",
    "trunc",
    "upper",
    "year",
]
AGGREGATES = ("avg", "bit_or", "count", "count_star", "max", "min", "sum")


def test_written_functions_are_what_they_were() -> None:
    sql = "SELECT function_name, function_type, stability, has_side_effects FROM duckdb_functions()"
    known: dict[str, set[tuple[str, str | None, bool | None]]] = {}
    for name, kind, stability, effects in duckdb.sql(sql).fetchall():
        known.setdefault(name, set()).add((kind, stability, effects))
    for name in SCALARS:
        if name == "nullif":  # a macro or a rewrite of the binder, not a function of its own
            continue
        assert {kind for kind, _, _ in known[name]} == {"scalar"}, name
        assert {stability for _, stability, _ in known[name]} == {"CONSISTENT"}, (name, known[name])
        assert not any(effects for _, _, effects in known[name]), name
    for name in AGGREGATES:
        assert {kind for kind, _, _ in known[name]} == {"aggregate"}, name


def test_named_writers_are_no_aggregates() -> None:
    assert set(NAMED_WRITERS) == {"date_part", "datepart"}
