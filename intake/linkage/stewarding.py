"""What a data steward may do about links: see why one stands, find a person's, and decide over the rules' heads.

Promise: nothing here shows a fact about anybody, only ids and which facts agree; each decision has a reason, a number
and an audit event; it counts from the next time the region is built.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import duckdb

from governance.clock import now
from governance.refusal import Refusal
from governance.registry.links import record_link_decision, record_link_lookup, record_link_withdrawal
from governance.registry.validation import check_text
from governance.settings import Settings
from governance.store import Store
from intake.linkage.decisions import Decision, Kind, add_decision, decisions_in_force, read_decisions, withdraw_decision
from intake.linkage.engine import only_builder
from intake.linkage.report import LinkReport, read_report
from intake.linkage.spine import attach_spine
from intake.linkage.wording import is_number_sql, number_sql, same_name_sql
from intake.places import IntakePlaces


@dataclass(frozen=True)
class LinkView:
    """One identity's link. `agree`, `differ`: names of the facts that do, beside the person linked to; a fact in
    neither is not known on one side. `refused`: reasons a rule was not allowed to use something."""

    feed: str
    person_ref: int
    person_id: int | None
    rank: int
    confidence: float
    agree: tuple[str, ...]
    differ: tuple[str, ...]
    refused: tuple[str, ...]


#: Fact -> whether it agrees between an identity `i` and a person `p`, in SQL; NULL where one side does not tell.
_AGREEMENTS = {
    "NHS number": "i.nhs_number IN (SELECT n.nhs_number FROM spine.nhs_number n WHERE n.person_id = p.person_id)",
    "date of birth": "i.birth = p.date_of_birth",
    "year of birth": "i.birth_year = year(p.date_of_birth)",
    "month of birth": "i.birth_month = month(p.date_of_birth)",
    "sex": "i.sex = p.sex",
    "postcode": "i.postcode = p.postcode",
    "surname": same_name_sql("i.surname", "p.surname"),
    "forename": same_name_sql("i.forename", "p.forename"),
}


def link_status(settings: Settings) -> tuple[LinkReport, int]:
    """Counts of the spine in force, and how many decisions are. Raises Refusal `no-spine`."""
    places = IntakePlaces.of(settings)
    with _spine(places) as connection:
        connection.execute("USE spine")
        return read_report(connection), len(decisions_in_force(places))


def explain_link(settings: Settings, feed: str, person_ref: int) -> LinkView:
    """Why an identity is linked as it is. Raises Refusal `no-such-link`."""
    with _spine(IntakePlaces.of(settings)) as connection:
        return _view(connection, feed, person_ref)


def find_links(settings: Settings, store: Store, number: str, *, actor: str) -> tuple[LinkView, ...]:
    """Every identity linked to the holder of an NHS number, or carrying it. Audited, by count.

    Raises Refusal `bad-number`.
    """
    with _spine(IntakePlaces.of(settings)) as connection:
        read = f"SELECT {number_sql('typed')} AS nhs_number FROM (SELECT ? AS typed)"
        valid = f"SELECT nhs_number FROM ({read}) WHERE {is_number_sql('nhs_number')}"
        held = connection.execute(valid, [number]).fetchall()
        if not held:
            raise Refusal("bad-number", "This is no valid NHS number.", "It has ten digits; the last is a check.")
        found = connection.execute(
            "SELECT feed, person_ref FROM spine.link JOIN spine.nhs_number n USING (person_id) WHERE n.nhs_number = $1 "
            "UNION SELECT feed, person_ref FROM spine.identity WHERE nhs_number = $1 ORDER BY ALL",
            [held[0][0]],
        ).fetchall()
        views = tuple(_view(connection, str(feed), int(reference)) for feed, reference in found)
    with store.transaction() as session:
        record_link_lookup(session, actor=actor, found=len(views))
    return views


def correct_link(
    settings: Settings, store: Store, feed: str, person_ref: int, person_id: int, *, reason: str, actor: str
) -> Decision:
    """Say that an identity is this person, whatever the rules find.

    Raises Refusal `no-such-link`, `no-such-spine-person`.
    """
    places = IntakePlaces.of(settings)
    with _spine(places) as connection:
        _view(connection, feed, person_ref)
        _check_person(connection, person_id)
    return _decide(places, store, Decision(0, Kind.CORRECT, person_id, reason, actor, "", feed, person_ref))


def split_link(settings: Settings, store: Store, feed: str, person_ref: int, *, reason: str, actor: str) -> Decision:
    """Say that an identity is not the person it is linked to. Raises Refusal `no-such-link`, `not-linked`."""
    places = IntakePlaces.of(settings)
    with _spine(places) as connection:
        person_id = _view(connection, feed, person_ref).person_id
    if person_id is None:
        raise Refusal("not-linked", "This identity is linked to nobody.", "There is nothing to split.")
    return _decide(places, store, Decision(0, Kind.SPLIT, person_id, reason, actor, "", feed, person_ref))


def merge_people(settings: Settings, store: Store, person_id: int, into: int, *, reason: str, actor: str) -> Decision:
    """Say that two people are one, known by the second's id. Raises Refusal `no-such-spine-person`, `same-person`."""
    places = IntakePlaces.of(settings)
    if person_id == into:
        raise Refusal("same-person", "That is one person already.", "Name two.")
    with _spine(places) as connection:
        _check_person(connection, person_id)
        _check_person(connection, into)
    return _decide(places, store, Decision(0, Kind.MERGE, person_id, reason, actor, "", into=into))


def withdraw(settings: Settings, store: Store, number: int, *, actor: str) -> Decision:
    """Let a decision count no longer; it stays on file. Raises Refusal `no-such-decision`."""
    places = IntakePlaces.of(settings)
    with only_builder(places), store.transaction() as session:
        record_link_withdrawal(session, actor=actor, decision=number)
        return withdraw_decision(places, number, at=now().isoformat())


def _decide(places: IntakePlaces, store: Store, decision: Decision) -> Decision:
    """The audit event is written before the file and stands or falls with it: a failed write rolls it back."""
    worded = replace(decision, reason=check_text(decision.reason, "reason"), at=now().isoformat())
    with only_builder(places), store.transaction() as session:
        number = len(read_decisions(places)) + 1
        record_link_decision(session, actor=decision.by, decision=number, kind=decision.kind.value)
        return add_decision(places, worded)


def _check_person(connection: duckdb.DuckDBPyConnection, person_id: int) -> None:
    if not connection.execute("SELECT 1 FROM spine.person WHERE person_id = ?", [person_id]).fetchall():
        raise Refusal("no-such-spine-person", "No person of the spine has this id.", "`sde link find` shows ids.")


def _view(connection: duckdb.DuckDBPyConnection, feed: str, person_ref: int) -> LinkView:
    facts = ", ".join(_AGREEMENTS.values())
    rows = connection.execute(
        f"SELECT l.person_id, l.match_rank, l.confidence, {facts} FROM spine.link l "
        "JOIN spine.identity i USING (feed, person_ref) LEFT JOIN spine.person p ON p.person_id = l.person_id "
        "WHERE l.feed = ? AND l.person_ref = ?",
        [feed, person_ref],
    ).fetchall()
    if not rows:
        raise Refusal("no-such-link", "No identity of this feed has this reference.", "`sde link find` shows them.")
    person_id, rank, confidence, *agreements = rows[0]
    refused = connection.execute(
        "SELECT DISTINCT reason FROM spine.refused WHERE feed = ? AND person_ref = ? ORDER BY ALL", [feed, person_ref]
    ).fetchall()
    told = dict(zip(_AGREEMENTS, agreements, strict=True)) if person_id is not None else {}
    return LinkView(
        feed,
        person_ref,
        person_id,
        int(rank),
        float(confidence),
        tuple(fact for fact, agrees in told.items() if agrees is True),
        tuple(fact for fact, agrees in told.items() if agrees is False),
        tuple(str(reason) for (reason,) in refused),
    )


@contextmanager
def _spine(places: IntakePlaces) -> Iterator[duckdb.DuckDBPyConnection]:
    off: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with duckdb.connect(":memory:", config=off) as connection:
        attach_spine(connection, places)
        yield connection
