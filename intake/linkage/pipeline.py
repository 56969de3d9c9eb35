"""The story of linking: from what feeds say of their people to one spine of people and a link for every identity.

Promise: deterministic; whole or not at all; a person keeps their id from run to run; an identity that two people answer
to, or nobody, stays unlinked and so out of research.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from governance.settings import Settings
from intake.feeds import region_feeds
from intake.linkage.decisions import Decision, apply_decisions, decisions_in_force
from intake.linkage.doubts import refuse_numbers_of_others, refuse_two_people
from intake.linkage.engine import only_builder, spine_being_built
from intake.linkage.faces import create_faces, extend_faces, only_newcomers, seed_faces
from intake.linkage.identities import create_identities, gather_identities
from intake.linkage.merging import find_superseded, find_survivors, write_merged
from intake.linkage.report import LinkReport, read_report
from intake.linkage.rules import DECIDED, NOBODY, PLAIN_RULES, RULES, Rule, apply_rule, create_hits, open_asked
from intake.linkage.spine import give_ids, name_faces, remember, write_links, write_people
from intake.linkage.staged import AcceptedDelivery
from intake.places import IntakePlaces
from intake.progress import Progress


def link_people(
    settings: Settings, deliveries: Sequence[AcceptedDelivery], *, progress: Progress = lambda *_: None
) -> LinkReport:
    """Link everybody in accepted deliveries and put the new spine in force. Raises Refusal; the old one stays then."""
    places = IntakePlaces.of(settings)
    with only_builder(places):
        decisions = decisions_in_force(places)
        with spine_being_built(places, settings.intake_memory_bytes) as connection:
            tell = _Teller(progress, len(region_feeds()) + len(RULES) + 3)
            remember(connection, places)
            create_identities(connection)
            for feed in region_feeds():
                tell(f"identities of {feed.name}")
                gather_identities(connection, feed, deliveries, places)
            tell("people of the practices")
            new = _meet_people(connection, decisions)
            for rule in RULES:
                tell(f"rule {rule.rank}: {rule.name}")
                _ask(connection, rule)
            tell("people of other feeds")
            new += _meet_newcomers(connection)
            tell("writing the spine")
            write_people(connection)
            write_links(connection, NOBODY)
            write_merged(connection)
            report = read_report(connection, new=new)
    return report


class _Teller:
    """Counts the steps for who watches."""

    def __init__(self, progress: Progress, steps: int) -> None:
        self._progress, self._steps, self._done = progress, steps, 0

    def __call__(self, what: str) -> None:
        self._progress(what, self._done, self._steps)
        self._done += 1


def _meet_people(connection: duckdb.DuckDBPyConnection, decisions: Sequence[Decision]) -> int:
    """Seed the people, find who are one, and let the stewards speak before any rule. Returns how many ids are new."""
    create_faces(connection)
    seed_faces(connection)
    find_superseded(connection)
    new = give_ids(connection)
    find_survivors(connection, decisions)
    name_faces(connection)
    create_hits(connection)
    apply_decisions(connection, decisions)
    connection.execute("INSERT INTO hit SELECT who, person_id, ?, 1.0 FROM decided", [DECIDED])
    open_asked(connection)
    refuse_two_people(connection)
    return new


def _ask(connection: duckdb.DuckDBPyConnection, rule: Rule) -> None:
    apply_rule(connection, rule)
    if rule is RULES[0]:  # nobody's date of birth agrees any more, so few are left to compare
        refuse_numbers_of_others(connection)


def _meet_newcomers(connection: duckdb.DuckDBPyConnection) -> int:
    """People whom no practice knows: by a number of their own, then the plain rules once more, with these people only:
    all others have been asked."""
    extend_faces(connection)
    new = give_ids(connection)
    name_faces(connection)
    with only_newcomers(connection):
        for rule in PLAIN_RULES:
            _ask(connection, rule)
    return new
