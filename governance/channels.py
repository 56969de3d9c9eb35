"""Opening and closing a workspace's channel: the spawner's (or the operator's) side of `governance.callers`."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from governance.access import can, check_can_spawn
from governance.audit import append_event
from governance.clock import now
from governance.store import Store
from governance.store.channels import Channel

CHANNEL_KINDS = ("hub", "operator")


@dataclass(frozen=True)
class OpenChannel:
    """A channel that is open, and whose it is."""

    id: str
    subject: str
    project: str


def open_channel(
    store: Store, *, subject: str, project: str, token: str, kind: str = "hub", gate_secret: str = ""
) -> str:
    """Register a channel for one person in one project and return its id (16 random bytes, hex).

    Raises the register's Refusal if the membership is not in force. A hub workspace has one channel: its earlier ones
    are closed. Operator channels live beside it. `gate_secret` is what the workspace's sidecar will show the channel
    gate; only its hash is kept.
    """
    if kind not in CHANNEL_KINDS or not token:
        raise ValueError("a channel is of a known kind and has a token")
    with store.transaction() as session:
        check_can_spawn(session, subject, project)
        if kind == "hub":
            end_channels(session, Channel.subject == subject, Channel.project_slug == project, Channel.kind == "hub")
        channel = Channel(
            id=secrets.token_hex(16),
            kind=kind,
            subject=subject,
            project_slug=project,
            token_sha256=_digest(token),
            gate_sha256=_digest(gate_secret) if gate_secret else "",
            opened_at=now(),
        )
        session.add(channel)
        append_event(session, event="workspace.opened", actor=subject, project=project, detail={"channel": channel.id})
    return channel.id


def find_channel_of_secret(store: Store, secret: str) -> OpenChannel | None:
    """The one open channel whose sidecar holds this secret, while its person may work in its project; else None.

    The answer tells nothing about secrets that are close: they are looked up, and compared, as hashes.
    """
    digest = _digest(secret)
    with store.reading() as session:
        found = session.scalars(select(Channel).where(Channel.gate_sha256 == digest, Channel.closed_at.is_(None))).all()
        if not secret or len(found) != 1 or not hmac.compare_digest(found[0].gate_sha256, digest):
            return None
        channel = OpenChannel(found[0].id, found[0].subject, found[0].project_slug)
        return channel if can(check_can_spawn, session, channel.subject, channel.project) else None


def which_are_open(store: Store, channels: Iterable[str]) -> frozenset[str]:
    """Those of the channels that are open still."""
    with store.reading() as session:
        return frozenset(
            session.scalars(select(Channel.id).where(Channel.id.in_(channels), Channel.closed_at.is_(None)))
        )


def close_channel(store: Store, channel_id: str, *, actor: str = "") -> None:
    """Close one channel; the very next call over it is refused. Closing twice is harmless."""
    with store.transaction() as session:
        end_channels(session, Channel.id == channel_id, actor=actor)


def close_channels_of(store: Store, *, subject: str, project: str, actor: str = "") -> None:
    """Close every channel of the pair."""
    with store.transaction() as session:
        end_channels(session, Channel.subject == subject, Channel.project_slug == project, actor=actor)


def end_channels(session: Session, *which: ColumnElement[bool], actor: str = "") -> int:
    """Close the open channels that meet `which`, one event each, in the caller's transaction (the register's actions
    that end access do this). `actor`: who ended them; empty means the channel's own person. Returns how many."""
    still_open = session.scalars(select(Channel).where(Channel.closed_at.is_(None), *which)).all()
    for channel in still_open:
        channel.closed_at = now()
        append_event(
            session,
            event="workspace.closed",
            actor=actor or channel.subject,
            project=channel.project_slug,
            detail={"channel": channel.id, "subject": channel.subject},
        )
    return len(still_open)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
