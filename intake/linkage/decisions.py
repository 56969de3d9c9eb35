"""Stewards' decisions on who is who. Promise: a decision outranks every rule, is never lost by linking anew, can be
withdrawn but not erased, and the audit knows of each (by its number and kind: no identifier leaves this file).

The decisions lie beside the spine, because they name references and people; the register has no such names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

import duckdb

from governance.refusal import Refusal
from intake.places import IntakePlaces


class Kind(StrEnum):
    """What a steward may decide."""

    CORRECT = "correct"  # this reference is that person
    SPLIT = "split"  # this reference is not that person
    MERGE = "merge"  # these two people are one


@dataclass(frozen=True)
class Decision:
    """One decision. `person_id` is the person a reference is (not), or who is merged into `into`."""

    number: int
    kind: Kind
    person_id: int
    reason: str
    by: str
    at: str
    feed: str = ""
    person_ref: int = 0
    into: int = 0
    withdrawn: str = ""


def read_decisions(places: IntakePlaces) -> tuple[Decision, ...]:
    """All of them, oldest first. Raises Refusal `decisions-unreadable`: to go on without them would undo them."""
    try:
        text = _file(places).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    try:
        return tuple(Decision(**{**each, "kind": Kind(each["kind"])}) for each in json.loads(text))
    except (ValueError, TypeError, KeyError):
        raise Refusal(
            "decisions-unreadable", "The file of linkage decisions is damaged.", "Restore it from a backup."
        ) from None


def decisions_in_force(places: IntakePlaces) -> tuple[Decision, ...]:
    """Those not withdrawn."""
    return tuple(each for each in read_decisions(places) if not each.withdrawn)


def add_decision(places: IntakePlaces, decision: Decision) -> Decision:
    """Keep one more; it gets the next number. Call under `only_builder`, inside the transaction of its audit event."""
    held = read_decisions(places)
    numbered = replace(decision, number=len(held) + 1)
    _write(places, (*held, numbered))
    return numbered


def withdraw_decision(places: IntakePlaces, number: int, *, at: str) -> Decision:
    """Let one no longer count. Raises Refusal `no-such-decision`."""
    held = read_decisions(places)
    found = next((each for each in held if each.number == number and not each.withdrawn), None)
    if found is None:
        raise Refusal("no-such-decision", "No such decision is in force.", "`sde link status` tells how many are.")
    ended = replace(found, withdrawn=at)
    _write(places, tuple(ended if each is found else each for each in held))
    return ended


def apply_decisions(connection: duckdb.DuckDBPyConnection, decisions: Sequence[Decision]) -> None:
    """Fill `decided` (who, person_id) and `cut` (who, person_id) for the identities there are; the newest decision on
    a reference counts. People are named by the ids they have after merging (`survivor`)."""
    connection.execute(
        "CREATE TEMP TABLE decision (number BIGINT, kind VARCHAR, feed VARCHAR, person_ref UBIGINT, own_id BIGINT)"
    )
    rows = [
        [each.number, each.kind.value, each.feed, each.person_ref, each.person_id]
        for each in decisions
        if each.kind is not Kind.MERGE
    ]
    if rows:
        connection.executemany("INSERT INTO decision VALUES (?, ?, ?, ?, ?)", rows)
    named = (
        "SELECT i.rowid AS who, coalesce(s.to_id, d.own_id) AS person_id, d.number, d.kind FROM decision d "
        "JOIN identity i ON i.feed = d.feed AND i.person_ref = d.person_ref "
        "LEFT JOIN survivor s ON s.from_id = d.own_id"
    )
    connection.execute(
        f"CREATE TEMP TABLE decided AS SELECT who, person_id FROM ({named}) WHERE kind = 'correct' "
        "QUALIFY row_number() OVER (PARTITION BY who ORDER BY number DESC) = 1"
    )
    connection.execute(
        f"INSERT INTO cut SELECT who, person_id FROM ({named}) GROUP BY who, person_id "
        "HAVING arg_max(kind, number) = 'split'"
    )
    connection.execute("DELETE FROM decided WHERE (who, person_id) IN (SELECT (who, person_id) FROM cut)")


def _file(places: IntakePlaces) -> Path:
    return places.identifiable / "link_decisions.json"


def _write(places: IntakePlaces, decisions: Sequence[Decision]) -> None:
    file = _file(places)
    beside = file.with_name(f".building-{file.name}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as written:
            json.dump([asdict(each) for each in decisions], written, indent=1)
            written.flush()
            os.fsync(written.fileno())
        beside.rename(file)
    except OSError:
        beside.unlink(missing_ok=True)
        raise Refusal("disk-full", "The decision could not be written.", "Free disk space and decide again.") from None
