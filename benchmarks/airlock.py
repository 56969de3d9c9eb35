"""How fast a queue of ten thousand egress requests is listed, and what two hundred deaths do to the airlock.

    python -m benchmarks.airlock [REQUESTS] [DEATHS]

A register is filled with requests in every state, each with files, findings and votes, of several projects. Measured is
what a page of the queue costs on the server, read and drawn, as milliseconds of processor time and beside a bare select
of as many rows in the same run, since a machine's speed goes up and down with its other work. Goal: 200 ms a page, and
each kill of a submission, a vote or a release leaves no event lost or doubled, no release without two votes, no partial
file.
"""

from __future__ import annotations

import logging
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median

import httpx
import structlog
from rich.console import Console
from rich.table import Table
from sqlalchemy import insert

from egress.listing import PAGE, list_for_others, list_own, queue_load
from egress.operator_view import list_requests
from egress.states import State
from egress.watch import find_stuck
from governance.clock import now
from governance.settings import load_settings
from governance.store.airlock import EgressFile, EgressFinding, EgressRequest, EgressVote
from tests.support.airlock_crash import CrashLab
from tests.support.airlock_service import ServedAirlock, served
from tests.support.airlock_world import ADMIN, AUTHOR, CHECKER, SECOND, STEWARD, AirlockWorld, make_template

REQUESTS, DEATHS = 10_000, 200
GOAL_MILLISECONDS = 200.0
ROUNDS, BATCH = 9, 25
AUTHORS = (AUTHOR, "researcher-b", "researcher-c")
PROJECTS = ("gi-bleed", "respiratory", "diabetes-care")
REVIEWED = 4  # the number of a request that is in review
STATES = tuple(state for state in State if state is not State.DRAFT)
BARE = "SELECT * FROM egress_request WHERE state NOT IN ('released') ORDER BY due_at, id LIMIT 50"


def main(requests: int = REQUESTS, deaths: int = DEATHS) -> None:
    """List and kill. Exits with 1 if a goal is missed."""
    console = Console(width=120)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory(prefix="airlock-") as folder:
        slowest = _measure_lists(console, Path(folder), requests)
        _kill(console, Path(folder), deaths)
    console.print(f"slowest page {slowest:.1f} ms; goal {GOAL_MILLISECONDS:.0f} ms")
    if slowest > GOAL_MILLISECONDS:
        sys.exit(1)


def _measure_lists(console: Console, folder: Path, requests: int) -> float:
    settings = load_settings(state=folder / "lists")
    world = AirlockWorld.copy_of(make_template(folder / "template"), settings)
    _fill(world, requests)
    bare = _time(lambda: _select_bare(settings.folder.register))
    table = Table("list", "ms of processor time", "times a bare select")
    slowest = 0.0
    with served(world) as gateway:
        for name, act in (_lists(world) | _drawn(gateway)).items():
            took = _time(act)
            slowest = max(slowest, took if "page" in name else 0.0)
            table.add_row(name, f"{took:.1f}", f"{took / bare:.0f}")
    console.print(f"{requests:,} requests; a bare select of {PAGE} rows takes {bare:.2f} ms")
    console.print(table)
    world.store.close()
    return slowest


def _lists(world: AirlockWorld) -> dict[str, Callable[[], object]]:
    airlock = world.airlock
    second = list_for_others(airlock, CHECKER).next
    return {
        "queue page, output checker": lambda: (list_for_others(airlock, CHECKER), queue_load(airlock, CHECKER)),
        "queue page after the first": lambda: list_for_others(airlock, CHECKER, after=second),
        "queue page, data steward": lambda: (list_for_others(airlock, STEWARD), queue_load(airlock, STEWARD)),
        "queue page, administrator": lambda: (list_for_others(airlock, ADMIN), queue_load(airlock, ADMIN)),
        "own page, author": lambda: list_own(airlock, AUTHOR),
        "operator's list of 1,000": lambda: _read(world, lambda session: list_requests(session, None, None)),
        "operator's list of what is stuck": lambda: _read(world, find_stuck),
    }


def _drawn(gateway: ServedAirlock) -> dict[str, Callable[[], object]]:
    """Whole pages from the running service, who asks and the asking itself included."""
    checker, admin, author = (gateway.browser(who).client for who in (CHECKER, ADMIN, AUTHOR))
    return {
        "queue page drawn, output checker": lambda: _open(checker, "queue"),
        "queue page of one project drawn": lambda: _open(checker, "queue?project=respiratory"),
        "queue page drawn, administrator": lambda: _open(admin, "queue"),
        "own page drawn, author": lambda: _open(author, ""),
        "review page drawn, output checker": lambda: _open(checker, f"requests/{REVIEWED:016x}"),
    }


def _open(client: httpx.Client, page: str) -> None:
    answer = client.get(f"/services/airlock/{page}")
    assert answer.status_code == 200, answer.status_code


def _read(world: AirlockWorld, act: Callable[..., object]) -> object:
    with world.store.reading() as session:
        return act(session)


def _select_bare(register: Path) -> list[object]:
    with sqlite3.connect(register) as connection:
        return connection.execute(BARE).fetchall()


def _time(act: Callable[[], object]) -> float:
    """Milliseconds of processor time, the median of several rounds."""
    act()
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        act()
        rounds.append(1000 * (time.process_time() - began))
    return median(rounds)


def _fill(world: AirlockWorld, requests: int) -> None:
    """Rows as the airlock would have written them, without living through each request."""
    moment = now()
    heads = [
        {
            "id": f"{number:016x}",
            "project_slug": PROJECTS[number % len(PROJECTS)],
            "author": AUTHORS[number % len(AUTHORS)],
            "state": STATES[number % len(STATES)].value,
            "turn": 1,
            "title": f"Table {number}",
            "context": "Counts by sex and year",
            "controls": "Rounded to 5",
            **dict.fromkeys(
                ("created_at", "changed_at", "moved_at", "submitted_at"), moment - timedelta(minutes=number)
            ),
            "due_at": moment + timedelta(days=3, minutes=-number),
        }
        for number in range(requests)
    ]
    files = [
        {"id": 2 * number + part, "request_id": head["id"], "name": f"{part}.csv", "kind": "output"}
        | {"sha256": f"{number:064x}", "size": 900, "media_type": "text/csv", "added_turn": 1, "cells": 60}
        for number, head in enumerate(heads)
        for part in (1, 2)
    ]
    findings = [
        {"file_id": file["id"], "turn": 1, "check": "counts", "severity": "REVIEW", "where": "row 2", "why": "w"}
        for file in files
    ]
    votes = [
        {"file_id": file["id"], "checker": who, "turn": 1, "sha256": file["sha256"], "decision": "approve"}
        | {"policy_version": "nhs-sde/2026-11", "voted_at": moment}
        for file in files
        for who in (CHECKER, SECOND)
    ]
    with world.store.transaction() as session:
        for table, rows in (
            (EgressRequest, heads),
            (EgressFile, files),
            (EgressFinding, findings),
            (EgressVote, votes),
        ):
            session.execute(insert(table), rows)


def _kill(console: Console, folder: Path, deaths: int) -> None:
    """In several registers one after another, for looking at everything after each death grows with what is there."""
    died: dict[str, int] = {}
    released, began = 0, time.monotonic()
    for number, start in enumerate(range(0, deaths, BATCH)):
        settings = load_settings(state=folder / f"killed-{number}")
        AirlockWorld.copy_of(folder / "template", settings).store.close()
        lab = CrashLab(settings, seed=number)
        lab.run(min(BATCH, deaths - start))
        released += lab.released
        for step, count in lab.deaths.items():
            died[step] = died.get(step, 0) + count
        console.print(f"killed {sum(died.values())} of {deaths} times, {time.monotonic() - began:.0f} s")
    said = ", ".join(f"{count} in {step}" for step, count in sorted(died.items()))
    console.print(
        f"{sum(died.values())} deaths ({said}): every invariant held, {released} requests released in the end"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
