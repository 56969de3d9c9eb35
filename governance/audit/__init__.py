"""The audit chain. Promise: every step leaves one event in the same transaction as its change of state, no event can be
changed, dropped or inserted without `verify_chain` naming the first broken one, and the newest cannot be cut off.

Each event's digest is SHA-256 over a canonical JSON text of its columns and the previous digest (the construction of
Schneier & Kelsey 1999, without forward keys). The newest digest is also signed with Ed25519 and kept outside the
register, so that a shortened or recomputed chain shows.

Known limit: who holds the register, the signed head and the signing key together can write another history.
"""

from governance.audit.chain import GENESIS, Detail, Head, append_event, read_events, read_head
from governance.audit.days import sign_days
from governance.audit.exporting import event_line, export_lines
from governance.audit.offline import read_public_key, verify_export
from governance.audit.signed_head import sign_head
from governance.audit.statements import is_signed, public_key, sign_statement
from governance.audit.verification import verify_chain
from governance.audit.walking import ChainReport

__all__ = [
    "GENESIS",
    "ChainReport",
    "Detail",
    "Head",
    "append_event",
    "event_line",
    "export_lines",
    "is_signed",
    "public_key",
    "read_events",
    "read_head",
    "read_public_key",
    "sign_days",
    "sign_head",
    "sign_statement",
    "verify_chain",
    "verify_export",
]
