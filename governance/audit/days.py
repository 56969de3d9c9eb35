"""Signed days: for each day that is over, how far the chain had come, signed and kept beside the signed head. Promise:
a day without events is signed too, a signed day is never signed anew, and a day missing between two others shows.

Copied elsewhere each night (a write-once store, a printer), they bind even whoever holds register, head and key later.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from governance.audit.chain import GENESIS
from governance.audit.statements import is_signed, public_key, sign_statement
from governance.store.audit_log import AuditEvent

KIND = "audit-day"


@dataclass(frozen=True)
class SignedDay:
    """How far the chain had come when the day (UTC) was over: number and digest of its newest event."""

    day: str
    seq: int
    digest: str


def days_folder(head_file: Path) -> Path:
    """Where the signed days lie: `audit/days/2026-01-31.json`."""
    return head_file.parent / "days"


def sign_days(session: Session, head_file: Path, signing_key: Path, today: date) -> list[SignedDay]:
    """Sign each day from the chain's first to yesterday that is not signed yet; returns those. Raises OSError,
    ValueError."""
    folder = days_folder(head_file)
    folder.mkdir(mode=0o700, exist_ok=True)
    begun = session.scalar(select(AuditEvent.at).order_by(AuditEvent.seq).limit(1))
    there = {file.stem for file in folder.glob("*.json")}
    day = date.fromisoformat(max(there)) + timedelta(days=1) if there else begun.date() if begun else today
    signed = []
    while day < today:
        signed.append(_newest_of(session, day))
        _write(folder / f"{day}.json", signed[-1], signing_key)
        day += timedelta(days=1)
    return signed


def read_signed_days(head_file: Path, signing_key: Path) -> tuple[list[SignedDay], str]:
    """Every signed day, oldest first, and what is wrong with them, or ""."""
    files = sorted(days_folder(head_file).glob("*.json"))
    if not files:
        return [], ""
    try:
        public = public_key(signing_key)
    except (OSError, ValueError):
        return [], "the signing key is missing or not usable"
    return check_days([_read(file) for file in files], public)


def check_days(documents: list[Any], public: str) -> tuple[list[SignedDay], str]:
    """Days as they were written, checked with the public key (hex): signed, none missing, none going back."""
    days: list[SignedDay] = []
    for document in documents:
        try:
            day = SignedDay(str(document["day"]), int(document["seq"]), str(document["digest"]))
            follows = not days or date.fromisoformat(day.day) == date.fromisoformat(days[-1].day) + timedelta(days=1)
            signature = document["signature"]
        except (ValueError, KeyError, TypeError):
            return days, "a signed day cannot be read"
        if not is_signed(public, KIND, asdict(day), signature):
            return days, f"the day {day.day} was not signed with this key"
        if not follows or (days and day.seq < days[-1].seq):
            return days, f"signed days are missing or out of order before {day.day}"
        days.append(day)
    return [day for day in days if day.seq], ""


def read_day_documents(head_file: Path) -> list[Any]:
    """The documents as they lie there, oldest first; None for one that cannot be read."""
    return [_read(file) for file in sorted(days_folder(head_file).glob("*.json"))]


def _newest_of(session: Session, day: date) -> SignedDay:
    over = datetime.combine(day + timedelta(days=1), time(), UTC)
    seq = session.scalar(select(func.max(AuditEvent.seq)).where(AuditEvent.at < over)) or 0
    digest = session.scalar(select(AuditEvent.digest).where(AuditEvent.seq == seq)) or GENESIS
    return SignedDay(day.isoformat(), seq, digest)


def _write(file: Path, day: SignedDay, signing_key: Path) -> None:
    """Beside its place, then linked there: a link never replaces."""
    spare = file.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(spare, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as stream:
        json.dump({**asdict(day), "signature": sign_statement(signing_key, KIND, asdict(day))}, stream)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(spare, file)
    except FileExistsError:
        pass  # another process was first
    finally:
        spare.unlink()


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return None
