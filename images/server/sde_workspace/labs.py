"""The Labs that are open on this server, and the round in which all of them save."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

BETWEEN_SECONDS = 3.0  # a Lab that has just been answered asks again well within this
CLOSING_SECONDS = 3.5
MOST_LABS = 64


@dataclass
class Lab:
    """One open page. `asking` counts its requests that wait now; `heard` is when it last asked (monotonic)."""

    asking: int = 0
    heard: float = 0.0


@dataclass
class Round:
    """One round of saving: who is waited for, and what the others said."""

    number: int
    waiting: set[str]
    saved: int = 0
    unsaved: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)


class OpenLabs:
    """Who is open, whom to tell, and who has saved. Belongs to one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._labs: dict[str, Lab] = {}
        self._round: Round | None = None
        self._rounds = 0
        self._begun = asyncio.Event()

    @property
    def closing(self) -> int:
        """The number of the round under way, or 0."""
        return self._round.number if self._round is not None else 0

    @contextmanager
    def asking(self, name: str) -> Iterator[None]:
        """For as long as a Lab's request waits."""
        self._forget_gone()
        if name not in self._labs and len(self._labs) >= MOST_LABS:
            yield
            return
        lab = self._labs.setdefault(name, Lab())
        lab.asking += 1
        try:
            yield
        finally:
            lab.asking -= 1
            lab.heard = self._clock()

    def left(self, name: str) -> None:
        """The page is gone: its connection broke while it waited."""
        self._labs.pop(name, None)
        self.said(name, self.closing, saved=0, unsaved=0)

    async def wait_for_round(self, seconds: float) -> None:
        """Until a round begins, at most so long."""
        try:
            await asyncio.wait_for(self._begun.wait(), seconds)
        except TimeoutError:
            return

    def said(self, name: str, number: int, *, saved: int, unsaved: int) -> None:
        """A Lab has saved what it could."""
        current = self._round
        if current is None or number != current.number or name not in current.waiting:
            return
        current.waiting.discard(name)
        lab = self._labs.get(name)
        if lab is not None and not lab.asking:  # whoever closes the workspace a moment later need not wait for it
            del self._labs[name]
        current.saved += saved
        current.unsaved += unsaved
        if not current.waiting:
            current.done.set()

    async def save_all(self) -> dict[str, int]:
        """Have every open Lab save, at most CLOSING_SECONDS. {"labs", "saved", "unsaved"}; a Lab that does not answer
        counts as one unsaved document. Whoever asks while a round is under way shares it."""
        self._forget_gone()
        if self._round is None:
            self._rounds += 1
            self._round = Round(self._rounds, set(self._labs))
        current = self._round
        labs = len(self._labs)
        begun, self._begun = self._begun, asyncio.Event()
        begun.set()
        try:
            if current.waiting:
                await asyncio.wait_for(current.done.wait(), CLOSING_SECONDS)
        except TimeoutError:
            pass
        finally:
            if self._round is current:
                self._round = None
        return {"labs": labs, "saved": current.saved, "unsaved": current.unsaved + len(current.waiting)}

    def _forget_gone(self) -> None:
        now = self._clock()
        self._labs = {name: lab for name, lab in self._labs.items() if lab.asking or now - lab.heard < BETWEEN_SECONDS}
