"""The airlock's invariants, one named check each, asked of the register, the audit chain and the disk after every step.

They are written against the tables, not with the airlock's own functions, so that a mistake there cannot hide itself.
Numbers as in docs/explanation/airlock.md.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path
from typing import Any

from sqlalchemy import or_
from sqlalchemy.orm import Session

from egress.airlock import Airlock
from egress.limits import Amounts
from egress.reading import read_request
from egress.states import TRANSITIONS
from governance.disclosure import PROFILES
from governance.refusal import Refusal
from governance.store.airlock import EgressFile, EgressRelease, EgressRequest
from governance.store.audit_log import AuditEvent
from governance.store.projects import Project

TERMINAL = {"released", "recalled", "rejected", "withdrawn"}
PAST_APPROVAL = {"approved", "releasing", "release_failed", "released", "recalled"}
BLIND = {"submitted", "screening", "in_review", "part_reviewed", "third_opinion"}
LEFT = {"released", "recalled"}
TOMBSTONE = {"recalled.json", "recalled.sig"}
#: Approvals of each file, and what a vote is bound to beside the profile's version, by direction.
APPROVALS, BOUND_TO = {"out": 2, "in": 1}, {"out": "", "in": "+in"}
PREFIXES = {"out": "egress.", "in": "ingress."}
BESIDE_IN = {"brought-in.json", "brought-in.sig"}
BESIDE = {"manifest.json", "manifest.sig", "results.json", "ro-crate-metadata.json", "checksums"}


@dataclass(frozen=True)
class Event:
    """One audit event with its detail read; `event` as of what goes out, `prefix` as it was written."""

    seq: int
    event: str
    prefix: str
    actor: str
    day: date
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class Moment:
    """Everything as it is after a step, and each request's state before it."""

    airlock: Airlock
    session: Session
    requests: Mapping[str, EgressRequest]
    before: Mapping[str, str]
    seen: tuple[int, ...]
    events: tuple[Event, ...]
    checkers: tuple[str, ...]
    daily: Amounts
    project_daily: Amounts

    @property
    def touched(self) -> set[str]:
        """Requests with an event of this very step."""
        return {event.detail["request"] for event in self.events[len(self.seen) :]}

    def events_of(self, request_id: str, *names: str) -> list[Event]:
        return [
            event
            for event in self.events
            if event.detail.get("request") == request_id and (not names or event.event in names)
        ]

    def folder(self, request_id: str) -> Path | None:
        """Where its files lie; None before, and after a recall of what was brought in."""
        row = self.session.query(EgressRelease).filter_by(request_id=request_id).one_or_none()
        request = self.requests[request_id]
        if row is None:
            return None
        if request.direction == "out":
            return self.airlock.settings.folder.releases / row.folder
        place = self.airlock.settings.folder.imports / row.folder
        assert place.exists() == (request.state != "recalled")
        return place if place.exists() else None


def read_events(session: Session) -> tuple[Event, ...]:
    ours = or_(*(AuditEvent.event.startswith(prefix) for prefix in PREFIXES.values()))
    rows = session.query(AuditEvent).filter(ours).order_by(AuditEvent.seq)
    return tuple(_read_event(row) for row in rows)


def _read_event(row: AuditEvent) -> Event:
    prefix, _, what = row.event.partition(".")
    return Event(
        row.seq, f"egress.{what}", f"{prefix}.", row.actor, row.at.astimezone(UTC).date(), json.loads(row.detail)
    )


def outputs_of(request: EgressRequest) -> list[EgressFile]:
    return [file for file in request.files if file.kind == "output" and file.withdrawn_turn is None]


def check_author_stays_out(at: Moment) -> None:
    """1: the author never votes on an own request, and fetches only what was released, by nobody else's hand."""
    for request in at.requests.values():
        assert all(vote.checker != request.author for file in request.files for vote in file.votes)
        assert all(event.actor != request.author for event in at.events_of(request.id, "egress.previewed"))
        released = [event.seq for event in at.events_of(request.id, "egress.released")]
        recalled = [event.seq for event in at.events_of(request.id, "egress.recalled")]
        for event in at.events_of(request.id, "egress.downloaded"):
            assert event.actor == request.author
            assert released and event.seq > released[0] and not any(seq < event.seq for seq in recalled)


def check_one_live_vote(at: Moment) -> None:
    """2: one live vote per checker per file."""
    for request in at.requests.values():
        for file in request.files:
            live = Counter(vote.checker for vote in file.votes if vote.replaced_at is None)
            assert all(count == 1 for count in live.values())


def approvals(at: Moment, request: EgressRequest, file: EgressFile) -> set[str]:
    """Who approves this file now, counted afresh. A disagreeing live vote makes it nobody, unless three checkers spoke
    of every output file and more of them approve this one than do not."""
    members = members_of(at, request)
    version = PROFILES[at.session.get_one(Project, request.project_slug).profile].version + BOUND_TO[request.direction]
    said = {
        (other.id, vote.checker): vote.decision
        for other in outputs_of(request)
        for vote in other.votes
        if vote.replaced_at is None
        and (vote.sha256, vote.turn, vote.policy_version) == (other.sha256, request.turn, version)
        and vote.checker not in members
        and vote.checker != request.author
    }
    here = {checker: decision for (place, checker), decision in said.items() if place == file.id}
    approving = {checker for checker, decision in here.items() if decision == "approve"}
    whole = [who for who in here if all((other.id, who) in said for other in outputs_of(request))]
    settled = len(whole) > APPROVALS[request.direction] and 2 * len(approving) > len(here)
    return approving if len(approving) == len(here) or settled else set()


def check_votes_bind_to_bytes(at: Moment) -> None:
    """3: a vote names the bytes and policy it was given for; what was released has those very bytes."""
    for request in at.requests.values():
        for file in request.files:
            assert all(vote.sha256 == file.sha256 and vote.policy_version for vote in file.votes)
        folder = at.folder(request.id)
        if folder is not None:
            for file in outputs_of(request):
                assert hashlib.sha256((folder / file.name).read_bytes()).hexdigest() == file.sha256


def check_release_needs_approvals(at: Moment) -> None:
    """4: whatever is released this very step has two approvals of each output file (one, if it comes in), none against,
    nothing blocking."""
    for request in at.requests.values():
        if request.state == "released" and at.before.get(request.id) != "released":
            assert outputs_of(request)
            assert all(
                len(approvals(at, request, file)) >= APPROVALS[request.direction] for file in outputs_of(request)
            )


def check_dispute_has_a_further_opinion(at: Moment) -> None:
    """4: where reviews that count differ on a file, a turn is concluded only after a third checker spoke of every file.
    (That a vote stopped to count since, because its checker joined the project, does not take the opinion back.)"""
    for request in at.requests.values():
        if at.before.get(request.id) != "reviewed" or request.state == "reviewed":
            continue
        outputs, members = outputs_of(request), members_of(at, request)
        said = {
            (file.id, vote.checker): vote.decision
            for file in outputs
            for vote in file.votes
            if vote.replaced_at is None and vote.turn == request.turn
        }
        counting = {key: decision for key, decision in said.items() if key[1] not in members}
        differ = any(
            len({decision for (place, _), decision in counting.items() if place == file.id}) > 1 for file in outputs
        )
        whole = [who for who in {who for _, who in said} if all((file.id, who) in said for file in outputs)]
        assert not differ or len(whole) > APPROVALS[request.direction]


def members_of(at: Moment, request: EgressRequest) -> set[str]:
    project = at.session.get_one(Project, request.project_slug)
    return {membership.subject for membership in project.memberships}


def check_terminal_states_stay(at: Moment) -> None:
    """5: terminal states never change except RELEASED -> RECALLED."""
    for request_id, before in at.before.items():
        after = at.requests[request_id].state
        if before in TERMINAL and after != before:
            assert (before, after) == ("released", "recalled")


def check_every_step_on_record(at: Moment) -> None:
    """6: the events of a request, each one row of TRANSITIONS, lead from the start to exactly where it is, and no event
    seen once is ever gone. (That the chain holds is asked at the end of a walk.)"""
    assert [event.seq for event in at.events[: len(at.seen)]] == list(at.seen)
    rows = {(row.source, row.event, row.target) for row in TRANSITIONS}
    for request in at.requests.values():
        state = None
        for event in at.events_of(request.id):
            if "to" in event.detail:
                assert event.detail.get("from") == state
                state = event.detail["to"]
                assert (event.detail.get("from"), event.event, state) in rows
        assert state == request.state


def check_blind(at: Moment) -> None:
    """7: until both reviews are in, nobody reads another checker's vote or comment, nor that there is one."""
    for request in at.requests.values():
        if request.state not in BLIND or request.id not in at.touched:
            continue
        for viewer in (*at.checkers, request.author):
            try:
                view = read_request(at.airlock, viewer, request.id)
            except Refusal:
                continue
            assert all(vote.checker == viewer for file in view.files for vote in file.votes)
            this_turn = [comment for comment in view.comments if comment.turn == request.turn]
            own = {comment.text for comment in request.comments if comment.author in (viewer, request.author)}
            assert all(comment.text in own for comment in this_turn)
            assert view.summary.state.value != "part_reviewed"
            assert all(step.state.value != "part_reviewed" for step in view.history)


def check_supporting_files_stay(at: Moment) -> None:
    """8: a release folder holds the output files, the documents of a release, and nothing else."""
    for request in at.requests.values():
        folder = at.folder(request.id)
        if folder is not None:
            beside = BESIDE if request.direction == "out" else BESIDE_IN
            names = {file.name for file in outputs_of(request)} | beside
            tombstone = TOMBSTONE if request.state == "recalled" else set()
            assert {path.name for path in folder.iterdir()} == names | tombstone


def check_type_known_by_content(at: Moment) -> None:
    """9: nothing is in review or beyond whose content was not looked at in this very turn."""
    for request in at.requests.values():
        if request.state in PAST_APPROVAL | {"in_review", "part_reviewed", "reviewed", "await_controller"}:
            screened = at.events_of(request.id, "egress.screened")
            assert any(event.detail["turn"] == request.turn for event in screened)
            assert all(file.media_type for file in outputs_of(request))


def check_one_reviewed_a_turn(at: Moment) -> None:
    """11: a turn is REVIEWED once."""
    for request in at.requests.values():
        turns = Counter(
            event.detail["turn"] for event in at.events_of(request.id) if event.detail.get("to") == "reviewed"
        )
        assert all(count == 1 for count in turns.values())


def check_released_once(at: Moment) -> None:
    """12: a request is released at most once."""
    for request in at.requests.values():
        assert len(at.events_of(request.id, "egress.released")) == (1 if request.state in LEFT else 0)


def check_budget(at: Moment) -> None:
    """13: neither one person nor a whole project was given more files, bytes or cells in one day than the budget."""
    person: Counter[tuple[str, str, date, str]] = Counter()
    project: Counter[tuple[str, date, str]] = Counter()
    for request in [one for one in at.requests.values() if one.direction == "out"]:
        for event in at.events_of(request.id, "egress.released"):
            outputs = outputs_of(request)
            assert event.detail["files"] == len(outputs)
            left = {"files": len(outputs), "bytes": sum(file.size for file in outputs)}
            left["cells"] = sum(file.cells for file in outputs)
            for what, amount in left.items():
                person[request.author, request.project_slug, event.day, what] += amount
                project[request.project_slug, event.day, what] += amount
    assert all(total <= getattr(at.daily, what) for (_, _, _, what), total in person.items())
    assert all(total <= getattr(at.project_daily, what) for (_, _, what), total in project.items())


def check_direction_is_for_life(at: Moment) -> None:
    """Every event of a request says the one direction; what comes in leaves nothing in the release store, what goes out
    nothing in the imports, and no vote of the one counts for the other."""
    for request in at.requests.values():
        assert {event.prefix for event in at.events_of(request.id)} == {PREFIXES[request.direction]}
        released = at.airlock.settings.folder.releases / request.project_slug / request.id
        imported = list((at.airlock.settings.folder.imports / request.project_slug).glob(f"*-{request.id}"))
        assert not (released.exists() if request.direction == "in" else imported)
        for file in request.files:
            assert all(vote.policy_version.endswith("+in") == (request.direction == "in") for vote in file.votes)


def check_fail_needs_controller(at: Moment) -> None:
    """14: a FAIL is approved only with a written exception and a controller's decision of the same turn."""
    for request in at.requests.values():
        fails = [
            finding
            for file in outputs_of(request)
            for finding in file.findings
            if finding.turn == request.turn and finding.severity == "FAIL"
        ]
        if fails and request.state in PAST_APPROVAL:
            assert request.exception_reason and request.controller
            decided = at.events_of(request.id, "egress.approved")[-1]
            assert (decided.actor, decided.detail["turn"]) == (request.controller, request.turn)
            assert decided.detail["from"] == "await_controller"


#: All but 10, which the walk asks of each action as it happens.
INVARIANTS: tuple[Callable[[Moment], None], ...] = (
    check_author_stays_out,
    check_one_live_vote,
    check_votes_bind_to_bytes,
    check_release_needs_approvals,
    check_dispute_has_a_further_opinion,
    check_terminal_states_stay,
    check_every_step_on_record,
    check_blind,
    check_supporting_files_stay,
    check_type_known_by_content,
    check_one_reviewed_a_turn,
    check_released_once,
    check_budget,
    check_fail_needs_controller,
    check_direction_is_for_life,
)
