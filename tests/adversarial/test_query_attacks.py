"""Attacks on the query guard, run through `answer_query` on real extracts of GiBleed with real engines.

The catalogue of docs/explanation/query-guard.md, line by line, then the texts of SQL-injection testers. `R`: must be
refused. `P`: may be answered, with protected values only, or refused. `E`: answered with a protected extreme: nine
people lie beyond it.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from sqlalchemy import func, select

from governance.audit import verify_chain
from governance.store.audit_log import AuditEvent
from governance.store.channels import QueryReceipt
from query_guard.outcome import QueryResult, Verdict
from query_guard.policy.codes import CODES
from tests.support.guard_lab import GuardLab
from tests.support.injection_payloads import payloads

pytestmark = pytest.mark.slow

R, P, E = "refused", "protected", "protected extreme"
#: Refusals that mean that something gave way behind the policy. An attack must be stopped before that.
TOO_LATE = {"query-failed", "guard-failed", "cross-check-failed", "not-recorded", "engine-unavailable"}
PLAIN = "SELECT gender_concept_id, count(*) AS n FROM person GROUP BY gender_concept_id"

SCOPE = [
    (R, "select * from query('select * from secret')"),
    (R, "select * from query_table('secret')"),
    (R, "select count(*) from query_table('person')"),
    (R, "select * from duckdb_tables()"),
    (R, "select * from duckdb_columns()"),
    (R, "select * from duckdb_settings()"),
    (R, "select * from duckdb_secrets()"),
    (R, "select * from information_schema.columns"),
    (R, "select * from information_schema.tables"),
    (R, "select * from pg_catalog.pg_class"),
    (R, "select * from sqlite_master"),
    (R, "select * from main.secret"),
    (R, "select count(*) from other.main.person"),
    (R, "select count(*) from system.main.duckdb_tables"),
    (P, "with person as (select 1 as x) select count(*) from person"),
    (R, """select count(*) from person where "NHS_No" = '1'"""),
    (R, "select count(*) from person where person_source_value = '1'"),
    (R, "select person from person"),
    (R, "select p from person p"),
    (R, "select count(distinct p) from person p"),
    (R, "select p.* from person p"),
    (R, "select * exclude (person_id) from person"),
    (R, "select * replace (1 as person_id) from person"),
    (R, "select * like '%id' from person"),
    (R, "select columns('.*') from person"),
    (R, "select columns(*) from person"),
    (R, "select count(columns('person.*')) from person"),
    (R, "select #1 from person"),
    (R, "select count(rowid) from person"),
    (R, "select rowid, count(*) from person group by rowid"),
    (R, "select count(person_ordinal) from person"),
    (R, "select max(person_ordinal) from person"),
    (R, "select person_ordinal, count(*) from person group by person_ordinal"),
    (R, "select count(*) from person where person_ordinal = 7"),
    (R, "select count(*) from person natural join secret"),
    (R, "select count(*) from secret"),
    (R, "describe person"),
    (R, "describe select * from person"),
    (R, "summarize person"),
    (R, "summarize select * from person"),
    (R, "show tables"),
    (R, "show all tables"),
    (R, "from (describe person)"),
    (R, "from (show tables)"),
    (R, "select * from pragma_storage_info('person')"),
    (R, "pragma storage_info('person')"),
    (R, "pragma table_info('person')"),
    (R, "explain select count(*) from person"),
    (R, "explain analyze select count(*) from person"),
    (R, "select json_execute_serialized_sql(json_serialize_sql('select 1'))"),
    (R, "select json_serialize_sql('select 1')"),
]
ENGINE = [
    (R, "select * from 'x.csv'"),
    (R, "select * from '/etc/passwd'"),
    (R, "select count(*) from 'https://example.org/x.parquet'"),
    (R, "select * from read_text('/etc/passwd')"),
    (R, "select count(*) from read_csv('/etc/passwd')"),
    (R, "select * from glob('/*')"),
    (R, "select * from parquet_scan('x')"),
    (R, "select * from sniff_csv('x')"),
    (R, "copy person to '/tmp/attack.csv'"),
    (R, "copy (select * from person) to '/tmp/attack.csv'"),
    (R, "export database '/tmp/attack'"),
    (R, "import database '/tmp/attack'"),
    (R, "install httpfs"),
    (R, "load httpfs"),
    (R, "set threads = 8"),
    (R, "reset threads"),
    (R, "set variable v = (select max(year_of_birth) from person)"),
    (R, "select getvariable('v')"),
    (R, "create temp table t as select * from person"),
    (R, "create macro m() as table select * from person"),
    (R, "create view v as select * from person"),
    (R, "create secret s (type s3)"),
    (R, "prepare q as select * from person"),
    (R, "execute q"),
    (R, "deallocate q"),
    (R, "select current_setting('secret_directory')"),
    (R, "select getenv('HOME')"),
    (R, "select current_user, version()"),
    (R, "insert into person values (1)"),
    (R, "with a as (insert into person values (1) returning *) select * from a"),
    (R, "with a as (delete from person returning *) select count(*) from a"),
    (R, "update person set year_of_birth = 0"),
    (R, "delete from person"),
    (R, "truncate person"),
    (R, "drop table person"),
    (R, "alter table person add column x int"),
    (R, "merge into person using death on true when matched then delete"),
    (R, "select 1; select 2"),
    (R, "select count(*) from person; drop table person"),
    (R, "begin"),
    (R, "commit"),
    (R, "call pragma_version()"),
    (R, "use information_schema"),
    (R, "vacuum"),
    (R, "attach '/tmp/attack.duckdb' as a"),
    (R, "detach extract"),
    (R, "checkpoint"),
    (R, "select nextval('s')"),
    (R, "values (1)"),
    (R, "table person"),
    (R, "pivot person on gender_concept_id using count(*)"),
    (R, "unpivot person on year_of_birth into name n value v"),
]
RAW_VALUES = [
    (R, "select * from person limit 1"),
    (R, "from person"),
    (R, "from person select year_of_birth"),
    (R, "select year_of_birth from person"),
    (R, "select person_id from person"),
    (R, "select distinct person_id from person"),
    (E, "select max(year_of_birth) from person"),
    (E, "select min(year_of_birth) from person"),
    (E, "select max(y) from (select year_of_birth as y from person)"),
    (E, "select max(y) from (select person_id, max(year_of_birth) as y from person group by 1)"),
    (R, "select min(birth_datetime) from person"),
    (R, "select arg_max(person_id, year_of_birth) from person"),
    (R, "select max_by(year_of_birth, person_id) from person"),
    (R, "select list(year_of_birth) from person"),
    (R, "select array_agg(person_id) from person"),
    (R, "select string_agg(gender_concept_id, ',') from person"),
    (R, "select group_concat(year_of_birth) from person"),
    (R, "select any_value(year_of_birth) from person"),
    (R, "select first(year_of_birth) from person"),
    (R, "select last(year_of_birth order by person_id) from person"),
    (R, "select mode(year_of_birth) from person"),
    (R, "select histogram(year_of_birth) from person"),
    (R, "select approx_top_k(person_id, 3) from person"),
    (R, "select stats(year_of_birth) from person"),
    (R, "select quantile_cont(year_of_birth, 0) from person"),
    (R, "select quantile_disc(year_of_birth, [0, 1]) from person"),
    (R, "select median(year_of_birth) from person where person_id < 50"),
    (R, "select product(year_of_birth) from person"),
    (R, "select bit_xor(year_of_birth) from person"),
    (R, "select bit_xor(hash(person_id)) from person"),
    (R, "select bool_and(year_of_birth > 1900) from person"),
    (R, "select entropy(year_of_birth) from person"),
    (R, "select sum(1 << year_of_birth) from person"),
    (R, "select sum(person_id) from person"),
    (R, "select avg(person_id) from person"),
    (R, "select min(person_id), max(person_id) from person"),
    (R, "select count(distinct person_id), person_id from person group by person_id"),
    (P, "select gender_concept_id, count(*) as n from person group by 1 having count(*) = 1"),
    (P, "select year_of_birth, count(*) as n from person group by 1 having count(*) < 10"),
    (R, "select count(*) from person limit (select year_of_birth from person limit 1)"),
    (P, "select gender_concept_id, count(*) as n from person group by 1 order by max(year_of_birth)"),
    (R, "select gender_concept_id, count(*) from person group by 1 order by min(person_id)"),
    (P, "select count(*) as n, (select max(year_of_birth) from person) from person"),
    (P, "select count(*) filter (where year_of_birth = (select max(year_of_birth) from person)) as n from person"),
    (P, "select count(*) as n from person where year_of_birth = (select max(year_of_birth) from person)"),
    (R, "select count(*) from person where year_of_birth = (select year_of_birth from person limit 1)"),
    (R, "select (select max(birth_datetime) from person q where q.person_id = p.person_id) from person p"),
    (R, "select * from (select year_of_birth from person)"),
    (R, "with w as (select * from person) select * from w limit 1"),
    (R, "select year_of_birth from person union all select year_of_birth from person"),
    (R, "select person_id, count(*) from person group by person_id"),
    (R, "select x, count(*) from (select person_id as x from person) group by x"),
    (R, "select first_value(year_of_birth) over (partition by person_id order by year_of_birth) from person"),
    (R, "select count(*) from sde_marks"),
    (R, "select mark, count(*) from sde_marks group by 1"),
    (R, "select count(*) from person p join sde_marks m on m.person_id = p.person_id where m.mark < 9"),
    (R, "with m as (select * from sde_marks) select count(*) from m"),
    (R, "select row(year_of_birth, count(*)) from person group by year_of_birth"),
    (R, "select {'y': max(year_of_birth)} from person"),
    (R, "select unnest(list(year_of_birth)) from person"),
    (R, "select [x for x in list(year_of_birth)] from person"),
]
EVASION = [
    (R, "select count(*) from person a join person b on a.gender_concept_id = b.gender_concept_id"),
    (R, "select count(*) from person a, person b"),
    (R, "select count(*) from person a cross join person b"),
    (R, "select count(*) from person a join person b on a.person_id < b.person_id"),
    (R, "select count(*) from person a join person b on a.person_id = b.person_id + 1"),
    (R, "select count(*) from person a join person b on a.person_id = b.person_id or true"),
    (P, "select count(*) as n from person a full join death b on a.person_id = b.person_id"),
    (R, "select count(*) from person a full join death b on a.gender_concept_id = b.cause_concept_id"),
    (R, "select count(*) from concept c right join person p on true full join concept d on true"),
    (R, "select count(*) from person p where exists (select 1 from death)"),
    (R, "select count(*) from person p where exists (select 1 from death d where d.person_id <> p.person_id)"),
    (P, "select count(*) as n from person p where year_of_birth in (select year_of_birth from person)"),
    (P, "select count(*) as n from person p where year_of_birth in (select min(year_of_birth) from person)"),
    (R, "select count(*) from person p where birth_datetime in (select birth_datetime from person)"),
    (R, "select count(*) from person where person_id in (select 7)"),
    (R, "select count(*) from person where (select person_id) = 7"),
    (R, "select count(*) from (select person_id from person limit 1)"),
    (R, "select count(*) from (select person_id from person union select concept_id from concept)"),
    (R, "select count(*) from (select row_number() over (order by year_of_birth) n from person) where n = 1"),
    (
        R,
        "select count(*) from (select rank() over (partition by gender_concept_id order by birth_datetime) n"
        " from person) where n = 1",
    ),
    (R, "select count(*) from person a positional join death b"),
    (R, "select count(*) from person a asof join death b on a.person_id >= b.person_id"),
    (R, "select count(*) from person a, lateral (select a.year_of_birth) b"),
    (P, "select count(*) as n from (select * from person union all select * from person)"),
    (P, "select sum(c) as n from (select year_of_birth, count(*) as c from person group by 1)"),
    (P, "select sum(case when year_of_birth = 1950 then 1 else 0 end) as n from person"),
    (P, "select sum(case when race_concept_id = 8527 then 1 else 0 end) as n from person"),
    (R, "select avg(year_of_birth) from person where person_id = 7"),
    (R, "select count(*) from person where person_id = 7"),
    (R, "select count(*) from person where person_id in (1, 2, 3)"),
    (R, "select count(*) from person where person_id between 1 and 100"),
    (R, "select count(*) from person where -person_id = -7"),
    (R, "select count(*) from person where case person_id when 7 then true else false end"),
    (R, "select count(*) from person where coalesce(person_id, 0) = 7"),
    (R, "select sum(year_of_birth * case when person_id = 7 then 1e9 else 1 end) from person"),
    (R, "select count(case when person_id = 7 then 1 end) from person"),
    (R, "select count(*) filter (where person_id = 7) from person"),
    (R, "select row_number() over (order by birth_datetime) from person"),
    (R, "select lag(year_of_birth) over (order by person_id) from person"),
    (P, "select sum(count(*)) over () as n_all, count(*) as n from person group by year_of_birth"),
    (R, "select year_of_birth from person qualify row_number() over (order by person_id) = 1"),
    (R, "select count(*) from person using sample 1 rows"),
    (R, "select count(*) from person tablesample 1%"),
    (R, "select count(*) from person where random() < 0.01"),
    (R, "select count(*) from person where uuid()::varchar < '1'"),
    (R, "select count(*) from person group by year_of_birth, person_id"),
    (R, "select birth_datetime, count(*) from person group by 1"),
    (R, "select visit_occurrence_id, count(*) from visit_occurrence group by 1"),
    (P, "select count(*) as n from person group by grouping sets ((gender_concept_id), (year_of_birth))"),
    (P, "select gender_concept_id, count(*) as n from person group by rollup (gender_concept_id)"),
    (P, "select gender_concept_id, race_concept_id, count(*) as n from person group by cube (1, 2)"),
    (P, "select gender_concept_id, count(*) as n from person group by all"),
]
DIFFERENCING = [
    (P, "select count(*) as n from person where gender_concept_id = 8507"),
    (P, "select count(*) as n from person where gender_concept_id = 8507 and not year_of_birth = 1925"),
    (P, "select count(*) as n from person where gender_concept_id = 8507 or year_of_birth = 1925"),
    (R, "select count(*) from person where hash(person_id) % 2 = 0"),
    (R, "select count(*) from person where md5(person_id::varchar) like 'a%'"),
    (R, "select count(*) from person where person_id % 2 = 0"),
    (R, "select count(*) from person where substr(person_id::varchar, 5, 1) = '3'"),
    (R, "select count(*) from person where cast(person_id as varchar) like '1%'"),
    (R, "select count(*) from person where (person_id >> 3) & 1 = 1"),
    (P, "select count(*) as n from person where year_of_birth between 1950 and 1950"),
    (P, "select count(*) as n from person where year_of_birth = 1950"),
    (P, "select count(*) as n from (select person_id from person except select person_id from death)"),
    (
        P,
        "select count(*) as n from (select person_id from person except select person_id from person where"
        " year_of_birth <> 1925)",
    ),
    (R, "select sum(least(year_of_birth, 1950)) from person"),
    (R, "select sum(greatest(value_as_number, 7)) from measurement"),
    (P, "select count(*) as n from person p anti join death d on p.person_id = d.person_id"),
]
ERRORS_AND_RESOURCES = [
    (P, "select sum(case when gender_concept_id = 8507 then 1 // 0 end) as n from person"),
    (P, "select count(*) as n from person where 1 / 0 > 1"),
    (P, "select count(*) as n from person where year_of_birth / 0 > 1"),
    (P, "select avg(year_of_birth * 9223372036854775807) as a from person"),
    (P, "select count(*) as n from person where year_of_birth * 9223372036854775807 > 0"),
    (P, "select count(*) as n from person where cast('Smith' as integer) = 1"),
    (P, "select count(*) as n from person where year_of_birth = 1e308 * 10"),
    (R, "select case when year_of_birth = 1 then error('x') end from person"),
    (R, "select count(*) from person where error('x') is null"),
    (R, "select strptime('x', '%d') from person"),
    (R, "select count(*) from person where regexp_matches(gender_source_value, '(a*)*b')"),
    (R, "select repeat('x', 2000000000)"),
    (R, "select count(*) from person where length(repeat('x', 2000000000)) > 1"),
    (R, "select list_sum(range(300000000))"),
    (R, "select count(*) from range(300000000)"),
    (R, "select count(*) from generate_series(1, 100000000000)"),
    (R, "select levenshtein('a', 'b') from person"),
    (R, "select count(*) from person where levenshtein(gender_source_value, 'x') < 3"),
    (R, "select " + "(" * 2000 + "1" + ")" * 2000),
    (R, "select count(*) from person where " + "not " * 3000 + "true"),
    (R, "select count(*) from person where " + " and ".join(["year_of_birth = 1950"] * 700)),
    (R, "select " + "-" * 1999 + "1 from person"),
    (R, "select " + "case when true then " * 300 + "1" + " end" * 300),
    (R, "select count(*) from person where year_of_birth in (" + "1," * 7000 + "1)"),
    (R, "select 1 -- " + "x" * 20_000),
    (R, "with recursive r as (select 1 as i union all select i + 1 from r) select count(*) from r"),
    (R, ", ".join(["select count(*) from person a0"] + [f"person a{i}" for i in range(1, 12)])),
]
PARSER = [
    (R, "select DATE '2020-01-01'::TIMESTAMP_S"),
    (R, "select count(*) from person where birth_datetime > DATE '2020-01-01'::TIMESTAMP_NS"),
    (R, "select date_trunc(gender_source_value, birth_datetime), count(*) from person group by 1"),
    (R, "select interval '14 months ago'"),
    (R, "select jaro_winkler_similarity('a', 'b', .8)"),
    (R, "select reduce([1, 2], lambda a, b: a + b, 100)"),
    (R, "select $$; drop table person; $$"),
    (R, "select count(*) from person where gender_source_value = $$x$$ or person_id = 7"),
    (R, "select /* /* nested */ */ person_id from person"),
    (R, "select count(*) from person\u2028where true"),
    (R, "select count(*) from person where gender_source_value = 'a\x00b'"),
    (R, "select count(*) from pers\u043en"),  # a Cyrillic letter
    (R, "select c\u03bfunt(*) from person"),  # a Greek letter
    (R, "select count(*) from \u200bperson"),  # an invisible space
    (R, """select "p"" where 1=1 --" from person"""),
    (R, '''select count(*) as n from "person"" where 1=1 --"'''),
    (R, "select y: person_id from person"),
    (E, "select y: max(year_of_birth) from person"),
    (P, "from person select count(*) as n"),
    (R, "select count(*) from person where person_id = ?"),
    (R, "select count(*) from person where person_id = $1"),
    (R, "select count(*) from person where person_id = :x"),
    (R, "select count(*) from person where person_id = {x}"),
    (R, "select count(*) from person where person_id = {{x}}"),
    (R, "select count(*) from person at (version => 1)"),
    (R, ""),
    (R, "   \n\t "),
    (R, ";"),
    (R, "-- select count(*) from person"),
    (R, "\ud800"),
    (R, "select '\ud800'"),
    (R, "nonsense"),
]
CATALOGUE: list[tuple[str, str]] = [
    *SCOPE,
    *ENGINE,
    *RAW_VALUES,
    *EVASION,
    *DIFFERENCING,
    *ERRORS_AND_RESOURCES,
    *PARSER,
]


@pytest.fixture(scope="module", autouse=True)
def nothing_gave_way(guard_lab: GuardLab) -> Iterator[None]:
    """After all attacks: the extracts are untouched, the chain holds, nothing was written, workers answer."""
    before = {project: digest(guard_lab.data(project).database) for project in ("gi-bleed", "respiratory")}
    found = written()
    yield
    assert {project: digest(guard_lab.data(project).database) for project in before} == before
    assert written() <= found
    assert guard_lab.ask(PLAIN).verdict is Verdict.ANSWERED
    folder = guard_lab.settings.folder
    with guard_lab.store.reading() as session:
        report = verify_chain(session, folder.audit_head, folder.keys / "audit-signing.pem")
    assert report.holds, report.reason


def written() -> set[Path]:
    """What has a name in /tmp that an attack would write to."""
    return {*Path("/tmp").glob("attack*"), *Path("/tmp").glob("stolen*")}


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def check_refused(result: QueryResult, sql: str) -> None:
    assert result.verdict is Verdict.REFUSED
    assert result.refusal is not None
    assert result.table is None
    assert result.code not in TOO_LATE
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", result.code)
    check_text(result, sql)


def check_text(result: QueryResult, sql: str) -> None:
    """No longer number in the words of a refusal but the caller's own, the code's published ones, the limits and the
    examples."""
    assert result.refusal is not None
    numbers = set(re.findall(r"\d{3,}", f"{result.message} {result.refusal.where}"))
    published = re.findall(r"\d+", " ".join(code.meaning for code in CODES if code.code == result.code))
    assert numbers <= {*re.findall(r"\d+", sql), *published, "16384", "2000", "2020"}


def check_protected(result: QueryResult) -> None:
    """Counts (columns n...) are suppressed or at least the threshold, and rounded."""
    assert isinstance(result.table, pa.Table)
    for name in result.table.column_names:
        for value in result.table[name].to_pylist():
            if name.startswith("n") and value is not None:
                assert value == 0 or value >= 10, name
                assert value % 5 == 0, name


def check_extreme(guard_lab: GuardLab, result: QueryResult) -> None:
    """One number, flagged: the tenth lowest or the tenth highest."""
    assert result.table is not None
    assert result.table.num_rows == 1
    (name,) = result.table.column_names
    (value,) = result.table[name].to_pylist()
    assert result.flags[name].startswith("protected extreme")
    with duckdb.connect(str(guard_lab.data().database), read_only=True) as plain:
        years = sorted(year for (year,) in plain.sql("SELECT year_of_birth FROM person").fetchall())
    assert value in (years[9], years[-10])


@pytest.mark.parametrize(("verdict", "sql"), CATALOGUE, ids=range(len(CATALOGUE)))
def test_catalogue(guard_lab: GuardLab, verdict: str, sql: str) -> None:
    begun = time.process_time()  # of this process, the planner's: others share the machine
    result = guard_lab.ask(sql)
    assert time.process_time() - begun < 2.0
    assert result.code not in ("query-too-expensive", "engine-unavailable")
    if verdict == R or (verdict == P and result.verdict is Verdict.REFUSED):
        check_refused(result, sql)
    elif verdict == E:
        check_extreme(guard_lab, result)
    else:
        check_protected(result)


def test_injection_payloads_as_statements(guard_lab: GuardLab) -> None:
    for text in payloads(in_pairs=True):
        result = guard_lab.ask(text)
        check_refused(result, text)


def test_injection_payloads_behind_a_value(guard_lab: GuardLab) -> None:
    """A careless notebook pastes them into its own SQL: whatever comes out is judged as SQL."""
    for text in payloads():
        sql = f"SELECT count(*) AS n FROM person WHERE gender_source_value = '{text}'"
        result = guard_lab.ask(sql)
        if result.verdict is Verdict.REFUSED:
            check_refused(result, sql)
        else:
            check_protected(result)


def test_injection_payloads_inside_a_literal_are_only_text(guard_lab: GuardLab) -> None:
    """Quoted properly they are values: nobody has them, so nobody is counted (a true zero)."""
    for text in payloads(in_pairs=True):
        quoted = text.replace("'", "''")
        result = guard_lab.ask(f"SELECT count(*) AS n FROM person WHERE gender_source_value = '{quoted}'")
        if result.verdict is Verdict.REFUSED:
            check_refused(result, text)
        else:
            assert result.table is not None
            assert result.table.to_pydict() == {"n": [0]}


@pytest.mark.parametrize(
    "literal", ["{body}", "{body}))", "{}", "{0}", "{0.__class__}", "{body!r}", "%s", "$1", "?", ":x", "\\", "{{", "}}"]
)
def test_a_literal_is_never_a_template(guard_lab: GuardLab, literal: str) -> None:
    """Wherever a literal stands, what it holds is text: nobody has it, so nobody is counted."""
    payload = "= '' OR t1.person_id BETWEEN 1 AND 3000 OR '' = '' AND "
    for sql in (
        f"SELECT count(*) AS n FROM person p WHERE '{literal}' IN (SELECT c.domain_id FROM concept c WHERE c.concept_id"
        f" <> p.gender_concept_id AND c.domain_id = '{payload}')",
        f"SELECT count(*) AS n FROM person p WHERE CASE p.gender_concept_id WHEN 8507 THEN 'M' END || '{literal}' IN"
        " (SELECT c.domain_id || 'x' FROM concept c WHERE c.concept_id = p.gender_concept_id AND c.domain_id <>"
        f" '{payload}')",
        f"SELECT count(*) AS n FROM person p WHERE EXISTS (SELECT 1 FROM concept c WHERE c.concept_id ="
        f" p.gender_concept_id AND c.domain_id = '{literal}' AND c.concept_name <> '{payload}')",
        f"SELECT count(*) AS n FROM person p WHERE (SELECT max(c.domain_id || '{literal}') FROM concept c WHERE"
        f" c.concept_id = p.gender_concept_id AND c.domain_id <> '{payload}') = '{payload}'",
    ):
        result = guard_lab.ask(sql)
        assert result.verdict is Verdict.ANSWERED, (result.code, sql)
        assert result.table is not None
        assert result.table.to_pydict() in ({"n": [None]}, {"n": [0]}), sql


def test_hidden_and_missing_names_read_alike(guard_lab: GuardLab) -> None:
    """What another project has, what the extract hides, and what nobody has: one code, one text but for the name."""
    texts = set()
    for column in ("person_ordinal", "person_source_value", "nhs_number"):
        result = guard_lab.ask(f"SELECT count({column}) FROM person")
        texts.add((result.code, result.message.replace(column, "X")))
    assert len(texts) == 1
    tables = set()
    for table in ("measurement", "note", "secret"):  # in gi-bleed, in neither, nowhere
        result = guard_lab.ask(f"SELECT count(*) FROM {table}", subject="researcher-b", project="respiratory")
        tables.add((result.code, result.message.replace(table, "X")))
    assert len(tables) == 1


@pytest.mark.parametrize(
    ("subject", "project"),
    [
        ("researcher-a", "respiratory"),  # a member elsewhere
        ("checker-a", "gi-bleed"),
        ("admin", "gi-bleed"),
        ("outsider", "gi-bleed"),
        ("researcher-a", "no-such-project"),
        ("researcher-a", "gi-bleed' OR '1'='1"),
        ("", ""),
    ],
)
def test_only_live_members_are_answered(guard_lab: GuardLab, subject: str, project: str) -> None:
    result = guard_lab.ask(PLAIN, subject=subject, project=project)
    assert result.verdict is Verdict.REFUSED
    assert result.code in {"not-a-member", "not-registered", "training-missing"}


def test_rewordings_of_one_question_have_one_answer(guard_lab: GuardLab) -> None:
    wordings = [
        "SELECT count(*) AS n FROM person WHERE year_of_birth BETWEEN 1950 AND 1950",
        "SELECT count(*) AS n FROM person WHERE year_of_birth = 1950",
        "SELECT count(1) AS n FROM person WHERE 1950 = year_of_birth",
        "SELECT count(*) AS n FROM person WHERE year_of_birth IN (1950)",
        "SELECT count(*) AS n FROM person WHERE NOT (year_of_birth <> 1950)",
        "select COUNT ( * ) as n from PERSON where YEAR_OF_BIRTH=1950 and true",
    ]
    answers = {str(result.table.to_pydict()) for sql in wordings if (result := guard_lab.ask(sql)).table is not None}
    assert len(answers) == 1


def test_every_question_is_an_event_and_a_receipt(guard_lab: GuardLab) -> None:
    def count(column: Any, *where: Any) -> int:
        with guard_lab.store.reading() as session:
            return session.scalar(select(func.count()).select_from(column).where(*where)) or 0

    events = AuditEvent.event.in_(("query.answered", "query.refused"))
    before = count(AuditEvent, events), count(QueryReceipt)
    secret = "SELECT count(*) FROM person WHERE gender_source_value = 'ODDLY SPECIFIC'"
    asked = [guard_lab.ask(sql) for sql in (PLAIN, "drop table person", secret)]
    assert (count(AuditEvent, events), count(QueryReceipt)) == (before[0] + 3, before[1] + 3)
    with guard_lab.store.reading() as session:
        receipt = session.get_one(QueryReceipt, asked[2].receipt)
        assert receipt.sql == secret
        details = session.scalars(select(AuditEvent.detail).where(events)).all()
    assert not any("ODDLY" in detail or "FROM" in detail.upper() for detail in details)
    assert {json.loads(detail)["receipt"] for detail in details} >= {result.receipt for result in asked}
