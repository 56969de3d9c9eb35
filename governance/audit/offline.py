"""Verifies an export without any register, with the public key alone. Promise: an export that holds is exactly what was
signed; anything malformed is reported, never a crash.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from governance.audit.chain import canonical_detail
from governance.audit.days import check_days
from governance.audit.exporting import FORM
from governance.audit.signed_head import check_head
from governance.audit.walking import ChainReport, Walk
from governance.refusal import Refusal


def read_public_key(pem: bytes) -> Ed25519PublicKey:
    """The key that verifies. Raises Refusal `bad-public-key`."""
    try:
        key = load_pem_public_key(pem)
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise Refusal("bad-public-key", "This is no Ed25519 public key (PEM).", "`sde audit public-key` writes it.")
    return key


def verify_export(lines: Iterable[str], key: Ed25519PublicKey) -> ChainReport:
    """Check an export's every event, its signed days and its signed head. Raises Refusal `not-an-export`."""
    reading = iter(lines)
    opening = _parse(next(reading, ""))
    if not isinstance(opening, dict) or opening.get("form") != FORM or not isinstance(opening.get("days"), list):
        raise Refusal("not-an-export", "This is no export of an audit chain.", "`sde audit export` writes one.")
    signed, problem = check_head(opening.get("head"), key)
    days, problem_of_days = check_days(opening["days"], key.public_bytes_raw().hex())
    known = {day.seq: day.digest for day in days} | ({signed.seq: signed.digest} if signed is not None else {})
    walk = Walk(known)
    report = walk.follow(_row(_parse(line)) for line in reading)
    return walk.end(report, signed, problem or problem_of_days, len(days))


def _row(found: Any) -> tuple[Any, ...]:
    if not isinstance(found, dict) or not isinstance(found.get("seq"), int):
        return (0, *[None] * 7)  # no event: the walk says so
    names = ("seq", "at", "event", "actor", "project", "detail", "previous", "digest")
    seq, at, event, actor, project, detail, previous, digest = (found.get(name) for name in names)
    return seq, at, event, actor, project, detail if isinstance(detail, str) else _text(detail), previous, digest


def _text(detail: Any) -> Any:
    try:
        return canonical_detail(detail)
    except ValueError:
        return None


def _parse(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
