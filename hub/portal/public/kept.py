"""Keeps the public pages as they were made, so that many who ask cost no more than one. Promise: a change of the
register shows FRESH_SECONDS later at the latest, and asking faster makes nobody work harder.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import func, select

from governance.clock import today
from governance.data_uses.told import Told, read_told
from governance.store import Store
from governance.store.audit_log import AuditEvent

FRESH_SECONDS = 10.0
MOST_PAGES = 5_000


@dataclass(frozen=True)
class Made:
    """One page, ready to be sent, with the name of exactly these bytes."""

    body: bytes
    etag: str


@dataclass
class _State:
    """One reading of the register and the pages made of it since. `head`: the newest audit event it saw."""

    told: Told
    head: int
    looked_at: float
    pages: dict[str, Made] = field(default_factory=dict)


class KeptPages:
    """The newest state. Shared by threads; one of them reads the register at a time, by its turn."""

    def __init__(self, fresh_seconds: float = FRESH_SECONDS) -> None:
        self._fresh = fresh_seconds
        self._lock = threading.Lock()
        self._state: _State | None = None

    def page(self, store: Store, name: str, make: Callable[[Told], str | None]) -> Made | None:
        """The page of this name: as kept, or made now. None, which is not kept, where `make` has nothing to show."""
        with self._lock:
            state = self._current(store)
            kept = state.pages.get(name)
            if kept is not None:
                return kept
            text = make(state.told)
            if text is None:
                return None
            body = text.encode()
            made = Made(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
            if len(state.pages) < MOST_PAGES:
                state.pages[name] = made
            return made

    def _current(self, store: Store) -> _State:
        """Every change of the register is an event of the audit chain, so its head says whether anything changed."""
        state, now = self._state, time.monotonic()
        if state is not None and now - state.looked_at < self._fresh:
            return state
        with store.reading() as session:
            head = session.scalar(select(func.max(AuditEvent.seq))) or 0
            if state is not None and state.head == head and state.told.made_on == today():
                state.looked_at = now
                return state
            told = read_told(session, state.told if state is not None else None)
        self._state = _State(told, head, now, state.pages if state is not None and state.told == told else {})
        return self._state
