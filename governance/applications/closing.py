"""Close-out of a project: the order, each room's part of it, and the certificate once all parts are done.

Promise: with the order nobody works in the project any more; each part is recorded once, by the room that did it, with
the digests of what it did; a certificate exists only when every part is done, and verifies anywhere with the key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from governance.applications.kinds import Words
from governance.applications.parts import is_service
from governance.audit import append_event, is_signed, public_key, read_head, sign_statement
from governance.channels import end_channels
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change, find_project
from governance.registry.validation import check_text_names_nobody
from governance.roles import PROJECT_STATUS_MOVES, ProjectStatus, Role
from governance.settings import Settings
from governance.store import Store
from governance.store.channels import Channel
from governance.store.closing import CloseOut, CloseOutPart

KIND = "close-out"
FORMAT = "sde-close-out-1"


class Part(Words):
    """What has to be done, each by the room whose it is."""

    WORKSPACES = "workspaces"  # the hub: ended, homes and shared folder archived read-only
    EXTRACTS = "extracts"  # the intake: every extract destroyed
    KEYS = "keys"  # the intake: the project's keys destroyed, with a certificate of their own


@dataclass(frozen=True)
class CloseOutView:
    """One close-out. `missing`: parts that are not done yet; `certificate`: JSON, signed, or empty."""

    project: str
    reason: str
    ordered_by: str
    ordered_at: datetime
    done: tuple[str, ...]
    missing: tuple[str, ...]
    certificate: str
    certified_at: datetime | None


def order_close(store: Store, *, actor: str, slug: str, reason: str) -> None:
    """Close a project for good: members leave, channels end, and every room is asked for its part. Ordering again what
    is ordered changes nothing.

    Raises Refusal `no-such-project`, `status-move`, `bad-name`, `number-in-text`, `role-missing`.
    """
    said = check_text_names_nobody(reason, "reason")
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        project = find_project(session, slug)
        if session.get(CloseOut, slug) is not None:
            return
        before, moment = ProjectStatus(project.status), now()
        if before is not ProjectStatus.CLOSED and ProjectStatus.CLOSED not in PROJECT_STATUS_MOVES[before]:
            raise Refusal("status-move", f"A project that is {before} cannot be closed.")
        project.status = ProjectStatus.CLOSED.value
        leaving = [row for row in project.memberships if row.removed_at is None]
        for row in leaving:
            row.removed_at = moment
            detail = {"subject": row.subject}
            append_event(session, event="member.removed", actor=actor, project=slug, detail=detail)
        session.add(CloseOut(project_slug=slug, reason=said, ordered_by=actor, ordered_at=moment))
        session.flush()
        detail = {"was": before.value, "members": str(len(leaving))}
        append_event(session, event="project.close_ordered", actor=actor, project=slug, detail=detail)
        end_channels(session, Channel.project_slug == slug, actor=actor)


def record_part(store: Store, *, actor: str, slug: str, part: Part, facts: Mapping[str, Any]) -> None:
    """A room says that its part is done, with what it did (JSON: names, digests, counts; no data). Said again it
    changes nothing. Raises Refusal `role-missing`, `not-closing`."""
    if not is_service(actor):
        raise Refusal("role-missing", "A close-out's parts are recorded by the gateway's services.")
    document = json.dumps(facts, sort_keys=True)
    with store.transaction() as session:
        if session.get(CloseOut, slug) is None:
            raise Refusal("not-closing", "This project is not being closed.", "Order it: sde project close.")
        if part.value in {row.part for row in _parts(session, slug)}:
            return
        digest = hashlib.sha256(document.encode()).hexdigest()
        row = CloseOutPart(project_slug=slug, part=part.value, done_by=actor, done_at=now(), facts=document)
        row.facts_sha256 = digest
        session.add(row)
        detail = {"part": part.value, "facts_sha256": digest}
        append_event(session, event="project.close_part_done", actor=actor, project=slug, detail=detail)


def certify_close(settings: Settings, store: Store, *, actor: str, slug: str) -> bool:
    """Sign the certificate if every part is done and there is none yet; whether there is one now. Raises Refusal
    `not-closing`, `signing-key-missing`."""
    key = settings.folder.keys / "audit-signing.pem"
    with store.transaction() as session:
        row, parts = session.get(CloseOut, slug), _parts(session, slug)
        if row is None:
            raise Refusal("not-closing", "This project is not being closed.", "Order it: sde project close.")
        if row.certificate or {one.part for one in parts} != {part.value for part in Part}:
            return bool(row.certificate)
        said = _statement(session, row, parts)
        signature = sign_statement(key, KIND, said)
        document = {"format": FORMAT, "certificate": said, "signature": signature, "public_key": public_key(key)}
        row.certificate, row.certified_at = json.dumps(document, indent=1, sort_keys=True) + "\n", now()
        digest = hashlib.sha256(row.certificate.encode()).hexdigest()
        append_event(session, event="project.closed", actor=actor, project=slug, detail={"certificate": digest})
        return True


def verify_certificate(written: str, public: str) -> Mapping[str, Any]:
    """What a certificate says, if this key signed it. Raises Refusal `certificate-unreadable`,
    `certificate-not-signed`."""
    try:
        document = json.loads(written)
        said, signature = document["certificate"], document["signature"]
        if document["format"] != FORMAT or not isinstance(said, dict) or not isinstance(signature, str):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise Refusal("certificate-unreadable", "This is no certificate of a close-out.", "Check the file.") from None
    if not is_signed(public, KIND, said, signature):
        raise Refusal(
            "certificate-not-signed",
            "The certificate is not as it was signed, or another key signed it.",
            "Get the file and the public key again from where they were made.",
        )
    return said


def show_close_out(session: Session, slug: str) -> CloseOutView:
    """One close-out. Raises Refusal `not-closing`."""
    row = session.get(CloseOut, slug)
    if row is None:
        raise Refusal("not-closing", "This project is not being closed.", "Order it: sde project close.")
    return _view(session, row)


def open_close_outs(session: Session) -> tuple[CloseOutView, ...]:
    """Those without a certificate, oldest first: what the rooms have to do."""
    waiting = (
        select(CloseOut).where(CloseOut.certified_at.is_(None)).order_by(CloseOut.ordered_at, CloseOut.project_slug)
    )
    return tuple(_view(session, row) for row in session.scalars(waiting))


def _statement(session: Session, row: CloseOut, parts: Sequence[CloseOutPart]) -> dict[str, Any]:
    project = find_project(session, row.project_slug)
    return {
        "project": project.slug,
        "title": project.title,
        "from": project.starts_on.isoformat(),
        "to": project.ends_on.isoformat(),
        "ordered_by": row.ordered_by,
        "ordered_at": row.ordered_at.isoformat(timespec="seconds"),
        "certified_at": now().isoformat(timespec="seconds"),
        "members": len({one.subject for one in project.memberships}),
        "parts": {
            one.part: {
                "done_by": one.done_by,
                "done_at": one.done_at.isoformat(timespec="seconds"),
                "facts": json.loads(one.facts),
                "facts_sha256": one.facts_sha256,
            }
            for one in parts
        },
        "audit_events_before": read_head(session).seq,
    }


def _parts(session: Session, slug: str) -> list[CloseOutPart]:
    mine = select(CloseOutPart).where(CloseOutPart.project_slug == slug).order_by(CloseOutPart.id)
    return list(session.scalars(mine))


def _view(session: Session, row: CloseOut) -> CloseOutView:
    done = tuple(one.part for one in _parts(session, row.project_slug))
    missing = tuple(part.value for part in Part if part.value not in done)
    return CloseOutView(
        row.project_slug, row.reason, row.ordered_by, row.ordered_at, done, missing, row.certificate, row.certified_at
    )
