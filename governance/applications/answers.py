"""The answers of one version: frozen values, written as JSON and named by a digest. Promise: the same answers give the
same digest, and a document that was changed by hand is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from governance.applications.values import read_answer
from governance.cohort import Cohort, Sex, check_cohort, parse_condition
from governance.refusal import Refusal


@dataclass(frozen=True)
class NamedPerson:
    """One person by the whole subject."""

    subject: str = ""
    role: str = ""


@dataclass(frozen=True)
class WantedColumn:
    """One column and why."""

    name: str = ""
    justification: str = ""


@dataclass(frozen=True)
class WantedTable:
    """One table and why; no `columns`: the whole table."""

    table: str = ""
    justification: str = ""
    columns: tuple[WantedColumn, ...] = ()
    starts: date | None = None
    ends: date | None = None
    codes: tuple[int, ...] = ()


@dataclass(frozen=True)
class NamedOutput:
    """One intended output."""

    title: str = ""
    description: str = ""


@dataclass(frozen=True)
class Answers:
    """Every field of the form (governance.applications.form); empty or None: not answered yet."""

    title: str = ""
    slug: str = ""
    why: str = ""
    lay_summary: str = ""
    public_benefit: str = ""
    legal_basis: str = ""
    legal_basis_until: date | None = None
    dpia_reference: str = ""
    dpia_until: date | None = None
    ethics_reference: str = ""
    ethics_until: date | None = None
    ethics_not_needed: str = ""
    sponsor: str = ""
    funder: str = ""
    organisations: tuple[str, ...] = ()
    people: tuple[NamedPerson, ...] = ()
    data: tuple[WantedTable, ...] = ()
    cohort_conditions: tuple[str, ...] = ()
    born_after: int | None = None
    born_before: int | None = None
    sex: str = ""
    registered: bool = False
    purpose: str = ""
    mode: str = ""
    mode_reason: str = ""
    outputs: tuple[NamedOutput, ...] = ()
    starts: date | None = None
    ends: date | None = None
    fee_pence: int | None = None

    @property
    def subjects(self) -> frozenset[str]:
        """Everybody named."""
        return frozenset(person.subject for person in self.people if person.subject)

    @property
    def cohort(self) -> Cohort:
        """Which people are wanted. Raises Refusal `bad-cohort`."""
        conditions = tuple(map(parse_condition, self.cohort_conditions))
        sex = Sex(self.sex) if self.sex else None
        return check_cohort(Cohort(conditions, self.born_after, self.born_before, sex, self.registered))

    def with_values(self, values: Mapping[str, Any]) -> Answers:
        """With some fields answered anew. Raises Refusal `unknown-field`, `bad-answer`."""
        held = json.loads(self.write())
        for name, value in values.items():
            held[name] = read_answer(name, value)
        return _from_plain({name: value for name, value in held.items() if value is not None})

    def write(self) -> str:
        """The document the register keeps."""
        plain = {one.name: _plain(getattr(self, one.name)) for one in fields(self)}
        held = {name: value for name, value in plain.items() if not _is_empty(value)}
        return json.dumps(held, sort_keys=True, ensure_ascii=False)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the document."""
        return digest_of(self.write())


def digest_of(document: str) -> str:
    """SHA-256 (hex) of a document as it is kept."""
    return hashlib.sha256(document.encode()).hexdigest()


def read_answers(document: str) -> Answers:
    """Inverse of `Answers.write`. Raises Refusal `answers-damaged`: fail closed."""
    try:
        held = json.loads(document)
        return _from_plain({name: read_answer(name, value) for name, value in held.items()})
    except (ValueError, TypeError, AttributeError, Refusal):
        raise Refusal(
            "answers-damaged", "This version of the application is not as it was written.", "Tell an administrator."
        ) from None


def _from_plain(plain: Mapping[str, Any]) -> Answers:
    told = dict(plain)
    for name in ("legal_basis_until", "dpia_until", "ethics_until", "starts", "ends"):
        told[name] = _day(told.get(name))
    told["people"] = tuple(NamedPerson(**row) for row in told.get("people", ()))
    told["outputs"] = tuple(NamedOutput(**row) for row in told.get("outputs", ()))
    told["data"] = tuple(map(_read_table, told.get("data", ())))
    for name in ("organisations", "cohort_conditions"):
        told[name] = tuple(told.get(name, ()))
    return Answers(**told)


def _read_table(row: Mapping[str, Any]) -> WantedTable:
    told = dict(row)
    told["columns"] = tuple(WantedColumn(**column) for column in told.get("columns", ()))
    told["codes"] = tuple(told.get("codes", ()))
    return WantedTable(**{**told, "starts": _day(told.get("starts")), "ends": _day(told.get("ends"))})


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if hasattr(value, "__dataclass_fields__"):
        plain = {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
        return {name: one for name, one in plain.items() if not _is_empty(one)}
    return value


def _is_empty(value: Any) -> bool:
    """Not answered. Nought is an answer."""
    return value is None or value is False or value == "" or value == []
