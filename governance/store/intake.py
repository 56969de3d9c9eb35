"""Tables of the intake: deliveries, versions of the region and of the opt-outs, re-identification requests.

Promise: nothing about a person is in here: counts, digests and folder names; the pseudonyms of a request are sealed.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from governance.store.base import Base, Digest, Key, LongText, Name


class Delivery(Base):
    """One arrival of one feed. `sha256` is over the names and bytes of its files, so the same delivery comes once only.
    `number`: from 1, never used twice: the upper part of its rows' ids. `summary`: JSON with counts by table and
    reason, no values."""

    __tablename__ = "delivery"
    __table_args__ = (UniqueConstraint("feed", "sha256"), UniqueConstraint("number"))

    id: Mapped[Key]
    number: Mapped[int]
    feed: Mapped[Name]
    sha256: Mapped[Digest]
    state: Mapped[str] = mapped_column(String(200), index=True)
    received_at: Mapped[datetime]
    bytes: Mapped[int] = mapped_column(BigInteger)
    rows_in: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_kept: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_quarantined: Mapped[int] = mapped_column(BigInteger, default=0)
    summary: Mapped[LongText] = mapped_column(default="{}")
    decided_by: Mapped[Name] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    reason: Mapped[LongText] = mapped_column(default="")


class RegionVersion(Base):
    """One harmonised state of the whole region; the newest is in force. `folder` is relative to the region's folder,
    `sha256` is that of its manifest, `deliveries` the accepted ones it holds (comma-separated)."""

    __tablename__ = "region_version"

    id: Mapped[Key]
    folder: Mapped[Name]
    sha256: Mapped[Digest]
    deliveries: Mapped[LongText]
    people: Mapped[int] = mapped_column(BigInteger)
    rows: Mapped[int] = mapped_column(BigInteger)
    summary: Mapped[LongText] = mapped_column(default="{}")
    created_at: Mapped[datetime]


class OptOutVersion(Base):
    """One state of the opt-outs. `policy`: version of the deny table; `counts`: JSON, how many by kind."""

    __tablename__ = "opt_out_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[Digest]
    policy: Mapped[Name]
    counts: Mapped[LongText] = mapped_column(default="{}")
    created_at: Mapped[datetime]


class SealingKey(Base):
    """The public half (X25519, 32 bytes) of a keyholder's or clinician's own key; the newest of a person counts. The
    private half is in a file of theirs, under a passphrase."""

    __tablename__ = "sealing_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(ForeignKey("person.subject"), index=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    enrolled_at: Mapped[datetime]


class ReidentificationRequest(Base):
    """An ask to learn who stands behind named pseudonyms of a project. `sealed`: these, encrypted so that both
    keyholders are needed, and emptied when the request ends; `people`: how many they are; `state`: see
    governance.registry.reidentification_states."""

    __tablename__ = "reidentification_request"

    id: Mapped[Key]
    project_slug: Mapped[str] = mapped_column(ForeignKey("project.slug"), index=True)
    requested_by: Mapped[Name]
    clinician: Mapped[Name]
    first_keyholder: Mapped[Name]
    second_keyholder: Mapped[Name]
    legal_ground: Mapped[Name]
    state: Mapped[Name]
    purpose: Mapped[LongText]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    people: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ReidentificationApproval(Base):
    """One keyholder's yes to one request. `share`: their half of what opens it, sealed anew to the named clinician;
    emptied when the request ends."""

    __tablename__ = "reidentification_approval"

    request_id: Mapped[str] = mapped_column(
        ForeignKey("reidentification_request.id", name="fk_reidentification_approval_request"), primary_key=True
    )
    subject: Mapped[Key]
    share: Mapped[bytes] = mapped_column(LargeBinary)
    approved_at: Mapped[datetime]
