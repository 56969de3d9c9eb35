"""Who and what must be in an extract, worked out row by row in plain Python: slow, and nothing shared with the cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from governance.cohort import Cohort
from governance.registry import GrantRule

Row = Mapping[str, object]
Denied = Mapping[tuple[int, str], str]
DAYS = {"condition_occurrence": "condition_start_date", "visit_occurrence": "visit_start_date", "death": "death_date"}
CODES = {"condition_occurrence": "condition_concept_id", "visit_occurrence": "visit_concept_id"}
FIRST, LAST = "observation_period_start_date", "observation_period_end_date"


@dataclass
class Expected:
    """Rows by table: (person, column values); what became of the rows by table; the people's fate."""

    rows: dict[str, Counter[tuple[object, ...]]] = field(default_factory=dict)
    fates: dict[str, Counter[str]] = field(default_factory=dict)
    people: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Reference:
    """One region, its denials, feeds by trust and reasons in order."""

    tables: Mapping[str, Sequence[Row]]
    denied: Denied
    feeds: Sequence[str]
    kinds: Sequence[str]

    def fate_of_people(self, cohort: Cohort) -> dict[int, str]:
        """Person -> "in", "others" or the reason."""
        return {
            number: self._fate(number, cohort) for number in {int(str(r["person_id"])) for r in self.tables["person"]}
        }

    def persons_row(self, number: int) -> Row:
        """Whose word on a person counts: of feeds that may be used the most trusted, else of all."""
        rows = sorted(
            (row for row in self.tables["person"] if row["person_id"] == number),
            key=lambda row: self.feeds.index(str(row["source_feed"])),
        )
        usable = [row for row in rows if not self._reason(row)]
        return (usable or rows)[0]

    def cut(
        self, cohort: Cohort, grants: Mapping[str, Sequence[GrantRule]], columns: Mapping[str, Sequence[str]]
    ) -> Expected:
        """What must be there."""
        fates = self.fate_of_people(cohort)
        expected = Expected(people=Counter(fates.values()))
        for table, wanted in columns.items():
            expected.rows[table], expected.fates[table] = Counter(), Counter()
            usable = []
            for row in self.tables[table]:
                fate = fates.get(int(str(row["person_id"])), "others")
                if fate == "others":
                    expected.fates[table]["others"] += 1
                elif self._reason(row) or fate != "in":
                    expected.fates[table][self._reason(row) or fate] += 1
                else:
                    usable.append(row)
            reduced = self._reduce(table, usable)
            expected.fates[table]["merged"] += len(usable) - len(reduced)
            for row in reduced:
                admitting = [
                    rule for rule in grants[table] if _in_days(table, row, rule) and _in_codes(table, row, rule)
                ]
                if not admitting:
                    days = any(_in_days(table, row, rule) for rule in grants[table])
                    expected.fates[table]["codes" if days else "days"] += 1
                    continue
                expected.fates[table]["in"] += 1
                shown = tuple(
                    _clip(name, row.get(name), admitting)
                    if any(rule.columns is None or name in rule.columns for rule in admitting)
                    else None
                    for name in wanted
                )
                expected.rows[table][(row["person_id"], *shown)] += 1
        return expected

    def _reason(self, row: Row) -> str:
        if row["source_feed"] not in self.feeds:
            return "unknown_feed"
        return self.denied.get((int(str(row["person_id"])), str(row["source_feed"])), "")

    def _fate(self, number: int, cohort: Cohort) -> str:
        row = self.persons_row(number)
        reasons = [self._reason(row)]
        born = row["year_of_birth"]
        if cohort.born_after is not None and not (isinstance(born, int) and born > cohort.born_after):
            return "others"
        if cohort.born_before is not None and not (isinstance(born, int) and born < cohort.born_before):
            return "others"
        if cohort.sex is not None and row["gender_concept_id"] != {"female": 8532, "male": 8507}[cohort.sex]:
            return "others"
        asked = [(c.table, lambda r, c=c: r[c.column] in c.values) for c in cohort.conditions]
        if cohort.registered:
            asked.append(("person", lambda r: r["source_feed"] == "gp"))
        for table, holds in asked:
            hits = [r for r in self.tables[table] if r["person_id"] == number and holds(r)]
            if not hits:
                return "others"
            why = [self._reason(r) for r in hits]
            reasons.append("" if "" in why else min(why, key=[*self.kinds, "unknown_feed"].index))
        return next((reason for reason in reasons if reason), "in")

    def _reduce(self, table: str, rows: Sequence[Row]) -> list[Row]:
        by_person: dict[object, list[Row]] = {}
        for row in rows:
            by_person.setdefault(row["person_id"], []).append(row)
        if table == "person":
            return [self.persons_row(int(str(number))) for number in by_person]
        if table == "death":
            return [min(held, key=lambda r: self.feeds.index(str(r["source_feed"]))) for held in by_person.values()]
        if table == "observation_period":
            return [
                {"person_id": number, FIRST: _extreme(min, held, FIRST), LAST: _extreme(max, held, LAST)}
                for number, held in by_person.items()
            ]
        return list(rows)


def _extreme(which: object, rows: Sequence[Row], column: str) -> object:
    days = [row[column] for row in rows if row[column] is not None]
    return which(days) if days else None


def _in_days(table: str, row: Row, rule: GrantRule) -> bool:
    if table == "person" or (rule.starts is None and rule.ends is None):
        return True
    first, last = (row[FIRST], row[LAST]) if table == "observation_period" else (row[DAYS[table]],) * 2
    after = rule.starts is None or (isinstance(last, date) and last >= rule.starts)
    before = rule.ends is None or (isinstance(first, date) and first <= rule.ends)
    return after and before


def _in_codes(table: str, row: Row, rule: GrantRule) -> bool:
    return not rule.codes or row[CODES[table]] in rule.codes


def _clip(name: str, value: object, admitting: Sequence[GrantRule]) -> object:
    if not isinstance(value, date):
        return value
    if name == FIRST:
        return max(value, min(rule.starts or date.min for rule in admitting))
    if name == LAST:
        return min(value, max(rule.ends or date.max for rule in admitting))
    return value
