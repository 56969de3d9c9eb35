"""Deals with lines that were left over from loads: a steward says what became of them. They stay on record."""

from __future__ import annotations

import hashlib

from governance.clock import now
from governance.refusal import Refusal
from governance.registry.validation import check_text
from governance.settings import Settings
from governance.store import Store
from intake.optouts.changing import TARGET, Outcome, change_opt_outs
from intake.optouts.counting import count_unresolved
from intake.optouts.database import Connection


def resolve_lines(settings: Settings, store: Store, *, reason: str, actor: str) -> int:
    """Put on record that every line left over so far has been dealt with. Returns how many they were.

    Args:
        reason: what became of them, in words without a number of anybody.

    Raises Refusal `reason-missing`, `reason-has-digits`, `nothing-unresolved` and those of `change_opt_outs`.
    """
    why = check_text(reason, "reason")
    if not why:
        raise Refusal("reason-missing", "A decision on lines left over has a reason.", "Say why in a few words.")
    if sum(letter.isdigit() for letter in why) >= 9:
        raise Refusal("reason-has-digits", "The reason seems to hold a number of somebody.", "Say it in words.")

    def work(connection: Connection, version: int) -> Outcome[int]:
        lines = count_unresolved(connection, TARGET)
        if not lines:
            raise Refusal("nothing-unresolved", "No line of a load is unresolved.", "`sde optout status` shows them.")
        moment = now().replace(tzinfo=None)
        connection.execute(
            f"INSERT INTO {TARGET}.resolved VALUES (?, ?, ?, ?, ?)", [version, version, lines, why, moment]
        )
        content = hashlib.sha256(f"{version} {lines} {why}".encode()).hexdigest()
        return Outcome(lines, content, {"resolved": lines, "reason": why})

    return change_opt_outs(settings, store, work, event="optouts.resolved", actor=actor)
