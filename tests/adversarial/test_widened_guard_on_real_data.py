"""Attacks through the widened language on a real guard over GiBleed, with real engines, register and history.

The same question is asked about two real people, one with the secret and one without: what comes back must be alike.
Numbers that do come back are held against the true data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest

from query_guard.asked import Asked
from query_guard.differencing import FEWEST_STEPS
from query_guard.outcome import QueryResult, Verdict
from tests.support.guard_lab import GuardLab

pytestmark = pytest.mark.slow

SECRET = 378001  # a condition that a third of the people have
HAS_SECRET = (
    "exists (select 1 from condition_occurrence s where s.person_id = p.person_id"
    f" and s.condition_concept_id = {SECRET})"
)


@dataclass(frozen=True)
class Truth:
    """The extract itself, and two people whom an attacker can name: with and without the secret."""

    connection: duckdb.DuckDBPyConnection
    having: str
    without: str

    def value(self, sql: str) -> Any:
        """The first value of the true answer."""
        row = self.connection.execute(sql).fetchone()
        assert row is not None
        return row[0]


@pytest.fixture(scope="module")
def truth(guard_lab: GuardLab) -> Iterator[Truth]:
    with duckdb.connect(str(guard_lab.data().database), read_only=True) as connection:
        named = connection.execute(
            f"""SELECT any_value({HAS_SECRET}), p.year_of_birth, p.gender_concept_id, p.race_concept_id
            FROM person p GROUP BY ALL HAVING count(*) = 1 ORDER BY ALL"""
        ).fetchall()
        people: dict[bool, str] = {}
        for has_secret, year, gender, race in named:
            who = f"(p.year_of_birth = {year} and p.gender_concept_id = {gender} and p.race_concept_id = {race})"
            records = connection.execute(
                f"SELECT count(*) FROM condition_occurrence c JOIN person p USING (person_id) WHERE {who}"
            ).fetchone()
            if records and records[0] >= 15:
                people.setdefault(has_secret, who)
        yield Truth(connection, people[True], people[False])


def outcome(result: QueryResult) -> Any:
    """All that a researcher is told, but for times."""
    if result.table is None:
        assert result.refusal is not None
        return result.code, result.message
    hidden = [str(result.table.schema.field(name).metadata) for name in result.table.column_names]
    return str(result.table.to_pydict()), hidden, result.flags, result.suppressed_rows, result.suppressed_cells


#: {T} is the person, {S} the secret, both conditions on `person p`.
CONDITIONS_OF = "join condition_occurrence c{0} on c{0}.person_id = p.person_id"
ALIKE = {
    "number": "select count(*) as n from person p where {T} and {S}",
    "people": "select count(distinct p.person_id) as n from person p where {T} and {S}",
    "dates of one": "select min(c.condition_start_date) as a, max(c.condition_start_date) as b from person p"
    " join condition_occurrence c on c.person_id = p.person_id where {T} and {S}",
    "window that fails on a row": "select count(*) as n from (select p.person_id, ntile(0) over"
    " (partition by p.person_id order by p.year_of_birth) as t from person p where {T} and {S}) where t = 1",
    "window that overflows": "select count(*) as n from (select p.person_id,"
    " stddev(1e300 * year(c.condition_start_date)) over (partition by p.person_id) as t from person p"
    " join condition_occurrence c on c.person_id = p.person_id where {T} and {S}) where t > 1",
    "aggregate that overflows": "select avg(t) as a from (select p.person_id, variance(1e300 * p.year_of_birth) as t"
    " from person p join condition_occurrence c on c.person_id = p.person_id where {T} and {S} group by p.person_id)",
    "date out of range": "select count(*) as n from (select date_trunc('century',"
    " make_date(p.year_of_birth - 1900, 1, 1) - interval 40000 year) as t from person p where {T} and {S})"
    " where t is null",
    "codes of one": "select count(*) as n from person p where p.gender_concept_id in"
    " (select p.gender_concept_id from person p where {T} and {S})",
    "fifty events of one": "select c.condition_concept_id, count(*) as n from person p"
    " join condition_occurrence c on c.person_id = p.person_id where {T} and {S} group by 1",
    "many rows of one": "select count(*) as n from person p join condition_occurrence c on c.person_id = p.person_id"
    " join drug_exposure d on d.person_id = p.person_id where {T} and {S}",
    "cross product of one": "select count(*) as n from person p "
    + " ".join(CONDITIONS_OF.format(place) for place in range(7))
    + " where {T} and {S} and "
    + " + ".join(f"year(c{place}.condition_start_date)" for place in range(7))
    + " <> 3",
    "texts that double": "with d0 as (select p.person_id, case when p.year_of_birth > 0 then 'aaaaaaaaaaaaaaa' end as t"
    " from person p where {T} and {S}), "
    + ", ".join(f"d{n} as (select person_id, {' || '.join(['t'] * 8)} as t from d{n - 1})" for n in range(1, 10))
    + " select count(*) as n from d9 where t like '%b'",
    "rest of a filter": "select count(*) filter (where not {T}) as n from person p where {S} and"
    " p.year_of_birth < 1961",
    "rest in a margin": "select {T} as t, count(*) as n from person p where {S} and p.year_of_birth < 1962"
    " group by rollup (1)",
}


@pytest.mark.parametrize("name", ALIKE)
def test_questions_about_two_people_are_answered_alike(guard_lab: GuardLab, truth: Truth, name: str) -> None:
    told = [outcome(guard_lab.ask(ALIKE[name].format(T=who, S=HAS_SECRET))) for who in (truth.without, truth.having)]
    assert told[0] == told[1]


def test_hidden_groups_are_not_counted_exactly(guard_lab: GuardLab, truth: Truth) -> None:
    """Groups so fine that each is one person's: their number would be a count without rounding."""
    sql = (
        "select p.year_of_birth, p.gender_concept_id, p.race_concept_id, {T} as t, count(*) as n from person p"
        " where {S} and {more} group by all"
    )
    asked = [
        guard_lab.ask(sql.format(T=truth.having, S=HAS_SECRET, more=more)) for more in ("true", f"not {truth.having}")
    ]
    assert asked[0].suppressed_rows == asked[1].suppressed_rows


def test_so_many_rows_each_do_not_undo_rounding(guard_lab: GuardLab, truth: Truth) -> None:
    """Five rows of everybody: five times the people is always a multiple of five."""
    people = f"p.gender_concept_id = 8532 and p.year_of_birth < 1955 and {HAS_SECRET}"
    sql = f"""select count(*) as n from (select p.person_id from person p
    join condition_occurrence c on c.person_id = p.person_id where {people}
    qualify row_number() over (partition by p.person_id order by c.condition_start_date, c.condition_concept_id) <= 5)
    """
    true = truth.value(f"select count(*) from person p where {people}")
    assert true % 5, "choose other people: theirs is a multiple of five anyway"
    answer = guard_lab.ask(sql)
    if answer.verdict is Verdict.ANSWERED:
        assert answer.table is not None
        (told,) = answer.table.column("n").to_pylist()
        assert told is None or told / 5 != true


def test_the_most_rows_do_not_tell_of_one_person(guard_lab: GuardLab, truth: Truth) -> None:
    """The limit on rows is met or not by the rows of a single person, added to those of others."""
    pairs = (
        "select c.condition_concept_id, d.drug_concept_id, year(c.condition_start_date) as y,"
        " year(d.drug_exposure_start_date) as z, p.year_of_birth, p.gender_concept_id, p.race_concept_id, count(*) as n"
        " from person p join condition_occurrence c on c.person_id = p.person_id"
        " join drug_exposure d on d.person_id = p.person_id where {who} group by all"
    )
    groups = "select count(*) from (" + pairs + ")"
    own = truth.value(groups.format(who=truth.having))
    years = [
        year
        for (year,) in truth.connection.execute("select distinct year_of_birth from person order by 1").fetchall()
        if str(year) not in truth.having
    ]
    most, chosen, total = guard_lab.settings.query_rows, [], 0
    for year in years:  # as many whole years of birth as fit, the last ones of few people
        there = truth.value(groups.format(who=f"p.year_of_birth = {year}"))
        if total + there <= most:
            total, chosen = total + there, [*chosen, year]
    assert own > most - total, "the person's own groups do not reach the limit: choose another"
    others = f"p.year_of_birth in ({', '.join(map(str, chosen))})"
    told = [
        outcome(guard_lab.ask(pairs.format(who=f"({others} or {truth.having} and {secret})")))
        for secret in (HAS_SECRET, f"not {HAS_SECRET}")
    ]
    assert told[0] == told[1]


def test_quantiles_keep_away_from_the_ends(guard_lab: GuardLab, truth: Truth) -> None:
    """Two hundred levels of one small group: those beyond ten people are hidden or refused, the others whole years."""
    who = "p.gender_concept_id = 8532 and p.race_concept_id = 8515"
    people = truth.value(f"select count(*) from person p where {who}")
    levels = [round((place + 1) / 200, 3) for place in range(199)]
    for part in range(0, len(levels), 40):
        asked = levels[part : part + 40]
        listed = ", ".join(f"quantile_cont(p.year_of_birth, {level}) as q{n}" for n, level in enumerate(asked))
        answer = guard_lab.ask(f"select {listed} from person p where {who}")
        row = answer.table.to_pylist()[0] if answer.table is not None else {}
        for level, value in zip(asked, row.values(), strict=False):
            beyond = people * min(level, 1 - level)
            assert value is None or (beyond >= 10 and value == int(value))


def test_the_limit_on_near_questions_is_secret(guard_lab: GuardLab, truth: Truth) -> None:
    """A cohort with one more known person at a time: the question at which it is refused would tell who counted, if the
    limit were known. So it is drawn anew for each cohort, and whoever is added to it is refused nothing before."""
    rows = truth.connection.execute(
        f"""WITH seen AS (SELECT p.person_id, p.year_of_birth AS y, p.gender_concept_id AS g, p.race_concept_id AS r,
                min(k.condition_start_date) AS day, bool_or({HAS_SECRET}) AS secret
            FROM person p JOIN condition_occurrence k USING (person_id)
            WHERE k.condition_concept_id = 81151 AND p.year_of_birth BETWEEN 1950 AND 1975 GROUP BY ALL)
        SELECT any_value(secret), y, g, r, day FROM seen GROUP BY y, g, r, day HAVING count(*) = 1 ORDER BY ALL"""
    ).fetchall()
    known = "p.person_id in (select k.person_id from condition_occurrence k join person q on q.person_id = k.person_id"
    known += " join (values {rows}) w(y, g, r, d) on w.y = q.year_of_birth and w.g = q.gender_concept_id"
    known += " and w.r = q.race_concept_id and w.d = k.condition_start_date where k.condition_concept_id = 81151)"
    told = []
    for has_secret, cohort in ((True, "between 1908 and 1935"), (False, "between 1936 and 1944")):
        people = [f"({y}, {g}, {r}, DATE '{d}')" for secret, y, g, r, d in rows if secret is has_secret][:30]
        codes = []
        for number in range(1, len(people) + 1):
            whom = f"p.year_of_birth {cohort} or {known.format(rows=', '.join(people[:number]))}"
            codes.append(guard_lab.ask(f"select count(*) as n from person p where {HAS_SECRET} and ({whom})").code)
        told.append(codes)
    with_secret, without = ([code for code in codes if code] for codes in told)
    assert set(with_secret) <= {"too-many-near-questions"}
    assert not without
    assert told[0][:FEWEST_STEPS] == told[1][:FEWEST_STEPS]


REFUSED = [
    "select arg_min(p.year_of_birth, p.gender_concept_id) from person p",
    "select stats(p.year_of_birth) from person p",
    "select sum(1 << p.year_of_birth) from person p",
    "select quantile_cont(p.year_of_birth, 1) from person p",
    "select quantile_cont(p.year_of_birth, 1.5) from person p",
    "select quantile_cont(p.year_of_birth, p.gender_concept_id) from person p",
    "select nth_value(p.year_of_birth, 1) over (order by p.year_of_birth) from person p",
    "select count(*) from person p, lateral (select * from condition_occurrence c) x",
    "select count(*) from person p where (select x.year_of_birth from person x where x.person_id = p.person_id limit 1)"
    " > 1",
    "select count(*) from person p where p.person_id = (select min(person_id) from person)",
    "select count(*) from person p where p.person_id in (select max(person_id) from person)",
    "select count(*) from person p join (values (1), (2)) v(x) on v.x = p.person_id",
    "select count(*) from person p where p.person_id in (values (1), (2))",
    "select count(*) from (select person_id from person union all select x from (values (1)) v(x))",
    "select count(*) from (select person_id from person order by year_of_birth limit 1)",
    "select count(*) from (select person_id from person fetch first 1 rows only)",
    "select count(*) from (select distinct on (gender_concept_id) person_id from person order by year_of_birth)",
    "select person_id from person union select person_id from person",
    "with recursive r as (select person_id from person union all select person_id from r) select count(*) from r",
    "select count(*) from sde_marks",
    "select count(*) from sde_p1",
    "select count(*) from sde_rows",
    "select mark from person",
    "select count(*) from person p where strftime(make_date(p.year_of_birth, 1, 1), '%j') = '001' and p.person_id > 5",
    "select strftime(c.condition_start_date, '%d'), count(*) from condition_occurrence c group by 1",
    "select c.condition_start_date, count(*) from condition_occurrence c group by 1",
    "select sum(least(d.days_supply, 17)) from drug_exposure d",
    "select sum(case when d.days_supply > 17 then d.days_supply else 17 end) from drug_exposure d",
    "select sum(greatest(date_diff('day', c.condition_start_date, DATE '2000-01-01'), 0)) from condition_occurrence c",
    "select count(*) from person p group by grouping sets ((p.person_id), ())",
    "select grouping(p.person_id), count(*) from person p group by rollup (p.person_id)",
    "select count(*) from person p where p.person_id is distinct from 7",
    "select count(*) from person p where p.person_id between 1 and 2",
    "select count(*) from person p where not (p.person_id <> 7)",
    "select count(*) from person p where p.person_id in (7)",
    "select count(*) from person p where (p.person_id, 1) = (7, 1)",
    "select count(*) from person p order by p.person_id",
    "select count(*) over (partition by p.person_id) from person p",
    "select regr_slope(p.year_of_birth, p.person_id) from person p",
    "select corr(p.person_id, p.year_of_birth) from person p",
    "select max(p.person_id) over () from person p",
    "select count(*) from person p where hash(p.year_of_birth) % 2 = 0",
    "select count(*) from person p tablesample 10 percent",
]


@pytest.mark.parametrize("sql", REFUSED, ids=range(len(REFUSED)))
def test_refused(guard_lab: GuardLab, sql: str) -> None:
    result = guard_lab.ask(sql)
    numbers = [] if result.table is None else [x for column in result.table.to_pydict().values() for x in column]
    assert result.verdict is Verdict.REFUSED or not any(numbers), numbers
    assert result.code not in {"query-failed", "guard-failed", "cross-check-failed", "not-recorded"}


PARAMETERS: list[tuple[str, Any]] = [
    ("select count(*) as n from person where gender_source_value = :x", {"x": "' or person_id = 7 --"}),
    ("select count(*) as n from person where gender_concept_id = :x", {"x": "8507 or true"}),
    ("select count(*) as n from :x", {"x": "person"}),
    ("select :x from person", {"x": "max(year_of_birth)"}),
    ("select count(*) as n from person group by :x", {"x": "person_id"}),
    ("select count(*) as n from person where person_id = :x", {"x": 7}),
    ("select count(*) as n from person where person_id in :x", {"x": [7, 8]}),
    ("select count(*) as n from person limit :x", {"x": "(select 1)"}),
    ("select quantile_cont(year_of_birth, :x) from person", {"x": 0}),
]


@pytest.mark.parametrize(("sql", "values"), PARAMETERS, ids=range(len(PARAMETERS)))
def test_a_parameter_is_never_sql(guard_lab: GuardLab, sql: str, values: Any) -> None:
    result = guard_lab.ask(Asked(sql, parameters=values))
    told = None if result.table is None else str(result.table.to_pydict())
    assert result.verdict is Verdict.REFUSED or told in {"{'n': [None]}", "{'n': [0]}"}, told
    assert result.code not in {"query-failed", "guard-failed", "cross-check-failed", "not-recorded"}


DIALECTS = [
    ("tsql", "select top 1 person_id from person"),
    ("tsql", "select count(*) as n from person where person_id = 7"),
    ("tsql", "exec sp_executesql N'select person_id from person'"),
    ("tsql", "select * into #t from person"),
    ("tsql", "select count(*) as n from openquery(other, 'select 1')"),
    ("tsql", "select count(*) as n from person p cross apply (select * from condition_occurrence c) x"),
    ("tsql", "select string_agg(cast(person_id as varchar), ',') from person"),
    ("postgres", "select distinct on (gender_concept_id) person_id from person order by year_of_birth"),
    ("postgres", "select ctid from person"),
    ("postgres", "select pg_sleep(10) from person"),
    ("postgres", "select count(*) as n from person where person_id::text ~ '^1'"),
    ("postgres", "select array_agg(person_id) from person"),
    ("postgres", "select * from generate_series(1, 1000000000)"),
    ("postgres", "do $$ begin perform 1; end $$"),
    ("postgres", "select count(*) as n from person where year_of_birth = any (select year_of_birth from person)"),
]


@pytest.mark.parametrize(("dialect", "sql"), DIALECTS, ids=range(len(DIALECTS)))
def test_another_dialect_opens_nothing(guard_lab: GuardLab, dialect: str, sql: str) -> None:
    result = guard_lab.ask(Asked(sql, dialect=dialect))
    assert result.verdict is Verdict.REFUSED, result.table
    assert result.code not in {"query-failed", "guard-failed", "cross-check-failed", "not-recorded"}


def test_ties_are_broken_alike_each_time(guard_lab: GuardLab) -> None:
    """Rows of one person with the same date have no order of their own; the answer must have one."""
    sql = (
        "select condition_concept_id, count(*) as n from (select person_id, condition_concept_id,"
        " row_number() over (partition by person_id order by year(condition_start_date)) as r"
        " from condition_occurrence) where r = 1 group by 1 order by 1"
    )
    answers = {str(result.table.to_pydict()) for _ in range(8) if (result := guard_lab.ask(sql)).table is not None}
    assert len(answers) == 1
