"""Hands audit events to the site's syslog, where one is set. Promise: a receiver that is away delays
nothing but its own messages, which follow in order once it is back."""

from __future__ import annotations

import asyncio

import structlog

from governance.audit.syslog import SyslogSender
from governance.settings import Settings
from governance.store import Store

log = structlog.get_logger("hub.housekeeping")


class Forwarding:
    """The duty."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._is_away = False
        file = settings.folder.audit_head.with_name("syslog.json")
        self._sender = SyslogSender(settings.audit_syslog, file) if settings.audit_syslog else None

    async def send_them(self) -> None:
        """One round."""
        if self._sender is None:
            return
        try:
            await asyncio.to_thread(self._send, self._sender)
            self._is_away = False
        except OSError as error:
            if not self._is_away:  # said once, until it is back
                log.warning("audit.syslog-away", error=type(error).__name__)
            self._is_away = True

    def _send(self, sender: SyslogSender) -> None:
        with self._store.reading() as session:
            sender.send(session)
