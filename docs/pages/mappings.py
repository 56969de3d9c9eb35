"""What each feed's rows become in the OMOP model, and what the result is held against; from intake.omop."""

from __future__ import annotations

from collections.abc import Iterable

from intake.omop.conformance import Check, checks
from intake.omop.mapping import BY_DOMAIN, FeedMapping, RowRule, mappings

_HEAD = """# Mappings to the OMOP model

What the rows of each feed become. A rule reads one table of the feed and makes rows of one table of the model, or of
the table that fits the domain of the mapped concept. The texts are SQL over the feed's official columns, as the files
in `intake/omop/mappings/` have them. [How harmonising works](../explanation/harmonisation.md) explains the rest."""


def page() -> str:
    """Every mapping, then every check."""
    return "\n\n".join([_HEAD, *(_mapping(mapping) for mapping in mappings().values()), _checks()])


def _mapping(mapping: FeedMapping) -> str:
    parts = [f"## {mapping.title} (`{mapping.feed}`)"]
    if mapping.people:
        parts.append(f"Who people are is told by {_tables(rule.source for rule in mapping.people)}.")
    if mapping.deaths:
        told = [f"`{rule.source}`: {_code(rule.date)} where {_code(rule.where or 'true')}" for rule in mapping.deaths]
        parts.append("Deaths: " + "; ".join(told) + ".")
    rows = "\n".join(_rule(rule) for rule in mapping.rows)
    head = "| rule | from | into | code | day | further columns |\n|---|---|---|---|---|---|\n"
    return "\n\n".join([*parts, head + rows])


def _tables(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _rule(rule: RowRule) -> str:
    source = f"`{rule.source}`" + (f" where {_code(rule.where)}" if rule.where else "")
    into = f"by domain, unknown: `{rule.unmapped}`" if rule.into == BY_DOMAIN else f"`{rule.into}`"
    into += ", one a person and day" if rule.one_per_day else ""
    codes = ", ".join(map(_code, rule.codes)) + (f" in {' or '.join(rule.vocabularies)}" if rule.codes else "")
    day = _code(rule.date) + (f" to {_code(rule.end)}" if rule.end else "")
    more = [f"{name} = {_code(text)}" for name, text in rule.columns.items()]
    more += [f"{name} = {_code(lookup.code)} in {lookup.vocabulary}" for name, lookup in rule.lookups.items()]
    more += [f"visit of `{rule.visit}`"] if rule.visit else []
    return f"| `{rule.name}` | {source} | {into} | {codes} | {day} | {'; '.join(more)} |"


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _checks() -> str:
    head = (
        "## Checks of conformance\n\nA region whose tables break a rule that *refuses* does not come into force.\n\n"
        "| check | what must hold | breaches that pass | beyond that |\n|---|---|---|---|\n"
    )
    return head + "\n".join(map(_check, checks()))


def _check(check: Check) -> str:
    return f"| `{check.name}` | {check.title} | {check.share:.1%} | {'refuses' if check.hard else 'warns'} |"
