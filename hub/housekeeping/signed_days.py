"""Signs each day of the audit chain once it is over, also days without events or while the gateway was down."""

from __future__ import annotations

import asyncio
from datetime import date

import structlog

from governance.audit import sign_days
from governance.clock import today
from governance.store import Store

log = structlog.get_logger("hub.housekeeping")


class SignedDays:
    """The duty. Asks the register once a day only."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._signed_on: date | None = None

    async def sign_them(self) -> None:
        """One round."""
        day = today()
        if self._signed_on != day and (signed := await asyncio.to_thread(self._sign, day)):
            log.info("audit.days-signed", count=signed)
        self._signed_on = day

    def _sign(self, day: date) -> int:
        if self._store.audit_head is None or self._store.signing_key is None:
            return 0
        with self._store.reading() as session:
            return len(sign_days(session, self._store.audit_head, self._store.signing_key, day))
