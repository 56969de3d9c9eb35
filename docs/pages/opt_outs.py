"""The deny table, version by version, from intake/optouts/deny.toml."""

from __future__ import annotations

from intake.feeds import region_feeds
from intake.optouts.policy import DenyRule, Policy, journal_codes, policies
from intake.optouts.words import REASONS, UNANSWERED, Use

_HEAD = """# Opt-outs: the deny table

Which opt-out closes which feed for which use: **no** is closed. Several that apply are AND-ed: a feed is open only if
none closes it. The version in force is that of the day; an extract names it. What it means:
[opt-outs](../explanation/opt-outs.md)."""


def page() -> str:
    """Every version, then where Type 1 is read and in which order reasons are named."""
    codes = journal_codes()
    reasons = ", ".join(f"`{reason}`" for reason in REASONS)
    return "\n\n".join(
        [
            _HEAD,
            *(_version(policy) for policy in policies()),
            f"## Type 1 in GP journals\n\nDissent: {_codes(codes.dissent)}. Withdrawn: {_codes(codes.withdrawn)}"
            " (SNOMED CT). The newest entry counts.",
            f"## Reasons\n\nThe first that applies to a person and feed is counted: {reasons}. `{UNANSWERED}` is"
            " nobody's wish: the check service has not answered for the person in time, which closes what a national"
            " opt-out closes.",
        ]
    )


def _version(policy: Policy) -> str:
    uses = " | ".join(use.replace("_", " ") for use in Use)
    rows = "\n".join(_rule(rule) for rule in policy.rules)
    parts = ", ".join(f"`{part}` is part of `{feed}`" for part, feed in policy.parts.items())
    return (
        f"## Version {policy.name}, from {policy.starts}\n\n"
        f"| opt-out | status | feeds | {uses} |\n|---|---|---|{'---|' * len(Use)}\n{rows}\n\n"
        f"Withdrawn opt-outs and declined objections close nothing. {parts}: what closes the feed closes the part."
    )


def _rule(rule: DenyRule) -> str:
    feeds = "the controller's feeds" if rule.by_controller else ", ".join(f"`{feed}`" for feed in rule.feeds)
    answers = " | ".join("**no**" if use in rule.closes else "yes" for use in Use)
    return (
        f"| {rule.kind.replace('_', ' ')} | {rule.status} | {feeds or f'all {len(region_feeds())} feeds'} | {answers} |"
    )


def _codes(codes: tuple[str, ...]) -> str:
    return ", ".join(f"`{code}`" for code in codes)
