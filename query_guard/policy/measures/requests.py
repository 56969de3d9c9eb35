"""What one query asks of its cells: statistics, and the hidden columns that judge and make them, each computed once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from governance.refusal import Refusal
from query_guard.policy.measures import families
from query_guard.policy.measures.families import Family
from query_guard.policy.plan import ALL_ROWS, Measure, Shape, Statistic
from query_guard.policy.refusing import refuse
from query_guard.policy.rows import Rows
from query_guard.policy.terms import Kind, Term

KINDS = {Shape.WHOLE: Kind.INTEGER, Shape.FIGURES: Kind.DOUBLE, Shape.MONTH: Kind.DATE}


@dataclass
class Requests:
    """Collects the statistics of one query, in the order in which they are asked.

    `repeats`: hidden columns of the probes; `amplified`, `copied`: see Relation; `people`: the threshold.
    """

    rows: Rows
    people: int
    repeats: tuple[str, ...] = ()
    amplified: bool = False
    copied: bool = False
    statistics: dict[Statistic, Statistic] = field(default_factory=dict)  # without name -> with name
    families: dict[tuple[str, str], tuple[str, Family]] = field(default_factory=dict)  # (kind, SQL) -> (prefix, family)
    functions: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    withheld: list[Refusal] = field(default_factory=list)

    def column(self, wanted: Statistic) -> Term:
        """The protected column of a statistic (without name), the same for the same."""
        wanted = replace(
            wanted,
            repeats=self.repeats if wanted.measure.is_weighed else (),
            amplified=self.amplified,
            copied=self.copied,
        )
        known = self.statistics.setdefault(wanted, replace(wanted, name=f"a{len(self.statistics) + 1}"))
        return Term(known.name, KINDS[known.shape], states=frozenset({f"s_{known.name}"}))

    def rows_of(self, prefix: str, text: str) -> Statistic:
        """The count of a family's rows."""
        return Statistic("", Measure.ROWS, prefix, whole=self.whole_of(prefix), text=text)

    def whole_of(self, prefix: str) -> str:
        """The prefix of all rows where `prefix` is that of a condition, else empty."""
        return "" if prefix == ALL_ROWS else self.all_rows()

    def check_something_is_released(self) -> None:
        """Raise the first withheld aggregate's refusal if the query has no other."""
        if self.withheld and not self.statistics:
            raise self.withheld[0]

    def family(self, kind: str, term: Term, build: Callable[[str], Family]) -> str:
        """The prefix of the family that computes `term`, made at the first asking."""
        if term.withheld:
            raise refuse(min(term.withheld))
        letter = kind[0]
        known = self.families.get((kind, term.sql))
        if known is None:
            number = 1 + sum(prefix.startswith(letter) for prefix, _ in self.families.values())
            known = (f"{letter}{number}", build(f"{letter}{number}"))
            self.families[(kind, term.sql)] = known
            self.functions |= term.functions | known[1].functions
            self.reads |= term.reads
        return known[0]

    def all_rows(self) -> str:
        """The prefix of all rows of a cell, which every cell has; only their sketch is made at the first asking."""
        self.family("rows", Term("*", Kind.OTHER), lambda _: families.all_rows())
        return ALL_ROWS

    def condition(self, test: Term) -> str:
        """The family of rows that meet a condition."""
        return self.family("condition", test, lambda name: families.condition(name, name, test.sql))

    def quantity(self, term: Term, *, tally: bool = False, cased: bool = False) -> str:
        """The family of a measured quantity, a DOUBLE for each row, or of a count of records."""
        kind = f"measured{' tally' if tally else ''}{' by case' if cased else ''}"
        return self.family(kind, term, lambda name: families.quantity(name, term.sql, tally=tally, cased=cased))
