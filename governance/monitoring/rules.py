"""The monitoring's rules as data, in one ordered tuple: which events count, about whom, how many within which time, and
who is told. A new rule is a new entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from governance.roles import Role
from governance.settings import Settings

AUDITORS, OFFICE = (Role.AUDITOR,), (Role.AUDITOR, Role.ADMINISTRATOR)
NEAR_CODES = frozenset({"too-many-near-questions"})


@dataclass(frozen=True)
class Seen:
    """One event as rules see it. `before`: the moment of the event before it."""

    seq: int
    at: datetime
    event: str
    actor: str
    project: str | None
    detail: Mapping[str, Any]
    before: datetime | None

    @property
    def subject(self) -> str:
        """Whom it concerns: who is named, else who acted."""
        return str(self.detail.get("subject") or self.actor)


About = Callable[[Seen, Settings], str | None]


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        name, title: for machines and for people.
        look_at: what whoever reviews it should do first.
        events: names of events, or beginnings that end with a dot; empty: all.
        about: whom or what an event counts for; None: it does not count.
        window: the time within which events are counted, and within which an alarm is not raised again.
        threshold: how many raise it.
        tells: the roles that see it.
        after: names of events of which one must have come before within the window, for the same project and person.
    """

    name: str
    title: str
    look_at: str
    events: tuple[str, ...]
    about: About
    window: timedelta
    threshold: Callable[[Settings], int]
    tells: tuple[Role, ...]
    after: tuple[str, ...] = ()

    def counts(self, name: str) -> bool:
        """Whether events of this name may count."""
        return not self.events or _is_among(name, self.events)


def _is_among(name: str, wanted: tuple[str, ...]) -> bool:
    return any(name == one or (one.endswith(".") and name.startswith(one)) for one in wanted)


def _actor(seen: Seen, settings: Settings) -> str | None:
    del settings
    return seen.actor


def _subject(seen: Seen, settings: Settings) -> str | None:
    del settings
    return seen.subject


def _everybody(seen: Seen, settings: Settings) -> str | None:
    del seen, settings
    return "everybody"


def _near(seen: Seen, settings: Settings) -> str | None:
    del settings
    return seen.actor if seen.detail.get("code") in NEAR_CODES else None


def _at_odd_hours(seen: Seen, settings: Settings) -> str | None:
    begin, end, hour = settings.odd_hours_from, settings.odd_hours_until, seen.at.hour
    is_odd = begin <= hour < end if begin <= end else hour >= begin or hour < end
    return seen.actor if is_odd and not seen.actor.startswith(("service:", "operator:")) else None


def _went_back(seen: Seen, settings: Settings) -> str | None:
    allowed = timedelta(seconds=settings.alarm_clock_back_seconds)
    return "clock" if seen.before is not None and seen.before - seen.at > allowed else None


def _once(settings: Settings) -> int:
    del settings
    return 1


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: Raised by the nightly verification itself; it counts no events.
CHAIN_BROKEN = Rule(
    "chain-broken", "The audit chain does not hold",
    "Stop the gateway, keep the register as it is, and compare it with the copies of the signed days.",
    ("no.event",), _everybody, DAY, _once, OFFICE,
)  # fmt: skip

RULES: tuple[Rule, ...] = (
    Rule(
        "many-refusals", "Many refusals of one person", "Read what was asked: misunderstanding, or probing?",
        ("query.refused", "egress.blocked", "person.sign-in-refused"), _actor, HOUR,
        lambda settings: settings.alarm_refusals, AUDITORS,
    ),
    Rule(
        "near-questions", "Questions that lie near to each other", "Compare the questions: is somebody differencing?",
        ("query.refused",), _near, DAY, lambda settings: settings.alarm_near_questions, AUDITORS,
    ),
    Rule(
        "combined-questions", "The guard raised an alarm", "Read its facts: answers that can be combined, or a fault.",
        ("query.alarm",), _actor, DAY, _once, AUDITORS,
    ),
    Rule(
        "byte-peak", "Many bytes left a workspace for a browser", "Ask the person what they looked at.",
        ("workspace.traffic-alarm", "workspace.traffic-capped"), _subject, DAY, _once, AUDITORS,
    ),
    Rule(
        "odd-hours", "Much work at odd hours", "Ask the person, by another channel, whether it was them.",
        ("query.", "workspace.opened", "egress.submitted"), _at_odd_hours, timedelta(hours=8),
        lambda settings: settings.alarm_odd_hour_steps, AUDITORS,
    ),
    Rule(
        "failed-sign-ins", "Failed sign-ins of one name", "Is it an expired training, or somebody else?",
        ("person.sign-in-refused",), _actor, timedelta(minutes=15),
        lambda settings: settings.alarm_failed_sign_ins, OFFICE,
    ),
    Rule(
        "failed-sign-ins-of-all", "Many failed sign-ins of different names", "Look at the edge's log for addresses.",
        ("person.sign-in-refused",), _everybody, HOUR, lambda settings: settings.alarm_failed_sign_ins_of_all, OFFICE,
    ),
    Rule(
        "granted-then-exported", "Access was given and results handed in on the same day",
        "Who gave the access, and did the review look at the outputs as usual?",
        ("egress.submitted",), _actor, DAY, _once, AUDITORS, after=("member.added", "grant.given"),
    ),
    Rule("kill-switch", "The kill switch was used", "Read the reason and the incident.",
         ("stop.",), _actor, timedelta(minutes=1), _once, OFFICE),
    Rule("clock-back", "The clock went back", "Check the time service of the machine: end dates rest on it.",
         (), _went_back, DAY, _once, OFFICE),
)  # fmt: skip
