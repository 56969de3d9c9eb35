"""Opening and closing a workspace's channel: the spawner's (or the operator's) side of `governance.callers`."""

from __future__ import annotations

import hashlib
import secrets

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from governance.access import check_can_spawn
from governance.audit import append_event
from governance.clock import now
from governance.store import Store
from governance.store.channels import Channel

CHANNEL_KINDS = ("hub", "operator")


def open_channel(store: Store, *, subject: str, project: str, token: str, kind: str = "hub") -> str:
    """Register a channel for one person in one project and return its id (16 random bytes, hex).

    Raises the register's Refusal if the membership is not in force. A hub workspace has one channel: its earlier ones
    are closed. Operator channels live beside it.
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
            token_sha256=hashlib.sha256(token.encode()).hexdigest(),
            opened_at=now(),
        )
        session.add(channel)
        append_event(session, event="workspace.opened", actor=subject, project=project, detail={"channel": channel.id})
    return channel.id


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
