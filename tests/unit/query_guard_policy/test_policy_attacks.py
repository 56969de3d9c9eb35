"""The design's attack catalogue, line by line, at the level of the policy.

R: refused. P: answered with protected values. S: answered, the cell hidden. LATER: the catalogue answers it safely
(P), this version refuses it.
"""

from __future__ import annotations

from typing import Any

import pytest

from governance.refusal import Refusal
from query_guard.policy import Answer
from tests.support.guard_policy import PolicyLab

R, P, S, LATER = "refused", "protected", "suppressed", "refused until a later version"

SCOPE = [
    (R, "select * from query('select * from secret')"),
    (R, "select * from query_table('secret')"),
    (R, "select * from duckdb_tables()"),
    (R, "select * from information_schema.columns"),
    (LATER, "with person as (select 1) select count(*) from person"),
    (R, """select count(*) from person where "NHS_No"='1'"""),
    (R, "select person from person"),
    (R, "select p from person p"),
    (R, "select * exclude (person_id) from person"),
    (R, "select count(rowid) from person"),
    (R, "select count(*) from person natural join secret"),
    (R, "describe person"),
    (R, "summarize person"),
    (R, "show tables"),
    (R, "select * from pragma_storage_info('person')"),
]
ENGINE = [
    (R, "select count(*) from 'x.csv'"),
    (R, "select count(*) from read_text('/etc/passwd')"),
    (R, "copy person to 'x.csv'"),
    (R, "copy (select * from person) to '/tmp/x'"),
    (R, "install httpfs"),
    (R, "load httpfs"),
    (R, "set memory_limit = '100GB'"),
    (R, "set variable v = (select max(gender_source_value) from person)"),
    (R, "create temp table t as select * from person"),
    (R, "prepare q as select * from person"),
    (R, "select current_setting('secret_directory') from person"),
    (R, "with a as (insert into person values (1) returning *) select count(*) from a"),
    (R, "select count(*) from person; select * from person"),
    (R, "merge into person using death on true when matched then delete"),
    (R, "pragma database_list"),
    (R, "attach 'other.db'"),
    (R, "call duckdb_tables()"),
    (R, "select json_execute_serialized_sql('x') from person"),
    (R, "select getvariable('v') from person"),
]
RAW_VALUES = [
    (R, "select * from person limit 1"),
    (R, "select max(gender_source_value) from person"),
    (R, "select arg_max(gender_source_value, year_of_birth) from person"),
    (R, "select list(year_of_birth) from person"),
    (R, "select string_agg(gender_source_value) from person"),
    (R, "select any_value(gender_source_value) from person"),
    (R, "select histogram(year_of_birth) from person"),
    (R, "select stats(year_of_birth) from person"),
    (R, "select quantile_cont(year_of_birth, 0) from person"),
    (R, "select median(year_of_birth) from person where person_id < 50"),
    (R, "select distinct person_id from person"),
    (P, "select distinct race_source_value from person"),
    (P, "select count(*) from person having count(*) = 1"),
    (R, "select gender_concept_id, count(*) from person group by 1 limit (select year_of_birth from person limit 1)"),
    (R, "select bit_xor(hash(gender_source_value)) from person"),
    (R, "select sum(1 << year_of_birth) from person"),
    (R, "select first(year_of_birth) from person"),
    (R, "select mode(year_of_birth) from person"),
    (R, "select product(year_of_birth) from person"),
    (R, "select bool_or(year_of_birth = 1950) from person"),
]
THRESHOLD = [
    (R, "select count(*) from person a join person b on a.gender_concept_id = b.gender_concept_id"),
    (S, "select count(*) from measurement where measurement_concept_id = 50"),  # 50 events of one patient
    (LATER, "select count(*) from (select * from person union all select * from person)"),
    (LATER, "select sum(n) from (select year_of_birth, count(*) as n from person group by 1)"),
    (S, "select sum(case when race_source_value = 'rare' then 1 else 0 end) from person"),
    (S, "select sum(case when race_source_value <> 'rare' then 1 else 0 end) from person"),
    (R, "select avg(year_of_birth) from person where person_id = 7"),
    (R, "select sum(year_of_birth * case when person_id = 7 then 1e9 else 1 end) from person"),
    (R, "select sum(year_of_birth * case when race_source_value = 'rare' then 1e9 else 1 end) from person"),
    (S, "select sum(value_as_number) from measurement where measurement_concept_id = 95"),  # one patient holds 95 %
    (R, "select row_number() over (order by birth_datetime) from person"),
    (R, "select lag(year_of_birth) over (order by birth_datetime) from person"),
    (R, "select count(*) from person using sample 1 rows"),
    (R, "select count(*) from person tablesample 1%"),
    (R, "select count(*) from person where random() < 0.01"),
    (R, "select distinct on (gender_concept_id) year_of_birth from person"),
    (S, "select count(*), count(distinct person_id) from person where race_source_value = 'rare'"),
    (S, "select count(distinct person_id) filter (where race_source_value = 'rare') from person"),
    (S, "select coalesce(count(*) filter (where race_source_value = 'rare'), 0) from person"),
    (S, "select count(*) - count(*) filter (where race_source_value <> 'rare') from person"),
    (S, "select 1000 + 0 * count(*) filter (where race_source_value = 'rare') from person"),
    (S, "select sum(case when race_source_value = 'rare' then 1000000 else 1 end) from person"),
    (S, "select count(*) from person p join concept c on c.domain_id = p.gender_source_value"),  # weights
]
DIFFERENCING = [
    (P, "select count(*) from person where race_source_value = 'a' and birth_datetime <> '1950-01-01'"),
    (P, "select count(*) from person where race_source_value = 'a' or race_source_value = 'rare'"),
    (LATER, "select gender_concept_id, count(*) from person group by rollup (gender_concept_id)"),
    (R, "select count(*) from person where hash(gender_source_value) % 2 = 0"),
    (R, "select count(*) from person where substr(gender_source_value, 5, 1) = '3'"),
    (R, "select count(*) from person where person_id % 2 = 0"),
    (R, "select count(*) from person except select count(*) from death"),
    (P, "select count(*) from person p anti join death d on d.person_id = p.person_id"),
    (R, "select sum(least(value_as_number, 3)) from measurement"),
    (LATER, "select quantile_cont(value_as_number, 0.17) from measurement"),
]
ERRORS = [
    (P, "select count(*) from person where case when gender_source_value = '1' then 1 / 0 end > 1"),
    (R, "select count(*) from person where case when gender_source_value = '1' then 1 // 0 end > 1"),
    (R, "select case when year_of_birth = 1950 then error('x') end from person"),
    (R, "select count(*) from person where strptime(gender_source_value, '%Y') > birth_datetime"),
    (R, "select count(*) from person where regexp_matches(gender_source_value, '(a*)*b')"),
    (R, "select count(*) from person where repeat('x', 2000000000) = 'x'"),
    (R, "select count(*) from person where list_sum(range(300000000)) > 1"),
    (R, "select count(*) from person where levenshtein(gender_source_value, 'x') > 1"),
    (R, "select count(*) from person where " + "(" * 2000 + "true" + ")" * 2000),
    (R, "select count(*) from person, person b, person c, person d"),
    (P, "select count(*) from person where year_of_birth * 9223372036854775807 > 1"),
    (P, "select count(*) from person where cast(gender_source_value as int) is null"),
]
PARSER = [
    (R, "select count(*) from visit_occurrence where visit_start_date > DATE '2020-01-01'::TIMESTAMP_S"),
    (R, "select date_trunc(gender_source_value, birth_datetime), count(*) from person group by 1"),
    (R, "select jaro_winkler_similarity(gender_source_value, 'x', .8) from person"),
    (R, "select count(*) from visit_occurrence where visit_start_date > date '2020-01-01' + interval '14 months ago'"),
    (R, "select $$..;drop table person;$$ from person"),
    (P, "select count(*) /* /* nested */ */ from person"),
    (R, "select count(*) from person where gender_source_value = '\u2028'"),
    (R, "select count(*) from person where gender_source_value = '\0'"),
    (R, "select count(*) from pеrson"),  # Cyrillic
    (R, 'select count(*) from "person"" where 1=1 --"'),
    (R, "select y: year_of_birth from person"),
    (P, "from person select count(*)"),
    (R, "select columns('.*') from person"),
    (R, "select * like 'year%' from person"),
    (R, "select #1 from person"),
    (R, "select count(*) from person where year_of_birth = $1"),
    (R, "select count(*) from person where year_of_birth = ?"),
]
ATTACKS = [*SCOPE, *ENGINE, *RAW_VALUES, *THRESHOLD, *DIFFERENCING, *ERRORS, *PARSER]


@pytest.fixture(scope="module")
def hospital() -> PolicyLab:
    """100 people, three of whom are rare; one with 50 events; one who holds 95 % of a sum; weighing reference rows."""
    lab = PolicyLab()
    lab.people(57, gender_concept_id=1, year_of_birth=1950, gender_source_value="M", race_source_value="a")
    lab.people(40, first=60, gender_concept_id=2, year_of_birth=1960, gender_source_value="F", race_source_value="b")
    lab.people(3, first=200, gender_concept_id=2, year_of_birth=1970, gender_source_value="F", race_source_value="rare")
    lab.fill("measurement", [{"measurement_id": n, "person_id": 1, "measurement_concept_id": 50} for n in range(50)])
    heavy = [(n, n, 1900.0 if n == 1 else 5.0) for n in range(1, 21)]
    lab.fill(
        "measurement",
        [
            {"measurement_id": 100 + i, "person_id": n, "measurement_concept_id": 95, "value_as_number": v}
            for i, n, v in heavy
        ],
    )
    lab.fill(
        "concept", [{"concept_id": n, "domain_id": "M"} for n in range(50)] + [{"concept_id": 99, "domain_id": "F"}]
    )
    return lab


@pytest.mark.parametrize(
    ("verdict", "sql"), ATTACKS, ids=[sql[:60].encode("unicode_escape").decode() for _, sql in ATTACKS]
)
def test_attack(hospital: PolicyLab, verdict: str, sql: str) -> None:
    outcome = attempt(hospital, sql)
    if verdict in (R, LATER):
        assert isinstance(outcome, Refusal)
        assert outcome.code != "guard-failed"
        assert "rare" not in outcome.message + outcome.remedy
        return
    assert isinstance(outcome, Answer), outcome
    values = [value for column in outcome.table.columns for value in column.to_pylist()]
    if verdict == S:
        assert set(values) == {None}
        assert outcome.suppressed_cells == len(values)
    assert all(value is None or not isinstance(value, int) or value % 5 == 0 for value in values)


def attempt(lab: PolicyLab, sql: str) -> Any:
    try:
        return lab.ask(sql)
    except Refusal as refusal:
        return refusal


SAME = [
    "select count(*) from person where year_of_birth between 1950 and 1950",
    "select count(*) from person where year_of_birth = 1950",
    "select COUNT(*) from person p where p.year_of_birth in (1950)",
    "select count(*) from person where not (year_of_birth < 1950 or year_of_birth > 1950)",
    "select count(distinct person_id) from person where year_of_birth + 1 = 1951",
    "select sum(1) from person where year_of_birth >= 1950 and year_of_birth <= 1950",
    "select count(*) from person a join person b on a.person_id = b.person_id where b.year_of_birth = 1950",
]


def test_rewordings_get_one_answer(hospital: PolicyLab) -> None:
    assert {hospital.value(sql) for sql in SAME} == {55}
    assert {hospital.value(SAME[1]) for _ in range(5)} == {55}


def test_a_forged_name_of_an_output_column_changes_nothing(hospital: PolicyLab) -> None:
    answer = hospital.ask("""select count(*) as "x"" , s_a1 -- " from person""")
    assert answer.table.column_names == ['x" , s_a1 -- ']
    assert answer.table.column(0).to_pylist() == [100]


def test_output_names_of_the_guard_are_free_for_the_caller(hospital: PolicyLab) -> None:
    sql = (
        "select race_source_value as c2, count(*) as s1, count(*) as a1, count(*) filter (where year_of_birth "
        "> 1980) as k1 from person group by 1 order by 1"
    )
    answer = hospital.ask(sql)
    assert answer.table.to_pylist() == [
        {"c2": "a", "s1": 55, "a1": 55, "k1": None},
        {"c2": "b", "s1": 40, "a1": 40, "k1": None},
    ]
    assert answer.suppressed_cells == 2
