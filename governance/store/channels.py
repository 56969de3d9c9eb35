"""Tables of access: the channel a workspace talks through, and the receipt of every answered or refused query."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from governance.store.base import Base, Digest, Key, LongText, Name


class Channel(Base):
    """One running workspace's way to the guard and the airlock: whose it is and which token it must show.

    `kind` is `hub` (token introspected with the hub) or `operator` (a command line run on the gateway's own machine,
    no hub needed). A closed channel is never opened again. `gate_sha256` is of the secret that the workspace's sidecar
    shows the channel gate, on platforms that have one; empty where the relay is the gateway's own.
    """

    __tablename__ = "channel"

    id: Mapped[Key]
    kind: Mapped[Name]
    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"))
    project_slug: Mapped[str] = mapped_column(ForeignKey("project.slug"))
    token_sha256: Mapped[Digest]
    gate_sha256: Mapped[Digest] = mapped_column(default="", server_default="", index=True)
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class QueryReceipt(Base):
    """Proof of which policy produced an answer. The SQL stays here, for output checkers; it is in no log.

    `cells`: numbers about people that were released, what the answer costs of the release budget
    (`governance.registry.cell_budget`). The index of four columns lets that be summed without reading any SQL.
    """

    __tablename__ = "query_receipt"
    __table_args__ = (Index("ix_query_receipt_spent", "project_slug", "subject", "asked_at", "cells"),)

    id: Mapped[Key]
    project_slug: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"), index=True)
    asked_at: Mapped[datetime]
    sql: Mapped[LongText]
    verdict: Mapped[Name]
    code: Mapped[Name] = mapped_column(default="")
    policy_version: Mapped[Name]
    extract_sha256: Mapped[str] = mapped_column(default="")
    rows: Mapped[int] = mapped_column(default=0)
    suppressed_rows: Mapped[int] = mapped_column(default=0)
    suppressed_cells: Mapped[int] = mapped_column(default=0)
    answer_sha256: Mapped[str] = mapped_column(default="")
    cells: Mapped[int] = mapped_column(default=0, server_default=text("0"))
