"""Random questions of the widened language: queries in queries, windows, set operations, grouping sets, all mixed.

Most are well typed and tied to a person, so that most are planned; a part is nonsense on purpose: wrong kinds, joins
without a person, shuffled words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

# kinds of columns: n(umber), q(uantity), t(ext), d(ate), b(oolean), p(erson key), r(ecord key), o(ther)
Columns = dict[str, str]
BASE: dict[str, Columns] = {
    "person": {
        "person_id": "p", "gender_concept_id": "n", "year_of_birth": "q", "birth_datetime": "d",
        "gender_source_value": "t", "race_source_value": "t",
    },
    "visit_occurrence": {
        "visit_occurrence_id": "r", "person_id": "p", "visit_concept_id": "n", "visit_start_date": "d",
        "visit_end_date": "d",
    },
    "measurement": {
        "measurement_id": "r", "person_id": "p", "visit_occurrence_id": "r", "measurement_concept_id": "n",
        "measurement_date": "d", "value_as_number": "q", "days_supply": "q", "cost": "q", "is_abnormal": "b",
        "photo": "o",
    },
    "death": {"person_id": "p", "death_date": "d", "cause_concept_id": "n"},
}  # fmt: skip
PUBLIC: dict[str, Columns] = {
    "concept": {"concept_id": "n", "concept_name": "t", "domain_id": "t", "vocabulary_id": "t", "weight": "q"},
    "concept_ancestor": {"ancestor_concept_id": "n", "descendant_concept_id": "n"},
}
LITERALS = {
    "n": ("1", "0", "2", "3", "-3", "2.5", "8507", "9223372036854775807", "99999999999999999999", "1e300", "null"),
    "q": ("1", "10", "2.5"),
    "t": ("'M'", "'a%'", "''", "'12'", "'one'", "null"),
    "d": ("date '2020-01-01'", "timestamp '2020-01-01 10:00:00'", "date '1950-06-30'"),
    "b": ("true", "1 = 1", "false", "null"),
}
FORMS: dict[str, tuple[str, ...]] = {
    "n": (
        "({n} + {n})", "({n} - {n})", "({n} * {n})", "({n} / {n})", "(-{n})", "abs({n})", "round({n}, 1)",
        "floor({n} / 10)", "floor({n})", "ceil({n})", "trunc({n})", "coalesce({n}, {n})", "nullif({n}, {n})",
        "case when {b} then {n} else {n} end", "case {n} when {n} then {n} end", "cast({n} as bigint)",
        "cast({t} as double)", "year({d})", "extract(month from {d})", "date_diff('day', {d}, {d})",
        "date_diff('month', {d}, {d})", "if({b}, {n}, {n})", "({b})::int", "({n} // 10)",
        "cast({n} as decimal(10, 2))",
    ),
    "q": (
        "({q} + {q})", "({q} - 5)", "({q} / 7)", "(-{q})", "({q} * {q})", "{q}::double", "date_diff('day', {d}, {d})",
    ),
    "t": (
        "lower({t})", "upper({t})", "trim({t})", "coalesce({t}, {t})", "({t} || {t})", "case when {b} then {t} end",
        "nullif({t}, {t})", "substr({t}, 1, 2)", "cast({n} as varchar)", "left({t}, 2)",
    ),
    "d": (
        "date_trunc('month', {d})", "date_trunc('year', {d})", "({d} + interval 30 day)", "({d} - interval 2 month)",
        "coalesce({d}, {d})", "cast({d} as date)", "case when {b} then {d} end", "cast({t} as date)", "({d} + 30)",
    ),
    "b": (
        "({n} = {n})", "({n} < {n})", "({t} >= {t})", "({d} <> {d})", "({n} is distinct from {n})", "({b} and {b})",
        "({b} or {b})", "(not {b})", "({t} is null)", "({d} is not null)", "({n} in (1, 2.5, null, 3))",
        "({t} not in ('M', 'F'))", "({n} between {n} and {n})", "({t} like '%a_')", "({t} not ilike 'M%')",
        "starts_with({t}, 'M')", "contains({t}, 'a')", "({b} is true)", "({d} > '2020-01-01')",
        "({d} between date '1950-01-01' and {d})",
    ),
}  # fmt: skip
AGGREGATES = (
    "count(*)", "count({n})", "count({t})", "count({d})", "count(distinct {t})", "count(distinct {d})", "count_if({b})",
    "sum({q})", "avg({q})", "min({q})", "max({q})", "min({d})", "max({d})", "median({q})", "quantile_cont({q}, 0.9)",
    "percentile_cont(0.25) within group (order by {q})", "stddev({q})", "var_pop({q})", "corr({q}, {q})",
    "regr_slope({q}, {q})", "covar_samp({q}, {q})", "sum(case when {b} then {q} else 0 end)",
    "sum(case when {b} then 1 else 0 end)", "avg(case when {b} then 1 else 0 end)", "sum(({b})::int)",
    "sum(case when {b} then 2.5 when {b} then 3 end)", "avg({n})", "sum({n})", "count(distinct {n})",
    "count(distinct case when {b} then {p} end)", "count(distinct {p})", "count({p})", "count(distinct {r})",
    "any_value({n})", "mode({t})", "string_agg({t}, ',')", "bool_or({b})",
)  # fmt: skip
WINDOWS = (
    "row_number()", "rank()", "dense_rank()", "percent_rank()", "cume_dist()", "ntile(4)", "lag({n})",
    "lag({d}, 1)", "lead({n}, 2, 0)", "lead({t})", "first_value({d})", "last_value({n})", "count(*)", "count({t})",
    "sum({n})", "avg({q})", "min({d})", "max({n})", "stddev({q})", "median({q})",
)  # fmt: skip
FRAMES = ("", "", "", " rows between 2 preceding and current row", " rows between unbounded preceding and 1 following",
          " range between unbounded preceding and current row", " rows 3 preceding")  # fmt: skip
KEYS = (("{n}", "n"), ("{t}", "t"), ("{b}", "b"), ("year({d})", "n"), ("date_trunc('month', {d})", "d"),
        ("floor({q} / 10) * 10", "n"), ("{m}", "n"), ("{m}", "n"), ("{m}", "n"), ("{u}", "t"), ("{u}", "t"),
        ("case when {b} then 'x' when {b} then 'y' else 'z' end", "t"), ("2020 - {q}", "n"))  # fmt: skip
JOINS = ("join", "join", "join", "left join", "left join", "semi join", "anti join", "full join")
WORDS = ("select", "from", "where", "group by", "person_id", "over", "(", ")", ",", "null", "distinct", "join", "on",
         "1", "'x'", "and", "not", "*", "union", "p", "person", "count(*)", "having", "limit 3", "order by 1", "filter",
         "case", "end", "using", "lateral", "exists", "in", "as", "::date", "rollup", "all")  # fmt: skip


@dataclass(frozen=True)
class Table:
    """One relation that FROM names: its alias there and its columns."""

    alias: str
    columns: Columns
    people: bool


@dataclass
class NestedGrammar:
    """Draws questions from one source of randomness. `nonsense`: the share of expressions of a wrong kind."""

    random: Random
    nonsense: float = 0.01
    ctes: list[tuple[str, Columns, bool]] = field(default_factory=list)
    _names: int = 0

    # drawing

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def _name(self, letter: str) -> str:
        self._names += 1
        return f"{letter}{self._names}"

    # expressions

    def expression(self, kind: str, tables: list[Table], depth: int) -> str:
        """An expression over the columns of `tables`."""
        if kind in FORMS and self.chance(self.nonsense):
            kind = self.random.choice(list(FORMS))
        if kind == "b" and depth > 0 and self.chance(0.12):
            return self.subquery_condition(tables, depth - 1)
        if kind == "n" and depth > 0 and self.chance(0.04):
            return self.subquery_value(tables, depth - 1)
        if kind in FORMS and depth > 0 and self.chance(0.6 if kind != "b" else 0.95):
            return self.fill(self.random.choice(FORMS[kind]), tables, depth - 1)
        return self.leaf(kind, tables)

    def leaf(self, kind: str, tables: list[Table]) -> str:
        wanted = {"n": "nq", "g": "ntb", "m": "n", "u": "t"}.get(kind, kind)
        found = [(table.alias, name) for table in tables for name, sort in table.columns.items() if sort in wanted]
        if not found or (kind in LITERALS and kind != "q" and self.chance(0.2)):
            return self.random.choice(LITERALS.get(kind, LITERALS["n"]))
        alias, name = self.random.choice(found)
        return f"{alias}.{name}" if self.chance(0.9) else name

    def fill(self, form: str, tables: list[Table], depth: int) -> str:
        """A form with its holes filled."""
        while "{" in form:
            start = form.index("{")
            form = form[:start] + self.expression(form[start + 1], tables, depth) + form[start + 3 :]
        return form

    def aggregate(self, tables: list[Table], depth: int) -> str:
        text = self.fill(self.random.choice(AGGREGATES), tables, depth)
        return f"{text} filter (where {self.expression('b', tables, 1)})" if self.chance(0.15) else text

    def window(self, tables: list[Table], partition: str) -> str:
        call = self.fill(self.random.choice(WINDOWS), tables, 1)
        more = f", {self.expression('g', tables, 0)}" if partition and self.chance(0.2) else ""
        by = f"partition by {partition}{more} " if partition else ""
        order = f"order by {self.expression(self.random.choice('dnt'), tables, 1)}" if self.chance(0.8) else ""
        down = " desc" if order and self.chance(0.3) else ""
        frame = self.random.choice(FRAMES) if order else ""
        return f"{call} over ({by}{order}{down}{frame})"

    # queries inside the query

    def subquery_condition(self, tables: list[Table], depth: int) -> str:
        """EXISTS, IN, a comparison with a single value."""
        people = [table for table in tables if table.people]
        if people and self.chance(0.75):
            around = self.random.choice(people).alias
            word = self.random.choice(("exists", "exists", "not exists"))
            form = self.random.randrange(4)
            if form == 0:
                return f"({around}.person_id in ({self.people_query(depth, only_person=True)}))"
            if form == 1 and "person_id" in self.random.choice(people).columns:
                source, inside, ties = self.people_from(depth, most=0)
                return f"({around}.person_id not in (select {inside[0].alias}.person_id {source} where {ties}))"
            source, inside, ties = self.people_from(depth, most=2, around=tables)
            tie = f"{inside[0].alias}.person_id = {around}.person_id" if not self.chance(0.05) else "true"
            test = self.expression("b", [*inside, *tables], depth)
            return f"{word} (select 1 {source} where {ties} and {tie} and {test})"
        if self.chance(0.5):
            return f"({self.leaf('n', tables)} in (select concept_id from concept where weight > 0))"
        return f"({self.leaf('n', tables)} {self.random.choice(('=', '<', '>='))} {self.subquery_value(tables, depth)})"

    def subquery_value(self, tables: list[Table], depth: int) -> str:
        people = [table for table in tables if table.people]
        if people and self.chance(0.6):
            around = self.random.choice(people).alias
            source, inside, ties = self.people_from(depth, most=1, around=tables)
            call = self.random.choice(("count(*)", "max({n})", "min({n})", "sum({q})", "avg({q})", "{n}"))
            picked = self.fill(call, inside, 0)
            return f"(select {picked} {source} where {ties} and {inside[0].alias}.person_id = {around}.person_id)"
        if self.chance(0.5):
            return "(select max(concept_id) from concept)"
        source, inside, ties = self.people_from(depth, most=1)
        call = self.random.choice(("avg({q})", "count(*)", "median({q})", "max({q})"))
        return f"(select {self.fill(call, inside, 0)} {source} where {ties})"

    # FROM

    def people_from(self, depth: int, most: int = 2, around: list[Table] | None = None) -> tuple[str, list[Table], str]:
        """FROM over people: its text, its relations, and the conditions that WHERE must add."""
        first = self.people_table(depth)
        tables, text, ties = [first[1]], f"from {first[0]}", "true"
        for _ in range(self.random.randrange(most + 1)):
            people = self.chance(0.6)
            sql, table = self.people_table(depth) if people else self.other_table(depth)
            word = self.random.choice(JOINS if people else JOINS[:6])
            on = self._tie(table, tables) if people else self._meet(table, tables)
            if self.chance(0.3):
                on = f"{on} and {self.expression('b', [*tables, table, *(around or [])], 1)}"
            if people and self.chance(0.1) and not table.alias.startswith("x"):
                text, ties = f"{text}, {sql}", f"{ties} and {on}"
            elif people and self.chance(0.15):
                text = f"{text} {word} {sql} using (person_id)"
            elif self.chance(0.04):
                text = f"{text} right join {sql} on {on}"
            else:
                text = f"{text} {word} {sql} on {on}"
            if word not in ("semi join", "anti join"):
                tables.append(table)
        return text, tables, ties

    def _tie(self, table: Table, tables: list[Table]) -> str:
        others = [other for other in tables if other.people]
        other = self.random.choice(others)
        both = [name for name, kind in table.columns.items() if kind == "r" and other.columns.get(name) == "r"]
        name = self.random.choice(both) if both and self.chance(0.4) else "person_id"
        return f"{table.alias}.{name} = {other.alias}.{name}" if not self.chance(0.02) else "true"

    def _meet(self, table: Table, tables: list[Table]) -> str:
        key = self.random.choice([name for name, kind in table.columns.items() if kind in "nq"] or ["nothing"])
        return f"{table.alias}.{key} = {self.leaf('n', tables)}"

    def people_table(self, depth: int) -> tuple[str, Table]:
        alias = self._name("p")
        known = [cte for cte in self.ctes if cte[2]]
        if known and self.chance(0.35):
            name, columns, _ = self.random.choice(known)
            return f"{name} as {alias}", Table(alias, columns, people=True)
        if depth > 0 and self.chance(0.35):
            sql, columns = self.people_relation(depth - 1)
            return f"({sql}) as {alias}", Table(alias, columns, people=True)
        name = self.random.choice(list(BASE))
        return f"{name} as {alias}", Table(alias, BASE[name], people=True)

    def other_table(self, depth: int) -> tuple[str, Table]:
        alias = self._name("x")
        known = [cte for cte in self.ctes if not cte[2]]
        if known and self.chance(0.4):
            name, columns, _ = self.random.choice(known)
            return f"{name} as {alias}", Table(alias, columns, people=False)
        if self.chance(0.1):
            return f"(values (1, 'a'), (2, 'b'), (8507, null)) as {alias}(v, w)", Table(
                alias, {"v": "n", "w": "t"}, False
            )
        if depth > 0 and self.chance(0.4):
            sql, columns = self.cells(depth - 1) if self.chance(0.6) else self.plain(depth - 1)
            return f"({sql}) as {alias}", Table(alias, columns, people=False)
        name = self.random.choice(list(PUBLIC))
        return f"{name} as {alias}", Table(alias, PUBLIC[name], people=False)

    # whole queries

    def people_query(self, depth: int, *, only_person: bool = False) -> str:
        """A query about people that selects person_id (and one number)."""
        source, tables, ties = self.people_from(depth, most=1)
        more = "" if only_person else f", {self.expression('n', tables, 1)} as c1"
        return (
            f"select {tables[0].alias}.person_id{more} {source} where {ties} and {self.expression('b', tables, depth)}"
        )

    def people_relation(self, depth: int) -> tuple[str, Columns]:
        """A query about people for FROM: rows, rows with windows, groups of a person, or a set operation."""
        form = self.random.choice(("rows", "rows", "windows", "groups", "groups", "set", "star"))
        if form == "set":
            word = self.random.choice(("union all", "union", "intersect", "except"))
            text = f"{self.people_query(depth)} {word} {self.people_query(depth)}"
            return text, {"person_id": "p", "c1": "n"}
        source, tables, ties = self.people_from(depth, most=1)
        person, where = f"{tables[0].alias}.person_id", f" where {ties} and {self.expression('b', tables, 1)}"
        if form == "star":
            return f"select {tables[0].alias}.* {source}{where}", tables[0].columns
        items, columns, calls = [person], {"person_id": "p"}, []
        for number in range(self.random.randrange(1, 4)):
            kind = self.random.choice("nqtdb")
            if form == "groups":
                text, kind = self.aggregate(tables, 1), self.random.choice("nq")
            elif form == "windows" and number == 0:
                text, kind = self.window(tables, "" if self.chance(0.05) else person), "n"
                calls.append(text)
            else:
                text = self.expression(kind, tables, 1)
            items.append(f"{text} as c{number}")
            columns[f"c{number}"] = kind
        distinct = "distinct " if form == "rows" and self.chance(0.2) else ""
        sql = f"select {distinct}{', '.join(items)} {source}{where}"
        if form == "groups":
            more = f", {self.expression('g', tables, 0)}" if self.chance(0.3) else ""
            sql += f" group by {person}{more}"
            sql += f" having {self.aggregate(tables, 0)} is not null" if self.chance(0.2) else ""
        elif calls and self.chance(0.3):
            sql += f" qualify {calls[0]} is not null"
        return sql, columns

    def plain(self, depth: int) -> tuple[str, Columns]:
        """A query of reference tables or of published values."""
        sql, table = self.other_table(depth)
        tables = [table]
        items = [f"{self.expression(kind, tables, 1)} as c{number}" for number, kind in enumerate("nt")]
        columns = {"c0": "n", "c1": "t"}
        if self.chance(0.3):
            items.append(
                f"{self.window(tables, self.random.choice(('', table.alias + '.' + next(iter(table.columns)))))} as c2"
            )
            columns["c2"] = "n"
        where = f" where {self.expression('b', tables, 1)}" if self.chance(0.5) else ""
        if self.chance(0.3):
            key = self.leaf("m", tables)
            text = f"select {key} as c0, {self.aggregate(tables, 1)} as c1 from {sql}{where} group by {key}"
            return text, {"c0": "n", "c1": "n"}
        limit = self.random.choice(("", "", " order by 1 limit 3", " order by c0 desc nulls last limit 5 offset 1"))
        return f"select {self.random.choice(('', 'distinct '))}{', '.join(items)} from {sql}{where}{limit}", columns

    def cells(self, depth: int) -> tuple[str, Columns]:
        """A protected aggregate, with all that may follow it."""
        source, tables, ties = self.people_from(depth)
        where = f" where {ties}" + (f" and {self.expression('b', tables, 2)}" if self.chance(0.5) else "")
        forms = [self.random.choice(KEYS) for _ in range(self.random.choice((0, 1, 1, 1, 2, 3)))]
        keys = [self.fill(form, tables, 1) for form, _ in forms]
        items = [f"{key} as k{number}" for number, key in enumerate(keys)]
        columns: Columns = {f"k{number}": kind for number, (_, kind) in enumerate(forms)}
        for number in range(self.random.randrange(1, 4)):
            items.append(f"{self.aggregate(tables, 1)} as a{number}")
            columns[f"a{number}"] = "q"
        if self.chance(0.2):
            items.append(self.random.choice(("100.0 * a0 / sum(a0) over ()", "rank() over (order by a0 desc)",
                                             "round(a0 / nullif(a0, 0), 2)", "lag(a0) over (order by a0)",
                                             "coalesce(a0, 0) + 1")) + " as w")  # fmt: skip
            columns["w"] = "q"
        sql = f"select {', '.join(items)} {source}{where}{self._group(keys)}"
        if self.chance(0.2):
            sql += f" having {self.random.choice(('count(*) > 3', 'a0 > 5', 'a0 is not null', 'sum(a0) over () > 1'))}"
        if self.chance(0.08):
            sql += " qualify row_number() over (order by a0 desc) < 5"
        if self.chance(0.25):
            sql += self.random.choice((" order by 1", " order by a0 desc", " order by all", " order by count(*)"))
            sql += self.random.choice(("", " limit 4", " limit 2 offset 1"))
        return sql, columns

    def _group(self, keys: list[str]) -> str:
        if not keys:
            return ""
        names = ", ".join(f"k{number}" for number in range(len(keys)))
        places = ", ".join(str(number + 1) for number in range(len(keys)))
        forms = (names, names, places, places, ", ".join(keys), "all", f"rollup ({names})", f"cube ({places})",
                 f"grouping sets (({names}), ())", f"grouping sets ({names}, ({places}))",
                 f"1, rollup ({names})")  # fmt: skip
        return f" group by {self.random.choice(forms)}"

    def question(self) -> str:
        """One whole question."""
        makers: list[Callable[[int], tuple[str, Columns]]] = [self.people_relation, self.people_relation, self.cells]
        texts = []
        for _ in range(self.random.choice((0, 0, 1, 1, 2, 3))):
            maker = self.random.choice([*makers, self.plain])
            sql, columns = maker(1)
            name = self._name("q") if self.chance(0.95) else "person"
            texts.append(f"{name} as ({sql})")
            self.ctes.append((name, columns, maker == self.people_relation))
        final = self.random.choice((self.cells, self.cells, self.cells, self.plain))
        sql, columns = final(2)
        if self.chance(0.12):
            word = self.random.choice(("union all", "union", "except", "intersect"))
            sql = f"{sql} {word} {self.cells(1)[0]}"
        elif self.chance(0.15):
            sql = f"select * from ({sql}) as whole" + self.random.choice(("", " order by all", " limit 3"))
        sql = f"with {', '.join(texts)} {sql}" if texts else sql
        return self.shuffled(sql) if self.chance(2 * self.nonsense) else sql

    def shuffled(self, sql: str) -> str:
        """The text with a few of its words taken out, doubled or replaced."""
        words = sql.split(" ")
        for _ in range(self.random.randrange(1, 3)):
            place = self.random.randrange(len(words))
            words[place : place + 1] = self.random.choice(
                ([], [words[place]] * 2, [self.random.choice(WORDS)], [words[place], self.random.choice(WORDS)])
            )
        return " ".join(words)
