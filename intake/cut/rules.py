"""What of a table the project's grants admit, as SQL. Promise: a value is in the extract only if one live grant admits
its row (day and code) and its column; several grants of one table are the union of what each admits, no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from governance.catalogue import Catalogue, CatalogueTable
from governance.refusal import Refusal
from governance.registry import GrantRule
from governance.roles import ALL_TABLES
from intake.sources import SourceTable, quote_name

#: The day a row is of: what a grant's dates are held against. Tables that are not here have no day.
DAY_COLUMNS: Mapping[str, str] = {
    "visit_occurrence": "visit_start_date",
    "visit_detail": "visit_detail_start_date",
    "condition_occurrence": "condition_start_date",
    "drug_exposure": "drug_exposure_start_date",
    "procedure_occurrence": "procedure_date",
    "device_exposure": "device_exposure_start_date",
    "measurement": "measurement_date",
    "observation": "observation_date",
    "death": "death_date",
    "specimen": "specimen_date",
    "condition_era": "condition_era_start_date",
    "drug_era": "drug_era_start_date",
    "dose_era": "dose_era_start_date",
    "payer_plan_period": "payer_plan_period_start_date",
    "episode": "episode_start_date",
}
#: Spans that are clipped to the granted days, so that they do not tell what lies outside: first and last day.
SPANS: Mapping[str, tuple[str, str]] = {
    "observation_period": ("observation_period_start_date", "observation_period_end_date")
}
#: What a row is about: what a grant's codes are held against.
CODE_COLUMNS: Mapping[str, str] = {
    "visit_occurrence": "visit_concept_id",
    "visit_detail": "visit_detail_concept_id",
    "condition_occurrence": "condition_concept_id",
    "drug_exposure": "drug_concept_id",
    "procedure_occurrence": "procedure_concept_id",
    "device_exposure": "device_concept_id",
    "measurement": "measurement_concept_id",
    "observation": "observation_concept_id",
    "specimen": "specimen_concept_id",
    "condition_era": "condition_concept_id",
    "drug_era": "drug_concept_id",
    "dose_era": "drug_concept_id",
    "episode": "episode_concept_id",
}


@dataclass(frozen=True)
class TableRules:
    """The grants of one table, and how to hold its rows (alias `s`) against them."""

    table: str
    rules: tuple[GrantRule, ...]
    source: SourceTable

    @property
    def narrows(self) -> bool:
        """Whether any row could stay out."""
        return not any(_is_whole(rule) for rule in self.rules)

    def admits_sql(self) -> str:
        """TRUE or FALSE, never NULL: some grant admits the row."""
        return self._any(self.rules, [self._rule_sql(rule) for rule in self.rules])

    def in_days_sql(self) -> str:
        """The same, whatever the row's code: a row that is not admitted although this holds is outside the codes."""
        return self._any(self.rules, [self._days_sql(rule) for rule in self.rules])

    def column_sql(self, column: str, value: str) -> str:
        """`value` where a grant that names the column admits the row, else NULL."""
        naming = tuple(rule for rule in self.rules if rule.columns is None or column in rule.columns)
        if len(naming) == len(self.rules) or any(_is_whole(rule) for rule in naming):
            return value
        return f"CASE WHEN {self._any(naming, [self._rule_sql(rule) for rule in naming])} THEN {value} END"

    def clipped_sql(self, column: str, value: str) -> str:
        """A span's first or last day, not outside of the days of the grants that admit the row."""
        if not self.narrows or column not in SPANS.get(self.table, ()):
            return value
        first = column == SPANS[self.table][0]
        bounds = ", ".join(
            f"CASE WHEN {self._rule_sql(rule)} THEN {_day((rule.starts if first else rule.ends), first=first)} END"
            for rule in self.rules
        )
        return f"greatest({value}, least({bounds}))" if first else f"least({value}, greatest({bounds}))"

    @staticmethod
    def _any(rules: tuple[GrantRule, ...], parts: list[str]) -> str:
        return "TRUE" if any(_is_whole(rule) for rule in rules) else f"coalesce({' OR '.join(parts) or 'FALSE'}, FALSE)"

    def _rule_sql(self, rule: GrantRule) -> str:
        if not rule.codes:
            return self._days_sql(rule)
        code = self._column(CODE_COLUMNS.get(self.table, ""), "code")
        return f"({self._days_sql(rule)} AND TRY_CAST({code} AS BIGINT) IN ({', '.join(map(str, sorted(rule.codes)))}))"

    def _days_sql(self, rule: GrantRule) -> str:
        if rule.starts is None and rule.ends is None:
            return "TRUE"
        first, last = SPANS.get(self.table, (DAY_COLUMNS.get(self.table, ""),) * 2)
        parts = []
        if rule.starts is not None:
            parts.append(f"TRY_CAST({self._column(last, 'day')} AS DATE) >= {_day(rule.starts, first=True)}")
        if rule.ends is not None:
            parts.append(f"TRY_CAST({self._column(first, 'day')} AS DATE) <= {_day(rule.ends, first=False)}")
        return f"({' AND '.join(parts)})"

    def _column(self, name: str, what: str) -> str:
        if name not in self.source.columns:
            raise _inapplicable(self.table, what)
        return f"s.{quote_name(self.source.columns[name])}"


def rules_of(table: CatalogueTable, source: SourceTable, rules: Iterable[GrantRule]) -> TableRules:
    """The grants that are about a table. A grant of every table narrows those that have days; a grant by name of days
    or codes that the table does not have is refused, because nothing could be held against it.

    Raises Refusal `grant-inapplicable`.
    """
    about: list[GrantRule] = []
    has_day = table.name in DAY_COLUMNS or table.name in SPANS
    for rule in rules:
        if rule.table not in (ALL_TABLES, table.name):
            continue
        if rule.codes and table.name not in CODE_COLUMNS:
            raise _inapplicable(table.name, "code")
        if has_day:
            about.append(rule)
        elif rule.table == ALL_TABLES or (rule.starts is None and rule.ends is None):
            about.append(replace(rule, starts=None, ends=None))
        else:
            raise _inapplicable(table.name, "day")
    return TableRules(table.name, tuple(about), source)


def check_rules(catalogue: Catalogue, rules: Iterable[GrantRule]) -> None:
    """That every grant can be held against its table. Raises Refusal `grant-inapplicable`."""
    given = tuple(rules)
    for table in catalogue.tables.values():
        rules_of(table, SourceTable(table.name, "", {}), given)


def _is_whole(rule: GrantRule) -> bool:
    return rule.starts is None and rule.ends is None and not rule.codes


def _day(day: date | None, *, first: bool) -> str:
    return f"DATE '{day or (date.min if first else date.max)}'"


def _inapplicable(table: str, what: str) -> Refusal:
    return Refusal(
        "grant-inapplicable",
        f"A grant narrows {table} by {what}, but its rows have none here.",
        f"Revoke it (sde grant revoke) and grant {table} without.",
    )
