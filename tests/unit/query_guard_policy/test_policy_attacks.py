"""The design's attack catalogue, line by line, at the level of the policy.

R: refused. P: answered with protected values. S: answered, the cell hidden. N: nothing is told, be it refused or
hidden. W: answered as if nobody were left out.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from governance.refusal import Refusal
from query_guard.policy import Answer
from tests.support.guard_policy import PolicyLab

R, P, S, N, W = "refused", "protected", "suppressed", "nothing told", "the whole"

RARE = "select * from person where race_source_value = 'rare'"
FLAGS = "(select case when race_source_value = 'rare' then 1.0 else 0.0 end as f, year_of_birth as y from person)"
SWITCHED_DATE = (
    "date_diff('day', case when race_source_value = 'rare' then date '1020-01-01' else date '2019-12-31' end,"
    " date '2020-01-01')"
)

SWITCHED = (
    "(select person_id, case when race_source_value = 'rare' then date '1020-01-01' else date '2019-12-31' end as d"
    " from person)"
)

SCOPE = [
    (R, "select * from query('select * from secret')"),
    (R, "select * from query_table('secret')"),
    (R, "select * from duckdb_tables()"),
    (R, "select * from information_schema.columns"),
    (P, "with person as (select * from person) select count(*) from person"),
    (P, "with secret as (select * from person) select count(*) from secret"),
    (R, "with sde_marks as (select * from person) select mark from sde_marks"),
    (R, "select mark from sde_marks"),
    (R, "select count(*) from sde_marks"),
    (R, "select count(*) from person p join sde_marks m on m.person_id = p.person_id"),
    (R, "select count(*) from person p where exists (select 1 from sde_marks m where m.person_id = p.person_id)"),
    (R, "select count(*) from sde_rows"),
    (R, "select count(*) from (select * from (select 1), sde_p1)"),
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
    (R, "select year_of_birth from (select person_id, max(year_of_birth) as year_of_birth from person group by 1)"),
    (R, "with w as (select * from person) select * from w"),
    (R, "select * from (select * from person order by year_of_birth limit 1)"),
    (R, "select count(*), (select year_of_birth from person) from person"),
    (R, "select count(*), (select min(year_of_birth) from person p where p.person_id = person.person_id) from person"),
    (R, "select row_number() over (partition by person_id order by visit_start_date) from visit_occurrence"),
    (R, "select gender_concept_id, count(*) from person group by 1 having 1 in (select year_of_birth from person)"),
    (R, "select birth_datetime, min(year_of_birth) from person group by 1"),
    (R, "select b, count(*) from (select birth_datetime as b from person) group by b"),
    (R, "select b, count(*) from (select max(birth_datetime) as b from person group by person_id) group by b"),
    (R, "select s, count(*) from (select sum(value_as_number) as s from measurement group by person_id) group by s"),
    (
        R,
        "select l, count(*) from (select lag(visit_start_date) over (partition by person_id order by visit_start_date)"
        " as l from visit_occurrence) group by l",
    ),
    (
        R,
        "select d, count(*) from (select birth_datetime as d from person union all select birth_datetime from person)"
        " group by d",
    ),
    (R, "select count(distinct x) from (select person_id % 2 as x from person)"),
]
THRESHOLD = [
    (R, "select count(*) from person a join person b on a.gender_concept_id = b.gender_concept_id"),
    (S, "select count(*) from measurement where measurement_concept_id = 50"),  # 50 events of one patient
    (P, "select count(*) from (select * from person union all select * from person)"),
    (P, "select sum(n) from (select year_of_birth, count(*) as n from person group by 1)"),
    (S, "select sum(case when race_source_value = 'rare' then 1 else 0 end) from person"),
    (W, "select sum(case when race_source_value <> 'rare' then 1 else 0 end) from person"),
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
    (W, "select count(*) - count(*) filter (where race_source_value <> 'rare') from person"),
    (S, "select 1000 + 0 * count(*) filter (where race_source_value = 'rare') from person"),
    (S, "select sum(case when race_source_value = 'rare' then 1000000 else 1 end) from person"),
    (S, "select count(*) from person p join concept c on c.domain_id = p.gender_source_value"),  # weights
    (S, "select count(*) from person p cross join concept c"),
    (
        S,
        "select count(*) from person p, (values ('M', 1), ('M', 2), ('F', 1)) v(g, n) where gender_source_value = v.g",
    ),
    (S, "select count(*) from (select p.* from person p join concept c on c.domain_id = p.gender_source_value)"),
    (
        S,
        "select sum(n) from (select p.person_id, count(*) as n from person p join concept c on c.domain_id ="
        " p.gender_source_value group by 1)",
    ),
    # the same few people, through queries inside the query
    (S, "select count(*) from (select * from person where race_source_value = 'rare')"),
    (S, f"select count(*) from (select * from ({' union all '.join([RARE] * 5)}))"),
    (
        S,
        "select count(*) from (select person_id from person intersect select person_id from person where"
        " race_source_value = 'rare')",
    ),
    (
        W,
        "select count(*) from (select person_id from person except select person_id from person where"
        " race_source_value <> 'rare')",
    ),
    (S, f"select count(*) from person where person_id in (select person_id from ({RARE}))"),
    (S, f"select count(*) from person p where exists (select 1 from ({RARE}) r where r.person_id = p.person_id)"),
    (S, f"select count(*) from person p semi join ({RARE}) r on r.person_id = p.person_id"),
    (
        S,
        f"select count(*) from person p left join ({RARE}) r on r.person_id = p.person_id where r.person_id is not"
        " null",
    ),
    (S, f"select count(r.person_id) from person p left join ({RARE}) r on r.person_id = p.person_id"),
    (S, f"select count(r.person_id) from person p full join ({RARE}) r on r.person_id = p.person_id"),
    (S, f"select count(distinct r.person_id) from person p left join ({RARE}) r on r.person_id = p.person_id"),
    (
        S,
        "select sum(n) from (select person_id, count(*) filter (where race_source_value = 'rare') as n from person"
        " group by 1)",
    ),
    (S, "select sum(f) from (select case when race_source_value = 'rare' then 1 else 0 end as f from person)"),
    (W, "select sum(f) from (select case when race_source_value <> 'rare' then 1 else 0 end as f from person)"),
    (S, "select avg(f) from (select case when race_source_value = 'rare' then 1 else 0 end as f from person)"),
    (W, "select sum(f) from (select case when race_source_value <> 'rare' then 1 end as f from person)"),
    (
        W,
        "select sum(n) from (select person_id, sum(case when race_source_value <> 'rare' then 1 end) as n from person"
        " group by 1)",
    ),
    # a distribution of 0 and 1 tells how many there are of each
    (N, f"select stddev(f), var_pop(f) from {FLAGS}"),
    (N, f"select corr(f, y), covar_pop(f, y), regr_slope(f, y) from {FLAGS}"),
    # a quantity made of two fixed dates does, too
    (N, f"select sum({SWITCHED_DATE}), avg({SWITCHED_DATE}) from person"),
    (N, f"select min({SWITCHED_DATE}), max({SWITCHED_DATE}) from person"),
    (N, f"select sum(date_diff('day', d, date '2020-01-01')) from {SWITCHED}"),
    (N, f"select avg(year(d)) from {SWITCHED}"),
    (
        N,
        f"select sum(x) from (select date '2020-01-01' - lag(d, 0) over (partition by person_id) as x from {SWITCHED})",
    ),
    (
        N,
        "select sum(date_diff('day', date '2020-01-01', v.d)) from person p join (values ('rare', date '3000-01-01'),"
        " ('a', date '2020-01-02'), ('b', date '2020-01-02')) v(r, d) on v.r = p.race_source_value",
    ),
    # 57 of 100 people are «a»: between two neighbouring ranks a quantile of 0 and 1 tells which of them is the last 0
    (N, "select quantile_cont(f, 0.43) from (select if(race_source_value = 'a', 1.0, 0.0) as f from person)"),
    # what is left without the three
    (W, "select stddev(year_of_birth) filter (where race_source_value <> 'rare') from person"),
    (W, "select median(year_of_birth) filter (where race_source_value <> 'rare') from person"),
    (W, "select max(year_of_birth) filter (where race_source_value <> 'rare') from person"),
    (N, "select stddev(value_as_number), var_samp(value_as_number) from measurement where measurement_concept_id = 95"),
    # three people, nine times each, beside everybody once: 127 - 100 is 9 * 3
    (N, f"select count(*) from (select * from person union all {' union all '.join([RARE] * 9)})"),
]
DIFFERENCING = [
    (P, "select count(*) from person where race_source_value = 'a' and birth_datetime <> '1950-01-01'"),
    (P, "select count(*) from person where race_source_value = 'a' or race_source_value = 'rare'"),
    (P, "select gender_source_value, count(*) from person group by rollup (gender_source_value)"),
    (P, "select race_source_value, count(*) from person group by rollup (race_source_value)"),
    (P, "select race_source_value, gender_source_value, count(*) from person group by cube (1, 2)"),
    (R, "select count(*) from person where hash(gender_source_value) % 2 = 0"),
    (R, "select count(*) from person where substr(gender_source_value, 5, 1) = '3'"),
    (R, "select count(*) from person where person_id % 2 = 0"),
    (P, "select count(*) from person except select count(*) from death"),
    (P, "select count(*) from (select person_id from person except select person_id from death)"),
    (P, "select count(*) from person p anti join death d on d.person_id = p.person_id"),
    (R, "select sum(least(value_as_number, 3)) from measurement"),
    (S, "select quantile_cont(value_as_number, 0.15) from measurement"),  # 20 values: 3 beyond it
    (P, "select quantile_cont(year_of_birth, 0.15) from person"),
    (S, "select quantile_cont(year_of_birth, 0.05) from person"),
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
LITERALS = [
    (
        N,
        f"select count(*) from person p where '{text}' in (select c.domain_id from concept c where c.concept_id <>"
        f" p.gender_concept_id and c.domain_id = '{payload}')",
    )
    for text in ("{body}", "{body}))", "{}", "{0}", "{", "}}")
    for payload in ("x", "= '' OR t1.person_id between 1 and 57 OR '' = '' AND ")
]
ATTACKS = [*SCOPE, *ENGINE, *RAW_VALUES, *THRESHOLD, *DIFFERENCING, *ERRORS, *PARSER, *LITERALS]


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
    ("verdict", "sql"),
    ATTACKS,
    ids=[f"{number}-{sql[:60].encode('unicode_escape').decode()}" for number, (_, sql) in enumerate(ATTACKS)],
)
def test_attack(hospital: PolicyLab, verdict: str, sql: str) -> None:
    outcome = attempt(hospital, sql)
    if verdict == R or (verdict == N and isinstance(outcome, Refusal)):
        assert isinstance(outcome, Refusal)
        assert outcome.code != "guard-failed"
        assert "rare" not in outcome.message + outcome.remedy
        return
    assert isinstance(outcome, Answer), outcome
    if verdict == W:
        whole = attempt(hospital, sql.replace("<> 'rare'", "is not null"))
        assert isinstance(whole, Answer)
        assert rows_of(outcome) == rows_of(whole)
    values = [value for column in outcome.table.columns for value in column.to_pylist()]
    if verdict in (S, N):
        assert set(values) == {None}
        assert outcome.suppressed_cells == len(values)
    assert all(value is None or not isinstance(value, int) or value % 5 == 0 for value in values)


def rows_of(answer: Answer) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in answer.table.to_pylist()]


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


@pytest.mark.parametrize(
    ("sql", "given"),
    [
        (f"select min(f), max(f) from {FLAGS}", (0, 0)),  # three have 1, which ten do not
        ("select max(value_as_number) from measurement where measurement_concept_id = 95", (5.0,)),  # one has 1900
        ("select max(n) from (select person_id, count(*) as n from measurement group by 1)", (1,)),  # one has 51
        (
            "select min(case when race_source_value = 'rare' then date '1000-01-01' else date '2000-01-01' end) from"
            " person",
            (date(2000, 1, 1),),
        ),
    ],
)
def test_an_extreme_is_a_value_that_enough_people_have_or_pass(
    hospital: PolicyLab, sql: str, given: tuple[Any, ...]
) -> None:
    assert hospital.rows(sql) == [given]
