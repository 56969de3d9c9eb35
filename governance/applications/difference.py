"""What an amendment or renewal changes, in words, and what a renewal may change at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from governance.applications.answers import Answers, WantedTable
from governance.applications.complete import Problem
from governance.applications.form import FIELDS
from governance.applications.kinds import Kind


def difference(before: Answers, after: Answers) -> tuple[str, ...]:
    """One sentence a change, in the order of the form."""
    said: list[str] = []
    for name, field in FIELDS.items():
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        if name == "people":
            said += _people(before, after)
        elif name == "data":
            said += _data(before, after)
        elif isinstance(old, tuple):
            said += [f"{field.label}: added {_words(one)}." for one in new if one not in old]
            said += [f"{field.label}: taken out {_words(one)}." for one in old if one not in new]
        elif len(str(old)) + len(str(new)) > 200:
            said.append(f"{field.label}: written anew.")
        else:
            said.append(f"{field.label}: {_words(old)} becomes {_words(new)}.")
    return tuple(said)


def check_renewal(before: Answers, after: Answers, kind: Kind) -> tuple[Problem, ...]:
    """What this kind of application may not change, or that it changes nothing."""
    changed = [one.name for one in fields(Answers) if getattr(before, one.name) != getattr(after, one.name)]
    if not changed:
        return (Problem("title", "Nothing would change.", "Change at least one answer."),)
    fixed = [name for name in changed if name == "slug" or (kind is Kind.RENEWAL and not FIELDS[name].renewable)]
    return tuple(
        Problem(name, f"{FIELDS[name].label}: this does not change here.", "Put it back, or apply for an amendment.")
        for name in fixed
    )


def _people(before: Answers, after: Answers) -> Iterator[str]:
    old = {person.subject: person.role for person in before.people}
    new = {person.subject: person.role for person in after.people}
    for subject in sorted(new.keys() - old.keys()):
        yield f"New person: {subject}, {_role(new[subject])}."
    for subject in sorted(old.keys() - new.keys()):
        yield f"Leaves: {subject}."
    for subject in sorted(old.keys() & new.keys()):
        if old[subject] != new[subject]:
            yield f"{subject}: {_role(old[subject])} becomes {_role(new[subject])}."


def _data(before: Answers, after: Answers) -> Iterator[str]:
    old, new = _by_table(before), _by_table(after)
    for table in sorted(new.keys() - old.keys()):
        yield f"New table: {'; '.join(map(_describe, new[table]))}."
    for table in sorted(old.keys() - new.keys()):
        yield f"Table taken out: {table}."
    for table in sorted(old.keys() & new.keys()):
        was, becomes = (" and ".join(map(_describe, wishes[table])) for wishes in (old, new))
        if was != becomes:
            yield f"Table changed: {was} becomes {becomes}."
        elif old[table] != new[table]:
            yield f"Table {table}: reasons written anew."


def _by_table(answers: Answers) -> dict[str, list[WantedTable]]:
    found: dict[str, list[WantedTable]] = {}
    for wish in answers.data:
        found.setdefault(wish.table, []).append(wish)
    return found


def _describe(wish: WantedTable) -> str:
    said = [wish.table, f"({', '.join(sorted(column.name for column in wish.columns))})" if wish.columns else "(whole)"]
    said += [f"from {wish.starts}"] if wish.starts else []
    said += [f"to {wish.ends}"] if wish.ends else []
    said += [f"with {len(wish.codes)} codes {_codes(wish)}"] if wish.codes else []
    return " ".join(said)


def _codes(wish: WantedTable) -> str:
    listed = ", ".join(map(str, wish.codes[:10]))
    return f"({listed}, ...)" if len(wish.codes) > 10 else f"({listed})"


def _role(role: str) -> str:
    return role.replace("_", " ") or "no role"


def _words(value: object) -> str:
    title = getattr(value, "title", None)
    if isinstance(title, str):
        return title
    return "nothing" if value in (None, "") else str(value).replace("_", " ")
