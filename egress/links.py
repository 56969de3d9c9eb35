"""Links by which an author fetches a release from outside the workspace. Promise: a link is a time and a number of
uses, never an identity: whoever follows it signs in, and must be the author, in force, of a release still good.

A token is 32 random bytes; the register holds its SHA-256 only.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from egress.airlock import Airlock
from egress.moving import find_request
from egress.policies import check_can_take
from egress.releasing.documents import digest
from governance.audit import append_event
from governance.clock import now
from governance.refusal import Refusal
from governance.registry.authority import check_can_change
from governance.roles import Role
from governance.store import Store
from governance.store.airlock import EgressRequest, ReleaseLink

TOKEN_BYTES = 32
MOST_LIVE = 5  # links of one release at a time


@dataclass(frozen=True)
class NewLink:
    """A link that was just made. `token` is told this once."""

    token: str = field(repr=False)
    expires_at: datetime
    uses: int


def make_link(airlock: Airlock, *, actor: str, request_id: str) -> NewLink:
    """A new link to a release of one's own. Raises Refusal `too-many-links` and those of check_can_take."""
    settings = airlock.settings
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        check_can_take(session, actor, request)
        live = select(func.count()).select_from(ReleaseLink).where(ReleaseLink.request_id == request_id, *_is_live())
        if (session.scalar(live) or 0) >= MOST_LIVE:
            raise Refusal("too-many-links", f"This release has {MOST_LIVE} links already.", "End them first.")
        made_at = now()
        row = ReleaseLink(
            request_id=request_id,
            token_sha256=digest(token.encode()),
            made_by=actor,
            made_at=made_at,
            expires_at=made_at + timedelta(hours=settings.release_link_hours),
            uses_left=settings.release_link_uses,
        )
        session.add(row)
        session.flush()
        _note(session, request, "release.link-made", actor, link=row.id, expires=row.expires_at.isoformat())
        return NewLink(token, row.expires_at, row.uses_left)


def revoke_links(airlock: Airlock, *, actor: str, request_id: str) -> int:
    """End every live link of a release of one's own; returns how many. Raises those of check_can_take."""
    with airlock.store.transaction() as session:
        request = find_request(session, actor, request_id)
        check_can_take(session, actor, request)
        ended = end_links(session, request_id)
        if ended:
            _note(session, request, "release.links-revoked", actor, links=ended)
        return ended


def revoke_for_all(store: Store, *, actor: str, request_id: str) -> int:
    """End the links of any release, for an administrator; returns how many. Raises Refusal `no-such-release` and those
    of check_can_change."""
    with store.transaction() as session:
        check_can_change(session, actor, Role.ADMINISTRATOR)
        request = session.get(EgressRequest, request_id)
        if request is None:
            raise Refusal("no-such-release", "There is no release of such a request.", "`sde release list` names them.")
        ended = end_links(session, request_id)
        if ended:
            _note(session, request, "release.links-revoked", actor, links=ended)
        return ended


def end_links(session: Session, request_id: str) -> int:
    """End them in the caller's transaction, who writes it down; returns how many were live."""
    ended = update(ReleaseLink).where(ReleaseLink.request_id == request_id, *_is_live()).values(revoked_at=now())
    return len(session.execute(ended.returning(ReleaseLink.id)).all())


def check_link(session: Session, actor: str, token: str) -> tuple[ReleaseLink, EgressRequest]:
    """The link of a token and its request, if this person may follow it now.

    Raises Refusal `no-such-link` (for everybody but the author, whatever the link is), `link-revoked`, `link-expired`,
    `link-used` and those of check_can_take.
    """
    row = session.scalar(select(ReleaseLink).where(ReleaseLink.token_sha256 == digest(token.encode())))
    request = session.get(EgressRequest, row.request_id) if row is not None else None
    if row is None or request is None or request.author != actor:
        raise Refusal(
            "no-such-link", "There is no such link, or it is not yours.", "Ask for one on the request's page."
        )
    find_request(session, actor, request.id)
    end = _find_end(row)
    if end is not None:
        raise end
    check_can_take(session, actor, request)
    return row, request


def use_link(session: Session, actor: str, token: str) -> ReleaseLink:
    """Take one use of a link, in the transaction that writes the download down. Raises as check_link."""
    row, _ = check_link(session, actor, token)
    row.uses_left -= 1
    session.flush()
    return row


def _find_end(row: ReleaseLink) -> Refusal | None:
    """Why the link is over, if it is."""
    remedy = "Make a new one on the request's page."
    if row.revoked_at is not None:
        return Refusal("link-revoked", "This link was ended.", remedy)
    if row.expires_at <= now():
        return Refusal("link-expired", "This link has expired.", remedy)
    if row.uses_left <= 0:
        return Refusal("link-used", "This link was used as often as it may be.", remedy)
    return None


def _is_live() -> tuple[ColumnElement[bool], ...]:
    return (ReleaseLink.revoked_at.is_(None), ReleaseLink.expires_at > now(), ReleaseLink.uses_left > 0)


def _note(session: Session, request: EgressRequest, event: str, actor: str, **facts: str | int) -> None:
    append_event(
        session, event=event, actor=actor, project=request.project_slug, detail={"request": request.id, **facts}
    )
