"""Reads the deny table: which opt-out closes which feed for which use, in the version in force on a day.

Promise: a table that is not complete and well-formed is not used at all, and a day without a version is a refusal.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from governance.refusal import Refusal
from intake.feeds import region_feeds
from intake.optouts.words import ENDING, STATUSES, Kind, Status, Use

ALL, CONTROLLER = "all", "controller"
_RULES = frozenset((kind, status) for kind in Kind for status in STATUSES[kind] - ENDING)


@dataclass(frozen=True)
class DenyRule:
    """An opt-out of this kind and status closes these feeds for these uses. `feeds` is empty where they are all, or
    where the objection's controller names them (`by_controller`)."""

    kind: Kind
    status: Status
    feeds: tuple[str, ...]
    by_controller: bool
    closes: frozenset[Use]

    def streams(self, everything: Sequence[str], controlled: frozenset[str] | None) -> frozenset[str]:
        """The feeds and parts of `everything` that it closes. `controlled`: feeds of the controller objected to, None
        if it is not known, which closes them all."""
        if self.by_controller:
            return frozenset(everything) if controlled is None else controlled
        return frozenset(self.feeds or everything)


@dataclass(frozen=True)
class Policy:
    """One version of the deny table. `parts`: stream -> the feed it is a part of."""

    name: str
    starts: date
    rules: tuple[DenyRule, ...]
    parts: Mapping[str, str]

    def closing(self, use: Use) -> tuple[DenyRule, ...]:
        """The rules that close something for this use."""
        return tuple(rule for rule in self.rules if use in rule.closes)


@dataclass(frozen=True)
class JournalCodes:
    """How a GP journal says Type 1: the columns of the code and of its day, the codes of dissent and of its end."""

    code: str
    day: str
    dissent: tuple[str, ...]
    withdrawn: tuple[str, ...]


@cache
def journal_codes() -> JournalCodes:
    """Those of the deny table. Raises Refusal `bad-deny-table`."""
    try:
        journal = tomllib.loads(_text())["journal"]
        dissent, withdrawn = (tuple(map(_name, journal[name])) for name in ("dissent", "withdrawn"))
        return JournalCodes(_name(journal["code"]), _name(journal["day"]), dissent, withdrawn)
    except (ValueError, KeyError, TypeError):
        raise _bad("it does not say how a GP journal says Type 1") from None


def _text() -> str:
    return files(__package__).joinpath("deny.toml").read_text(encoding="utf-8")


@cache
def policies() -> tuple[Policy, ...]:
    """Every version of the deny table, oldest first. Raises Refusal `bad-deny-table`."""
    return check_feeds(read_policies(_text()))


def check_feeds(versions: Sequence[Policy]) -> tuple[Policy, ...]:
    """The versions, if every feed they name is one of the region's. A name that is mistyped would close nothing.

    Raises Refusal `bad-deny-table`.
    """
    known = {feed.name for feed in region_feeds()}
    for policy in versions:
        named = {feed for rule in policy.rules for feed in rule.feeds}
        if not named <= known | set(policy.parts) or not set(policy.parts.values()) <= known - set(policy.parts):
            raise _bad("it names a feed that the region does not have")
    return tuple(versions)


def policy_on(day: date, versions: Sequence[Policy] | None = None) -> Policy:
    """The version in force on a day. Raises Refusal `no-deny-table`, `bad-deny-table`."""
    begun = [policy for policy in (policies() if versions is None else versions) if policy.starts <= day]
    if not begun:
        raise Refusal(
            "no-deny-table",
            "No version of the deny table is in force on this day.",
            "Check the clock of this machine and the dates in intake/optouts/deny.toml.",
        )
    return begun[-1]


def read_policies(text: str) -> tuple[Policy, ...]:
    """Every version written in a document. Raises Refusal `bad-deny-table` if any of it is not as it must be."""
    try:
        document = tomllib.loads(text)
        parts = {str(part): str(feed) for part, feed in document["parts"].items()}
        read = tuple(_read_version(version, parts) for version in document["version"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _bad("it is not of the form that its first lines describe") from None
    if not read or set(document) != {"parts", "journal", "version"}:
        raise _bad("it must have [parts], [journal] and at least one [[version]]")
    starts = [policy.starts for policy in read]
    if starts != sorted(set(starts)) or len({policy.name for policy in read}) != len(read):
        raise _bad("versions must have names of their own and stand in the order of their days")
    return read


def _read_version(version: Mapping[str, Any], parts: Mapping[str, str]) -> Policy:
    if set(version) != {"name", "from", "rule"} or type(version["from"]) is not date:
        raise ValueError("a version has a name, the day it holds from, and rules")
    rules = tuple(_read_rule(rule) for rule in version["rule"])
    said = [(rule.kind, rule.status) for rule in rules]
    if len(set(said)) != len(said) or set(said) != _RULES:
        raise _bad("each version must have exactly one rule for every kind and status that can be in force")
    return Policy(_name(version["name"]), version["from"], rules, parts)


def _read_rule(rule: Mapping[str, Any]) -> DenyRule:
    if set(rule) != {"kind", "status", "feeds", "closes"}:
        raise ValueError("a rule has kind, status, feeds and closes")
    kind, status, named = Kind(rule["kind"]), Status(rule["status"]), rule["feeds"]
    by_controller = named == CONTROLLER
    if isinstance(named, str) and named not in (ALL, CONTROLLER):
        raise ValueError("feeds are all, controller or a list")
    feeds = () if isinstance(named, str) else tuple(_name(feed) for feed in named)
    if not isinstance(named, str) and not feeds:
        raise ValueError("an empty list of feeds would close nothing, and look as if it closed all")
    return DenyRule(kind, status, feeds, by_controller, frozenset(Use(use) for use in rule["closes"]))


def _name(value: object) -> str:
    if not isinstance(value, str) or not value or not value.replace("_", "").replace("-", "").isalnum():
        raise ValueError("a name has letters, digits, hyphens and underscores")
    return value


def _bad(why: str) -> Refusal:
    return Refusal(
        "bad-deny-table",
        f"The deny table of the opt-outs cannot be used: {why}.",
        "Restore intake/optouts/deny.toml; until then nothing is cut from the region.",
    )
