"""Writes the SQL of one rule: staged rows of one table -> rows of one event table of the model, sorted by person.

Promise: a mapping's own SQL sees the staged row and nothing else: it is worked out in a SELECT of its own, before
people and concepts are joined, so that no official name can be taken for one of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from intake.harmonise.identifiers import day_key, record_key
from intake.harmonise.targets import TARGETS, Target
from intake.omop.mapping import BY_DOMAIN, LONGEST_LIST, FeedMapping, RowRule
from intake.sources import quote_text

MEASURED = ("value_as_number", "unit_concept_id", "unit_source_value")


@dataclass(frozen=True)
class RulePlan:
    """One rule with what is known when its SQL is written. Relations: `rows` (staged rows that count now), `links`
    (person_ref, person_id, match_rank), `codes` (the rule's code map), `sites` (code, care_site_id), `lookups`;
    `prepared`: `staged_sql` as a table, if it was worked out before."""

    mapping: FeedMapping
    rule: RowRule
    slot: int
    visit_slot: int
    rows: str
    links: str
    codes: str
    sites: str
    lookups: Mapping[str, str]
    prepared: str = ""


def made_sql(rule: RowRule) -> str:
    """SQL, over a staged row, of whether the rule makes anything of it."""
    parts = [f"coalesce(({rule.where}), false)"] if rule.where else []
    return " AND ".join([*parts, f"({rule.date}) IS NOT NULL"])


def codes_sql(rule: RowRule) -> str:
    """SQL, over a staged row, of the list of its codes, empty ones in their places."""
    if rule.split:
        return f"list_slice(string_split({rule.codes[0]}, {quote_text(rule.split)}), 1, {LONGEST_LIST})"
    return f"[{', '.join(rule.codes)}]"


def count_sql(rule: RowRule) -> str:
    """SQL, over a staged row, of how many rows the rule makes of it, an ambiguous code counted once."""
    if not rule.codes or rule.one_per_day:
        return f"CASE WHEN {made_sql(rule)} THEN 1 ELSE 0 END"
    if rule.split:
        return (
            f"CASE WHEN {made_sql(rule)} THEN len(list_filter({codes_sql(rule)}, lambda x: trim(x) <> '')) ELSE 0 END"
        )
    there = " + ".join(f"CAST(({code}) IS NOT NULL AND ({code}) <> '' AS INTEGER)" for code in rule.codes)
    return f"CASE WHEN {made_sql(rule)} THEN {there} ELSE 0 END"


def event_sql(plan: RulePlan, table: str) -> str:
    """The SELECT of a rule's rows of one table: those of the model's columns that the rule fills, in their order,
    `source_feed`, `match_rank`."""
    target = TARGETS[table]
    values = _values(plan, target)
    varying = {name: value for name, value in values.items() if not _is_constant(value)}
    order = target.key if plan.rule.one_per_day else f"person_id, {target.key}"  # a day's key begins with whose it is
    sorted_rows = (
        f"SELECT {', '.join(f'{value} AS {name}' for name, value in varying.items())},"
        f" match_rank FROM {_grouped(plan) if plan.rule.one_per_day else _joined(plan, target)}"
        f" ORDER BY {order}"
    )
    written = [
        name if name in varying else f"CAST({values[name]} AS {column.type}) AS {name}"
        for name, column in target.model.columns.items()
        if name in values
    ]
    feed = quote_text(plan.mapping.feed)
    return f"SELECT {', '.join(written)}, {feed} AS source_feed, match_rank FROM ({sorted_rows})"


def _values(plan: RulePlan, target: Target) -> dict[str, str]:
    """SQL of each column of the model that is not NULL, over the joined row; cast to the column's type."""
    rule, columns = plan.rule, target.model.columns
    values = {
        target.key: "row_key",
        "person_id": "person_id",
        target.start: "starts",
        target.type: str(rule.type),
        **{name: f"own_{name}" for name in rule.columns if name in columns},
        **{name: f"coalesce(look_{name}, 0)" for name in rule.lookups if name in columns},
    }
    if rule.codes:
        values |= {target.concept: "coalesce(concept_id, 0)", target.source_concept: "coalesce(source_concept_id, 0)"}
        values |= {target.source_value: "code"} if target.source_value not in rule.columns else {}
        values |= _measured(rule, columns)
    if target.end and columns[target.end].required:
        values[target.end] = "greatest(coalesce(ends, starts), starts)"
    elif target.end and rule.end:
        values[target.end] = "CASE WHEN ends >= starts THEN ends END"
    if rule.time:
        values[target.start_time] = "start_time"
    if rule.site and "care_site_id" in columns:
        values["care_site_id"] = "care_site_id"
    if rule.visit and "visit_occurrence_id" in columns:
        values["visit_occurrence_id"] = "visit_key"
    return {
        name: value if _is_constant(value) else f"CAST({value} AS {columns[name].type})"
        for name, value in values.items()
        if name in columns
    } | {name: text for name, text in rule.columns.items() if name in columns and _is_constant(text)}


def _measured(rule: RowRule, columns: Mapping[str, object]) -> dict[str, str]:
    """The unit usual for the code, where there is a value and the mapping does not name the unit itself."""
    held = rule.columns.keys() | rule.lookups.keys()
    if "value_as_number" not in rule.columns.keys() & columns.keys() or any(name in held for name in MEASURED[1:]):
        return {}
    there = "own_value_as_number IS NOT NULL"
    units = {"unit_concept_id": "unit_concept_id", "unit_source_value": "unit"}
    return {name: f"CASE WHEN {there} THEN {held} END" for name, held in units.items() if name in columns}


def _is_constant(text: str) -> bool:
    return text.isdigit()


def staged_sql(plan: RulePlan, target: Target | None = None) -> str:
    """The mapping's own SQL worked out over the staged row, under names of ours; only what `target` takes, if given."""
    rule = plan.rule
    held = {"record_id": "record_id", "person_ref": "person_ref", "starts": rule.date}
    held |= {"ends": rule.end or "NULL::DATE", "start_time": rule.time or "NULL::TIMESTAMP"}
    held |= {"site": rule.site} if rule.site else {}
    own = {name: text for name, text in rule.columns.items() if not _is_constant(text)}
    if target is not None:
        own = {name: text for name, text in own.items() if name in target.model.columns}
    held |= {f"own_{name}": text for name, text in own.items()}
    held |= {f"code_{name}": lookup.code for name, lookup in rule.lookups.items()}
    held |= _staged_visit(plan)
    if rule.codes:
        held["codes"] = codes_sql(rule) if rule.slots > 1 else rule.codes[0]
    columns = ", ".join(f"{text} AS {name}" if text != name else name for name, text in held.items())
    rows = f"(SELECT {columns} FROM {plan.rows} WHERE {made_sql(rule)})"
    return _unnested(rule, rows) if rule.codes else rows


def _staged_visit(plan: RulePlan) -> dict[str, str]:
    if not plan.rule.visit:
        return {}
    visit = plan.mapping.find(plan.rule.visit)
    return {"visit_made": made_sql(visit), "visit_day": plan.rule.visit_date or plan.rule.date}


def _unnested(rule: RowRule, rows: str) -> str:
    """One row for each code that is there, with its place in the list."""
    if rule.slots == 1:
        return f"(SELECT * EXCLUDE (codes), codes AS code, 0 AS place FROM {rows} WHERE codes <> '')"
    each = f"SELECT * EXCLUDE (codes), trim(unnest(codes)) AS code, unnest(range(len(codes))) AS place FROM {rows}"
    return f"(SELECT * FROM ({each}) WHERE code <> '')"


def _joined(plan: RulePlan, target: Target) -> str:
    """Staged rows with their person, concepts, site and visit; rows of nobody are out."""
    rule = plan.rule
    place, ordinal = ("s.place" if rule.codes else "0"), ("coalesce(k.ordinal, 0)" if rule.codes else "0")
    chosen = ["s.*", "l.person_id", "l.match_rank"]
    chosen.append(f"{record_key(f'{plan.slot} + {place}', ordinal, 's.record_id')} AS row_key")
    joins, where = [f"JOIN {plan.links} l ON l.person_ref = s.person_ref"], ""
    if rule.codes:
        chosen += ["k.concept_id", "k.source_concept_id", "k.unit_concept_id", "k.unit"]
        joins.insert(0, f"{_codes_join(plan, target)} k ON k.code = s.code")
        if rule.into == BY_DOMAIN and target.table == rule.unmapped:
            where = f" WHERE coalesce(k.target, {quote_text(rule.unmapped)}) = {quote_text(target.table)}"
    for name, relation in plan.lookups.items():
        chosen.append(f"look_{name}.concept_id AS look_{name}")
        joins.append(f"LEFT JOIN {relation} look_{name} ON look_{name}.code = s.code_{name}")
    if rule.site:
        chosen.append("p.care_site_id")
        joins.append(f"LEFT JOIN {plan.sites} p ON p.code = s.site")
    if rule.visit:
        chosen.append(f"CASE WHEN s.visit_made THEN {_visit_key(plan)} END AS visit_key")
    staged = plan.prepared or staged_sql(plan, target)
    return f"(SELECT {', '.join(chosen)} FROM {staged} s {' '.join(joins)}{where})"


def _codes_join(plan: RulePlan, target: Target) -> str:
    """Of the table that takes unknown codes every row is asked; of the others only rows whose code is among theirs,
    which the engine then reads straight from the file."""
    if plan.rule.into != BY_DOMAIN or target.table == plan.rule.unmapped:
        return f"LEFT JOIN {plan.codes}"
    return f"JOIN (SELECT * FROM {plan.codes} WHERE target = {quote_text(target.table)})"


def _visit_key(plan: RulePlan) -> str:
    if plan.mapping.find(plan.rule.visit).one_per_day:
        return day_key(plan.visit_slot, "l.person_id", "s.visit_day")
    return record_key(str(plan.visit_slot), "0", "s.record_id")


def _grouped(plan: RulePlan) -> str:
    """One row for each person and day; of several values of a column the greatest."""
    rule = plan.rule
    chosen = ["l.person_id", "s.starts", "min(l.match_rank) AS match_rank", "max(s.ends) AS ends"]
    joins = [f"JOIN {plan.links} l ON l.person_ref = s.person_ref"]
    chosen.append(f"{day_key(plan.slot, 'l.person_id', 's.starts')} AS row_key")
    chosen += [f"max(s.own_{name}) AS own_{name}" for name, text in rule.columns.items() if not _is_constant(text)]
    for name, relation in plan.lookups.items():
        chosen.append(f"max(look_{name}.concept_id) AS look_{name}")
        joins.append(f"LEFT JOIN {relation} look_{name} ON look_{name}.code = s.code_{name}")
    if rule.site:
        chosen.append("max(p.care_site_id) AS care_site_id")
        joins.append(f"LEFT JOIN {plan.sites} p ON p.code = s.site")
    if rule.time:
        chosen.append("min(s.start_time) AS start_time")
    grouped = f"SELECT {', '.join(chosen)} FROM {staged_sql(plan)} s {' '.join(joins)}"
    return f"({grouped} GROUP BY l.person_id, s.starts)"
