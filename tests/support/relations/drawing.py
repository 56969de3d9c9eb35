"""Writes questions at random (Hypothesis hands in the chance): honest ones, whose every part the guard answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from typing import Any, TypeVar

from governance.disclosure import DisclosureProfile
from tests.support.guard_reference import HIDDEN
from tests.support.relations import cells as published
from tests.support.relations import expressions as write
from tests.support.relations import measures, queries, subqueries
from tests.support.relations.expressions import Expression, Use
from tests.support.relations.hospital import COLUMNS, Hospital
from tests.support.relations.relation import Joined, Place, Relation, join, start

T = TypeVar("T")
PRIVATE = ("person", "visit_occurrence", "measurement", "death")
CONSTANTS: dict[str, tuple[Any, ...]] = {
    "int": (0, 1, 2, 10, 1951),
    "double": (0.5, 1.0, 3.0),
    "text": ("M", "F", "one"),
    "date": (date(2020, 1, 1), date(2020, 7, 1)),
}
GROUPED = (Use.CODE, Use.TALLY, Use.BOUNDED)
SUMMED = (Use.MEASURE, Use.BOUNDED, Use.TALLY)


@dataclass
class Drawer:
    """Draws the parts of one question about one hospital."""

    chance: Random
    hospital: Hospital
    profile: DisclosureProfile
    uses_published: bool = False  # whether a published value decides about people
    _names: int = field(default=0)

    def pick(self, options: Sequence[T]) -> T:
        return self.chance.choice(options)

    def flip(self, share: int = 2) -> bool:
        """True once in `share` times."""
        return self.chance.randrange(share) == 0

    def name(self, letter: str = "t") -> str:
        self._names += 1
        return f"{letter}{self._names}"

    # relations

    def relation(self, depth: int) -> Relation:
        """A table about people or a query about them."""
        form = self.chance.randint(0, 6 + 3 * (depth > 1)) if depth else 0
        if form <= 2 or form > 6:
            return self.hospital.relation(self.pick(PRIVATE))
        if form == 3:
            return self.groups(depth - 1)
        if form == 4:
            return self.set_operation(depth - 1)
        return self.rows(depth - 1)

    def source(self, depth: int, most: int = 2) -> Joined:
        """FROM with joins, of people."""
        joined = start(self.relation(depth), self.name())
        for _ in range(self.pick((0, 1, 1, 2)[: 2 + most])):
            joined = self.joined(joined, depth)
        return joined

    def joined(self, before: Joined, depth: int) -> Joined:
        if self.flip(4):
            return self.with_reference(before)
        relation, alias = self.relation(depth), self.name()
        kind = self.pick(("inner", "inner", "left", "left", "full", "semi", "anti"))
        other = self.pick(before.persons)
        pairs = (("person_id", f"{other}.person_id"),)
        records = self._shared_records(before, relation)
        if records and self.flip():
            pairs = (self.pick(records),)
        place = Place(alias, relation, kind)
        named = [*before.columns, *start(relation, alias).columns]
        more = self.condition(named, 1) if self.flip(3) else None
        return join(before, place, pairs, more)

    def _shared_records(self, before: Joined, relation: Relation) -> list[tuple[str, str]]:
        """Record keys that both sides have under one name: (column, alias.column before)."""
        own = {column.name for column in relation.columns if column.use is Use.KEY}
        named = [one.column for one in before.columns if one.use is Use.KEY]
        return [(place.partition(".")[2], place) for place in named if place.partition(".")[2] in own]

    def with_reference(self, before: Joined) -> Joined:
        """A join with a reference table by a code of theirs, or with published cells by their key."""
        codes = [one for one in before.columns if one.kind == "int" and one.use is Use.CODE]
        if not codes:
            return before
        alias, code, kind = self.name("c"), self.pick(codes), self.pick(("inner", "left", "semi", "anti"))
        relation, key = self.hospital.relation("concept"), "concept_id"
        if self.flip(3):
            relation, key = self.published_counts(), "k0"
        return join(before, Place(alias, relation, kind), ((key, code.column),), None)

    def published_counts(self) -> Relation:
        """How many people have each gender, or rows each code, as published."""
        self.uses_published = True
        table = start(self.hospital.relation(self.pick(("person", "visit_occurrence"))), self.name())
        key = next(one for one in table.columns if one.kind == "int" and one.use is Use.CODE)
        counted = published.Cells(table, (("k0", key),), (("a0", measures.count_rows(None, "count(*)")),), self.profile)
        return published.as_relation(counted)

    # queries about people

    def filtered(self, joined: Joined, depth: int) -> Joined:
        """The same under a few conditions."""
        for _ in range(self.pick((0, 0, 1, 1, 2))):
            joined = joined.keep(self.condition(joined.columns, depth, joined))
        return joined

    def rows(self, depth: int) -> Relation:
        """Rows of people, perhaps with a window."""
        joined = self.filtered(self.source(depth, 1), depth)
        items: list[queries.Item] = []
        qualify = None
        if self.flip():
            alone = len(joined.places) == 1 and not joined.places[0].relation.sql.startswith("(")
            joined, window = self.total(joined) if alone and self.flip(3) else self.window(joined)
            items.append((self.name("n"), window))
            if window.kind == "int" and self.flip(3):
                qualify = write.compare(window, self.pick(("=", "<=", ">")), 1)
        plain = [one for one in joined.columns if one.use is not Use.KEY or self.flip()]
        for _ in range(self.chance.randint(1, 3) if plain else 0):
            items.append((self.name("n"), self.value(plain, joined, depth)))
        plainly = qualify is None and not any(place.kind == "full" for place in joined.places)
        distinct = plainly and self.flip(5)
        return queries.rows_query(joined, items, distinct=distinct, qualify=qualify)

    def value(self, columns: Sequence[Expression], joined: Joined, depth: int) -> Expression:
        """An expression to select."""
        one = self.pick(columns)
        form = self.chance.randint(0, 7)
        if one.use is Use.KEY or form <= 3:
            return one
        if form == 4:
            return write.case(self.condition(columns, 1), one)
        if form == 5 and one.kind == "int" and one.use is Use.CODE:
            return write.filled(one, 0)
        if form == 6 and one.kind == "date":
            return write.year_of(one)
        if form == 7 and depth:
            return self.subquery_value(joined, depth)
        return one

    def window(self, joined: Joined) -> tuple[Joined, Expression]:
        """A window over each person's rows; whatever depends on the order of equals is asked only where none are."""
        person = joined.persons[0]
        dates = [one for one in joined.columns if one.kind in ("date", "int") and one.use is not Use.KEY]
        unique = [one for one in joined.columns if one.column in joined.unique and one.use is Use.KEY]
        codes = [one for one in joined.columns if one.use is Use.CODE]
        by = self.pick(codes) if codes and self.flip(3) else None
        form = self.chance.randint(0, 4)
        if form <= 1 or not dates or not unique:
            order = queries.Ordering(((self.pick(dates), self.flip()),)) if dates and form else None
            if order:
                return queries.with_window(
                    joined, "rank()", ("int", Use.CODE), queries.rank, person, by=by, order=order
                )
            return queries.with_window(joined, "count(*)", ("int", Use.CODE), queries.rows_in_all, person, by=by)
        order = queries.Ordering(((self.pick(dates), self.flip()), (self.pick(unique), False)))
        if form == 2:
            return queries.with_window(
                joined, "row_number()", ("int", Use.CODE), queries.row_number, person, by=by, order=order
            )
        sums = [one for one in joined.columns if one.use is Use.MEASURE]
        if form == 3 and sums:
            one = self.pick(sums)
            frame = " rows between unbounded preceding and current row"
            found = queries.running_sum(one)
            return queries.with_window(
                joined, f"sum({one.sql})", (one.kind, Use.MEASURE), found, person, by=by, order=order, frame=frame
            )
        one, steps = self.pick(dates), self.pick((1, -1))
        call = f"lag({one.sql})" if steps == 1 else f"lead({one.sql})"
        use = Use.CODE if one.use is Use.TALLY else one.use
        found = queries.neighbour(one, steps)
        return queries.with_window(joined, call, (one.kind, use), found, person, by=by, order=order)

    def total(self, joined: Joined) -> tuple[Joined, Expression]:
        """A window over all people's rows, or over those that share a code."""
        self.uses_published = True
        codes = [one for one in joined.columns if one.use is Use.CODE]
        key = self.pick(codes) if codes and self.flip() else None
        numbers = [one for one in joined.columns if one.use in (Use.MEASURE, Use.BOUNDED)]
        form = self.chance.randint(0, 3) if numbers else 0
        if form == 0:
            return published.with_total(joined, key, measures.count_rows(None, "count(*)"), "int", self.profile)
        one = self.pick(numbers)
        if form == 1:
            mean = measures.total(one, None, f"avg({one.sql})", mean=True)
            return published.with_total(joined, key, mean, "double", self.profile)
        if form == 2:
            lowest = measures.extreme(one, f"min({one.sql})", lowest=True)
            return published.with_total(joined, key, lowest, one.kind, self.profile)
        middle = measures.quantile(one, 0.5, f"median({one.sql})")
        return published.with_total(joined, key, middle, one.kind, self.profile)

    def groups(self, depth: int) -> Relation:
        """One row for each person (and code)."""
        joined = self.filtered(self.source(depth, 1), depth)
        if any(place.kind == "full" for place in joined.places):
            return self.rows(depth)
        codes = [one for one in joined.columns if one.use is Use.CODE]
        keys = [(self.name("n"), self.pick(codes))] if codes and self.flip(3) else []
        made = [(self.name("n"), self.summary(joined)) for _ in range(self.chance.randint(1, 3))]
        having = None
        if self.flip(4):
            least = self.pick((1, 2))
            having = (f"count(*) > {least}", lambda rows: len(rows) > least)
        return queries.groups_query(joined, keys, made, having)

    def summary(self, joined: Joined) -> queries.Summary:
        plain = [one for one in joined.columns if one.use is not Use.KEY]
        measured = [one for one in plain if one.use in (Use.MEASURE, Use.BOUNDED)]
        form = self.chance.randint(0, 5)
        if form == 0 or not plain:
            return queries.count_rows(self.condition(plain, 1) if plain and self.flip(3) else None)
        if form == 1:
            return queries.count_values(self.pick(plain), distinct=self.flip())
        if form <= 3 and measured:
            one = self.pick(measured)
            return queries.total(one) if form == 2 else queries.mean(one)
        return queries.extreme(self.pick(plain), self.pick(("min", "max")))

    def set_operation(self, depth: int) -> Relation:
        """Two queries of person_id and one value."""
        sides = []
        kind = self.pick(("int", "double"))
        for _ in range(2):
            joined = self.filtered(self.source(depth, 1), 0)
            fitting = [one for one in joined.columns if one.kind == kind and one.use is not Use.KEY]
            name = "v"
            if not fitting:
                joined = start(self.hospital.relation("measurement"), self.name())
                fitting = [one for one in joined.columns if one.kind == kind and one.use is not Use.KEY]
            sides.append(queries.rows_query(joined, [(name, self.pick(fitting))]))
        word = self.pick(("union all", "union", "intersect", "except", "intersect all", "except all"))
        return queries.set_query(sides[0], word, sides[1])

    # conditions

    def condition(self, columns: Sequence[Expression], depth: int, joined: Joined | None = None) -> Expression:
        """A condition over columns, and over subqueries where the row's persons are known."""
        form = self.chance.randint(0, 8 if depth else 3)
        if joined is not None and depth and form >= 7:
            return self.subquery_condition(joined, depth)
        plain = [one for one in columns if one.kind in CONSTANTS and one.use is not Use.KEY]
        if not plain:
            return write.is_null(columns[0]) if columns else write.compare(_one(), "=", 1)
        one = self.pick(plain)
        if form == 0:
            return write.is_null(one, negated=self.flip())
        if form == 1:
            return (
                write.is_among(one, self.pick(((1, 10), (2, None), (20,))), negated=self.flip())
                if (one.kind == "int")
                else write.is_null(one)
            )
        if form <= 3:
            return write.compare(one, self.pick(write.COMPARISONS), self.pick(CONSTANTS[one.kind]))
        if form == 4:
            return write.negated(self.condition(columns, depth - 1, joined))
        make = write.both if form == 5 else write.either
        return make(self.condition(columns, depth - 1, joined), self.condition(columns, depth - 1, joined))

    def subquery_condition(self, joined: Joined, depth: int) -> Expression:
        """EXISTS, IN, a comparison with a value of the same person, with reference data or with a published value."""
        around, alias, form = self.pick(joined.persons), self.name("s"), self.chance.randint(0, 5)
        if form == 4:
            codes = [one for one in joined.columns if one.kind == "int" and one.use is Use.CODE]
            concept = self.hospital.relation("concept")
            test = write.compare(write.column(alias, "domain_id", "text", Use.CODE), "=", "Sex")
            if codes:
                return subqueries.among_reference(self.pick(codes), concept, "concept_id", test, alias)
        if form == 5:
            return self.published_condition(joined)
        relation = self.relation(depth - 1)
        inside = start(relation, alias).columns
        if form <= 1:
            either = self.condition([*inside, *joined.columns], 1) if self.flip() else None
            return subqueries.exists(relation, alias, around, either, negated=self.flip())
        if form == 2:
            own = self.condition(inside, 1) if self.flip() and inside else None
            return subqueries.is_in(relation, alias, around, own, negated=self.flip())
        return write.compare(self.subquery_value(joined, depth), self.pick(("=", ">", "<=")), self.pick((0, 1, 2)))

    def subquery_value(self, joined: Joined, depth: int) -> Expression:
        """A number made of the same person's records, or published of all people's with the same code."""
        codes = [one for one in joined.columns if one.kind == "int" and one.use is Use.CODE]
        if codes and self.flip(3):
            return self.looked_up(self.pick(codes))
        around, alias = self.pick(joined.persons), self.name("s")
        relation = self.relation(depth - 1)
        inside = [one for one in start(relation, alias).columns if one.use is not Use.KEY]
        test = self.condition(inside, 1) if self.flip() and inside else None
        numbers = [one for one in inside if one.kind == "int"]
        if numbers and self.flip():
            return subqueries.highest(relation, alias, around, self.pick(numbers), test)
        return subqueries.how_many(relation, alias, around, test)

    def looked_up(self, code: Expression) -> Expression:
        """How many records of a table have this code, as published."""
        self.uses_published = True
        table = start(self.hospital.relation(self.pick(("person", "visit_occurrence"))), self.name("s"))
        key = next(one for one in table.columns if one.kind == "int" and one.use is Use.CODE)
        wanted = (("a", measures.count_rows(None, "count(*)")),)
        return published.looked_up(code, published.Cells(table, (("k", key),), wanted, self.profile), key.sql)

    def published_condition(self, joined: Joined) -> Expression:
        """A comparison with a protected mean over everybody."""
        numbers = [one for one in joined.columns if one.use in (Use.MEASURE, Use.BOUNDED)]
        if not numbers:
            return write.is_null(joined.columns[0]) if joined.columns else write.compare(_one(), "=", 1)
        self.uses_published = True
        table = start(self.hospital.relation("measurement"), self.name("s"))
        operand = next(one for one in table.columns if one.use is Use.MEASURE)
        wanted = measures.total(operand, None, f"avg({operand.sql})", mean=True)
        asked = published.Cells(table, (), (("m", wanted),), self.profile)
        (line,) = asked.lines()
        mean = None if line["m"] is HIDDEN else line["m"]
        one = self.pick(numbers)
        test = write.compare(one, ">", mean)
        return Expression(f"({one.sql} > ({asked.sql}))", "bool", test.value, reads=one.reads)

    # cells

    def cells(self, depth: int) -> published.Cells:
        """A protected aggregate."""
        joined = self.filtered(self.source(depth), depth)
        keys = tuple(
            (f"k{number}", key)
            for number in range(self.chance.randint(0, 2))
            if (key := self.group_key(joined)) is not None
        )
        keys = keys[:1] if len({key.sql for _, key in keys}) < len(keys) else keys
        wanted = tuple((f"a{number}", self.wanted(joined)) for number in range(self.chance.randint(1, 3)))
        grouping, levels = self.grouping(len(keys))
        return published.Cells(joined, keys, wanted, self.profile, grouping, levels)

    def grouping(self, keys: int) -> tuple[str, tuple[tuple[int, ...], ...]]:
        if not keys or not self.flip(4):
            return "", ()
        one = [(("rollup (1)", ((0,), ()))), ("grouping sets ((1), ())", ((0,), ()))]
        two: list[tuple[str, tuple[tuple[int, ...], ...]]] = [
            ("rollup (1, 2)", ((0, 1), (0,), ())),
            ("cube (1, 2)", ((0, 1), (0,), (1,), ())),
            ("grouping sets ((1), (2))", ((0,), (1,))),
            ("1, rollup (2)", ((0, 1), (0,))),
        ]
        return self.pick(one) if keys == 1 else self.pick(two)

    def group_key(self, joined: Joined) -> Expression | None:
        """A value that may be grouped by."""
        columns = [one for one in joined.columns if one.use in GROUPED]
        form = self.chance.randint(0, 6)
        dates = [one for one in joined.columns if one.kind == "date"]
        numbers = [one for one in joined.columns if one.kind == "double" and one.use is Use.MEASURE]
        if form == 4 and dates:
            return write.year_of(self.pick(dates))
        if form == 5 and numbers:
            return write.band_of(self.pick(numbers), 10)
        if form == 6 and joined.columns:
            return write.bands(self.condition(joined.columns, 1), self.condition(joined.columns, 1))
        return self.pick(columns) if columns else None

    def wanted(self, joined: Joined) -> measures.Wanted:
        """One aggregate."""
        plain = [one for one in joined.columns if one.use is not Use.KEY]
        summed = [one for one in plain if one.use in SUMMED]
        test = self.condition(plain, 1) if plain else None
        kept = f" filter (where {test.sql})" if test else ""
        person = joined.persons[0]
        certain = not any(place.kind == "full" for place in joined.places)
        form = self.chance.randint(0, 9)
        if form <= 1 or (form > 3 and not plain) or (form > 6 and not summed):
            return measures.count_rows(None, "count(*)") if form != 1 else measures.count_rows(test, f"count(*){kept}")
        if form == 2 or not certain:
            return self._people(joined, test if self.flip() else None)
        if form == 3 and test is not None:
            sql = f"count(distinct case when {test.sql} then {person}.person_id end)"
            return measures.count_people(test, sql)
        if form == 4:
            one = self.pick(plain)
            if self.flip():
                return measures.count_distinct(one, f"count(distinct {one.sql})")
            return measures.count_rows(measures.present(one), f"count({one.sql})")
        if form in (3, 5) and test is not None:
            flag, mean = f"case when {test.sql} then 1 else 0 end", self.flip()
            return measures.flags(test, f"{'avg' if mean else 'sum'}({flag})", mean=mean)
        if not summed:
            return measures.count_rows(None, "count(*)")
        return self._quantity(self.pick(summed), test, kept)

    def _people(self, joined: Joined, test: Expression | None) -> measures.Wanted:
        """count(distinct person_id) of one of the relations: an outer joined one's is null at times."""
        alias = self.pick(joined.persons)
        key = write.column(alias, "person_id", "int", Use.PERSON)
        full = any(place.kind == "full" for place in joined.places)
        outer = next(place for place in joined.places if place.alias == alias).kind == "left"
        sql = f"count(distinct {key.sql})" + (f" filter (where {test.sql})" if test else "")
        if full or outer:
            there = measures.present(key)
            test = write.both(test, there) if test else there
        return measures.count_people(test, sql)

    def _quantity(self, one: Expression, test: Expression | None, kept: str) -> measures.Wanted:
        form = self.chance.randint(0, 6)
        if form <= 1:
            return measures.total(one, None, f"sum({one.sql})", mean=False)
        if form == 2:
            return measures.total(one, None, f"avg({one.sql})", mean=True)
        if form == 3:
            return measures.total(one, test, f"avg({one.sql}){kept}", mean=True)
        if form == 4:
            lowest = self.flip()
            return measures.extreme(one, f"{'min' if lowest else 'max'}({one.sql})", lowest=lowest)
        if form == 5:
            return measures.quantile(one, 0.5, f"median({one.sql})")
        return measures.spread(one, f"stddev({one.sql})")

    def post(self, depth: int) -> published.Post:
        """A question with what follows it."""
        asked = self.cells(depth)
        name, one = asked.wanted[0]
        counted = one.sql.startswith(("count", "sum")) and not asked.levels
        form = self.chance.randint(0, 11)
        if form <= 3 or not counted:
            return published.as_they_are(asked)
        if form == 4:
            return published.having(asked, name, self.pick((1, 4, 8)))
        if form == 5:
            return published.share_of_total(asked, name)
        if form <= 8 and asked.keys:
            if form == 6:
                return published.largest(asked, name, self.pick((1, 2, 3)))
            other = replace(asked, wanted=((name, self.wanted(asked.joined)), *asked.wanted[1:]))
            key = asked.keys[0][0]
            return published.stacked(asked, other) if form == 7 else published.side_by_side(asked, other, key, name)
        return published.summed_up(asked, name) if form == 9 else published.ratio(asked, name, asked.wanted[-1][0])


def _one() -> Expression:
    return Expression("1", "int", lambda row: 1)


__all__ = ["COLUMNS", "Drawer"]
