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


def open_channel(store: Store, *, subject: str, project: str, token: str, kind: str = "hub") -> str:
    """Register a channel for one person in one project and return its id (16 random bytes, hex).

    Raises the register's Refusal if the membership is not in force. A hub workspace has one channel: its earlier ones
    are closed. Operator channels live beside it.
    """
    with store.transaction() as session:
        check_can_spawn(session, subject, project)
        if kind == "hub":
            _close(session, Channel.subject == subject, Channel.project_slug == project, Channel.kind == "hub")
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


def close_channel(store: Store, channel_id: str) -> None:
    """Close one channel; the very next call over it is refused. Closing twice is harmless."""
    with store.transaction() as session:
        _close(session, Channel.id == channel_id)


def close_channels_of(store: Store, *, subject: str, project: str) -> None:
    """Close every channel of the pair: membership removed, project suspended."""
    with store.transaction() as session:
        _close(session, Channel.subject == subject, Channel.project_slug == project)


def _close(session: Session, *which: ColumnElement[bool]) -> None:
    for channel in session.scalars(select(Channel).where(Channel.closed_at.is_(None), *which)):
        channel.closed_at = now()
        append_event(
            session,
            event="workspace.closed",
            actor=channel.subject,
            project=channel.project_slug,
            detail={"channel": channel.id},
        )
